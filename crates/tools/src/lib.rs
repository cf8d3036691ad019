//! The real programs this workspace can call (kustomize, flux, helm, ...): the only place that starts
//! external processes.
//!
//! Every call is bounded in time and output, never goes through a shell, and fails with the command line, the
//! exit status and the end of stderr. What a program says about the repository (an invalid manifest, a rule
//! that does not parse) is data; [`ToolError`] is left for "could not do it".
//!
//! [`Toolbox`] finds the programs, the modules named after them hold one function per typed command line.

mod catalog;
mod command_line;
pub mod credential_helper;
mod discover;
pub mod doctor;
mod error;
pub mod flux;
pub mod git;
pub mod go;
pub mod helm;
pub mod kubeconform;
pub mod kustomize;
mod process;
mod process_group;
pub mod promtool;
mod run;
mod scratch;
mod text;

pub use crate::catalog::Tool;
pub use crate::discover::{Found, Toolbox};
pub use crate::error::ToolError;
pub use crate::run::{Invocation, Output};
