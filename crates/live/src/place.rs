//! From what a cluster shows to the line that a person must edit.

use diag::{Sources, Span};
use flux::{BuiltObject, ClusterBuild};
use model::object;
use model::yaml::{Map, Node};
use scenarios::ObjectName;

use crate::design::Scenario;
use crate::outcome::Place;

/// The line that decides a promise: the subject's own where it stands in the tree, else the field of the Flux object that brings
/// it, or the deepest part of that field's way that is there.
pub(crate) fn of(build: &ClusterBuild, sources: &Sources, scenario: &Scenario, field: &str) -> Option<Place> {
    let subject = scenario.check.subject().and_then(|name| node(build, name));
    let span = match (subject, &scenario.from) {
        (Some(node), _) => deepest(node, field),
        (None, Some(from)) => deepest(node(build, from)?, scenario.at.as_deref().unwrap_or_default()),
        (None, None) => return None,
    };
    at(sources, span)
}

/// A place of the tree.
pub(crate) fn at(sources: &Sources, span: Span) -> Option<Place> {
    let (file, at) = sources.locate(span)?;
    Some(Place {
        file: file.to_string(),
        line: at.line,
        column: at.column,
    })
}

/// The object that the cluster gets, or the entrypoint itself.
pub(crate) fn node<'a>(build: &'a ClusterBuild, name: &ObjectName) -> Option<&'a Node> {
    let built = build.objects().map(|(_, object): (_, &BuiltObject)| &object.node);
    built
        .chain(build.cluster.sync.as_ref())
        .find(|node| is_named(node, name))
}

pub(crate) fn is_named(node: &Node, name: &ObjectName) -> bool {
    object::kind(node) == name.kind
        && object::name(node) == name.name
        && object::namespace(node) == name.namespace
        && (name.kind != "Kustomization" || flux::kustomization::is_kustomization(node))
}

/// Where a field is written; else the last part of its way that is there. A mapping or a list is where its key is.
fn deepest(node: &Node, field: &str) -> Span {
    let mut here = node;
    let mut key = object::span(node);
    for name in field.split('.').filter(|name| !name.is_empty()) {
        let entries = here.as_map().map(Map::entries).unwrap_or_default();
        let Some(entry) = entries.iter().find(|entry| &*entry.key == name) else {
            break;
        };
        key = entry.key_span.or(key);
        here = &entry.value;
    }
    let is_inside = here.as_map().is_some() || here.as_seq().is_some();
    if is_inside { key } else { here.span.or(key) }
}
