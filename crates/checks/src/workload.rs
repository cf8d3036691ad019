//! Checks of workloads and of the Services in front of them.

pub(crate) mod service_port_unknown;
pub(crate) mod service_selects_nothing;

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
        .objects
        .iter()
        .filter(|subject| !subject.remote && object::namespace(subject.node) == namespace);
    let workloads = in_namespace
        .filter(|subject| KINDS.contains(&(object::group(subject.node), object::kind(subject.node))));
    let pod = |subject: &Subject<'a>| {
        let is_pod = object::kind(subject.node) == "Pod";
        let pod = if is_pod {
            Some(subject.node)
        } else {
            subject.node.at(&["spec", "template"])
        };
        // A label that is no string is another check's finding.
        let labels = |pod: &Node| {
            pod.entries_at(&["metadata", "labels"])
                .iter()
                .all(|label| label.value.as_str().is_some())
        };
        pod.filter(|pod| labels(pod)).map(|pod| (*subject, pod))
    };
    workloads.filter_map(pod).collect()
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
