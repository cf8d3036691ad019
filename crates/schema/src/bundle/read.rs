//! The bundle as it is compiled into the program, to a store.

use std::ops::Range;
use std::sync::Arc;

use super::KindLine;
use crate::document::{Dialect, Document};
use crate::store::{KindSchema, Scope, Store};

macro_rules! bundle {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each file, Kubernetes first.
        pub(crate) const FILES: [(&str, &str); [$($name),*].len()] =
            [$(($name, include_str!(concat!("../../bundle/", $name)))),*];
    };
}

bundle![
    "kubernetes.jsonl",
    "source-controller.jsonl",
    "kustomize-controller.jsonl",
    "helm-controller.jsonl",
    "prometheus-operator.jsonl",
];

pub(crate) const LOCK_TEXT: &str = include_str!("../../bundle/lock.json");

/// Id of the definition that `metadata` has.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The kinds of the bundle. Lines that are not understood are left out: a test makes sure that there are none.
pub(crate) fn store() -> Store {
    let mut store = Store::default();
    for (name, text) in FILES {
        let dialect = if name == "kubernetes.jsonl" {
            Dialect::Native
        } else {
            Dialect::Custom
        };
        let (kinds, document) = document(dialect, text);
        if dialect == Dialect::Native {
            store.set_object_meta(&document, OBJECT_META);
        }
        for line in kinds {
            let Some(root) = document.number(&line.schema) else {
                continue;
            };
            store.add(KindSchema {
                gvk: model::object::Gvk {
                    group: line.group,
                    version: line.version,
                    kind: line.kind,
                },
                plural: line.plural,
                scope: if line.cluster {
                    Scope::Cluster
                } else {
                    Scope::Namespaced
                },
                has_status: line.status,
                document: document.clone(),
                root,
                object_meta: store.object_meta(),
            });
        }
    }
    store
}

fn document(dialect: Dialect, text: &'static str) -> (Vec<KindLine>, Arc<Document>) {
    let mut kinds = Vec::new();
    let mut definitions = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        match definition(line) {
            Some((id, facts)) => definitions.push((id, start + facts.start..start + facts.end)),
            None => kinds.extend(serde_json::from_str::<KindLine>(line).ok()),
        }
        start += line.len();
    }
    (kinds, Arc::new(Document::lazy(dialect, text, definitions)))
}

/// Id and range of the facts of a line `{"id":"...","facts":...}`; ids hold nothing that JSON escapes.
fn definition(line: &str) -> Option<(&str, Range<usize>)> {
    const HEAD: &str = "{\"id\":\"";
    const MIDDLE: &str = "\",\"facts\":";
    let rest = line.strip_prefix(HEAD)?;
    let (id, _) = rest.split_once(MIDDLE)?;
    let end = line.trim_end().len().checked_sub(1)?;
    Some((id, HEAD.len() + id.len() + MIDDLE.len()..end))
}

/// Everything in the bundle that does not compile cleanly.
#[cfg(test)]
pub(crate) fn troubles() -> Vec<String> {
    let of = |(name, text): (&str, &'static str)| {
        let dialect = if name == "kubernetes.jsonl" {
            Dialect::Native
        } else {
            Dialect::Custom
        };
        let lines = text.lines().count();
        let (kinds, document) = document(dialect, text);
        let mut troubles = document.troubles();
        if kinds.len() + document.len() != lines {
            troubles.push(format!(
                "{name}: {lines} lines, {} kinds, {} definitions",
                kinds.len(),
                document.len()
            ));
        }
        troubles
    };
    FILES.into_iter().flat_map(of).collect()
}
