//! The ways to build manifests.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::ParseError;

/// What built the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// This program itself.
    Inproc,
    /// The real kustomize, flux and helm.
    Tools,
    /// Both, compared.
    Both,
}

impl Engine {
    /// All engines.
    pub const VALUES: [Self; 3] = [Self::Inproc, Self::Tools, Self::Both];

    /// `inproc`, `tools` or `both`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inproc => "inproc",
            Self::Tools => "tools",
            Self::Both => "both",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::VALUES.into_iter().find(|engine| engine.name() == text);
        found.ok_or_else(|| ParseError::new("engine", text, Self::VALUES.map(Self::name)))
    }
}
