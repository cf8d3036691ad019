//! A user's values beside what is read.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use model::yaml::{Entry, Node, Value};

use super::nearest::{Known, nearest};
use super::paths::Paths;
use super::value::{PathId, TextId};
use super::{Reads, Unread, scopes};
use crate::chart::Chart;

/// The values that nothing reads.
pub(super) fn unread<'v>(reads: &Reads, chart: &Chart, values: &'v Node) -> Vec<Unread<'v>> {
    let mut walk = Walk {
        reads,
        known: OnceCell::new(),
        defaults: scopes::defaults(chart),
        path: Vec::new(),
        found: Vec::new(),
    };
    let own = walk.sections(vec![&chart.values]);
    walk.node(
        values,
        &Place {
            read: vec![Paths::ROOT],
            own,
        },
    );
    walk.found
}

/// The path as people write it.
pub(super) fn field(path: &[String]) -> String {
    let mut out = String::new();
    for key in path {
        if !out.is_empty() && !key.starts_with('[') {
            out.push('.');
        }
        out.push_str(key);
    }
    out
}

/// Where the walk is.
pub(super) struct Place<'c> {
    /// The paths that templates reached and that may name it.
    pub(super) read: Vec<PathId>,
    /// What the charts' own values hold there.
    pub(super) own: Vec<&'c Node>,
}

struct Walk<'a, 'v> {
    reads: &'a Reads,
    known: OnceCell<Known>,
    defaults: Vec<(Vec<String>, &'a Node)>,
    path: Vec<String>,
    found: Vec<Unread<'v>>,
}

impl<'a, 'v> Walk<'a, 'v> {
    /// Adds the own values of the charts whose section is at the path of the walk.
    fn sections(&self, mut own: Vec<&'a Node>) -> Vec<&'a Node> {
        for (section, values) in &self.defaults {
            if *section == self.path {
                own.push(values);
            }
            // Globals are those of the charts above and below as well.
            if let Some((last, chart)) = self.path.split_last()
                && last == "global"
                && section != chart
                && (section.starts_with(chart) || chart.starts_with(section))
            {
                own.extend(values.get("global"));
            }
        }
        own
    }

    fn node(&mut self, value: &'v Node, place: &Place<'a>) {
        let paths = &self.reads.paths;
        if place.read.iter().any(|path| paths.is_covered(*path)) {
            return;
        }
        // A value that is looked at and not looked into may be a switch; only at the root nothing is ever one.
        let is_leaf = place.read.iter().all(|path| paths.children(*path).is_empty());
        if is_leaf && !self.path.is_empty() {
            return;
        }
        match &value.value {
            Value::Map(map) => {
                for entry in map.entries() {
                    self.path.push(entry.key.to_string());
                    self.entry(entry, place);
                    self.path.pop();
                }
            }
            Value::Seq(items) => {
                let place = self.below(place, None);
                for (index, item) in items.iter().enumerate() {
                    self.path.push(format!("[{index}]"));
                    self.node(item, &place);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, entry: &'v Entry, place: &Place<'a>) {
        let inner = self.below(place, Some(&entry.key));
        if !inner.read.is_empty() {
            self.node(&entry.value, &inner);
        } else if inner.own.is_empty() && !entry.value.is_null() && !is_anchor(&self.path) {
            let known = self.known.get_or_init(|| Known::of(self.reads));
            self.found.push(Unread {
                path: self.path.clone(),
                key_span: entry.key_span,
                node: &entry.value,
                nearest: nearest(self.reads, known, place, &self.path, &entry.value),
            });
        }
    }

    /// The place of a key, or of any element of a list. The walk's path is already there.
    fn below(&self, place: &Place<'a>, key: Option<&str>) -> Place<'a> {
        let Reads { paths, texts, .. } = self.reads;
        let id = key.and_then(|key| texts.find(key));
        let mut read = BTreeSet::new();
        for path in &place.read {
            read.extend(paths.find(*path, TextId::ANY));
            read.extend(id.and_then(|id| paths.find(*path, id)));
        }
        let mut own = Vec::new();
        for node in &place.own {
            match key {
                Some(key) => own.extend(node.get(key)),
                None => own.extend(node.as_seq().unwrap_or_default()),
            }
        }
        Place {
            read: read.into_iter().collect(),
            own: self.sections(own),
        }
    }
}

/// By a custom of YAML files, a key at the top that is there for its anchor alone.
fn is_anchor(path: &[String]) -> bool {
    matches!(path, [key] if key.starts_with("x-") || key.starts_with(['.', '_']))
}
