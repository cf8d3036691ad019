//! A flux::Kustomization as it comes out of a build: its spec's fields with their places.

use diag::Span;
use model::object;
use model::tree::path;
use model::yaml::Node;

/// The API group of flux::Kustomization.
pub const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// Namespace and name of a flux::Kustomization in one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl std::fmt::Display for Id {
    /// `namespace/name`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A reference to another object: kind, namespace (the referrer's own where none is written), name, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Kind; for `dependsOn` always `Kustomization`.
    pub kind: String,
    /// Namespace after defaulting.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `spec.postBuild.substituteFrom[].optional`.
    pub optional: bool,
    /// Where the name is written, else where the reference starts.
    pub span: Span,
}

/// Whether an object is a flux::Kustomization.
pub fn is_kustomization(node: &Node) -> bool {
    object::kind(node) == "Kustomization" && object::group(node) == GROUP
}

/// A typed view of a flux::Kustomization's node.
#[derive(Debug, Clone, Copy)]
pub struct Kustomization<'a>(pub &'a Node);

impl<'a> Kustomization<'a> {
    /// Namespace and name; a missing namespace is `default`, as for every object.
    pub fn id(self) -> Id {
        let namespace = object::namespace(self.0);
        Id {
            namespace: if namespace.is_empty() {
                "default".to_owned()
            } else {
                namespace.to_owned()
            },
            name: object::name(self.0).to_owned(),
        }
    }

    /// A field below `spec`.
    pub fn spec(self, field: &str) -> Option<&'a Node> {
        self.0.at(&["spec", field]).filter(|node| !node.is_null())
    }

    /// `spec.path` as a path of the tree, with its place; the root when absent (CRD: defaults to the source's root).
    /// A path that leads out of the tree is cut at the root, as securejoin does in kustomize-controller.
    pub fn path(self) -> (String, Span) {
        let node = self.spec("path");
        let text = node.and_then(Node::as_str).unwrap_or_default();
        let mut folder = String::new();
        for part in text.split('/') {
            folder = match part {
                ".." => path::parent(&folder).to_owned(),
                part => path::join(&folder, part).unwrap_or(folder),
            };
        }
        (
            folder,
            node.map_or_else(|| object::span(self.0), |node| node.span),
        )
    }

    /// `spec.sourceRef`.
    pub fn source_ref(self) -> Option<Reference> {
        self.reference(self.spec("sourceRef")?, "")
    }

    /// `spec.dependsOn`.
    pub fn depends_on(self) -> Vec<Reference> {
        self.list("dependsOn")
            .iter()
            .filter_map(|node| self.reference(node, "Kustomization"))
            .collect()
    }

    /// `spec.postBuild.substituteFrom`; the namespace is always the Kustomization's own.
    pub fn substitute_from(self) -> Vec<Reference> {
        let own = self.id().namespace;
        let items = self.0.seq_at(&["spec", "postBuild", "substituteFrom"]);
        items
            .iter()
            .filter_map(|node| self.reference(node, ""))
            .map(|reference| Reference {
                namespace: own.clone(),
                ..reference
            })
            .collect()
    }

    /// Whether `spec.postBuild` is there: without it nothing is substituted.
    pub fn has_post_build(self) -> bool {
        self.spec("postBuild").is_some()
    }

    /// `spec.postBuild.substituteStrategy: Always`: substitute even when there is no variable.
    pub fn substitutes_always(self) -> bool {
        self.0.str_at(&["spec", "postBuild", "substituteStrategy"]) == Some("Always")
    }

    /// `spec.suspend`.
    pub fn suspended(self) -> bool {
        self.spec("suspend").and_then(Node::as_bool).unwrap_or(false)
    }

    /// `spec.kubeConfig`: the objects go to another cluster.
    pub fn is_remote(self) -> bool {
        self.spec("kubeConfig").is_some()
    }

    /// A list below `spec`.
    pub fn list(self, field: &str) -> &'a [Node] {
        self.spec(field).and_then(Node::as_seq).unwrap_or_default()
    }

    fn reference(self, node: &'a Node, kind: &str) -> Option<Reference> {
        let name = node.get("name")?;
        let own = self.id().namespace;
        Some(Reference {
            kind: node.str_at(&["kind"]).unwrap_or(kind).to_owned(),
            namespace: node.str_at(&["namespace"]).map_or(own, str::to_owned),
            name: name.as_str()?.to_owned(),
            optional: node.get("optional").and_then(Node::as_bool).unwrap_or(false),
            span: name.span,
        })
    }
}
