//! A `${` starts no valid expression.

use ::flux::substitute::ProblemKind;
use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-syntax",
        summary: "a `${` starts no valid expression",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports `${` that Flux cannot read as an expression in objects of a Kustomization with `postBuild`: a missing brace, a name
with other characters than letters, digits and `_`, an operator that Flux does not have.

## Why it matters
Flux fails the whole Kustomization.

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
  postBuild: {substitute: {REGION: north}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  region: ${REGION}
  zone: ${REGION-ZONE}
#       ^^^ error[flux/substitute-syntax]: followed by `-`
```

## How to fix
Close the brace, use letters, digits and `_`, or write `$${` for the plain text.
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
  postBuild: {substitute: {REGION: north}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  region: ${REGION}
  zone: ${ZONE:-a}
  script: echo $${list[@]}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(|view| &view.objects) {
        for problem in subject.object.iter().flat_map(|object| &object.problems) {
            if problem.kind == ProblemKind::Syntax {
                findings.push(
                    subject
                        .finding(&CHECK.meta, problem.span, problem.message.as_str())
                        .with_why("Flux fails the whole Kustomization")
                        .with_help(
                            "close the expression with `}` where a variable is meant, write `$${` for the plain text, or \
                             give the object the annotation `kustomize.toolkit.fluxcd.io/substitute: disabled`",
                        ),
                );
            }
        }
    }
}
