//! A HelmRelease whose objects nobody knows here: named as not checked.

use ::helm::install::Outcome;
use diag::{CheckMeta, Findings, Level, Stage};
use model::object;

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/chart-unavailable",
        summary: "what a chart installs is not checked",
        level: Level::Note,
        stage: Stage::Installed,
        docs: r"## What it does
Names each HelmRelease whose chart is not at hand, or that cannot be rendered here, under *not checked* with the reason. A chart is
at hand when it is in the cache, where `cargo xtask preflight --fetch` puts it, or in a folder of the repository; rendering needs helm on
PATH. Nothing is fetched by `validate`.

## Why it matters
The values that the chart does not read, and the objects that the API server refuses, show at this stage only.

## Example
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  url: oci://ghcr.io/example/web
  ref: {tag: 1.0.0}
  layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chartRef: {kind: OCIRepository, name: web}
# deferred[helm/chart-unavailable]: the chart is not in the cache
```

## How to fix
Run `cargo xtask preflight --fetch` where the registries can be reached, and put helm on PATH.

## References
- <https://fluxcd.io/flux/components/helm/helmreleases/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for release in cx.views.iter().flat_map(|view| &view.releases) {
        if let Outcome::Deferred(reason) = &release.install.outcome {
            let subject = object::reference(release.subject.node).to_string();
            findings.defer(&CHECK.meta, subject, reason.clone());
        }
    }
}
