//! Values that several places hold at once, as Go's maps and slices are held: a change shows in all of them.
//!
//! helm and Flux merge values in place, and some of what they do (a `targetPath` that outlasts the inline values, a
//! subchart's globals that reach its parent) follows from that sharing alone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use diag::Span;
use model::yaml::{self, Entry, Node, Value};

/// How many nodes may be copied and compared: sharing lets small values unfold into endless ones.
const MAX_STEPS: u64 = 3_000_000;

/// More than [`MAX_STEPS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// What is left of the steps.
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MAX_STEPS)
    }

    pub(crate) fn take(&mut self, steps: usize) -> Result<(), TooMuch> {
        self.0 = self.0.checked_sub(steps as u64).ok_or(TooMuch)?;
        Ok(())
    }
}

/// A value.
#[derive(Clone)]
pub(crate) enum Shared {
    /// Anything but a list and a mapping.
    Scalar(Node),
    List(List),
    Map(Map),
}

/// A list; a clone is the same list.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) span: Span,
    items: Rc<RefCell<Vec<Shared>>>,
}

/// A mapping; a clone is the same mapping.
#[derive(Clone)]
pub(crate) struct Map {
    pub(crate) span: Span,
    entries: Rc<RefCell<Entries>>,
}

/// The place of each key, and its value.
type Entries = BTreeMap<Arc<str>, (Span, Shared)>;

impl Shared {
    pub(crate) fn null(span: Span) -> Self {
        Self::Scalar(Node::new(Value::Null, span))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(node) if node.is_null())
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self {
            Some(map)
        } else {
            None
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Self::Scalar(node) = self {
            node.as_bool()
        } else {
            None
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Scalar(node) => node.span,
            Self::List(list) => list.span,
            Self::Map(map) => map.span,
        }
    }

    /// As JSON Schema names it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Scalar(node) => node.value.type_name(),
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }

    pub(crate) fn from_node(node: &Node, budget: &mut Budget) -> Result<Self, TooMuch> {
        budget.take(1)?;
        Ok(match &node.value {
            Value::Seq(items) => {
                let items: Result<_, _> = items.iter().map(|item| Self::from_node(item, budget)).collect();
                Self::List(List::new(node.span, items?))
            }
            Value::Map(_) => Self::Map(Map::from_node(node, budget)?),
            _ => Self::Scalar(node.clone()),
        })
    }

    pub(crate) fn to_node(&self, budget: &mut Budget) -> Result<Node, TooMuch> {
        budget.take(1)?;
        Ok(match self {
            Self::Scalar(node) => node.clone(),
            Self::List(list) => {
                let items: Result<_, _> = list
                    .items
                    .borrow()
                    .iter()
                    .map(|item| item.to_node(budget))
                    .collect();
                Node::new(Value::Seq(items?), list.span)
            }
            Self::Map(map) => {
                let mut made = yaml::Map::default();
                for (key, (key_span, value)) in map.entries.borrow().iter() {
                    made.entries_mut().push(Entry {
                        key: key.clone(),
                        key_span: *key_span,
                        value: value.to_node(budget)?,
                    });
                }
                Node::new(Value::Map(made), map.span)
            }
        })
    }

    /// The same value, shared with nothing.
    pub(crate) fn copy(&self, budget: &mut Budget) -> Result<Self, TooMuch> {
        budget.take(1)?;
        Ok(match self {
            Self::Scalar(node) => Self::Scalar(node.clone()),
            Self::List(list) => {
                let items: Result<_, _> = list.items.borrow().iter().map(|item| item.copy(budget)).collect();
                Self::List(List::new(list.span, items?))
            }
            Self::Map(map) => Self::Map(map.copy(budget)?),
        })
    }
}

impl List {
    pub(crate) fn new(span: Span, items: Vec<Shared>) -> Self {
        Self {
            span,
            items: Rc::new(RefCell::new(items)),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Shared> {
        self.items.borrow().get(index).cloned()
    }

    /// The list with one item replaced: the same list where it has such an item, a longer one otherwise.
    pub(crate) fn with(&self, index: usize, value: Shared) -> Self {
        if let Some(item) = self.items.borrow_mut().get_mut(index) {
            *item = value;
            return self.clone();
        }
        let mut items = self.items.borrow().clone();
        items.resize(index, Shared::null(self.span));
        items.push(value);
        Self::new(self.span, items)
    }
}

impl Map {
    pub(crate) fn new(span: Span) -> Self {
        Self {
            span,
            entries: Rc::default(),
        }
    }

    /// A mapping; an empty one for any other node.
    pub(crate) fn from_node(node: &Node, budget: &mut Budget) -> Result<Self, TooMuch> {
        let map = Self::new(node.span);
        for entry in node.as_map().map(yaml::Map::entries).unwrap_or_default() {
            let value = Shared::from_node(&entry.value, budget)?;
            map.set(entry.key.clone(), entry.key_span, value);
        }
        Ok(map)
    }

    pub(crate) fn get(&self, key: &str) -> Option<Shared> {
        self.entries.borrow().get(key).map(|(_, value)| value.clone())
    }

    pub(crate) fn set(&self, key: impl Into<Arc<str>>, key_span: Span, value: Shared) {
        self.entries.borrow_mut().insert(key.into(), (key_span, value));
    }

    pub(crate) fn remove(&self, key: &str) {
        self.entries.borrow_mut().remove(key);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// The entries as they are now.
    pub(crate) fn entries(&self) -> Vec<(Arc<str>, Span, Shared)> {
        let entries = self.entries.borrow();
        entries
            .iter()
            .map(|(key, (span, value))| (key.clone(), *span, value.clone()))
            .collect()
    }

    /// The mapping at a dotted path of mappings.
    pub(crate) fn table(&self, path: &str) -> Option<Self> {
        let mut at = self.clone();
        for key in path.split('.') {
            let next = at.get(key)?.as_map()?.clone();
            at = next;
        }
        Some(at)
    }

    /// The same mapping, shared with nothing.
    pub(crate) fn copy(&self, budget: &mut Budget) -> Result<Self, TooMuch> {
        let map = self.shallow(budget)?;
        for (key, span, value) in self.entries() {
            map.set(key, span, value.copy(budget)?);
        }
        Ok(map)
    }

    /// The same entries in a mapping of their own; their values are shared.
    pub(crate) fn shallow(&self, budget: &mut Budget) -> Result<Self, TooMuch> {
        let map = Self::new(self.span);
        budget.take(self.entries.borrow().len())?;
        map.entries.replace(self.entries.borrow().clone());
        Ok(map)
    }
}
