//! An object that the API server refuses, or of which it drops a field.

use ::schema::{Violation, ViolationKind};
use diag::{CheckMeta, Findings, Level, Stage};
use model::object;

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::flux::{substitute_off, substitute_type};
use crate::judgement::is_partial;
use crate::policy::placeholder;
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "schema/invalid",
        summary: "an object breaks the schema or a rule of its kind",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Validates every object that Flux would apply, after patches and substitution, as strictly as the API server can: unknown fields,
types, required fields, patterns, the rules that a CRD brings and those that Kubernetes has in its code. The kinds of
Kubernetes, Flux and the Prometheus operator are built in; those of the CRDs in the repository come on top.

## Why it matters
The API server refuses such an object and Flux then applies none of the Kustomization. An unknown field of a built-in kind is
worse: it is dropped, Flux is Ready, and the setting has no effect.

## Example
```yaml
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: default}
spec:
  selectors: {app: dns}
# ^^^ error[schema/invalid]: `selectors`
  ports: [{port: 53}]
```

## How to fix
```yaml
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: default}
spec:
  selector: {app: dns}
  ports: [{port: 53}]
```

## References
- <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>
- <https://fluxcd.io/flux/components/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (subject, judgement) in cx.views.iter().flat_map(ClusterView::judged) {
        let Some(verdict) = judgement.verdict() else {
            continue;
        };
        for violation in verdict
            .violations
            .iter()
            .filter(|violation| is_own(cx, subject, violation))
        {
            let guessed = is_guess(cx, subject, violation);
            let mut finding = subject
                .finding(&CHECK.meta, violation.span, violation.message.as_str())
                .with_path(violation.path.as_str())
                .with_why(why(subject, violation))
                .with_help(help(subject, violation));
            for (name, variable) in subject.variables_in(violation.span) {
                if let Some(variable) = variable {
                    finding = finding.with_related(variable.span, format!("the value of `{name}`"));
                }
            }
            if guessed {
                finding = finding.with_level(Level::Warning).with_help(
                    "the built-in CRD does not have it, a newer one may: keep the CRD in the repository to be sure",
                );
            }
            findings.push(finding);
        }
        for rule in &verdict.unchecked {
            findings.defer(
                &CHECK.meta,
                object::reference(subject.node).to_string(),
                rule.as_str(),
            );
        }
    }
}

/// Operators add fields faster than Kubernetes does: a newer one may know what the bundled schema does not.
fn help<'a>(subject: &Subject<'_>, violation: &'a Violation) -> &'a str {
    let unknown = matches!(violation.kind, ViolationKind::UnknownField { nearest: None });
    if unknown && object::group(subject.node) == "monitoring.coreos.com" {
        return "remove the field; where the cluster's Prometheus operator is newer than 0.85 and knows it, commit its CRDs: they \
                win over the bundled ones";
    }
    &violation.help
}

fn why(subject: &Subject<'_>, violation: &Violation) -> &'static str {
    let group = object::group(subject.node);
    let custom = group.contains('.') && !group.ends_with(".k8s.io");
    match violation.kind {
        _ if subject.install.is_some() => "the API server refuses the object, and the HelmRelease fails",
        ViolationKind::UnknownField { .. } if !custom => "the API server drops the field without a word",
        _ => "the API server refuses the object, and Flux applies nothing of its Kustomization",
    }
}

/// Whether a field is unknown only to the built-in CRD of a third party, whose version on the cluster nobody here knows. A
/// field with almost the name of a known one is a slip all the same.
fn is_guess(cx: &Context<'_>, subject: &Subject<'_>, violation: &Violation) -> bool {
    let (group, kind) = (object::group(subject.node), object::kind(subject.node));
    let defines = |crd: &Subject<'_>| {
        crd.node.str_at(&["spec", "group"]) == Some(group)
            && crd.node.str_at(&["spec", "names", "kind"]) == Some(kind)
    };
    let crds = || {
        cx.views
            .iter()
            .flat_map(|view| view.everything_of_kind("apiextensions.k8s.io", "CustomResourceDefinition"))
    };
    group == "monitoring.coreos.com"
        && violation.kind == (ViolationKind::UnknownField { nearest: None })
        && !crds().any(|crd| defines(&crd))
}

/// Whether no other check names the cause: a variable that is unknown, undefined or of the wrong type, a placeholder.
fn is_own(cx: &Context<'_>, subject: &Subject<'_>, violation: &Violation) -> bool {
    let span = violation.span;
    if !subject.is_settled(span) || substitute_type::of_violation(subject, violation).is_some() {
        return false;
    }
    let is_missing = matches!(violation.kind, ViolationKind::MissingField { .. });
    if is_missing && (is_partial(subject.node) || subject.has_holes()) {
        return false;
    }
    let Some(text) = subject.text_at(span) else {
        return true;
    };
    let stays = || subject.built.variables.is_none() && substitute_off::is_setting(cx, text);
    !placeholder::holds(text) && !stays()
}
