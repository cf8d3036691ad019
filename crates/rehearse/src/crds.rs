//! CRDs out of the bundled schemas: Flux's own, and those of operators that the repository relies on and does not install.
//!
//! The bundle keeps what CRDs say of values (types, bounds, patterns, defaults, CEL rules) and which kinds have a status. It has
//! no prose, no printer columns, no conversion and no versions that are not served; none of these decides a verdict. So a
//! rehearsal needs no file of Flux, and judges by the schemas that `validate` judges by.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schema::bundle::CustomKind;
use serde_json::{Value as Json, json};

/// The API groups of Flux.
const FLUX: &str = ".toolkit.fluxcd.io";

/// The CRDs of Flux that are bundled. Flux leaves them as they are: those of a gotk-components.yaml in the tree may be of
/// another version than the controllers at hand.
pub(crate) fn flux() -> Vec<Json> {
    let mut crds = crds(|kind| kind.group.ends_with(FLUX));
    for crd in &mut crds {
        crd["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/reconcile"] = "disabled".into();
    }
    crds
}

/// The CRDs that are bundled for these groups and kinds, Flux's own left out.
pub(crate) fn of(wanted: &dyn Fn(&str, &str) -> bool) -> Vec<Json> {
    crds(|kind| !kind.group.ends_with(FLUX) && wanted(&kind.group, &kind.kind))
}

/// A CRD that takes everything, for a kind that nobody here knows: versions, with whether objects have a namespace.
pub(crate) fn open(group: &str, kind: &str, versions: &BTreeMap<String, bool>) -> Json {
    let lower = kind.to_lowercase();
    let plural = match lower.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if lower.ends_with('s') || lower.ends_with('x') => format!("{lower}es"),
        None => format!("{lower}s"),
    };
    let kinds = versions.iter().map(|(version, has_namespace)| CustomKind {
        group: group.to_owned(),
        version: version.clone(),
        kind: kind.to_owned(),
        plural: plural.clone(),
        is_cluster_scoped: !has_namespace,
        has_status: true,
        schema: json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    });
    crd(kinds.collect())
}

fn crds(wanted: impl Fn(&CustomKind) -> bool) -> Vec<Json> {
    let mut kinds: BTreeMap<(String, String), Vec<CustomKind>> = BTreeMap::new();
    for kind in schema::bundle::custom_kinds()
        .into_iter()
        .filter(|kind| wanted(kind))
    {
        let key = (kind.group.clone(), kind.plural.clone());
        kinds.entry(key).or_default().push(kind);
    }
    kinds.into_values().map(crd).collect()
}

fn crd(mut kinds: Vec<CustomKind>) -> Json {
    // The newest version is the one that is stored.
    kinds.sort_by_key(|kind| Reverse(rank(&kind.version)));
    let versions: Vec<Json> = kinds
        .iter()
        .enumerate()
        .map(|(n, kind)| {
            let mut version = json!({
                "name": kind.version, "served": true, "storage": n == 0,
                "schema": {"openAPIV3Schema": kind.schema},
            });
            if kind.has_status {
                version["subresources"] = json!({"status": {}});
            }
            version
        })
        .collect();
    let first = kinds.first();
    let text = |field: fn(&CustomKind) -> &str| first.map(field).unwrap_or_default();
    let (group, plural, kind) = (text(|k| &k.group), text(|k| &k.plural), text(|k| &k.kind));
    let scope = if first.is_some_and(|kind| kind.is_cluster_scoped) {
        "Cluster"
    } else {
        "Namespaced"
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        // Groups of Kubernetes itself are for CRDs that its maintainers have approved; others say that they are not.
        "metadata": {
            "name": format!("{plural}.{group}"),
            "annotations": {"api-approved.kubernetes.io": "unapproved, made by a rehearsal"},
        },
        "spec": {
            "group": group, "scope": scope, "versions": versions,
            "names": {
                "kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List"),
            },
        },
    })
}

/// Kubernetes' order of versions: `v2` before `v1` before `v1beta2` before `v1alpha1`.
fn rank(version: &str) -> (u8, u32, u32) {
    let number = |text: &str| text.parse().unwrap_or(0);
    let text = version.trim_start_matches('v');
    for (level, word) in [(1, "beta"), (0, "alpha")] {
        if let Some((major, minor)) = text.split_once(word) {
            return (level, number(major), number(minor));
        }
    }
    (2, number(text), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fluxs_crds_are_whole_and_free_of_references() {
        let crds = flux();
        let names: Vec<&str> = crds
            .iter()
            .filter_map(|crd| crd["metadata"]["name"].as_str())
            .collect();
        for name in [
            "gitrepositories.source.toolkit.fluxcd.io",
            "helmreleases.helm.toolkit.fluxcd.io",
            "kustomizations.kustomize.toolkit.fluxcd.io",
        ] {
            assert!(names.contains(&name), "{names:?}");
        }
        for crd in &crds {
            assert!(!crd.to_string().contains("\"$ref\""));
            let versions = crd["spec"]["versions"].as_array().unwrap();
            let stored = versions
                .iter()
                .filter(|version| version["storage"] == true)
                .count();
            assert_eq!(stored, 1);
            assert_eq!(versions[0]["storage"], true);
        }
    }

    #[test]
    fn the_newest_version_comes_first() {
        let mut versions = ["v1alpha1", "v1", "v1beta2", "v2", "v1beta1", "v2beta2"];
        versions.sort_by_key(|version| Reverse(rank(version)));
        assert_eq!(
            versions,
            ["v2", "v1", "v2beta2", "v1beta2", "v1beta1", "v1alpha1"]
        );
    }
}
