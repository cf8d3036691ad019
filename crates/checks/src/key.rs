//! What makes two objects of a cluster the same object.

use std::fmt;

use ::schema::{Scope, Store};
use model::object;
use model::yaml::Node;

/// Group, kind, namespace and name: the API server's identity of an object, without the version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        let [group, kind, namespace, name] = [group, kind, namespace, name].map(str::to_owned);
        Self {
            group,
            kind,
            namespace,
            name,
        }
    }

    /// The key of an object; a missing namespace is `default` unless the kind is known to have none.
    pub(crate) fn of(node: &Node, schemas: &Store) -> Self {
        let cluster_scoped = schemas
            .lookup(&object::gvk(node))
            .is_some_and(|kind| kind.scope == Scope::Cluster);
        let namespace = match object::namespace(node) {
            _ if cluster_scoped => "",
            "" => "default",
            namespace => namespace,
        };
        Self::new(
            object::group(node),
            object::kind(node),
            namespace,
            object::name(node),
        )
    }
}

impl fmt::Display for Key {
    /// `namespace/name`, or `name` without a namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}
