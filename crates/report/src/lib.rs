//! Output formats: pure functions from a [`Report`] to text, one file per format.
//!
//! [`assemble`] turns what a run gathered into the one report that all formats are made from; none of them knows more
//! than the JSON document. Nothing here prints, reads the clock or opens a file: the caller writes what it gets.

mod assemble;
pub mod color;
pub mod concise;
pub mod diff;
mod engine;
mod excerpt;
pub mod exit;
mod format;
pub mod github;
pub mod json;
pub mod junit;
pub mod markdown;
mod merge;
mod model;
pub mod sarif;
mod schema;
pub mod table;
mod tally;
pub mod text;
mod visible;

pub use assemble::{Run, assemble, deferrals, resolve};
pub use color::ColorChoice;
pub use engine::Engine;
pub use exit::FailOn;
pub use format::{Format, OutputSpec, ParseError, RenderOptions, render};
pub use model::{
    API_VERSION, ClusterSummary, Coverage, Deferred, Excused, Finding, Hop, Object, Quote, Related, Report,
    Summary, Suppressed, Tool,
};
pub use schema::json_schema;
pub use tally::{DeferredGroup, deferred_groups, plural, sentence};
pub use visible::visible;
