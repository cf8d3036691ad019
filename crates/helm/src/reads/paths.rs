//! The paths of values that templates reach: a tree of keys, with marks.

use std::collections::HashMap;

use super::value::{PathId, TextId};

/// The deepest path that is told apart; below it everything counts as read.
const MAX_DEPTH: u32 = 12;

/// Texts by their number and back. Number 0 stands for any key.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    known: HashMap<std::sync::Arc<str>, TextId>,
    all: Vec<std::sync::Arc<str>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            // Not in `known`: no key of a template is this one.
            all: vec!["*".into()],
        }
    }
}

impl Texts {
    /// The number of a text.
    pub(super) fn id(&mut self, text: &str) -> TextId {
        if let Some(id) = self.known.get(text) {
            return *id;
        }
        let (id, text) = (TextId(self.all.len() as u32), std::sync::Arc::<str>::from(text));
        self.all.push(text.clone());
        self.known.insert(text, id);
        id
    }

    /// The number of a text that templates hold; none when they do not.
    pub(super) fn find(&self, text: &str) -> Option<TextId> {
        self.known.get(text).copied()
    }

    /// The text of a number.
    pub(super) fn text(&self, id: TextId) -> &str {
        &self.all[id.0 as usize]
    }
}

#[derive(Debug, Clone)]
struct Entry {
    parent: PathId,
    key: TextId,
    depth: u32,
    /// The round in which it was last marked, 0 for never.
    covered: u32,
    children: Vec<PathId>,
}

/// Every path that was reached.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    entries: Vec<Entry>,
    index: HashMap<(PathId, TextId), PathId>,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            entries: vec![Entry {
                parent: Self::ROOT,
                key: TextId::ANY,
                depth: 0,
                covered: 0,
                children: Vec::new(),
            }],
            index: HashMap::new(),
        }
    }
}

impl Paths {
    /// `.Values` of the installed chart.
    pub(super) const ROOT: PathId = PathId(0);

    fn entry(&self, path: PathId) -> &Entry {
        &self.entries[path.0 as usize]
    }

    /// The path of a key, which now counts as reached. At the depth limit it is the path itself, covered.
    pub(super) fn child(&mut self, path: PathId, key: TextId) -> PathId {
        if let Some(child) = self.index.get(&(path, key)) {
            return *child;
        }
        let depth = self.entry(path).depth + 1;
        if depth > MAX_DEPTH || self.repeats(path, key) {
            self.cover(path, u32::MAX);
            return path;
        }
        let child = PathId(self.entries.len() as u32);
        self.entries.push(Entry {
            parent: path,
            key,
            depth,
            covered: 0,
            children: Vec::new(),
        });
        self.entries[path.0 as usize].children.push(child);
        self.index.insert((path, key), child);
        child
    }

    /// Whether a key follows itself once more: templates that merge values into those above them make `a.a.a` of `a`.
    fn repeats(&self, path: PathId, key: TextId) -> bool {
        let parent = self.parent(path);
        key != TextId::ANY && self.key(path) == key && self.key(parent) == key
    }

    /// The path of a key, when it was reached.
    pub(super) fn find(&self, path: PathId, key: TextId) -> Option<PathId> {
        self.index.get(&(path, key)).copied()
    }

    /// Marks everything at and below a path as read in a round, which is not 0; whether that is new in this round.
    pub(super) fn cover(&mut self, path: PathId, round: u32) -> bool {
        let before = std::mem::replace(&mut self.entries[path.0 as usize].covered, round);
        before != round
    }

    /// Whether the path itself is marked; the ones above it are not looked at.
    pub(super) fn is_covered(&self, path: PathId) -> bool {
        self.entry(path).covered > 0
    }

    /// The paths one key deeper that were reached, in the order in which they were.
    pub(super) fn children(&self, path: PathId) -> &[PathId] {
        &self.entry(path).children
    }

    /// Its last key.
    pub(super) fn key(&self, path: PathId) -> TextId {
        self.entry(path).key
    }

    /// The path without its last key; the root's is the root.
    pub(super) fn parent(&self, path: PathId) -> PathId {
        self.entry(path).parent
    }

    /// Its keys.
    pub(super) fn keys(&self, path: PathId) -> Vec<TextId> {
        let (mut at, mut keys) = (path, Vec::new());
        while at != Self::ROOT {
            keys.push(self.key(at));
            at = self.parent(at);
        }
        keys.reverse();
        keys
    }

    /// Whether two paths may name one value: equal keys, any key being equal to all.
    pub(super) fn meet(&self, a: PathId, b: PathId) -> bool {
        let (mut a, mut b) = (a, b);
        while a != b {
            let (x, y) = (self.entry(a), self.entry(b));
            let same = x.key == y.key || x.key == TextId::ANY || y.key == TextId::ANY;
            if x.depth != y.depth || !same {
                return false;
            }
            (a, b) = (x.parent, y.parent);
        }
        true
    }

    /// Whether a path may be at or below another one.
    pub(super) fn may_be_within(&self, path: PathId, above: PathId) -> bool {
        let (depth, mut at) = (self.entry(above).depth, path);
        while self.entry(at).depth > depth {
            at = self.parent(at);
        }
        self.meet(at, above)
    }
}
