//! Charts: what is in an archive, which values a HelmRelease gives it, which of them its templates read, and what it installs.
//!
//! Charts are foreign input: loading one is bounded in files, bytes and depth, and nothing of it is written to disk.

pub mod asked;
mod chart;
pub mod source;
#[cfg(test)]
mod testing;
pub mod verify;

pub use crate::chart::{Chart, Dependency, File, Metadata};
