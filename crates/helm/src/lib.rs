//! Charts: what is in an archive, which values a HelmRelease gives it, which of them its templates read, and what it installs.
//!
//! Charts are foreign input: loading one is bounded in files, bytes and depth, and nothing of it is written to disk.

mod archive;
mod chart;
pub mod reads;
pub mod source;
mod template;
mod values;
pub mod values_schema;

pub use crate::chart::{Chart, ChartError, Dependency, File, Metadata};
pub use crate::values::{Coalesced, Helm, Merged, ValuesProblem, coalesce, values};
pub use crate::values_schema::{SchemaReport, SchemaViolation};
