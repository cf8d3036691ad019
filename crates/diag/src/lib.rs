//! What a check found, in data: sources and spans, findings, deferrals, outcomes. No I/O, no colour, no wording of output.

mod finding;
mod object;
mod source;

pub use finding::{CheckMeta, Deferred, Finding, Findings, Hop, Label, Level, Stage};
pub use object::ObjectRef;
pub use source::{Position, Source, SourceId, Sources, Span};
