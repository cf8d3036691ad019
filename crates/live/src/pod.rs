//! Pods as checks see them.

use serde_json::Value as Json;

use crate::access::{self, Access, AccessError};
use crate::kind;
use crate::object::{condition, text};

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) uid: String,
    /// The node that it is on; empty while it has none.
    pub(crate) node: String,
    /// Ready, and nobody has asked it to go.
    pub(crate) is_ready: bool,
}

impl Pod {
    fn new(object: &Json) -> Self {
        let is_going = object.pointer("/metadata/deletionTimestamp").is_some();
        let is_ready = condition(object, "Ready").is_some_and(|ready| text(ready, "/status") == "True");
        Self {
            name: text(object, "/metadata/name").to_owned(),
            uid: text(object, "/metadata/uid").to_owned(),
            node: text(object, "/spec/nodeName").to_owned(),
            is_ready: is_ready && !is_going,
        }
    }
}

/// The pods in a namespace that a selector selects, by name. Names that are none are left out.
pub(crate) fn pods(access: &dyn Access, namespace: &str, selector: &str) -> Result<Vec<Pod>, AccessError> {
    let objects = access::list(access, "Pod", namespace, selector)?;
    let mut pods: Vec<Pod> = objects.iter().map(Pod::new).collect();
    pods.retain(|pod| kind::is_name(&pod.name));
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pods)
}

/// The ready ones of pods.
pub(crate) fn ready(pods: &[Pod]) -> Vec<&Pod> {
    pods.iter().filter(|pod| pod.is_ready).collect()
}
