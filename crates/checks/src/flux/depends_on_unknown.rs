//! `dependsOn` of a Kustomization names one that does not exist.

use ::flux::kustomization::GROUP;
use diag::{CheckMeta, Findings, Level, Stage};

use crate::absence::{Reference, absence};
use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::key::Key;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/depends-on-unknown",
        summary: "`dependsOn` names a Kustomization that does not exist",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the target of every `dependsOn` among the Kustomizations that are applied on the same cluster. Without a
`namespace`, Flux looks in the namespace of the Kustomization that depends.

## Why it matters
Flux waits for the missing one for ever: nothing of the Kustomization is applied, and nothing that depends on it.

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
    - name: setings
#           ^^^ error[flux/depends-on-unknown]: no Kustomization `flux-system/setings`
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: settings, namespace: flux-system}
spec: {interval: 10m, path: ./settings, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- apps/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default}
--- settings/b.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: default}
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
  dependsOn:
    - name: settings
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: settings, namespace: flux-system}
spec: {interval: 10m, path: ./settings, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- apps/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default}
--- settings/b.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: default}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for reference in references(view) {
            if let Some(absence) = absence(cx, view, &reference.key) {
                reference.report(
                    &CHECK.meta,
                    &absence,
                    "Flux waits for it for ever and applies nothing",
                    findings,
                );
            }
        }
    }
}

/// Every `dependsOn` of the Kustomizations that live on this cluster.
pub(crate) fn references<'a>(view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let mut references = Vec::new();
    for subject in view.kustomizations.iter().filter(|subject| !subject.remote) {
        for (index, target) in subject.kustomization().depends_on().into_iter().enumerate() {
            references.push(Reference {
                subject: *subject,
                key: Key::new(GROUP, "Kustomization", &target.namespace, &target.name),
                span: target.span,
                path: format!("spec.dependsOn[{index}].name"),
                what: "Kustomization".to_owned(),
            });
        }
    }
    references
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn names_the_namespace_that_has_it() {
        testing::case(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  dependsOn: [{name: base, namespace: kube-system}]
#                    ^ error[flux/depends-on-unknown]: but one in namespace `flux-system`
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec: {interval: 10m, path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- apps/kustomization.yaml
resources: []
",
        );
    }

    #[test]
    fn says_which_file_holds_one_that_nothing_applies() {
        testing::case(
            "--- clusters/demo/kustomization.yaml
resources:
#< error[flux/depends-on-unknown]: `base.yaml` is not listed
  - apps.yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  dependsOn: [{name: base}]
--- clusters/demo/base.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec: {interval: 10m, path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- apps/kustomization.yaml
resources: []
",
        );
    }
}
