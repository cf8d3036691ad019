//! What an expression of a template may denote: a set of places and texts.

use std::rc::Rc;

/// A path below `.Values` of the installed chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PathId(pub(super) u32);

/// A mapping or list that templates make, or the root context of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ObjectId(pub(super) u32);

/// A text that is known: a key or a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TextId(pub(super) u32);

impl TextId {
    /// In the place of a key: any key, or any element.
    pub(super) const ANY: Self = Self(0);
}

/// One thing that an expression may denote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Atom {
    /// The value at a path, with all that is below it.
    Path(PathId),
    /// A mapping or list of templates.
    Object(ObjectId),
    /// A text, or a number as it is written.
    Text(TextId),
    /// Anything from which no value can be reached any more: what it was made of counts as read.
    Other,
    /// The text of some file of a chart.
    AnyFile,
    /// Such a text in which the braces of templates stand, though not in their whole.
    Braces,
}

/// All that an expression may denote, sorted; empty is nil.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Val(Option<Rc<[Atom]>>);

impl Val {
    /// Nothing: an absent field.
    pub(super) const NIL: Self = Self(None);

    /// One atom.
    pub(super) fn one(atom: Atom) -> Self {
        Self(Some(Rc::from([atom])))
    }

    /// Something from which no value can be reached.
    pub(super) fn other() -> Self {
        Self::one(Atom::Other)
    }

    /// A set of atoms.
    pub(super) fn of(mut atoms: Vec<Atom>) -> Self {
        if atoms.is_empty() {
            return Self::NIL;
        }
        atoms.sort_unstable();
        atoms.dedup();
        Self(Some(atoms.into()))
    }

    /// The atoms in order.
    pub(super) fn atoms(&self) -> &[Atom] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Either of two.
    pub(super) fn or(&self, more: &Self) -> Self {
        if more.holds(self) {
            return more.clone();
        }
        if self.holds(more) {
            return self.clone();
        }
        Self::of([self.atoms(), more.atoms()].concat())
    }

    /// Adds atoms; whether some are new.
    pub(super) fn add(&mut self, more: &Self) -> bool {
        let grows = !self.holds(more);
        if grows {
            *self = self.or(more);
        }
        grows
    }

    /// The texts, when it denotes nothing else.
    pub(super) fn texts(&self) -> Option<Vec<TextId>> {
        self.atoms()
            .iter()
            .map(|atom| match atom {
                Atom::Text(text) => Some(*text),
                _ => None,
            })
            .collect()
    }

    fn holds(&self, part: &Self) -> bool {
        part.atoms().len() <= self.atoms().len()
            && part
                .atoms()
                .iter()
                .all(|atom| self.atoms().binary_search(atom).is_ok())
    }
}
