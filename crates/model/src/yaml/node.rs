//! A YAML tree in which every key and value knows the bytes that it came from.
//!
//! Transformations move and copy nodes with their spans: a field that a patch set points into the patch.

use std::fmt;
use std::sync::Arc;

use diag::Span;

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The bytes of the value; of the alias' target for an alias.
    pub span: Span,
}

/// The data of a node: JSON's types, with whole numbers kept whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number between `i64::MIN` and `u64::MAX`.
    Int(i128),
    /// Any other number; never NaN or infinite in a tree without problems.
    Float(f64),
    /// A string.
    Str(Arc<str>),
    /// A list.
    Seq(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A mapping in written order; keys are unique.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Map {
    entries: Vec<Entry>,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Arc<str>,
    /// Where the key is written.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Value {
    /// `null`, `boolean`, `integer`, `number`, `string`, `array` or `object`, as JSON Schema names them.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::Seq(_) => "array",
            Self::Map(_) => "object",
        }
    }
}

impl Node {
    /// A node at a place.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    /// A string at a place.
    pub fn string(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self::new(Value::Str(text.into()), span)
    }

    /// An empty mapping at a place.
    pub fn map(span: Span) -> Self {
        Self::new(Value::Map(Map::default()), span)
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Str(text) = &self.value {
            Some(text)
        } else {
            None
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self.value {
            Some(value)
        } else {
            None
        }
    }

    /// A whole number.
    pub fn as_int(&self) -> Option<i128> {
        if let Value::Int(value) = self.value {
            Some(value)
        } else {
            None
        }
    }

    /// A list's elements.
    pub fn as_seq(&self) -> Option<&[Node]> {
        if let Value::Seq(items) = &self.value {
            Some(items)
        } else {
            None
        }
    }

    /// A list's elements, to change.
    pub fn as_seq_mut(&mut self) -> Option<&mut Vec<Node>> {
        if let Value::Seq(items) = &mut self.value {
            Some(items)
        } else {
            None
        }
    }

    /// A mapping.
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value {
            Some(map)
        } else {
            None
        }
    }

    /// A mapping, to change.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Value::Map(map) = &mut self.value {
            Some(map)
        } else {
            None
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The value below a chain of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The string below a chain of keys; none when it is absent or no string.
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// The elements of the list below a chain of keys; none of them when it is absent or no list.
    pub fn seq_at(&self, path: &[&str]) -> &[Node] {
        self.at(path).and_then(Node::as_seq).unwrap_or_default()
    }

    /// The entries of the mapping below a chain of keys; none of them when it is absent or no mapping.
    pub fn entries_at(&self, path: &[&str]) -> &[Entry] {
        self.at(path)
            .and_then(Node::as_map)
            .map(Map::entries)
            .unwrap_or_default()
    }

    /// A scalar as the text that people would write: `true`, `8080`, `null`; none for lists and mappings.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Null => Some("null".to_owned()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(super::resolve::go_float(*value)),
            Value::Str(text) => Some(text.to_string()),
            Value::Seq(_) | Value::Map(_) => None,
        }
    }

    /// Whether two trees hold the same data: spans and the order of keys do not count.
    pub fn same_data(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Seq(a), Value::Seq(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_data(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.entries()
                        .iter()
                        .all(|e| b.get(&e.key).is_some_and(|v| e.value.same_data(v)))
            }
            (a, b) => a == b,
        }
    }

    /// Calls `visit` with every node and its field path, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&FieldPath<'_>, &'a Node)) {
        fn step<'a>(node: &'a Node, path: &FieldPath<'_>, visit: &mut dyn FnMut(&FieldPath<'_>, &'a Node)) {
            visit(path, node);
            match &node.value {
                Value::Seq(items) => {
                    for (index, item) in items.iter().enumerate() {
                        step(item, &FieldPath::Index(path, index), visit);
                    }
                }
                Value::Map(map) => {
                    for entry in map.entries() {
                        step(&entry.value, &FieldPath::Key(path, &entry.key), visit);
                    }
                }
                _ => {}
            }
        }
        step(self, &FieldPath::Root, visit);
    }
}

/// The way from a root node to a field, kept on the stack while walking; shown as `spec.rules[0].expr`.
#[derive(Debug, Clone, Copy)]
pub enum FieldPath<'a> {
    /// The root itself.
    Root,
    /// A key of a mapping.
    Key(&'a FieldPath<'a>, &'a str),
    /// An index of a list, from 0.
    Index(&'a FieldPath<'a>, usize),
}

impl fmt::Display for FieldPath<'_> {
    /// Keys with characters beyond letters, digits, `_`, `-` and `/` are shown as `["key"]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) => {
                parent.fmt(f)?;
                let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '$');
                if !key.is_empty() && key.chars().all(plain) {
                    let dot = if matches!(parent, Self::Root) { "" } else { "." };
                    write!(f, "{dot}{key}")
                } else {
                    write!(f, "[{key:?}]")
                }
            }
            Self::Index(parent, index) => {
                parent.fmt(f)?;
                write!(f, "[{index}]")
            }
        }
    }
}

impl Map {
    /// The entries in written order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries, to change their values; keys stay unique only if the caller keeps them so.
    pub fn entries_mut(&mut self) -> &mut Vec<Entry> {
        &mut self.entries
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries
            .iter_mut()
            .find(|entry| &*entry.key == key)
            .map(|entry| &mut entry.value)
    }

    /// Sets a key, in its place when it is there, else at the end.
    pub fn set(&mut self, key: impl Into<Arc<str>>, key_span: Span, value: Node) {
        let key = key.into();
        match self.entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => {
                entry.key_span = key_span;
                entry.value = value;
            }
            None => self.entries.push(Entry { key, key_span, value }),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| &*entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// The value of a key, made an empty mapping at `span` when it is absent or null.
    pub fn map_or_insert(&mut self, key: &str, span: Span) -> Option<&mut Self> {
        if self.get(key).is_none_or(Node::is_null) {
            self.set(key, span, Node::map(span));
        }
        self.get_mut(key)?.as_map_mut()
    }

    /// Adds an entry without looking for its key: for builders that know their keys to be new.
    pub(super) fn push_new(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}
