//! The parts of a template once it is parsed.

use super::{Error, ErrorKind};

/// A piece of a template or of an argument; the pieces are joined without a separator.
#[derive(Debug)]
pub(super) enum Part<'t> {
    Text(&'t str),
    Expression(Expression<'t>),
}

/// The opening of an expression: enough to say which one is wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'t> {
    /// Byte offset of the `$`.
    pub(super) offset: usize,
    pub(super) name: &'t str,
}

impl Head<'_> {
    pub(super) fn error(self, kind: ErrorKind) -> Error {
        let variable = (!self.name.is_empty()).then(|| self.name.to_owned());
        Error {
            kind,
            offset: self.offset,
            variable,
        }
    }
}

/// One `${...}`.
#[derive(Debug)]
pub(super) struct Expression<'t> {
    pub(super) head: Head<'t>,
    /// Bytes from the `$` to the closing brace, both included.
    pub(super) len: usize,
    pub(super) operation: Operation<'t>,
}

/// What an expression makes of the value of its variable.
#[derive(Debug)]
pub(super) enum Operation<'t> {
    Value,
    Length,
    Case(Case),
    /// All of `=`, `:=`, `:-`, `:?` and `:+`: the original makes no difference between them.
    Default(Vec<Part<'t>>),
    Substring {
        start: Vec<Part<'t>>,
        length: Option<Vec<Part<'t>>>,
    },
    Trim {
        side: Side,
        extent: Extent,
        pattern: Vec<Part<'t>>,
    },
    Replace {
        place: Place,
        pattern: Vec<Part<'t>>,
        replacement: Option<Vec<Part<'t>>>,
    },
}

impl<'t> Operation<'t> {
    /// Both arguments in the order they are evaluated; one that is absent is empty.
    pub(super) fn arguments(&self) -> [&[Part<'t>]; 2] {
        match self {
            Self::Value | Self::Length | Self::Case(_) => [&[], &[]],
            Self::Default(argument)
            | Self::Trim {
                pattern: argument, ..
            } => [argument, &[]],
            Self::Substring {
                start: first,
                length: second,
            }
            | Self::Replace {
                pattern: first,
                replacement: second,
                ..
            } => [first, second.as_deref().unwrap_or_default()],
        }
    }

    /// Whether strict mode accepts that the variable is not set.
    pub(super) fn has_default(&self) -> bool {
        matches!(self, Self::Default(_))
    }
}

/// `,` and `^` change the first character, `,,` and `^^` all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    LowerFirst,
    Lower,
    UpperFirst,
    Upper,
}

/// `#` trims the start of a value, `%` its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Start,
    End,
}

/// `#` and `%` remove the shortest match, `##` and `%%` the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Shortest,
    Longest,
}

/// Where a pattern is replaced: `/` at its first place, `//` everywhere, `/#` and `/%` at one end only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Everywhere,
    Start,
    End,
}
