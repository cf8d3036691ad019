//! A Service whose selector misses the workload that it is meant for.

use diag::{CheckMeta, Findings, Level, Stage};
use model::object;
use model::yaml::Entry;

use super::{pods, selector, selects};
use crate::context::{Check, Context};
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "workload/service-selects-nothing",
        summary: "the selector of a Service misses the workload of its name",
        level: Level::Warning,
        stage: Stage::Built,
        docs: r"## What it does
Reports a Service that selects no pod of any workload in its namespace, while the same Kustomization applies a workload with the
Service's name. Services for pods that charts and operators make are left alone.

## Why it matters
Everything is Ready, and the Service has no endpoints.

## Example
```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.org/web:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec:
  selector: {app: wep}
#           ^^^ warning[workload/service-selects-nothing]: selects no pod of Deployment/default/web
  ports: [{port: 80}]
```

## How to fix
```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.org/web:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec:
  selector: {app: web}
  ports: [{port: 80}]
```

## References
- <https://kubernetes.io/docs/concepts/services-networking/service/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for service in view.everything() {
            let selector = selector(service);
            if selector.is_empty() || selector.iter().any(|entry| !service.is_settled(entry.value.span)) {
                continue;
            }
            let pods = pods(view, service);
            if pods.iter().any(|(_, pod)| selects(selector, pod)) {
                continue;
            }
            let meant = |subject: &Subject<'_>| {
                std::ptr::eq(subject.built, service.built)
                    && object::name(subject.node) == object::name(service.node)
            };
            let Some((workload, pod)) = pods.iter().find(|(subject, _)| meant(subject)) else {
                continue;
            };
            let labels = pod.at(&["metadata", "labels"]);
            let Some(node) = service.node.at(&["spec", "selector"]) else {
                continue;
            };
            findings.push(
                service
                    .finding(
                        &CHECK.meta,
                        node.span,
                        format!(
                            "the selector `{}` selects no pod of {}",
                            shown(selector),
                            object::reference(workload.node)
                        ),
                    )
                    .with_path("spec.selector")
                    .with_related(
                        labels.map_or(object::span(workload.node), |labels| labels.span),
                        "the labels of its pods",
                    )
                    .with_why("everything is Ready, and the Service has no endpoints")
                    .with_help("select by labels that the pods have"),
            );
        }
    }
}

fn shown(selector: &[Entry]) -> String {
    let pair = |entry: &Entry| format!("{}={}", entry.key, entry.value.scalar_text().unwrap_or_default());
    selector.iter().map(pair).collect::<Vec<_>>().join(",")
}
