//! Spread constraints that do not count the pods that carry them.

use diag::{CheckMeta, Findings, Level, Stage};
use model::labels;
use model::object;

use super::template;
use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "workload/spread-selects-nothing",
        summary: "a topology spread constraint does not select the pods that carry it",
        level: Level::Warning,
        stage: Stage::Built,
        docs: r"## What it does
Reports a `topologySpreadConstraints` entry of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job whose `labelSelector` does not
match the labels of its own pods. A constraint without a selector is left alone.

## Why it matters
Everything is Ready, and the pods are not spread: the scheduler counts no pod, so each node is as good as the other.

## Example
```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app: frontend}}
#                        ^^^ warning[workload/spread-selects-nothing]: the constraint on `kubernetes.io/hostname` does not select the pods that carry it
      containers: [{name: web, image: example.org/web:1}]
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
    spec:
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app: web}}
      containers: [{name: web, image: example.org/web:1}]
```

## References
- <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(ClusterView::everything) {
        let Some(pod) = template(subject) else { continue };
        let Some(own) = pod.at(&["metadata", "labels"]) else {
            continue;
        };
        for (index, constraint) in pod
            .seq_at(&["spec", "topologySpreadConstraints"])
            .iter()
            .enumerate()
        {
            let Some(selector) = constraint.get("labelSelector") else {
                continue;
            };
            // What is no selector is the schema's finding.
            if !subject.is_settled(selector.span) || labels::matches(selector, own) != Ok(false) {
                continue;
            }
            let key = constraint.str_at(&["topologyKey"]).unwrap_or_default();
            let labels: Vec<String> = own
                .entries_at(&[])
                .iter()
                .map(|label| {
                    format!(
                        "`{}: {}`",
                        label.key,
                        label.value.scalar_text().unwrap_or_default()
                    )
                })
                .collect();
            let root = if object::kind(subject.node) == "Pod" {
                ""
            } else {
                "spec.template."
            };
            findings.push(
                subject
                    .finding(
                        &CHECK.meta,
                        selector.span,
                        format!("the constraint on `{key}` does not select the pods that carry it"),
                    )
                    .with_path(format!(
                        "{root}spec.topologySpreadConstraints[{index}].labelSelector"
                    ))
                    .with_related(own.span, "the labels of the pods")
                    .with_why("everything is Ready, and the pods are not spread")
                    .with_help(format!(
                        "select by labels that the pods have: {}",
                        labels.join(", ")
                    )),
            );
        }
    }
}
