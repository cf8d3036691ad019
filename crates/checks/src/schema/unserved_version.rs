//! An object of a version that its kind does not have any more.

use diag::{CheckMeta, Findings, Level, Stage};
use model::object;
use model::yaml::Node;

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::judgement::Judgement;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "schema/unserved-version",
        summary: "an object has a version that its kind does not have",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports objects whose kind is known while their version is not: old ones that are no longer served, and misspelled ones.

## Why it matters
The API server knows no such kind, and Flux applies nothing of the Kustomization.

## Example
```yaml
apiVersion: source.toolkit.fluxcd.io/v1beta2
#           ^^^ error[schema/unserved-version]: `source.toolkit.fluxcd.io/v1beta2` has no GitRepository, wanted `source.toolkit.fluxcd.io/v1`
kind: GitRepository
metadata: {name: fleet, namespace: flux-system}
spec: {interval: 1m, url: https://example.org/fleet}
```

## How to fix
`flux migrate -f` rewrites Flux' own kinds.
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: flux-system}
spec: {interval: 1m, url: https://example.org/fleet}
```

## References
- <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>
- <https://fluxcd.io/flux/cmd/flux_migrate/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (subject, judgement) in cx.views.iter().flat_map(ClusterView::judged) {
        let Judgement::Unserved(versions) = judgement else {
            continue;
        };
        let group = object::group(subject.node);
        let full = |version: &String| {
            if group.is_empty() {
                version.clone()
            } else {
                format!("{group}/{version}")
            }
        };
        let wanted: Vec<String> = versions.iter().map(full).collect();
        let span = subject
            .node
            .get("apiVersion")
            .map_or(subject.node.span, |node: &Node| node.span);
        let (found, kind) = (object::api_version(subject.node), object::kind(subject.node));
        let newest = wanted.first().map_or("", String::as_str);
        findings.push(
            subject
                .finding(
                    &CHECK.meta,
                    span,
                    format!("`{found}` has no {kind}, wanted `{}`", wanted.join("` or `")),
                )
                .with_path("apiVersion")
                .with_why("the API server knows no such kind")
                .with_help(format!(
                    "write `apiVersion: {newest}` and adapt the fields that changed"
                )),
        );
    }
}
