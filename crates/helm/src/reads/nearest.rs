//! Did you mean: the known value that was probably meant by one that nothing reads.

use std::collections::BTreeSet;

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
pub(super) fn nearest(reads: &Reads, place: &Place<'_>, path: &[String], value: &Node) -> Option<String> {
    let (key, above) = path.split_last()?;
    let own = place.own.iter().filter_map(|node| node.as_map());
    let known = place.read.iter().flat_map(|read| reads.paths.children(*read));
    let beside: BTreeSet<&str> = own
        .flat_map(|map| map.entries().iter().map(|entry| &*entry.key))
        .chain(known.map(|child| reads.texts.text(reads.paths.key(*child))))
        .filter(|known| *known != reads.texts.text(TextId::ANY))
        .collect();
    if let Some(alike) = model::nearest(key, beside) {
        return Some(field(&[above, &[alike.to_owned()]].concat()));
    }
    elsewhere(reads, path, value)
}

/// A known path whose last key is the same, or is what the unread keys say in other words: `prometheus.monitor` for
/// `serviceMonitor`.
fn elsewhere(reads: &Reads, path: &[String], value: &Node) -> Option<String> {
    let wanted = words(path.last()?);
    let context: BTreeSet<String> = path.iter().flat_map(|key| words(key)).collect();
    let mut candidates: Vec<(usize, Vec<String>)> = Vec::new();
    let mut alike = 0;
    for known in all_paths(&reads.paths) {
        let keys = reads.paths.keys(known);
        if keys.contains(&TextId::ANY) {
            continue;
        }
        let keys: Vec<String> = keys.iter().map(|key| reads.texts.text(*key).to_owned()).collect();
        let Some(last) = keys.last().map(|key| words(key)) else {
            continue;
        };
        let is_same = last == wanted;
        let is_part = last.last() == wanted.last() && last.iter().all(|word| wanted.contains(word));
        if !is_same && !is_part || !fits(reads, known, value) {
            continue;
        }
        alike += 1;
        let all: BTreeSet<String> = keys.iter().flat_map(|key| words(key)).collect();
        let shared = all.intersection(&context).count();
        let other = all.difference(&context).count();
        candidates.push((
            (shared * 4 + usize::from(is_same) * 3).saturating_sub(other),
            keys,
        ));
    }
    let context_is_rich = context.len() > wanted.len();
    candidates.sort_by(|a, b| {
        b.0.cmp(&a.0)
            .then_with(|| a.1.len().cmp(&b.1.len()))
            .then_with(|| a.1.cmp(&b.1))
    });
    let best = candidates.first()?;
    let shares = best
        .1
        .iter()
        .flat_map(|key| words(key))
        .filter(|word| context.contains(word))
        .count();
    (alike <= MAX_ALIKE || context_is_rich && shares > wanted.len()).then(|| field(&best.1))
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

fn all_paths(paths: &Paths) -> Vec<PathId> {
    let (mut found, mut next) = (vec![Paths::ROOT], 0);
    while next < found.len() && found.len() < MAX_PATHS {
        found.extend(paths.children(found[next]));
        next += 1;
    }
    found
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
