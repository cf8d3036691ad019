//! Exit codes.

use std::fmt;
use std::str::FromStr;

use diag::Level;

use crate::{ParseError, Report};

/// Nothing was found that counts.
pub const CLEAN: u8 = 0;

/// Findings of the level that counts, drift, or a gate that is not passed.
pub const FINDINGS: u8 = 1;

/// The job could not be done: wrong arguments, no repository, a tool that is asked for and missing.
pub const UNABLE: u8 = 2;

/// The mildest level that makes the exit code [`FINDINGS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Errors only.
    #[default]
    Error,
    /// Warnings too.
    Warning,
    /// Notes too.
    Note,
}

impl FailOn {
    /// All levels, the mildest last.
    pub const VALUES: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// `error`, `warning` or `note`.
    pub fn name(self) -> &'static str {
        self.level().name()
    }

    fn level(self) -> Level {
        match self {
            Self::Error => Level::Error,
            Self::Warning => Level::Warning,
            Self::Note => Level::Note,
        }
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FailOn {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::VALUES.into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| ParseError::new("level", text, Self::VALUES.map(Self::name)))
    }
}

/// The exit code of a run that did its job: [`CLEAN`] or [`FINDINGS`]. What was deferred does not count.
pub fn code(report: &Report, fail_on: FailOn) -> u8 {
    let counts = report
        .findings
        .iter()
        .any(|finding| finding.level <= fail_on.level());
    if counts { FINDINGS } else { CLEAN }
}
