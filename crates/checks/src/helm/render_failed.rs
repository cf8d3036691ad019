//! A chart that renders nothing with the values of its HelmRelease.

use ::helm::install::Outcome;
use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/render-failed",
        summary: "a chart cannot be rendered with the values of its HelmRelease",
        level: Level::Error,
        stage: Stage::Installed,
        docs: r#"## What it does
Renders each chart that is at hand (in the cache, or in a folder of the repository) with helm, as helm-controller does: the
release's name and namespace, merged values, post-renderers, the clusters' Kubernetes version. Where helm, a post-renderer or the
reading of the rendered text fails, so does the HelmRelease. Without helm or the chart, `helm/chart-unavailable` says so.

## Why it matters
The HelmRelease fails to install and to upgrade; what depends on it waits.

## Example
A chart whose template says `{{ required "a host" .Values.host }}`, and a HelmRelease without `host`:

```text
error[helm/render-failed]: the chart `web` 1.0.0 does not render: execution error at (web/templates/ingress.yaml:6:12): a host
```

## How to fix
Give the value that the message names.

## References
- <https://fluxcd.io/flux/components/helm/helmreleases/#values>
"#,
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for release in cx.views.iter().flat_map(|view| &view.releases) {
        let install = release.install;
        let (Outcome::Failed(failure), Ok(loaded)) = (&install.outcome, &install.chart) else {
            continue;
        };
        let metadata = &loaded.chart.metadata;
        let is_here = cx.tree.sources().locate(failure.span);
        let is_here = is_here.is_some_and(|(file, _)| !::helm::install::is_rendered(&file));
        let span = if is_here {
            failure.span
        } else {
            install.values_span()
        };
        let message = format!(
            "the chart `{}` {} does not render: {}",
            metadata.name, metadata.version, failure.message
        );
        let finding = release
            .subject
            .finding(&CHECK.meta, span, message)
            .with_path("spec.values")
            .with_why("the HelmRelease fails to install and to upgrade")
            .with_help(
                "give the chart the values that it asks for; `helm template` with them shows the same",
            );
        findings.push(if is_here {
            finding
        } else {
            finding.with_related(failure.span, "rendered here")
        });
    }
}
