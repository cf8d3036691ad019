//! A flux::Kustomization takes its folder from another source: nobody here knows what it applies.

use ::flux::State;
use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/external-source",
        summary: "a Kustomization takes its folder from another source",
        level: Level::Note,
        stage: Stage::Built,
        docs: r"## What it does
Names each Kustomization whose `sourceRef` is another repository, bucket or artifact. It reports no finding: what such a
Kustomization applies lies elsewhere and is deferred.

## Why it matters
Its objects were neither built nor validated, and a run that does not say so counts them as checked.

## Example
```yaml
--- clusters/demo/flux-system/gotk-sync.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: https://example.org/fleet}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 10m
  path: ./clusters/demo
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
--- clusters/demo/apps.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: apps, namespace: flux-system}
spec: {interval: 1m, url: https://example.org/apps}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./deploy
  prune: true
  sourceRef: {kind: GitRepository, name: apps}
# deferred[flux/external-source]: GitRepository flux-system/apps
```

## How to fix
Run the same command in the other repository.

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#source-reference>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for built in cx.clusters.iter().flat_map(|cluster| &cluster.kustomizations) {
        if let State::External(reason) = &built.state {
            findings.defer(
                &CHECK.meta,
                format!("Kustomization/{}/{}", built.id.namespace, built.id.name),
                reason.as_str(),
            );
        }
    }
}
