//! HelmReleases that depend on each other.

use diag::{CheckMeta, Findings, Level, Stage};
use model::object;

use super::depends_on_unknown::references;
use crate::context::{Check, Context};
use crate::flux::{State, Waits};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/depends-on-cycle",
        summary: "HelmReleases depend on each other",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Follows `dependsOn` of HelmReleases. Each way that leads back to its start is one finding that lists the steps.

## Why it matters
None of them is ever installed.

## Example
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: https://charts.example.org}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: a, sourceRef: {kind: HelmRepository, name: charts}}}
  dependsOn:
    - name: b
#           ^ error[helm/depends-on-cycle]: `apps/a` depends on `apps/b`, `apps/b` depends on `apps/a`
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: b, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: b, sourceRef: {kind: HelmRepository, name: charts}}}
  dependsOn:
    - name: a
```

## How to fix
Remove one of the steps.

## References
- <https://fluxcd.io/flux/components/helm/helmreleases/#dependencies>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        let references = references(view);
        let own = |node: &model::yaml::Node| format!("{}/{}", object::namespace(node), object::name(node));
        let mut waits = Waits::default();
        for reference in references
            .iter()
            .filter(|reference| view.get(&reference.key).is_some())
        {
            let from = State::Ready(own(reference.subject.node));
            waits.add(
                from,
                State::Ready(reference.key.to_string()),
                "depends on",
                reference.span,
            );
        }
        for cycle in waits.cycles() {
            let Some((_, _, _, span)) = cycle.steps.first() else {
                continue;
            };
            let Some(reference) = references.iter().find(|reference| reference.span == *span) else {
                continue;
            };
            let (noun, verb) = if cycle.steps.len() == 1 {
                ("HelmRelease", "itself")
            } else {
                ("HelmReleases", "each other")
            };
            let verb = if cycle.steps.len() == 1 {
                format!("waits for {verb}")
            } else {
                format!("wait for {verb}")
            };
            let mut finding = reference
                .subject
                .finding(&CHECK.meta, *span, format!("{noun} {verb}: {}", cycle.story()))
                .with_path(reference.path.as_str())
                .with_why("none of them is ever installed")
                .with_help("remove one of the steps");
            for (from, how, to, span) in cycle.steps.iter().skip(1) {
                finding = finding.with_related(*span, format!("`{from}` {how} `{to}`"));
            }
            findings.push(finding);
        }
    }
}
