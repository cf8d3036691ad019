//! Checks of workloads and of the Services in front of them.

pub(crate) mod service_port_unknown;
pub(crate) mod service_selects_nothing;
pub(crate) mod spread_selects_nothing;

use model::object;
use model::yaml::{Entry, Node};

use crate::cluster_view::ClusterView;
use crate::subject::Subject;

const KINDS: &[(&str, &str)] = &[
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
    ("", "Pod"),
];

/// What runs in the namespace of a Service, with the node that holds metadata and spec of its pods.
fn pods<'a>(view: &ClusterView<'a>, service: &Subject<'a>) -> Vec<(Subject<'a>, &'a Node)> {
    let namespace = object::namespace(service.node);
    let in_namespace = view
        .everything()
        .filter(|subject| !subject.remote && object::namespace(subject.node) == namespace);
    let pod = |subject: &Subject<'a>| {
        // A label that is no string is another check's finding.
        let labels = |pod: &Node| {
            pod.entries_at(&["metadata", "labels"])
                .iter()
                .all(|label| label.value.as_str().is_some())
        };
        template(subject)
            .filter(|pod| labels(pod))
            .map(|pod| (*subject, pod))
    };
    in_namespace.filter_map(pod).collect()
}

/// The selector of a Service of this cluster that selects pods by label.
fn selector<'a>(service: &Subject<'a>) -> &'a [Entry] {
    let is_service = object::kind(service.node) == "Service" && object::group(service.node).is_empty();
    let external = service.node.str_at(&["spec", "type"]) == Some("ExternalName");
    if is_service && !external && !service.remote {
        service.node.entries_at(&["spec", "selector"])
    } else {
        &[]
    }
}

fn selects(selector: &[Entry], pod: &Node) -> bool {
    let label = |key: &str| pod.str_at(&["metadata", "labels", key]);
    selector
        .iter()
        .all(|entry| label(&entry.key).is_some() && label(&entry.key) == entry.value.as_str())
}

/// The pod, or the pod template, of a workload.
fn template<'a>(subject: &Subject<'a>) -> Option<&'a Node> {
    let kind = (object::group(subject.node), object::kind(subject.node));
    match kind {
        ("", "Pod") => Some(subject.node),
        _ if KINDS.contains(&kind) => subject.node.at(&["spec", "template"]),
        _ => None,
    }
}
