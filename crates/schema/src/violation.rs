//! What the validator found in one object, in words and in data.

use diag::Span;

/// What kind of rule an object breaks.
#[derive(Debug, Clone, PartialEq)]
pub enum ViolationKind {
    /// A field that the kind does not have; with the field that was probably meant.
    UnknownField {
        /// The known field nearest to it.
        nearest: Option<String>,
    },
    /// A value of another type.
    WrongType {
        /// JSON type of the value.
        found: &'static str,
        /// Type of the schema.
        wanted: &'static str,
    },
    /// A required field that is absent.
    MissingField {
        /// Its name.
        field: String,
    },
    /// A value that is none of those allowed.
    NotInEnum {
        /// The allowed values, as text.
        wanted: Vec<String>,
        /// The allowed value nearest to it.
        nearest: Option<String>,
    },
    /// A string that does not match the pattern.
    Pattern {
        /// The pattern, in Go's syntax.
        pattern: String,
    },
    /// A string or number that has not the format.
    Format {
        /// Name of the format.
        format: &'static str,
    },
    /// Too small, too large, too short, too long, too few, too many.
    OutOfBounds,
    /// An element of a set or map list that stands there twice.
    Duplicate,
    /// None, or more than one, of several alternatives holds.
    Alternatives,
    /// A rule of the kind: a CEL rule of its CRD, or one that the API server has in code.
    Rule,
}

/// One defect of an object, at the node that has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The key of an unknown field, a wrong value, or for a missing field the key that holds the object.
    pub span: Span,
    /// The field: `spec.values.x[0].y`; empty for the root.
    pub path: String,
    /// What kind.
    pub kind: ViolationKind,
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// What the validator says of one object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The defects, in the order of the file's fields.
    pub violations: Vec<Violation>,
    /// The rules that apply to this object and that this validator cannot evaluate, each once.
    pub unchecked: Vec<String>,
}

impl Verdict {
    /// Whether no defect was found; rules may still be unchecked.
    pub fn is_accepted(&self) -> bool {
        self.violations.is_empty()
    }
}
