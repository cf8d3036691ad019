//! Values that no template of the chart reads.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ::helm::install::Loaded;
use ::helm::{Reads, Unread};
use diag::{CheckMeta, Findings, Level, Span, Stage};
use model::object;
use model::yaml::Node;
use rayon::prelude::*;

use crate::cluster_view::Release;
use crate::context::{Check, Context};
use crate::wording::did_you_mean;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/value-unknown",
        summary: "no template of the chart reads a value",
        level: Level::Warning,
        stage: Stage::Installed,
        docs: r#"## What it does
Parses every template of the charts that are at hand, follows which values each of them can read (through `with`, `range`,
`include`, variables, `tpl`, subcharts), and reports each value of a HelmRelease that nothing reads. A value is reported only where
that is certain: what a template hands on as a whole, by a key that is computed, or in a way that cannot be followed counts as read,
and so does each value that the chart's own values.yaml has. Needs the chart, not helm.

## Why it matters
The HelmRelease is Ready, and the setting has no effect: a probe that was meant to be slower, a monitor that was meant to be off.

## Example
```yaml
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
  values:
    replica: 2
#   ^^^^^^^ warning[helm/value-unknown]: the chart `web` 1.0.0 does not read `replica`
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
--- charts/web/values.yaml
replicas: 1
--- charts/web/templates/deployment.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {replicas: "{{ .Values.replicas }}"}
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
--- charts/web/values.yaml
replicas: 1
--- charts/web/templates/deployment.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {replicas: "{{ .Values.replicas }}"}
```

## References
- <https://helm.sh/docs/chart_template_guide/values_files/>
"#,
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let releases: Vec<&Release<'_>> = cx.views.iter().flat_map(|view| &view.releases).collect();
    let plain: BTreeMap<usize, &Loaded> = releases
        .iter()
        .filter(|release| !Reads::depends_on(&release.install.values.values))
        .filter_map(|release| release.install.chart.as_deref().ok())
        .map(|loaded| (address(loaded), loaded))
        .collect();
    // Many releases install the same chart; without templates in their values it reads the same.
    let known: Known = plain
        .par_iter()
        .map(|(at, loaded)| (*at, Reads::of(&loaded.chart, &Node::map(Span::NONE))))
        .collect();
    let each: Vec<Findings> = releases
        .into_par_iter()
        .map(|release| look(release, &known))
        .collect();
    for found in each {
        findings.extend(found);
    }
}

/// What charts read with values that hold no templates, by [`address`].
type Known = BTreeMap<usize, Reads>;

/// What tells loaded charts apart: each is loaded once.
fn address(loaded: &Loaded) -> usize {
    std::ptr::from_ref(loaded).addr()
}

fn look(release: &Release<'_>, known: &Known) -> Findings {
    let mut findings = Findings::default();
    let install = release.install;
    let Ok(loaded) = &install.chart else {
        return findings;
    };
    let values = &install.values.values;
    let shared = known.get(&address(loaded)).filter(|_| !Reads::depends_on(values));
    let reads = shared.map_or_else(|| Cow::Owned(Reads::of(&loaded.chart, values)), Cow::Borrowed);
    if let Some(reason) = reads.unsure() {
        let subject = object::reference(release.subject.node).to_string();
        findings.defer(&CHECK.meta, subject, reason.to_owned());
    }
    for unread in reads.unread(&loaded.chart, values) {
        findings.push(finding(release, &loaded.chart.metadata, &unread));
    }
    findings
}

fn finding(release: &Release<'_>, chart: &::helm::Metadata, unread: &Unread<'_>) -> diag::Finding {
    let field = unread.field();
    let help = match &unread.nearest {
        Some(meant) => did_you_mean(Some(meant)),
        None => format!(
            "remove it, or look up in the chart's values.yaml what {} {} reads",
            chart.name, chart.version
        ),
    };
    release
        .subject
        .finding(
            &CHECK.meta,
            unread.key_span.or(release.install.values_span()),
            format!(
                "the chart `{}` {} does not read `{field}`",
                chart.name, chart.version
            ),
        )
        .with_path(format!("spec.values.{field}"))
        .with_why("the HelmRelease is Ready, and the value has no effect")
        .with_help(help)
}
