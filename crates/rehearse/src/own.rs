//! The sources that hold this repository, and the entrypoint as `flux bootstrap` leaves it in a cluster.

use std::collections::BTreeSet;

use flux::{ClusterBuild, Kustomization, State};
use model::object;
use model::yaml::{self, Node};
use serde_json::{Value as Json, json};

use crate::error::RehearseError;
use crate::plane::NAMESPACE;

/// Where the tree is, for an OCIRepository, before its address is changed.
pub(crate) const ARTIFACT: &str = "oci://rehearsal.invalid/tree";
/// The tag that leads to it.
pub(crate) const TAG: &str = "rehearsal";

/// A kind of source that a rehearsal can serve the tree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Git,
    Oci,
}

/// A source that holds this repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OwnSource {
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// All of them: the one that the entrypoint names comes first.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) sources: Vec<OwnSource>,
}

impl Kind {
    fn of(kind: &str) -> Option<Self> {
        match kind {
            "GitRepository" => Some(Self::Git),
            "OCIRepository" => Some(Self::Oci),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Git => "GitRepository",
            Self::Oci => "OCIRepository",
        }
    }

    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Git => "gitrepositories",
            Self::Oci => "ocirepositories",
        }
    }

    /// An address that the policies change.
    pub(crate) fn spec(self) -> Json {
        match self {
            Self::Git => json!({"interval": "1m", "url": "https://rehearsal.invalid/tree"}),
            Self::Oci => json!({"interval": "1m", "url": ARTIFACT, "ref": {"tag": TAG}}),
        }
    }
}

impl OwnSource {
    /// `Kind/namespace/name`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}/{}", self.kind.name(), self.namespace, self.name)
    }

    /// The object with an address that is none.
    pub(crate) fn object(&self) -> Json {
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": self.kind.name(),
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": self.kind.spec(),
        })
    }

    fn written<'b>(&self, build: &'b ClusterBuild) -> Option<&'b Node> {
        written(build, self.kind.name(), &self.namespace, &self.name)
    }
}

impl Own {
    /// The source of the entrypoint, and whatever else a flux::Kustomization reads this repository from: a source with the same
    /// address and revision, an artifact that is pushed out of it, and, where no file says which source the entrypoint has, a
    /// source that nothing applies.
    pub(crate) fn of(build: &ClusterBuild) -> Result<Self, RehearseError> {
        let mut sources = vec![first(build)?];
        let mut seen: BTreeSet<OwnSource> = sources.iter().cloned().collect();
        for built in &build.kustomizations {
            if matches!(built.state, State::External(_)) {
                continue;
            }
            let reference = built
                .node
                .as_ref()
                .and_then(|node| Kustomization(node).source_ref());
            let Some(reference) = reference else { continue };
            let Some(kind) = Kind::of(&reference.kind) else {
                continue;
            };
            let source = OwnSource {
                kind,
                namespace: reference.namespace,
                name: reference.name,
            };
            let is_own = match source.written(build) {
                Some(node) => has_same_revision(node, sources.first().and_then(|first| first.written(build))),
                None => build.cluster.source.is_none(),
            };
            if is_own && seen.insert(source.clone()) {
                sources.push(source);
            }
        }
        Ok(Self { sources })
    }

    /// `Kind/namespace/name` of each.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.sources.iter().map(OwnSource::id).collect()
    }

    /// Those of a kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &OwnSource> {
        self.sources.iter().filter(move |source| source.kind == kind)
    }

    /// What bootstrap makes: the sources that no build applies, that of the entrypoint in any case, and the flux::Kustomization
    /// that starts; with the paths of their collections.
    pub(crate) fn objects(&self, build: &ClusterBuild) -> Vec<(String, Json)> {
        let mut objects = Vec::new();
        for (n, source) in self.sources.iter().enumerate() {
            let object = match source.written(build) {
                Some(node) if n == 0 => yaml::to_json(node),
                Some(_) => continue,
                None => source.object(),
            };
            objects.push((collection(&object, source.kind.plural()), object));
        }
        if let Some(first) = self.sources.first() {
            let sync = build.cluster.sync.as_ref();
            let sync = sync.map_or_else(|| start(first, &build.cluster.folder), yaml::to_json);
            objects.push((collection(&sync, "kustomizations"), sync));
        }
        objects
    }
}

/// Whether a cluster starts from a source that can be served here; an error says from which one instead.
pub fn servable(build: &ClusterBuild) -> Result<(), RehearseError> {
    first(build).map(|_| ())
}

fn first(build: &ClusterBuild) -> Result<OwnSource, RehearseError> {
    let (kind, namespace, name) = build.cluster.source.clone().unwrap_or_else(|| {
        let name = "flux-system".to_owned();
        ("GitRepository".to_owned(), NAMESPACE.to_owned(), name)
    });
    match Kind::of(&kind) {
        Some(kind) => Ok(OwnSource {
            kind,
            namespace,
            name,
        }),
        None => Err(RehearseError::OwnSource {
            source_id: format!("{kind}/{namespace}/{name}"),
        }),
    }
}

/// The flux::Kustomization of an entrypoint that no file describes.
fn start(source: &OwnSource, folder: &str) -> Json {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "flux-system", "namespace": source.namespace},
        "spec": {
            "interval": "10m", "prune": true, "path": format!("./{folder}"),
            "sourceRef": {"kind": source.kind.name(), "name": source.name},
        },
    })
}

/// Another branch of this repository is another tree. Tags of artifacts say nothing of what is in them.
fn has_same_revision(node: &Node, first: Option<&Node>) -> bool {
    let Some(first) = first else { return true };
    let revision = |node: &Node| node.at(&["spec", "ref"]).map(yaml::to_json);
    object::kind(node) != "GitRepository"
        || object::kind(first) != "GitRepository"
        || revision(node) == revision(first)
}

fn written<'b>(build: &'b ClusterBuild, kind: &str, namespace: &str, name: &str) -> Option<&'b Node> {
    let mut nodes = build.objects().map(|(_, built)| &built.node);
    nodes.find(|node| {
        object::kind(node) == kind && object::namespace(node) == namespace && object::name(node) == name
    })
}

fn collection(object: &Json, plural: &str) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    format!(
        "/apis/{}/namespaces/{}/{plural}",
        text("/apiVersion"),
        text("/metadata/namespace")
    )
}
