//! A setting that should name networks does not.

use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};
use crate::settings::{Purpose, networks};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "net/cidr-invalid",
        summary: "a setting that should name networks does not",
        level: Level::Error,
        stage: Stage::Built,
        docs: r#"## What it does
Reads the settings that `networks` of `.config/xtask.yaml` names, by default `SERVICE_CIDR`, `POD_CIDR` and a few more. A plain
CIDR, several separated by commas, and a JSON list in a string are all fine.

## Why it matters
Whoever reads the setting gets a network that does not exist.

## Example
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  SERVICE_CIDR: 10.245.0.0/33
#               ^^^ error[net/cidr-invalid]: `10.245.0.0/33` is no network
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
--- apps/kustomization.yaml
resources: []
```

## How to fix
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  SERVICE_CIDR: '["10.245.0.0/16", "fd00:245::/108"]'
  POD_CIDR: 10.244.0.0/16
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
--- apps/kustomization.yaml
resources: []
```

## References
- <https://kubernetes.io/docs/concepts/cluster-administration/networking/>
"#,
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for purpose in [Purpose::Services, Purpose::Pods] {
            for setting in networks(cx, view, purpose) {
                let Err(trouble) = &setting.networks else { continue };
                findings.push(
                    setting
                        .reader
                        .finding(
                            &CHECK.meta,
                            setting.span,
                            format!("`{}`: {trouble}", setting.name),
                        )
                        .with_path(format!("data.{}", setting.name))
                        .with_why("whoever reads the setting gets a network that does not exist")
                        .with_help("write a CIDR such as `10.245.0.0/16`, or a JSON list of them in quotes"),
                );
            }
        }
    }
}
