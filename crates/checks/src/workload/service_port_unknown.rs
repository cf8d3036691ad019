//! A Service that sends to a port which its pods do not name.

use diag::{CheckMeta, Findings, Level, Stage};
use model::object;
use model::yaml::Node;

use super::{pods, selector, selects};
use crate::context::{Check, Context};
use crate::wording::{did_you_mean, nearest_name, some_of};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "workload/service-port-unknown",
        summary: "the `targetPort` of a Service names no port of its pods",
        level: Level::Warning,
        stage: Stage::Built,
        docs: r"## What it does
Compares named `targetPort`s of Services with the port names of the pods that they select, where a workload of the cluster makes
such pods.

## Why it matters
Everything is Ready, and the port of the Service leads nowhere.

## Example
```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.org/web:1, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec:
  selector: {app: web}
  ports:
    - port: 80
      targetPort: htp
#                 ^^^ warning[workload/service-port-unknown]: no port `htp`
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
    spec: {containers: [{name: web, image: example.org/web:1, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec:
  selector: {app: web}
  ports:
    - port: 80
      targetPort: http
```

## References
- <https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for service in view.everything() {
            let selector = selector(service);
            if selector.is_empty() {
                continue;
            }
            let selected: Vec<_> = pods(view, service)
                .into_iter()
                .filter(|(_, pod)| selects(selector, pod))
                .collect();
            let Some((first, _)) = selected.first() else {
                continue;
            };
            let names: Vec<&str> = selected.iter().flat_map(|(_, pod)| port_names(pod)).collect();
            for (index, port) in service.node.seq_at(&["spec", "ports"]).iter().enumerate() {
                let Some(node) = port
                    .get("targetPort")
                    .filter(|node| service.is_settled(node.span))
                else {
                    continue;
                };
                let Some(wanted) = node.as_str().filter(|name| !names.contains(name)) else {
                    continue;
                };
                let meant = nearest_name(wanted, names.iter().copied());
                let help = match (meant, names.is_empty()) {
                    (Some(_), _) => did_you_mean(meant),
                    (None, true) => "name a port of the container, or write the number".to_owned(),
                    (None, false) => format!("the pods name {}", some_of(&names, 4)),
                };
                let workload = object::reference(first.node);
                findings.push(
                    service
                        .finding(
                            &CHECK.meta,
                            node.span,
                            format!("{workload} has no port `{wanted}`"),
                        )
                        .with_path(format!("spec.ports[{index}].targetPort"))
                        .with_related(object::span(first.node), "the workload that it selects")
                        .with_why("everything is Ready, and the port leads nowhere")
                        .with_help(help),
                );
            }
        }
    }
}

fn port_names(pod: &Node) -> Vec<&str> {
    let lists = ["containers", "initContainers"].map(|list| pod.seq_at(&["spec", list]));
    let ports = lists
        .into_iter()
        .flatten()
        .flat_map(|container| container.seq_at(&["ports"]));
    ports.filter_map(|port| port.str_at(&["name"])).collect()
}
