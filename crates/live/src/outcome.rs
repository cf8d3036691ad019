//! What became of live scenarios: data only.

use std::time::Duration;

use diag::Span;
use scenarios::Priority;
use serde::{Serialize, Serializer};

/// What is to be said of a check.
#[derive(Debug)]
pub enum Verdict {
    /// It was looked at and holds; what was seen.
    Passed {
        /// In a few words: `2 ready on 2 nodes`.
        seen: String,
    },
    /// It does not hold: at least one miss.
    Failed {
        /// All of them.
        misses: Vec<Miss>,
    },
    /// It could not be looked at.
    Deferred {
        /// Why.
        why: String,
    },
}

impl Verdict {
    /// Holds when nothing is missed.
    pub fn of(misses: Vec<Miss>, seen: impl FnOnce() -> String) -> Self {
        if misses.is_empty() {
            Self::Passed { seen: seen() }
        } else {
            Self::Failed { misses }
        }
    }

    pub(crate) fn deferred(why: impl Into<String>) -> Self {
        Self::Deferred { why: why.into() }
    }
}

/// What was wanted and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Miss {
    /// What was wanted.
    pub wanted: String,
    /// What was found.
    pub found: String,
    /// The field of the subject that it is about, `spec.replicas`; empty for the whole.
    pub field: String,
    /// The line to edit, where the check knows it.
    #[serde(skip)]
    pub span: Span,
}

impl Miss {
    /// Wanted this, found that, about the whole subject.
    pub fn new(wanted: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            wanted: wanted.into(),
            found: found.into(),
            field: String::new(),
            span: Span::NONE,
        }
    }

    pub(crate) fn in_field(mut self, field: &str) -> Self {
        field.clone_into(&mut self.field);
        self
    }

    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }
}

/// What became of one scenario on one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// The scenario.
    pub id: String,
    /// Number of its story.
    pub story: String,
    /// How much it matters.
    pub priority: Priority,
    /// Id of its acceptance criterion; empty without one.
    pub criterion: String,
    /// The promise.
    pub title: String,
    /// The key of its check: `ready`, `replicas`, ...
    pub check: &'static str,
    /// `Kind/namespace/name` of what was looked at, or the name of a program.
    pub subject: String,
    /// Whether the promise is kept.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Where to edit, or where it is written.
    pub place: Option<Place>,
    /// How long it took, in seconds.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

/// Whether a promise is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// It was looked at and holds.
    Passed {
        /// What was seen.
        seen: String,
    },
    /// It does not hold.
    Failed {
        /// At least one.
        misses: Vec<Miss>,
    },
    /// It could not be looked at. Never counts as passed.
    Deferred {
        /// Why.
        why: String,
    },
}

/// A place in a file of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Relative to the root of the tree.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl std::fmt::Display for Place {
    /// `file:line:column`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Settled {
    /// Whether the promise is not kept.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 10.0).round() / 10.0)
}
