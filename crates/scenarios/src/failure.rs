//! A claim that does not hold, as callers get it: with its reason and its place.

use diag::{ObjectRef, Sources, Span};

use crate::miss::Miss;

/// One claim about one value that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was wanted.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// Why it is wanted; may be empty.
    pub reason: String,
    /// The line to edit.
    pub span: Span,
    /// The file of that line, relative to the root; empty when no file holds the value.
    pub file: String,
    /// Line from 1; 0 without a file.
    pub line: u32,
    /// Column in characters from 1; 0 without a file.
    pub column: u32,
    /// The field inside the object, `spec.values.replicaCount`; empty for the whole object or file.
    pub path: String,
    /// The object, when the failure is about one.
    pub object: Option<ObjectRef>,
}

impl Failure {
    /// Adds the reason, and turns the span into file, line and column.
    pub(crate) fn settle(miss: Miss, reason: &str, sources: &Sources) -> Self {
        let place = sources.locate(miss.span);
        let (line, column) = place.as_ref().map_or((0, 0), |(_, at)| (at.line, at.column));
        Self {
            expected: miss.expected,
            found: miss.found,
            reason: reason.to_owned(),
            span: miss.span,
            file: place.map(|(file, _)| file.to_string()).unwrap_or_default(),
            line,
            column,
            path: miss.path,
            object: miss.object.map(|object| *object),
        }
    }

    /// One line: the field, what was wanted and what was found.
    pub fn message(&self) -> String {
        let field = if self.path.is_empty() {
            String::new()
        } else {
            format!("`{}`: ", self.path)
        };
        format!("{field}wanted {}, found {}", self.expected, self.found)
    }

    /// `file:line:column`, or nothing when no file holds the value.
    pub fn place(&self) -> String {
        if self.file.is_empty() {
            String::new()
        } else {
            format!("{}:{}:{}", self.file, self.line, self.column)
        }
    }
}
