//! Did you mean: the known value that was probably meant by one that nothing reads.

use std::collections::{BTreeMap, BTreeSet};

use model::yaml::Node;

use super::Reads;
use super::paths::Paths;
use super::unread::{Place, field};
use super::value::{PathId, TextId};

/// The most paths elsewhere that are compared.
const MAX_PATHS: usize = 20_000;
/// A word that ends this many known paths says nothing.
const MAX_ALIKE: usize = 3;

/// The path of a known key for an unread one: at the same level when one is spelled alike, else elsewhere.
pub(super) fn nearest(
    reads: &Reads,
    known: &Known,
    place: &Place<'_>,
    path: &[String],
    value: &Node,
) -> Option<String> {
    let (key, above) = path.split_last()?;
    let own = place.own.iter().filter_map(|node| node.as_map());
    let read = place.read.iter().flat_map(|read| reads.paths.children(*read));
    let beside: BTreeSet<&str> = own
        .flat_map(|map| map.entries().iter().map(|entry| &*entry.key))
        .chain(read.map(|child| reads.texts.text(reads.paths.key(*child))))
        .filter(|known| *known != reads.texts.text(TextId::ANY))
        .collect();
    if let Some(alike) = model::nearest(key, beside) {
        return Some(field(&[above, &[alike.to_owned()]].concat()));
    }
    elsewhere(reads, known, path, value)
}

/// The paths elsewhere that may have been meant, by the last word of their last key.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<String, Vec<(PathId, Vec<String>)>>);

impl Known {
    /// The paths without unknown keys.
    pub(super) fn of(reads: &Reads) -> Self {
        let mut known = Self::default();
        let mut open = vec![Paths::ROOT];
        for _ in 0..MAX_PATHS {
            let Some(path) = open.pop() else {
                break;
            };
            for child in reads.paths.children(path) {
                let key = reads.paths.key(*child);
                if key == TextId::ANY {
                    continue;
                }
                open.push(*child);
                let words = words(reads.texts.text(key));
                if let Some(last) = words.last() {
                    known.0.entry(last.clone()).or_default().push((*child, words));
                }
            }
        }
        known
    }
}

/// A known path whose last key is the same, or is what the unread keys say in other words: `prometheus.monitor` for
/// `serviceMonitor`.
fn elsewhere(reads: &Reads, known: &Known, path: &[String], value: &Node) -> Option<String> {
    let wanted = words(path.last()?);
    let context: BTreeSet<String> = path.iter().flat_map(|key| words(key)).collect();
    let mut candidates: Vec<(usize, Vec<String>)> = Vec::new();
    for (known, last) in known.0.get(wanted.last()?).into_iter().flatten() {
        if !last.iter().all(|word| wanted.contains(word)) || !fits(reads, *known, value) {
            continue;
        }
        let keys = reads.paths.keys(*known);
        let keys: Vec<String> = keys.iter().map(|key| reads.texts.text(*key).to_owned()).collect();
        let all: BTreeSet<String> = keys.iter().flat_map(|key| words(key)).collect();
        let shared = all.intersection(&context).count();
        let points = shared * 4 + usize::from(*last == wanted) * 3;
        candidates.push((points.saturating_sub(all.len() - shared), keys));
    }
    let few = candidates.len() <= MAX_ALIKE;
    let best = candidates.into_iter().min_by(|a, b| {
        b.0.cmp(&a.0)
            .then_with(|| (a.1.len(), &a.1).cmp(&(b.1.len(), &b.1)))
    })?;
    let words = best.1.iter().flat_map(|key| words(key));
    let shares = words.filter(|word| context.contains(word)).count();
    (few || shares > wanted.len()).then(|| field(&best.1))
}

/// Whether the value could stand at a known path: a mapping whose keys are known there, or no mapping at all.
fn fits(reads: &Reads, known: PathId, value: &Node) -> bool {
    let children = reads.paths.children(known);
    match value.as_map() {
        Some(map) => {
            children.is_empty()
                || map.is_empty()
                || children.iter().any(|child| {
                    let key = reads.paths.key(*child);
                    key == TextId::ANY || map.get(reads.texts.text(key)).is_some()
                })
        }
        None => children.is_empty(),
    }
}

/// The words of a key, in lower case: `serviceMonitor` is `service` and `monitor`.
fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for next in key.chars() {
        let starts = !before.is_alphanumeric() || next.is_uppercase() && before.is_lowercase();
        if next.is_alphanumeric() {
            if starts {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(next.to_lowercase());
            }
        }
        before = next;
    }
    words
}
