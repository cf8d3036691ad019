//! An object on its way through a build: its identity now, and the identities that it had.

use std::sync::{Arc, LazyLock};

use diag::{Hop, Span};
use model::yaml::{Map, Node, Value};

use crate::scalar;
use crate::scope::is_cluster_scoped;

static DEFAULT_NAMESPACE: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("default"));
static NO_NAMESPACE: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(NOT_NAMESPACED));

/// The namespace of cluster-scoped objects in identities and selectors.
pub(crate) const NOT_NAMESPACED: &str = "_non_namespaceable_";

/// The namespace of cluster-scoped objects, without an allocation.
pub(crate) fn no_namespace() -> Arc<str> {
    NO_NAMESPACE.clone()
}

/// What makes an object one of its own: two of the same in one build are an error.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub(crate) api_version: Arc<str>,
    pub(crate) kind: Arc<str>,
    pub(crate) name: Arc<str>,
    /// The effective namespace: `default` where none is written.
    pub(crate) namespace: Arc<str>,
}

impl Id {
    /// The API group; empty for the core group.
    pub(crate) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The API version without its group.
    pub(crate) fn version(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or(&self.api_version, |(_, version)| version)
    }
}

impl std::fmt::Display for Id {
    /// `Kind/namespace/name`, as people name objects.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &*self.namespace {
            NOT_NAMESPACED => write!(f, "{}/{}", self.kind, self.name),
            namespace => write!(f, "{}/{namespace}/{}", self.kind, self.name),
        }
    }
}

/// What an object was called before a transformer changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) kind: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) namespace: Arc<str>,
}

/// What a generator does with an object that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Merge,
    Replace,
}

/// One object and what kustomize remembers of it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) node: Node,
    /// The first one is the original identity.
    pub(crate) previous: Vec<Previous>,
    pub(crate) prefixes: Vec<Arc<str>>,
    pub(crate) suffixes: Vec<Arc<str>>,
    pub(crate) needs_hash: bool,
    /// Whether the real program could not remember an identity and panics.
    pub(crate) is_broken: bool,
    pub(crate) generated: bool,
    pub(crate) behavior: Behavior,
    /// The value of the origin annotation, where `buildMetadata` asks for it.
    pub(crate) origin_annotation: Option<String>,
    /// The value of the transformations annotation, where `buildMetadata` asks for it.
    pub(crate) transformations: String,
    pub(crate) origin: Vec<Hop>,
}

impl Resource {
    pub(crate) fn new(node: Node, origin: Vec<Hop>) -> Self {
        Self {
            node,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            needs_hash: false,
            is_broken: false,
            generated: false,
            behavior: Behavior::Create,
            origin_annotation: None,
            transformations: String::new(),
            origin,
        }
    }

    pub(crate) fn api_version(&self) -> Arc<str> {
        self.node
            .get("apiVersion")
            .map_or_else(scalar::empty, scalar::text)
    }

    pub(crate) fn kind(&self) -> Arc<str> {
        self.node.get("kind").map_or_else(scalar::empty, scalar::text)
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.metadata_text("name")
    }

    /// The written namespace; empty when there is none.
    pub(crate) fn namespace(&self) -> Arc<str> {
        self.metadata_text("namespace")
    }

    fn metadata_text(&self, key: &str) -> Arc<str> {
        match self.node.at(&["metadata", key]) {
            Some(node) if !node.is_null() => scalar::text(node),
            _ => scalar::empty(),
        }
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        let text = |key| self.node.get(key).and_then(Node::as_str).unwrap_or_default();
        is_cluster_scoped(text("apiVersion"), text("kind"))
    }

    /// The namespace for comparisons: `default` where none is written.
    pub(crate) fn effective_namespace(&self) -> Arc<str> {
        if self.is_cluster_scoped() {
            return no_namespace();
        }
        let written = self.namespace();
        if written.is_empty() {
            DEFAULT_NAMESPACE.clone()
        } else {
            written
        }
    }

    /// The identity now.
    pub(crate) fn id(&self) -> Id {
        Id {
            api_version: self.api_version(),
            kind: self.kind(),
            name: self.name(),
            namespace: self.effective_namespace(),
        }
    }

    /// All identities, the present one last.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        let api_version = self.api_version();
        let previous = self.previous.iter().map(move |previous| Id {
            api_version: api_version.clone(),
            kind: previous.kind.clone(),
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
        });
        previous.chain(std::iter::once_with(|| self.id()))
    }

    /// The identity that it was read with.
    pub(crate) fn original(&self) -> Id {
        self.ids().next().unwrap_or_else(|| self.id())
    }

    /// The kind that it was read with.
    pub(crate) fn original_kind(&self) -> Arc<str> {
        self.previous
            .first()
            .map_or_else(|| self.kind(), |first| first.kind.clone())
    }

    /// Remembers the present identity before it changes.
    pub(crate) fn store_previous(&mut self) {
        let (kind, name, namespace) = (self.kind(), self.name(), self.effective_namespace());
        // The real program keeps these in comma-separated annotations and counts the parts.
        let is_part = |text: &str| !text.is_empty() && !text.contains(',');
        self.is_broken |= !is_part(&name) || !is_part(&kind) || !is_part(&namespace);
        self.previous.push(Previous {
            kind,
            name,
            namespace,
        });
    }

    /// Whether the real program would hold internal annotations on the object, so that `metadata.annotations` exists.
    pub(crate) fn has_internal_annotations(&self) -> bool {
        !self.previous.is_empty()
            || !self.prefixes.is_empty()
            || !self.suffixes.is_empty()
            || self.generated
            || self.origin_annotation.is_some()
    }

    pub(crate) fn set_name(&mut self, name: Arc<str>) {
        let span = self
            .node
            .at(&["metadata", "name"])
            .map_or(Span::NONE, |node| node.span);
        self.set_metadata("name", scalar::untyped(name, span));
    }

    /// Sets a field of `metadata`, making it where it is absent.
    pub(crate) fn set_metadata(&mut self, key: &str, value: Node) {
        let span = value.span;
        if let Some(metadata) = self.metadata_mut() {
            match metadata.get_mut(key) {
                Some(old) => *old = value,
                None => metadata.set(key, span, value),
            }
        }
    }

    /// Takes a field of `metadata` out.
    pub(crate) fn clear_metadata(&mut self, key: &str) {
        if let Some(metadata) = self.node.as_map_mut().and_then(|map| map.get_mut("metadata"))
            && let Value::Map(metadata) = &mut metadata.value
        {
            metadata.remove(key);
        }
    }

    pub(crate) fn metadata_mut(&mut self) -> Option<&mut Map> {
        let span = self.node.span;
        self.node.as_map_mut()?.map_or_insert(
            "metadata",
            Span {
                end: span.start,
                ..span
            },
        )
    }

    /// Where the object is best pointed at.
    pub(crate) fn span(&self) -> Span {
        model::object::span(&self.node)
    }
}
