//! `substituteFrom` names a ConfigMap or Secret that no build produces.

use std::collections::BTreeMap;

use diag::{CheckMeta, Findings, Level, Stage};
use model::object;

use crate::absence::{Reference, absence};
use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::key::Key;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-from-missing",
        summary: "`substituteFrom` names a ConfigMap or Secret that is not there",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the ConfigMaps and Secrets of `postBuild.substituteFrom` in the Kustomization's own namespace, where Flux looks.
One that has almost the name of one that is there, or that lies in a file which is not listed, is an error. Others may be made
outside of the repository: they are deferred, and the values of their variables count as unknown. `optional: true` is silent.

## Why it matters
Flux builds nothing of the Kustomization while the object is missing.

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
    substituteFrom:
      - kind: ConfigMap
        name: cluster-setting
#             ^^^ error[flux/substitute-from-missing]: no ConfigMap `flux-system/cluster-setting`
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data: {REGION: north}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {region: '${REGION}'}
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
    substituteFrom:
      - kind: ConfigMap
        name: cluster-settings
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data: {REGION: north}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {region: '${REGION}'}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        let mut by_target: BTreeMap<Key, Vec<Reference<'_>>> = BTreeMap::new();
        for reference in references(view) {
            by_target
                .entry(reference.key.clone())
                .or_default()
                .push(reference);
        }
        for (key, references) in by_target {
            let Some((first, others)) = references.split_first() else {
                continue;
            };
            let absence = match absence(cx, view, &key) {
                _ if is_made_from(view, &key) => continue,
                None => continue,
                Some(absence) => absence.or_made_elsewhere(),
            };
            let at = findings.found.len();
            first.report(
                &CHECK.meta,
                &absence,
                "Flux builds nothing of a Kustomization without its variables",
                findings,
            );
            if let Some(finding) = findings.found.get_mut(at) {
                for other in others {
                    finding.related.push(diag::Label {
                        span: other.span,
                        message: "and wanted here".to_owned(),
                    });
                }
            }
        }
    }
}

/// Every `substituteFrom` that is not optional and whose object no build of the cluster produces.
pub(crate) fn references<'a>(view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let mut references = Vec::new();
    for subject in view.kustomizations.iter().filter(|subject| !subject.remote) {
        let missing = subject
            .built
            .variables
            .iter()
            .flat_map(|variables| &variables.missing);
        for target in missing.filter(|target| !target.optional) {
            references.push(Reference {
                subject: *subject,
                key: Key::new("", &target.kind, &target.namespace, &target.name),
                span: target.span,
                path: "spec.postBuild.substituteFrom".to_owned(),
                what: target.kind.clone(),
            });
        }
    }
    references
}

/// Whether some object of the cluster makes the Secret: its values are not known here, and it will be there.
pub(crate) fn is_made_from(view: &ClusterView<'_>, key: &Key) -> bool {
    let makes = |node: &model::yaml::Node| {
        let own = object::name(node);
        let target = match object::kind(node) {
            "ExternalSecret" => node.str_at(&["spec", "target", "name"]).unwrap_or(own),
            "SealedSecret" => node
                .str_at(&["spec", "template", "metadata", "name"])
                .unwrap_or(own),
            "Certificate" => node.str_at(&["spec", "secretName"]).unwrap_or_default(),
            "Password" | "VaultStaticSecret" | "OnePasswordItem" | "InfisicalSecret" | "BitwardenSecret" => {
                own
            }
            "PushSecret" | "ClusterExternalSecret" => {
                node.str_at(&["spec", "externalSecretName"]).unwrap_or(own)
            }
            _ => return false,
        };
        let cluster_wide = object::kind(node) == "ClusterExternalSecret";
        target == key.name && (cluster_wide || object::namespace(node) == key.namespace)
    };
    key.kind == "Secret" && view.objects.iter().any(|subject| makes(subject.node))
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn a_secret_from_outside_is_deferred_and_one_of_an_external_secret_is_silent() {
        let kustomization = |secret: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
  postBuild: {{substituteFrom: [{{kind: Secret, name: {secret}}}]}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: default}}
data: {{token: '${{TOKEN}}'}}
"
            )
        };
        testing::case(&format!(
            "{}# deferred[flux/substitute-from-missing]: may be made elsewhere\n",
            kustomization("from-outside")
        ));
        let external = "--- clusters/demo/secret.yaml
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: a, namespace: flux-system}
spec: {target: {name: from-vault}}
";
        let findings = testing::findings(&format!("{}{external}", kustomization("from-vault")));
        assert!(
            findings
                .deferred
                .iter()
                .all(|deferred| deferred.check != "flux/substitute-from-missing")
        );
        assert!(findings.found.is_empty(), "{:?}", findings.found);
    }
}
