//! A kustomization file has a field that kustomize replaced.

use ::kustomize::ProblemKind;
use diag::{CheckMeta, Findings, Level, Stage};

use super::{problem_finding, problems};
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "kustomize/deprecated-field",
        summary: "a kustomization file has a field that kustomize replaced by another one",
        level: Level::Note,
        stage: Stage::Written,
        docs: r"## What it does
Notes fields that still work and about which kustomize warns.

## Why it matters
They are to be removed with the next version of the kustomization file's API.

## Example
```yaml
--- clusters/demo/kustomization.yaml
commonLabels: {team: dns}
#< note[kustomize/deprecated-field]: `commonLabels` is deprecated, wanted `labels`
resources:
  - settings.yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## How to fix
```yaml
--- clusters/demo/kustomization.yaml
labels:
  - pairs: {team: dns}
    includeSelectors: true
resources:
  - settings.yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## References
- <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (view, built, problem) in problems(cx, &[ProblemKind::Deprecated]) {
        findings.push(problem_finding(&CHECK.meta, view, built, problem));
    }
}
