//! Values that the chart's own schema refuses.

use ::helm::{Helm, coalesce, values_schema};
use diag::{CheckMeta, Findings, Level, Stage};
use model::config::major_minor;
use model::object;

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/values-invalid",
        summary: "the chart's values.schema.json refuses a value",
        level: Level::Error,
        stage: Stage::Installed,
        docs: r#"## What it does
Merges the values of each HelmRelease whose chart is at hand as Flux and helm do, with the chart's own below them, and holds the
result against the chart's `values.schema.json` and those of its subcharts that are on. Needs the chart, not helm.

## Why it matters
helm refuses the values, and the HelmRelease fails to install and to upgrade.

## Example
```yaml
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
  values:
    replicas: two
#             ^^^ error[helm/values-invalid]: `replicas`
--- clusters/demo/flux-system/gotk-sync.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: https://git.example.org/fleet.git, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/demo, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- charts/web/Chart.yaml
apiVersion: v2
name: web
version: 1.0.0
--- charts/web/templates/web.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {replicas: "{{ .Values.replicas }}"}
--- charts/web/values.schema.json
{"type": "object", "properties": {"replicas": {"type": "integer"}}}
```

## How to fix
```yaml
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
  values:
    replicas: 2
--- clusters/demo/flux-system/gotk-sync.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: https://git.example.org/fleet.git, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/demo, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- charts/web/Chart.yaml
apiVersion: v2
name: web
version: 1.0.0
--- charts/web/templates/web.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {replicas: "{{ .Values.replicas }}"}
--- charts/web/values.schema.json
{"type": "object", "properties": {"replicas": {"type": "integer"}}}
```

## References
- <https://helm.sh/docs/topics/charts/#schema-files>
"#,
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let version = cx.config.flux_version.as_deref().and_then(major_minor);
    // helm-controller is built on helm 4 since Flux 2.8.
    let helm = if version.is_some_and(|version| version < (2, 8)) {
        Helm::V3
    } else {
        Helm::V4
    };
    for release in cx.views.iter().flat_map(|view| &view.releases) {
        let install = release.install;
        let Ok(loaded) = &install.chart else { continue };
        if install.unsettled().is_some() {
            continue;
        }
        let coalesced = coalesce(&loaded.chart, &install.values.values, helm);
        let report = values_schema::violations(&coalesced);
        for violation in report.violations {
            findings.push(
                release
                    .subject
                    .finding(
                        &CHECK.meta,
                        violation.span.or(install.values_span()),
                        violation.message,
                    )
                    .with_path(format!("spec.values.{}", violation.path.join(".")))
                    .with_why("helm refuses the values, and the HelmRelease fails")
                    .with_help(format!(
                        "give a value that values.schema.json of the chart `{}` {} allows",
                        loaded.chart.metadata.name, loaded.chart.metadata.version
                    )),
            );
        }
        let subject = object::reference(release.subject.node).to_string();
        for reason in report.deferred {
            findings.defer(&CHECK.meta, subject.clone(), reason);
        }
    }
}
