//! A variable has a name that Flux refuses.

use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-name",
        summary: "a variable has a name that Flux refuses",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports variables, inline ones and keys of the objects in `substituteFrom`, whose names are not made of letters, digits and
`_` with no digit in front.

## Why it matters
Flux fails the Kustomization for such a name even if nothing reads the variable.

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
  postBuild:
    substitute:
      cluster-region: north
#     ^^^ error[flux/substitute-name]: `cluster-region`
--- apps/kustomization.yaml
resources: []
```

## How to fix
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
  postBuild:
    substitute:
      CLUSTER_REGION: north
--- apps/kustomization.yaml
resources: []
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(|view| &view.kustomizations) {
        for (name, span) in subject
            .built
            .variables
            .iter()
            .flat_map(|variables| &variables.bad_names)
        {
            let meant: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            let meant = if meant.starts_with(|c: char| c.is_ascii_digit()) {
                format!("_{meant}")
            } else {
                meant
            };
            findings.push(
                subject
                    .finding(
                        &CHECK.meta,
                        *span,
                        format!("variable name `{name}` is refused by Flux, wanted letters, digits and `_`"),
                    )
                    .with_path("spec.postBuild")
                    .with_why("Flux fails the Kustomization even if nothing reads the variable")
                    .with_help(format!("call it `{meant}`")),
            );
        }
    }
}
