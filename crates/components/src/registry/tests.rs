//! Specs that do not fit together.

use super::*;
use crate::clusters::clusters;
use crate::spec::{Type, Variable};

/// The real components, changed.
fn with(change: impl FnOnce(&mut Vec<Component>)) -> Result<Vec<Manifest>, SpecError> {
    let mut all = components()?;
    change(&mut all);
    manifests_of(&all, &clusters()?)
}

#[test]
fn the_registered_components_fit() {
    assert!(with(|_| {}).is_ok());
}

#[test]
fn a_dependency_is_registered_before() {
    let error = with(|all| all.swap(0, 1)).unwrap_err().to_string();
    assert_eq!(
        error,
        "component `coredns` depends on `cilium-core`, which is not registered before it"
    );
    let missing = with(|all| all[1].depends_on = vec!["cilium-cor"]);
    assert!(matches!(missing, Err(SpecError::DependsOn { .. })));
    let itself = with(|all| all[1].depends_on = vec!["coredns"]);
    assert!(matches!(itself, Err(SpecError::DependsOn { .. })));
}

#[test]
fn a_component_is_registered_once() {
    let twice = with(|all| all.push(crate::coredns::component().unwrap()));
    assert!(matches!(
        twice,
        Err(SpecError::Duplicate {
            what: "component",
            ..
        })
    ));
}

#[test]
fn two_components_share_no_folder() {
    let shared = with(|all| all[1].folder = all[0].folder);
    assert!(matches!(
        shared,
        Err(SpecError::Duplicate { what: "manifest", .. })
    ));
}

#[test]
fn every_variable_without_default_is_set() {
    let unset = with(|all| all[1].settings = crate::component::no_settings);
    assert_eq!(
        unset.unwrap_err().to_string(),
        "kubernetes/infrastructure/networking/coredns/helmrelease.yaml uses `${COREDNS_REPLICAS}`, which cluster `infra` \
         does not set and which has no default"
    );
}

#[test]
fn every_setting_is_used_and_set_once() {
    let unused = with(|all| {
        all[0].settings = |_| {
            Ok(vec![
                Variable::required("COREDNS_REPLICA", Type::Integer).set("2")?,
            ])
        };
    });
    assert!(matches!(unused, Err(SpecError::SettingUnused { .. })));
    let twice = with(|all| {
        all[0].settings = |_| {
            Ok(vec![
                Variable::required("COREDNS_REPLICAS", Type::Integer).set("3")?,
            ])
        };
    });
    assert!(matches!(twice, Err(SpecError::Duplicate { what: "setting", .. })));
}
