//! The lock of the bundle: where each file comes from and what it must be.

use serde::{Deserialize, Serialize};

/// The lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The sources in the order of the bundle.
    pub sources: Vec<LockedSource>,
}

/// One source and the file made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedSource {
    /// File of the bundle.
    pub file: String,
    /// Path of the Go module.
    pub module: String,
    /// Version of the module.
    pub version: String,
    /// What go.sum says of the module.
    pub digest: String,
    /// SHA-256 of the file of the bundle.
    pub sha256: String,
    /// How many kinds, each served version counted.
    pub kinds: usize,
    /// How many definitions.
    pub definitions: usize,
}

impl Lock {
    pub(super) fn text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
