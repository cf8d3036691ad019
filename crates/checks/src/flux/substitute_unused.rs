//! A setting that nothing reads.

use std::collections::BTreeSet;

use ::flux::substitute::{Problem, ProblemKind};
use ::flux::{Built, BuiltObject, ClusterBuild, State};
use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};
use model::object;
use model::tree::path;
use model::yaml::Node;

use crate::absence::KUSTOMIZATION_FILES;
use crate::context::{Check, Context};
use crate::kustomize::unknown_field;
use crate::wording::{did_you_mean, nearest_name};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-unused",
        summary: "a setting that nothing reads",
        level: Level::Note,
        stage: Stage::Built,
        docs: r"## What it does
Notes a key of a ConfigMap in `substituteFrom` that no manifest of any cluster reads. It is silent for the networks that the
project's settings name, for ConfigMaps that something else reads as well, and where some Kustomization could
not be built or read to its end.

## Why it matters
A setting that does nothing looks like one that does: often it is the other half of a misspelled name.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  REGION: north
  ZONE: a
# ^^^^ note[flux/substitute-unused]: variable `ZONE` is read by no manifest
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {region: 'in ${REGION}'}
```

## How to fix
Remove the setting, or read it.
```yaml
--- clusters/demo/apps.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  REGION: north
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {region: 'in ${REGION}'}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    if cx.clusters.iter().any(|cluster| is_incomplete(cx, cluster)) {
        return;
    }
    let read = names_read(cx);
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for view in &cx.views {
        for subject in view
            .objects
            .iter()
            .filter(|subject| is_settings(view.build, subject.node))
        {
            if has_other_reader(view.build, subject.node) {
                continue;
            }
            for entry in subject.node.entries_at(&["data"]) {
                let network = cx
                    .config
                    .networks
                    .services
                    .iter()
                    .chain(&cx.config.networks.pods)
                    .any(|name| **name == *entry.key);
                if network
                    || read.contains(&*entry.key)
                    || !seen.insert(entry.key_span)
                    || is_text_for_people(&entry.key)
                {
                    continue;
                }
                let unset = undefined(cx);
                let meant = nearest_name(&entry.key, unset.iter().map(String::as_str));
                let finding: Finding = subject
                    .finding(
                        &CHECK.meta,
                        entry.key_span,
                        format!("variable `{}` is read by no manifest", entry.key),
                    )
                    .with_path(format!("data.{}", entry.key))
                    .with_why("a setting that does nothing looks like one that does")
                    .with_help(if meant.is_some() {
                        did_you_mean(meant)
                    } else {
                        "remove it, or read it".to_owned()
                    });
                findings.push(finding);
            }
        }
    }
}

/// Whether some manifest may read a variable without being seen to: a build is missing, or a text could not be read to its end.
fn is_incomplete(cx: &Context<'_>, cluster: &ClusterBuild) -> bool {
    let is_missing = |built: &Built| {
        let listing = KUSTOMIZATION_FILES
            .iter()
            .filter_map(|name| path::join(&built.folder, name).ok());
        let broken = listing
            .into_iter()
            .any(|file| cx.tree.is_file(&file) && unknown_field::is_broken(cx, &file));
        built.state != State::Built || broken
    };
    let is_cut = |object: &BuiltObject| {
        object
            .problems
            .iter()
            .any(|problem| problem.kind == ProblemKind::Syntax)
    };
    cluster.kustomizations.iter().any(is_missing) || cluster.objects().any(|(_, object)| is_cut(object))
}

/// Names that are no variables cannot be read; the check of names reports them.
fn is_text_for_people(name: &str) -> bool {
    !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

fn names_read(cx: &Context<'_>) -> BTreeSet<String> {
    let objects = cx
        .views
        .iter()
        .flat_map(|view| &view.objects)
        .filter_map(|subject| subject.object);
    objects
        .flat_map(|object| &object.used)
        .map(|(name, _)| name.clone())
        .collect()
}

fn undefined(cx: &Context<'_>) -> BTreeSet<String> {
    let objects = cx
        .views
        .iter()
        .flat_map(|view| &view.objects)
        .filter_map(|subject| subject.object);
    let name = |problem: &Problem| match &problem.kind {
        ProblemKind::Undefined(name) => Some(name.clone()),
        _ => None,
    };
    objects
        .flat_map(|object| &object.problems)
        .filter_map(name)
        .collect()
}

/// Whether some Kustomization of the cluster takes its variables from a ConfigMap.
fn is_settings(cluster: &ClusterBuild, node: &Node) -> bool {
    object::kind(node) == "ConfigMap"
        && cluster
            .kustomizations
            .iter()
            .filter_map(|built| built.node.as_ref())
            .any(|kustomization| {
                let sources = ::flux::Kustomization(kustomization).substitute_from();
                sources.iter().any(|source| {
                    source.kind == "ConfigMap"
                        && source.name == object::name(node)
                        && source.namespace == object::namespace(node)
                })
            })
}

/// Whether something besides `substituteFrom` names the ConfigMap: a pod that mounts it, a HelmRelease that takes values.
fn has_other_reader(cluster: &ClusterBuild, node: &Node) -> bool {
    let name = object::name(node);
    cluster.objects().any(|(_, other)| {
        let is_flux = ::flux::kustomization::is_kustomization(&other.node);
        let same_namespace = object::namespace(&other.node) == object::namespace(node);
        !is_flux && same_namespace && !std::ptr::eq(&raw const other.node, node) && names(&other.node, name)
    })
}

fn names(node: &Node, name: &str) -> bool {
    let mut found = false;
    node.walk(&mut |path, value| {
        let is_own_name = path.to_string() == "metadata.name";
        found |= !is_own_name && value.as_str() == Some(name);
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn networks_are_read_by_the_checks() {
        testing::case(
            "apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data: {SERVICE_CIDR: 10.0.0.0/16}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
--- apps/kustomization.yaml
resources: []
",
        );
    }
}
