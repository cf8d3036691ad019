//! The components, in the order in which they depend on each other, and every manifest that they and the clusters make.

use crate::clusters::{self, Cluster};
use crate::component::{Comment, Component};
use crate::manifest::{Draft, Manifest};
use crate::spec::setting::variables_in;
use crate::spec::{ConfigMap, Metadata, Object, Setting, SpecError, flux, kustomize};

/// This file, as the headers of its manifests name it.
const SOURCE: &str = "crates/components/src/registry.rs";

/// What a reader of cluster-settings.yaml should know.
const SETTINGS_COMMENTS: [Comment; 1] = [(
    "COREDNS_SERVICEMONITOR_ENABLED:",
    "\"true\" once the Prometheus operator's CRDs are in the cluster; without them the release fails.",
)];

/// Every component; dependencies come first.
fn components() -> Result<Vec<Component>, SpecError> {
    Ok(vec![
        crate::cilium_core::component()?,
        crate::coredns::component()?,
        // `cargo xtask new component` adds its line above this one.
    ])
}

/// Every manifest of the repository, sorted by path.
pub fn manifests() -> Result<Vec<Manifest>, SpecError> {
    manifests_of(&components()?, &clusters::clusters()?)
}

fn manifests_of(components: &[Component], clusters: &[Cluster]) -> Result<Vec<Manifest>, SpecError> {
    dependencies_come_first(components)?;
    let mut manifests = Vec::new();
    for component in components {
        for draft in component.drafts()? {
            manifests.push(draft.manifest()?);
        }
    }
    for cluster in clusters {
        let settings = settings(cluster, components)?;
        settings_fit(cluster, &settings, &manifests)?;
        for draft in cluster_drafts(cluster, &settings, components)? {
            manifests.push(draft.manifest()?);
        }
    }
    manifests.sort_by(|a, b| a.path.cmp(&b.path));
    match manifests
        .windows(2)
        .find(|pair| matches!(pair, [a, b] if a.path == b.path))
    {
        Some([twice, ..]) => Err(SpecError::Duplicate {
            what: "manifest",
            value: twice.path.clone(),
        }),
        _ => Ok(manifests),
    }
}

/// The files of a cluster's folder.
fn cluster_drafts(
    cluster: &Cluster,
    settings: &[Setting],
    components: &[Component],
) -> Result<Vec<Draft>, SpecError> {
    let draft = |path: &str, source, documents| Draft {
        path: format!("{}/{path}", cluster.folder()),
        source,
        documents,
        comments: Vec::new(),
    };
    let config_map = ConfigMap {
        metadata: Metadata::new(clusters::SETTINGS, flux::NAMESPACE)?,
        data: settings
            .iter()
            .map(|setting| (setting.variable.name().to_owned(), setting.value.clone()))
            .collect(),
    };
    let mut kustomizations = Vec::new();
    for component in components {
        kustomizations.push(component.kustomization()?.node()?);
    }
    let sync = vec![
        clusters::git_repository()?.node()?,
        cluster.kustomization()?.node()?,
    ];
    let listed = kustomize::Kustomization {
        resources: vec!["gotk-sync.yaml".to_owned()],
    };
    let mut settings = draft(
        "cluster-settings.yaml",
        clusters::SOURCE,
        vec![config_map.node()?],
    );
    settings.comments.extend_from_slice(&SETTINGS_COMMENTS);
    Ok(vec![
        draft("flux-system/gotk-sync.yaml", clusters::SOURCE, sync),
        draft(
            "flux-system/kustomization.yaml",
            clusters::SOURCE,
            vec![listed.node()?],
        ),
        draft("infrastructure.yaml", SOURCE, kustomizations),
        settings,
    ])
}

/// A cluster's settings: its own, then each component's.
fn settings(cluster: &Cluster, components: &[Component]) -> Result<Vec<Setting>, SpecError> {
    let mut settings = cluster.settings()?;
    for component in components {
        settings.extend((component.settings)(cluster)?);
    }
    for (index, setting) in settings.iter().enumerate() {
        let name = setting.variable.name();
        if settings
            .iter()
            .skip(index + 1)
            .any(|other| other.variable.name() == name)
        {
            return Err(SpecError::Duplicate {
                what: "setting",
                value: name.to_owned(),
            });
        }
    }
    Ok(settings)
}

/// Refuses a variable that a cluster does not set, and a setting that nothing reads.
fn settings_fit(cluster: &Cluster, settings: &[Setting], manifests: &[Manifest]) -> Result<(), SpecError> {
    let mut used = Vec::new();
    for manifest in manifests {
        for (name, has_default) in variables_in(&manifest.text) {
            let is_set = settings.iter().any(|setting| setting.variable.name() == name);
            if !is_set && !has_default {
                return Err(SpecError::SettingMissing {
                    path: manifest.path.clone(),
                    variable: name.to_owned(),
                    cluster: cluster.name().to_string(),
                });
            }
            used.push(name);
        }
    }
    used.extend(clusters::READ_BY_CHECKS.map(|variable| variable.name()));
    match settings
        .iter()
        .find(|setting| !used.contains(&setting.variable.name()))
    {
        Some(unused) => Err(SpecError::SettingUnused {
            cluster: cluster.name().to_string(),
            variable: unused.variable.name().to_owned(),
        }),
        None => Ok(()),
    }
}

/// Flux would wait for ever for a dependency that is missing or part of a cycle: neither fits into this order.
fn dependencies_come_first(components: &[Component]) -> Result<(), SpecError> {
    for (index, component) in components.iter().enumerate() {
        let before = components.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.name == component.name) {
            return Err(SpecError::Duplicate {
                what: "component",
                value: component.name.to_string(),
            });
        }
        for on in &component.depends_on {
            if !before.iter().any(|other| other.name.as_str() == *on) {
                return Err(SpecError::DependsOn {
                    component: component.name.to_string(),
                    on: (*on).to_owned(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "registry/tests.rs"]
mod tests;
