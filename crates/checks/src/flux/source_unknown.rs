//! `sourceRef` of a Kustomization names a source that does not exist.

use diag::{CheckMeta, Findings, Level, Stage};

use crate::absence::{Absence, Reference, absence};
use crate::cluster_view::{ClusterView, SOURCES};
use crate::context::{Check, Context};
use crate::key::Key;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/source-unknown",
        summary: "`sourceRef` of a Kustomization names a source that does not exist",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the GitRepository, OCIRepository, Bucket or ExternalArtifact of every Kustomization among what is applied on the same
cluster. The source that the cluster's Flux itself was started with counts as there. Without a `namespace`, Flux looks in the
namespace of the Kustomization.

## Why it matters
Without its source, a Kustomization has no files and applies nothing.

## Example
```yaml
--- clusters/demo/flux-system/gotk-sync.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: https://example.org/fleet, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/demo, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-sistem
#         ^^^ error[flux/source-unknown]: no GitRepository `flux-system/flux-sistem`
--- apps/kustomization.yaml
resources: []
```

## How to fix
```yaml
--- clusters/demo/flux-system/gotk-sync.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: https://example.org/fleet, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/demo, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
--- apps/kustomization.yaml
resources: []
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#source-reference>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for reference in references(view) {
            let Some(mut absence) = absence(cx, view, &reference.key) else {
                continue;
            };
            let nobody_knows = view.build.cluster.source.is_none() && matches!(absence, Absence::Nowhere);
            if nobody_knows || is_made_by_generator(view, &reference.key) {
                absence = Absence::Perhaps(
                    "no file says with which source the cluster's Flux was started".to_owned(),
                );
            }
            reference.report(
                &CHECK.meta,
                &absence,
                "without its source a Kustomization applies nothing",
                findings,
            );
        }
    }
}

/// Every `sourceRef` of the Kustomizations that live on this cluster, except those of the cluster's own source.
pub(crate) fn references<'a>(view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let own = view.own_source();
    let mut references = Vec::new();
    for subject in view.kustomizations.iter().filter(|subject| !subject.remote) {
        let Some(target) = subject.kustomization().source_ref() else {
            continue;
        };
        let is_source = matches!(
            target.kind.as_str(),
            "GitRepository" | "OCIRepository" | "Bucket" | "ExternalArtifact"
        );
        let key = Key::new(SOURCES, &target.kind, &target.namespace, &target.name);
        if is_source && own.as_ref() != Some(&key) {
            let what = target.kind;
            references.push(Reference {
                subject: *subject,
                key,
                span: target.span,
                path: "spec.sourceRef.name".into(),
                what,
            });
        }
    }
    references
}

/// An ArtifactGenerator of source-watcher makes ExternalArtifacts.
fn is_made_by_generator(view: &ClusterView<'_>, key: &Key) -> bool {
    key.kind == "ExternalArtifact"
        && view
            .of_kind("source.extensions.fluxcd.io", "ArtifactGenerator")
            .any(|generator| {
                let names = generator
                    .node
                    .seq_at(&["spec", "artifacts"])
                    .iter()
                    .map(|artifact| artifact.str_at(&["name"]));
                names.into_iter().any(|name| name == Some(&key.name))
            })
}
