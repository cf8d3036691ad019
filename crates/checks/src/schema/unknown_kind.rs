//! An object of a kind that its API does not have.

use diag::{CheckMeta, Findings, Level, Stage};
use model::object;

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::judgement::Judgement;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "schema/unknown-kind",
        summary: "an object has a kind that no API has",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports kinds of Kubernetes' own groups that do not exist there, and kinds of other known groups that are almost one of theirs.
Kinds of unknown groups are another matter: `schema/missing` counts them.

## Why it matters
The API server knows no such kind, and Flux applies nothing of the Kustomization.

## Example
```yaml
apiVersion: v1
kind: ConfgMap
#     ^^^ error[schema/unknown-kind]: `v1` has no kind `ConfgMap`
metadata: {name: settings, namespace: default}
```

## How to fix
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## References
- <https://kubernetes.io/docs/reference/kubernetes-api/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (subject, judgement) in cx.views.iter().flat_map(ClusterView::judged) {
        let Judgement::NoSuchKind(meant) = judgement else {
            continue;
        };
        let (version, kind) = (object::api_version(subject.node), object::kind(subject.node));
        let right_kind = meant.as_ref().is_some_and(|meant| meant.kind == kind);
        let (field, message) = if version.is_empty() {
            ("kind", format!("{kind} has no `apiVersion`"))
        } else {
            (
                if right_kind { "apiVersion" } else { "kind" },
                format!("`{version}` has no kind `{kind}`"),
            )
        };
        let help = meant
            .as_ref()
            .map(|meant| format!("did you mean `{}` of `{}`?", meant.kind, meant.api_version()));
        let span = subject
            .node
            .get(field)
            .map_or(subject.node.span, |node| node.span);
        findings.push(
            subject
                .finding(&CHECK.meta, span, message)
                .with_path(field)
                .with_why("the API server knows no such kind")
                .with_help(help.unwrap_or_default()),
        );
    }
}
