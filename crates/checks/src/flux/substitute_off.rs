//! A manifest reads a setting and its Kustomization does not substitute.

use std::collections::BTreeMap;

use ::flux::ClusterBuild;
use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};
use model::object;
use model::yaml::Node;

use crate::context::{Check, Context};
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-off",
        summary: "a manifest reads a setting and its Kustomization does not substitute",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports `${NAME}` in objects of a Kustomization without `spec.postBuild`, where `NAME` is a setting that other Kustomizations of
the repository substitute. Text of several lines is left alone: scripts have variables of their own.

## Why it matters
Without `postBuild` Flux applies `${NAME}` as it stands.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data: {REGION: north}
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
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: more, namespace: flux-system}
#                ^^^ error[flux/substitute-off]: `${REGION}` stays as it is
spec: {interval: 10m, path: ./more, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {region: 'in ${REGION}'}
--- more/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: more, namespace: default}
data:
  region: in ${REGION}
```

## How to fix
Give the Kustomization the `postBuild` of the others.

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
",
    },
    run,
};

/// How many places a finding lists.
const MOST_PLACES: usize = 8;

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let settings = settings(cx.clusters);
    if settings.is_empty() {
        return;
    }
    for view in &cx.views {
        let plain = view
            .kustomizations
            .iter()
            .filter(|owner| owner.built.variables.is_none());
        for owner in plain {
            let own = view
                .objects
                .iter()
                .filter(|subject| std::ptr::eq(subject.built, owner.built));
            let reads: Vec<(String, Span)> = own
                .filter_map(|subject| first_setting(subject, &settings))
                .collect();
            findings.found.extend(report(owner, &reads, &settings));
        }
    }
}

/// One finding for each Kustomization: it is the one to edit.
fn report(
    owner: &Subject<'_>,
    reads: &[(String, Span)],
    settings: &BTreeMap<String, String>,
) -> Option<Finding> {
    let (name, _) = reads.first()?;
    let from = settings.get(name).map_or("", String::as_str);
    let message = format!("`${{{name}}}` stays as it is: the Kustomization has no `postBuild`");
    let mut finding = owner
        .finding(&CHECK.meta, object::span(owner.node), message)
        .with_path("spec.postBuild")
        .with_why("Flux substitutes only where `spec.postBuild` is set")
        .with_help(format!("add `spec.postBuild.substituteFrom` with {from}"));
    for (name, span) in reads.iter().take(MOST_PLACES) {
        finding = finding.with_related(*span, format!("`{name}` is read here"));
    }
    Some(finding)
}

/// The variables of objects in `substituteFrom`, with the object.
fn settings(clusters: &[ClusterBuild]) -> BTreeMap<String, String> {
    let variables = clusters
        .iter()
        .flat_map(|cluster| &cluster.kustomizations)
        .filter_map(|built| built.variables.as_ref());
    let known = variables.flat_map(|variables| &variables.known);
    known
        .filter(|(_, v)| v.from.starts_with("ConfigMap"))
        .map(|(name, v)| (name.clone(), v.from.clone()))
        .collect()
}

/// Whether a text reads a setting that some Kustomization of the repository substitutes.
pub(crate) fn is_setting(cx: &Context<'_>, text: &str) -> bool {
    let settings = settings(cx.clusters);
    let (references, _) = ::flux::envsubst::references(text);
    references
        .iter()
        .any(|reference| settings.contains_key(&reference.name))
}

fn first_setting(subject: &Subject<'_>, settings: &BTreeMap<String, String>) -> Option<(String, Span)> {
    let mut found = None;
    let kind = object::kind(subject.node);
    if kind == "CustomResourceDefinition" || subject.node.get("sops").is_some() {
        return None;
    }
    subject.node.walk(&mut |_, node: &Node| {
        let Some(text) = node
            .as_str()
            .filter(|text| found.is_none() && text.contains("${") && !text.contains('\n'))
        else {
            return;
        };
        let (references, error) = ::flux::envsubst::references(text);
        let known = references
            .into_iter()
            .find(|reference| settings.contains_key(&reference.name));
        if let (Some(reference), None) = (known, error) {
            found = Some((reference.name, node.span));
        }
    });
    found
}
