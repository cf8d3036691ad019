//! An object is no YAML any more after substitution.

use ::flux::substitute::ProblemKind;
use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-result",
        summary: "an object is no YAML any more after substitution",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Substitutes in the text that Flux substitutes in, which has lost the quotes of the file, and reads the result again.

## Why it matters
Flux fails the Kustomization when a value, say one with `: ` in it, makes the text unreadable.

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
  postBuild: {substitute: {MOTTO: 'dns: first'}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  motto: ${MOTTO}
#        ^^^ error[flux/substitute-result]: not valid YAML
```

## How to fix
Put quotes into the value of the variable.
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
  postBuild: {substitute: {MOTTO: '''dns: first'''}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  motto: ${MOTTO}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(|view| &view.objects) {
        let problems = || subject.object.iter().flat_map(|object| &object.problems);
        // What is undefined leaves a hole: the finding about that says it all.
        let only = problems().all(|problem| problem.kind == ProblemKind::NotYaml);
        for problem in problems().filter(|_| only) {
            let mut finding = subject
                .finding(&CHECK.meta, problem.span, problem.message.as_str())
                .with_why("Flux fails the whole Kustomization")
                .with_help("the quotes of the file are gone when Flux substitutes: put quotes into the variable's value");
            for (name, variable) in subject.variables_in(problem.span) {
                if let Some(variable) = variable {
                    finding = finding.with_related(variable.span, format!("the value of `{name}`"));
                }
            }
            findings.push(finding);
        }
    }
}
