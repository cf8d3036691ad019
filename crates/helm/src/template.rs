//! Go's text/template as helm uses it: a file of templates to a tree.
//!
//! Foreign text: nesting is bounded, every error is a value, and functions that nobody here knows are no errors.

mod lexer;
mod parser;
mod text;
mod tree;

#[cfg(test)]
mod tests;

pub(crate) use parser::parse;
pub(crate) use tree::{Branch, Command, Operand, Pipeline, Range, Statement};

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub(crate) struct ParseError {
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong, in one line.
    pub(crate) message: String,
}

impl ParseError {
    /// An error at a byte of a text.
    fn at(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = &source.as_bytes()[..offset.min(source.len())];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        Self {
            line: before.split(|byte| *byte == b'\n').count(),
            column: String::from_utf8_lossy(&before[line_start..]).chars().count() + 1,
            message: message.into(),
        }
    }
}
