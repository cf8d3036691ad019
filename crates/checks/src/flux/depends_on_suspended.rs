//! `dependsOn` names a Kustomization that is suspended.

use ::flux::{Id, Kustomization};
use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/depends-on-suspended",
        summary: "`dependsOn` names a Kustomization that is suspended",
        level: Level::Warning,
        stage: Stage::Built,
        docs: r"## What it does
Reports a Kustomization that is not suspended and depends on one with `suspend: true`.

## Why it matters
A suspended Kustomization never becomes Ready on a new cluster, nor for a new revision: whoever depends on it waits for ever.

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
  dependsOn:
    - name: base
#           ^^^ warning[flux/depends-on-suspended]: `flux-system/base`, which is suspended
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec:
  suspend: true
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
--- apps/kustomization.yaml
resources: []
```

## How to fix
Resume the one, or suspend the other as well.
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  suspend: true
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  dependsOn:
    - name: base
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec:
  suspend: true
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
--- apps/kustomization.yaml
resources: []
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        let active = view
            .kustomizations
            .iter()
            .filter(|subject| !subject.remote && !subject.kustomization().suspended());
        for subject in active {
            for (index, target) in subject.kustomization().depends_on().into_iter().enumerate() {
                let id = Id {
                    namespace: target.namespace,
                    name: target.name,
                };
                let Some(node) = view.build.get(&id).and_then(|built| built.node.as_ref()) else {
                    continue;
                };
                let Some(switch) = Kustomization(node)
                    .spec("suspend")
                    .filter(|_| Kustomization(node).suspended())
                else {
                    continue;
                };
                findings.push(
                    subject
                        .finding(
                            &CHECK.meta,
                            target.span,
                            format!("depends on Kustomization `{id}`, which is suspended"),
                        )
                        .with_path(format!("spec.dependsOn[{index}].name"))
                        .with_related(switch.span, "suspended here")
                        .with_why("a suspended Kustomization becomes Ready for no new revision")
                        .with_help("resume it, or suspend this one as well"),
                );
            }
        }
    }
}
