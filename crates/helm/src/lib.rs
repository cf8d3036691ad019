//! Charts: what is in an archive, which values a HelmRelease gives it, which of them its templates read, and what it installs.
//!
//! Charts are foreign input: loading one is bounded in files, bytes and depth, and nothing of it is written to disk.

mod archive;
pub mod asked;
mod chart;
pub mod install;
mod reads;
pub mod source;
mod template;
#[cfg(test)]
mod testing;
mod values;
pub mod values_schema;
pub mod verify;

pub use crate::chart::{Chart, ChartError, Dependency, File, Metadata};
pub use crate::reads::{Reads, Unread};
pub use crate::values::{Coalesced, Helm, Merged, ValuesProblem, coalesce, values};
pub use crate::values_schema::{SchemaReport, SchemaViolation};
