//! Three nodes that nobody runs, and what kwok pretends of the pods on them.

use std::net::IpAddr;

use serde_json::{Value as Json, json};

/// How many nodes a rehearsal has.
const NODES: u8 = 3;

/// What kwok does to pods: those of Jobs run and end, the others run until they are deleted. Readiness and addresses are those
/// that a kubelet would report for containers that start at once.
///
/// kwok looks after the pods of nodes that a stage is for; the nodes here are ready from the start, so theirs never comes.
pub(crate) const STAGES: &str = r#"---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: node-is-kept}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector:
    matchExpressions:
      - {key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"]}
  next:
    statusTemplate: |
      conditions:
      - {type: Ready, status: "True", reason: KubeletReady, message: a rehearsal's node}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: runs}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
      - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
      - {key: .status.phase, operator: In, values: [Pending]}
  next:
    statusTemplate: |
      {{ $at := Now | Quote }}
      phase: Running
      startTime: {{ $at }}
      {{ $ips := PodIPsWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "") }}
      {{ with $ips }}
      podIP: {{ index . 0 | Quote }}
      podIPs:
      {{ range . }}
      - ip: {{ . | Quote }}
      {{ end }}
      {{ end }}
      conditions:
      {{ range $type := split "," "PodScheduled,Initialized,ContainersReady,Ready" }}
      - {type: {{ $type }}, status: "True", lastTransitionTime: {{ $at }}}
      {{ end }}
      {{ range .spec.readinessGates }}
      - {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $at }}}
      {{ end }}
      initContainerStatuses:
      {{ range .spec.initContainers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: true
        restartCount: 0
        {{ if eq (or .restartPolicy "") "Always" }}
        started: true
        state: {running: {startedAt: {{ $at }}}}
        {{ else }}
        state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $at }}, finishedAt: {{ $at }}}}
        {{ end }}
      {{ end }}
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: true
        started: true
        restartCount: 0
        state: {running: {startedAt: {{ $at }}}}
      {{ end }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: job-ends}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
      - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
      - {key: .status.phase, operator: In, values: [Running]}
      - {key: '.metadata.ownerReferences.[].kind', operator: In, values: [Job]}
  next:
    statusTemplate: |
      {{ $at := Now | Quote }}
      phase: Succeeded
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: false
        started: false
        restartCount: 0
        state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $at }}, finishedAt: {{ $at }}}}
      {{ end }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: goes}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
      - {key: .metadata.deletionTimestamp, operator: Exists}
  next:
    delete: true
"#;

/// The nodes, with the labels that charts select and spread by; each in its own zone. `pods` is the first address of the pod
/// network.
pub(crate) fn nodes(pods: IpAddr) -> Vec<Json> {
    (1..=NODES).map(|n| node(n, pods)).collect()
}

fn node(n: u8, pods: IpAddr) -> Json {
    let name = format!("rehearsal-{n}");
    let mut node = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": "rehearsal",
                "topology.kubernetes.io/zone": format!("zone-{n}"),
            },
        },
        "spec": {},
    });
    if let IpAddr::V4(address) = pods {
        let [a, b, c, _] = address.octets();
        let cidr = format!("{a}.{b}.{}.0/24", c.wrapping_add(n));
        node["spec"] = json!({"podCIDR": cidr, "podCIDRs": [cidr]});
    }
    node
}

/// What a kubelet would say of a node of a usual size.
pub(crate) fn status(n: usize) -> Json {
    let resources = json!({
        "cpu": "16", "memory": "64Gi", "pods": "250", "ephemeral-storage": "500Gi", "hugepages-2Mi": "0",
    });
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": "a rehearsal's node",
            "lastHeartbeatTime": "2020-01-01T00:00:00Z", "lastTransitionTime": "2020-01-01T00:00:00Z",
        })
    };
    json!({"status": {
        "capacity": resources,
        "allocatable": resources,
        "addresses": [
            {"type": "InternalIP", "address": format!("192.0.2.{}", n + 1)},
            {"type": "Hostname", "address": format!("rehearsal-{}", n + 1)},
        ],
        "conditions": [
            condition("Ready", "True", "KubeletReady"),
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
        ],
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_its_own_zone_and_pod_network() {
        let nodes = nodes("10.244.0.0".parse().unwrap());
        assert_eq!(nodes.len(), 3);
        assert_eq!(nodes[2]["spec"]["podCIDR"], "10.244.3.0/24");
        assert_eq!(
            nodes[2]["metadata"]["labels"]["topology.kubernetes.io/zone"],
            "zone-3"
        );
        assert_eq!(STAGES.matches("kind: Stage").count(), 4);
    }
}
