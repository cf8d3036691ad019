//! The schemas' word on one object, said once for all checks.

use ::schema::{Store, Verdict};
use model::nearest;
use model::object::{self, Gvk};
use model::yaml::Node;

/// The annotation that says how Flux applies an object.
const SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";

/// Whether the object may be a part of one that somebody else applies: its other fields are there then.
pub(crate) fn is_partial(node: &Node) -> bool {
    matches!(
        object::annotation(node, SSA),
        Some("Merge" | "Override" | "IfNotPresent" | "Ignore")
    )
}

/// What the schemas say of an object.
pub(crate) enum Judgement {
    /// The kind is known.
    Verdict(Verdict),
    /// The object is not looked at.
    Excused(&'static str),
    /// The kind is known, the version is not; those that are served, newest first.
    Unserved(Vec<String>),
    /// No API has the kind: its group is known to the last kind, or no group is called so. With the nearest kind.
    NoSuchKind(Option<Gvk>),
    /// Nothing is known of the kind.
    NoSchema(Gvk),
}

impl Judgement {
    pub(crate) fn of(node: &Node, schemas: &Store) -> Self {
        let gvk = object::gvk(node);
        if node.get("sops").is_some() {
            return Self::Excused("encrypted with SOPS");
        }
        if object::annotation(node, "kustomize.toolkit.fluxcd.io/reconcile") == Some("disabled") {
            return Self::Excused("reconciliation is disabled by annotation");
        }
        if object::annotation(node, SSA) == Some("Ignore") {
            return Self::Excused("Flux is told by annotation to ignore it");
        }
        if gvk.group == "kustomize.config.k8s.io" {
            return Self::Excused("Flux leaves kustomize's own kinds out");
        }
        if let Some(kind) = schemas.lookup(&gvk) {
            return Self::Verdict(kind.validate(node));
        }
        let versions = schemas.other_versions(&gvk.group, &gvk.kind);
        if !versions.is_empty() {
            return Self::Unserved(versions);
        }
        unknown_kind(gvk, schemas)
    }

    /// The verdict, where there is one.
    pub(crate) fn verdict(&self) -> Option<&Verdict> {
        if let Self::Verdict(verdict) = self {
            Some(verdict)
        } else {
            None
        }
    }
}

/// A CRD's group has a dot; so a group without one is Kubernetes' own, and those are all known.
fn unknown_kind(gvk: Gvk, schemas: &Store) -> Judgement {
    let is_builtin = !gvk.group.contains('.');
    let kinds = schemas.kinds();
    let same_kind = || {
        kinds
            .iter()
            .filter(|known| known.kind == gvk.kind && !known.group.contains('.'))
    };
    let near = |group: &str| {
        let of_group = kinds.iter().filter(|known| known.group == group);
        let name = nearest(&gvk.kind, of_group.clone().map(|known| known.kind.as_str()))?;
        of_group
            .into_iter()
            .find(|known| known.kind == name)
            .map(|known| (*known).clone())
    };
    if is_builtin {
        let moved = same_kind().max_by_key(|known| (known.version.len() == 2, known.group.clone()));
        return Judgement::NoSuchKind(moved.map(|known| (*known).clone()).or_else(|| near(&gvk.group)));
    }
    match near(&gvk.group) {
        Some(meant) => Judgement::NoSuchKind(Some(meant)),
        None => Judgement::NoSchema(gvk),
    }
}
