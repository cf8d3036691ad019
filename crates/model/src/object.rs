//! Kubernetes objects: reading the fields that every object has.

use diag::{ObjectRef, Span};

use crate::yaml::Node;

/// An API group and version with a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// Group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

impl Gvk {
    /// From `apiVersion` (`group/version` or `version`) and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// `group/version`, or `version` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// The `apiVersion` of an object; empty when it is absent or no string.
pub fn api_version(node: &Node) -> &str {
    node.str_at(&["apiVersion"]).unwrap_or_default()
}

/// The API group of an object; empty for the core group.
pub fn group(node: &Node) -> &str {
    api_version(node).split_once('/').map_or("", |(group, _)| group)
}

/// The `kind` of an object; empty when it is absent or no string.
pub fn kind(node: &Node) -> &str {
    node.str_at(&["kind"]).unwrap_or_default()
}

/// `metadata.name`; empty when it is absent or no string.
pub fn name(node: &Node) -> &str {
    node.str_at(&["metadata", "name"]).unwrap_or_default()
}

/// `metadata.namespace`; empty when it is absent or no string.
pub fn namespace(node: &Node) -> &str {
    node.str_at(&["metadata", "namespace"]).unwrap_or_default()
}

/// Group, version and kind of an object.
pub fn gvk(node: &Node) -> Gvk {
    Gvk::new(api_version(node), kind(node))
}

/// The reference of an object, as findings name it.
pub fn reference(node: &Node) -> ObjectRef {
    ObjectRef {
        api_version: api_version(node).to_owned(),
        kind: kind(node).to_owned(),
        namespace: namespace(node).to_owned(),
        name: name(node).to_owned(),
    }
}

/// A label's value.
pub fn label<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.str_at(&["metadata", "labels", key])
}

/// An annotation's value.
pub fn annotation<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.str_at(&["metadata", "annotations", key])
}

/// Where an object is best pointed at: its name, else its kind, else its start.
pub fn span(node: &Node) -> Span {
    let named = node
        .at(&["metadata", "name"])
        .or_else(|| node.get("kind"))
        .map(|node| node.span);
    named.filter(|span| !span.is_none()).unwrap_or(node.span)
}
