//! A substituted value has another type than the field wants.

use ::schema::{Violation, ViolationKind};
use diag::{CheckMeta, Finding, Findings, Level, Stage};

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-type",
        summary: "a substituted value has another type than the field wants",
        level: Level::Error,
        stage: Stage::Built,
        docs: r#"## What it does
Reports a field that wants a string and gets a number, a boolean or nothing because of what a variable holds.

## Why it matters
Flux substitutes in text that has lost the quotes of the file: `"${PORT}"` becomes the number 8080, and the API server refuses
it where a string is wanted.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {CLUSTER_ID: '1'}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  id: "${CLUSTER_ID}"
#     ^^^ error[flux/substitute-type]: `${CLUSTER_ID}` is `1` after substitution, an integer, wanted a string
```

## How to fix
Let quotes be in the text when Flux reads it: from a default, from a variable that holds a quote, or in the value itself.
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {CLUSTER_ID: '1', Q: '"'}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  id: ${Q}${CLUSTER_ID}${Q}
  other: ${quote:="}${CLUSTER_ID}${quote:="}
  name: cluster-${CLUSTER_ID}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
"#,
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (subject, judgement) in cx.views.iter().flat_map(ClusterView::judged) {
        for violation in judgement
            .verdict()
            .into_iter()
            .flat_map(|verdict| &verdict.violations)
        {
            if subject.is_settled(violation.span) {
                findings.found.extend(of_violation(subject, violation));
            }
        }
    }
}

/// The finding about a violation that substitution causes: a wrong type where the file holds an expression.
pub(crate) fn of_violation(subject: &Subject<'_>, violation: &Violation) -> Option<Finding> {
    let ViolationKind::WrongType { found, wanted } = &violation.kind else {
        return None;
    };
    let written = subject
        .written(violation.span)
        .filter(|text| text.contains("${"))?;
    let value = value_at(subject, violation);
    let shown = if value.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{value}`")
    };
    let message = format!(
        "`{}` is {shown} after substitution, {}, wanted {}",
        written.lines().next().unwrap_or_default(),
        article(found),
        article(wanted)
    );
    let mut finding = subject
        .finding(&CHECK.meta, violation.span, message)
        .with_path(violation.path.as_str())
        .with_why(
            "the quotes of the file are gone when Flux substitutes, and the API server refuses the type",
        );
    if *wanted == "string" {
        finding = finding.with_help(format!(
            "write `${{quote:=\"}}{written}${{quote:=\"}}`, or a text that is no {found} such as `id-{written}`"
        ));
    }
    for (name, variable) in subject.variables_in(violation.span) {
        if let Some(variable) = variable {
            finding = finding.with_related(variable.span, format!("the value of `{name}`"));
        }
    }
    Some(finding)
}

fn value_at(subject: &Subject<'_>, violation: &Violation) -> String {
    let mut value = String::new();
    subject.node.walk(&mut |path, node| {
        if value.is_empty() && node.span == violation.span && path.to_string() == violation.path {
            value = node.scalar_text().filter(|_| !node.is_null()).unwrap_or_default();
        }
    });
    value
}

fn article(kind: &str) -> String {
    match kind {
        "null" => "no value".to_owned(),
        "integer" | "array" | "object" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}
