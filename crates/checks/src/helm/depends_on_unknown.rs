//! `dependsOn` of a HelmRelease names one that does not exist.

use diag::{CheckMeta, Findings, Level, Stage};
use model::object;

use super::GROUP;
use crate::absence::{Reference, absence};
use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::key::Key;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/depends-on-unknown",
        summary: "`dependsOn` names a HelmRelease that does not exist",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the target of every `dependsOn` of a HelmRelease among the HelmReleases of the same cluster. Without a `namespace`,
Flux looks in the HelmRelease's own.

## Why it matters
Flux waits for the missing one for ever and installs nothing.

## Example
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: https://charts.example.org}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}
  dependsOn:
    - name: databas
#           ^^^ error[helm/depends-on-unknown]: no HelmRelease `apps/databas`
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: database, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: database, sourceRef: {kind: HelmRepository, name: charts}}}
```

## How to fix
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: https://charts.example.org}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}
  dependsOn:
    - name: database
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: database, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: database, sourceRef: {kind: HelmRepository, name: charts}}}
```

## References
- <https://fluxcd.io/flux/components/helm/helmreleases/#dependencies>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for reference in references(view) {
            if let Some(absence) = absence(cx, view, &reference.key) {
                reference.report(
                    &CHECK.meta,
                    &absence,
                    "Flux waits for it for ever and installs nothing",
                    findings,
                );
            }
        }
    }
}

/// Every `dependsOn` of the HelmReleases that live on this cluster.
pub(crate) fn references<'a>(view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let mut references = Vec::new();
    for subject in view.of_kind(GROUP, "HelmRelease") {
        for (index, target) in subject.node.seq_at(&["spec", "dependsOn"]).iter().enumerate() {
            let (Some(name), own) = (target.get("name"), object::namespace(subject.node)) else {
                continue;
            };
            let Some(text) = name.as_str().filter(|_| !subject.is_unknown(name.span)) else {
                continue;
            };
            let namespace =
                target
                    .str_at(&["namespace"])
                    .unwrap_or(if own.is_empty() { "default" } else { own });
            references.push(Reference {
                subject,
                key: Key::new(GROUP, "HelmRelease", namespace, text),
                span: name.span,
                path: format!("spec.dependsOn[{index}].name"),
                what: "HelmRelease".to_owned(),
            });
        }
    }
    references
}
