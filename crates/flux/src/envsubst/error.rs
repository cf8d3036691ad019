//! What can be wrong with a template, in the words a user reads.

use std::fmt;

use super::budget::MAX_TEXT;
use super::parser::MAX_DEPTH;

/// Why a template cannot be expanded, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Byte offset in the template of the `$` of the failing expression, the innermost one where several are
    /// nested; 0 when the plain text of the template is too long.
    pub offset: usize,
    /// Name of the variable the expression is about, if it got as far as a name.
    pub variable: Option<String>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// `${` or `${#` is followed by something else than a letter, a digit or `_`.
    MissingName,
    /// The template ends inside the expression.
    UnclosedBrace,
    /// The name is followed by a character that is neither an operator nor `}`.
    UnknownOperator(char),
    /// An operator that needs an argument has none.
    MissingArgument,
    /// A replacement has no `/` between its pattern and its text.
    MissingSlash,
    /// Something stands between the last argument and the closing `}`.
    TrailingText,
    /// The variable is not set, in strict mode.
    Undefined,
    /// A substring has a length that puts its end before its start; the original panics.
    InvertedSubstring,
    /// An operator cuts a character of several bytes; the original writes text that no YAML parser reads.
    SplitCharacter,
    /// Expressions are nested too deeply.
    TooDeep,
    /// The result would be too long.
    TooLong,
    /// Evaluation would take too many steps.
    TooMuchWork,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = match &self.variable {
            Some(name) => format!("variable `{name}`"),
            None => "an expression".to_owned(),
        };
        match self.kind {
            ErrorKind::MissingName => {
                write!(
                    f,
                    "`${{` is not followed by a variable name; `$${{` stands for the plain text"
                )
            }
            ErrorKind::UnclosedBrace => write!(f, "{subject} has no closing brace"),
            ErrorKind::UnknownOperator(found @ ('-' | '+' | '?')) => {
                write!(
                    f,
                    "{subject} is followed by `{found}`, which is an operator only as `:{found}`"
                )
            }
            ErrorKind::UnknownOperator(found) => {
                write!(
                    f,
                    "{subject} is followed by `{}`, which is no operator",
                    found.escape_debug()
                )
            }
            ErrorKind::MissingArgument => write!(f, "{subject} has an operator without its argument"),
            ErrorKind::MissingSlash => write!(f, "{subject} has a replacement without a second `/`"),
            ErrorKind::TrailingText => {
                write!(f, "{subject} has text between its operator and the closing brace")
            }
            ErrorKind::Undefined => write!(f, "{subject} is not set and has no default"),
            ErrorKind::InvertedSubstring => write!(f, "{subject} has a substring that ends before it starts"),
            ErrorKind::SplitCharacter => write!(f, "{subject} has an operator that cuts a character in two"),
            ErrorKind::TooDeep => write!(f, "expressions are nested more than {MAX_DEPTH} deep"),
            ErrorKind::TooLong => write!(f, "text after substitution is longer than {MAX_TEXT} bytes"),
            ErrorKind::TooMuchWork => write!(f, "substitution takes too many steps"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: ErrorKind, variable: Option<&str>) -> String {
        Error {
            kind,
            offset: 0,
            variable: variable.map(str::to_owned),
        }
        .to_string()
    }

    #[test]
    fn messages_name_the_variable() {
        assert_eq!(
            message(ErrorKind::Undefined, Some("FOO")),
            "variable `FOO` is not set and has no default"
        );
        assert_eq!(
            message(ErrorKind::UnknownOperator('.'), Some("FOO")),
            "variable `FOO` is followed by `.`, which is no operator"
        );
    }

    #[test]
    fn messages_lead_from_the_operator_of_a_shell_to_that_of_flux() {
        assert_eq!(
            message(ErrorKind::UnknownOperator('-'), Some("FOO")),
            "variable `FOO` is followed by `-`, which is an operator only as `:-`"
        );
    }

    #[test]
    fn messages_do_without_a_name() {
        assert_eq!(
            message(ErrorKind::UnclosedBrace, None),
            "an expression has no closing brace"
        );
        assert_eq!(
            message(ErrorKind::MissingName, None),
            "`${` is not followed by a variable name; `$${` stands for the plain text"
        );
    }
}
