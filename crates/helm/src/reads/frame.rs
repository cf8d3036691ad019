//! The state of a template while it is run.

use super::value::{Atom, TextId, Val};

/// The state of a template that is being run.
#[derive(Debug)]
pub(super) struct Frame {
    /// Number of the template and its argument: names the objects that it makes.
    pub(super) context: u32,
    /// `$`.
    pub(super) root: Val,
    /// Variables, the innermost last. The first one is what was printed so far.
    pub(super) variables: Vec<(String, Val)>,
    /// The variables where `break` or `continue` stands, for each loop around.
    pub(super) jumps: Vec<Vec<Vals>>,
    /// How often it printed.
    pub(super) prints: usize,
    /// Whether it prints braces of templates that are not known in their whole.
    pub(super) braces: bool,
}

/// The values of variables.
pub(super) type Vals = Vec<Val>;

impl Frame {
    /// A template that starts; `nothing` is the empty text.
    pub(super) fn new(context: u32, argument: &Val, nothing: TextId) -> Self {
        Self {
            context,
            root: argument.clone(),
            variables: vec![(String::new(), Val::one(Atom::Text(nothing)))],
            jumps: Vec::new(),
            prints: 0,
            braces: false,
        }
    }

    /// What was printed so far.
    pub(super) fn printed(&self) -> &Val {
        &self.variables[0].1
    }

    /// Takes another text for what was printed so far; the one before.
    pub(super) fn print(&mut self, printed: Val) -> Val {
        std::mem::replace(&mut self.variables[0].1, printed)
    }

    /// Declares a variable, or assigns to the innermost one of that name.
    pub(super) fn bind(&mut self, name: &str, assigns: bool, value: &Val) {
        if !assigns {
            self.variables.push((name.to_owned(), value.clone()));
            return;
        }
        let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        if let Some((_, old)) = known {
            old.clone_from(value);
        }
    }

    /// The values of all variables.
    pub(super) fn values(&self) -> Vals {
        self.variables.iter().map(|(_, value)| value.clone()).collect()
    }

    /// The variables have these values again.
    pub(super) fn restore(&mut self, values: &[Val]) {
        for ((_, variable), value) in self.variables.iter_mut().zip(values) {
            variable.clone_from(value);
        }
    }

    /// The variables may have these values as well.
    pub(super) fn join(&mut self, values: &[Val]) {
        for ((_, variable), value) in self.variables.iter_mut().zip(values) {
            variable.add(value);
        }
    }
}
