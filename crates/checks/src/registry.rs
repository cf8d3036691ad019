//! All checks, sorted by id.

use crate::context::Check;
use crate::{config, flux, helm, kustomize, net, oci, policy, prometheus, schema, workload, yaml};

/// All checks, sorted by id.
pub fn registry() -> &'static [&'static Check] {
    static CHECKS: &[&Check] = &[
        &config::suppression_expired::CHECK,
        &config::suppression_unused::CHECK,
        &flux::depends_on_cycle::CHECK,
        &flux::depends_on_suspended::CHECK,
        &flux::depends_on_unknown::CHECK,
        &flux::external_source::CHECK,
        &flux::health_check_unknown::CHECK,
        &flux::namespace_missing::CHECK,
        &flux::object_owned_twice::CHECK,
        &flux::path_missing::CHECK,
        &flux::source_unknown::CHECK,
        &flux::substitute_from_missing::CHECK,
        &flux::substitute_name::CHECK,
        &flux::substitute_off::CHECK,
        &flux::substitute_result::CHECK,
        &flux::substitute_syntax::CHECK,
        &flux::substitute_type::CHECK,
        &flux::substitute_undefined::CHECK,
        &flux::substitute_unused::CHECK,
        &helm::chart_unavailable::CHECK,
        &helm::depends_on_cycle::CHECK,
        &helm::depends_on_unknown::CHECK,
        &helm::render_failed::CHECK,
        &helm::source_unknown::CHECK,
        &helm::value_unknown::CHECK,
        &helm::values_from_missing::CHECK,
        &helm::values_invalid::CHECK,
        &kustomize::build_failed::CHECK,
        &kustomize::deprecated_field::CHECK,
        &kustomize::patch_matches_nothing::CHECK,
        &kustomize::unknown_field::CHECK,
        &kustomize::unlisted_manifest::CHECK,
        &kustomize::unsupported::CHECK,
        &kustomize::warning::CHECK,
        &net::cidr_invalid::CHECK,
        &net::cidr_overlap::CHECK,
        &net::cluster_ip::CHECK,
        &oci::lock_drift::CHECK,
        &oci::lock_unused::CHECK,
        &oci::registry_unapproved::CHECK,
        &oci::url_invalid::CHECK,
        &policy::placeholder::CHECK,
        &prometheus::alert_incomplete::CHECK,
        &prometheus::rule_invalid::CHECK,
        &schema::invalid::CHECK,
        &schema::missing::CHECK,
        &schema::unknown_kind::CHECK,
        &schema::unserved_version::CHECK,
        &workload::service_port_unknown::CHECK,
        &workload::service_selects_nothing::CHECK,
        &workload::spread_selects_nothing::CHECK,
        &yaml::duplicate_key::CHECK,
        &yaml::syntax::CHECK,
    ];
    CHECKS
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn checks_are_sorted_and_each_has_its_file() {
        let ids: Vec<&str> = registry().iter().map(|check| check.meta.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        for id in ids {
            let file = format!("{}/src/{}.rs", env!("CARGO_MANIFEST_DIR"), id.replace('-', "_"));
            assert!(Path::new(&file).is_file(), "{id} is not in {file}");
        }
    }

    #[test]
    fn no_file_with_a_check_is_forgotten() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
        let mut files = 0;
        for group in std::fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
        {
            for file in std::fs::read_dir(group)
                .unwrap()
                .map(|entry| entry.unwrap().path())
            {
                files += usize::from(
                    std::fs::read_to_string(file)
                        .unwrap()
                        .contains("static CHECK: Check"),
                );
            }
        }
        assert_eq!(files, registry().len());
    }
}
