//! Rules for every Flux repository: pure functions over the tree and over what Flux would apply on each cluster.
//!
//! One check is one file below the folder of its group. A check reports a defect at the line that a person must edit, and one
//! defect gives one finding: where two checks could both see it, the one that names the cause reports it.

mod absence;
mod blame;
mod cluster_view;
mod config;
mod context;
mod flux;
mod helm;
mod judgement;
mod key;
mod kustomize;
mod net;
mod oci;
mod pages;
mod policy;
mod prometheus;
mod registry;
mod run;
mod schema;
mod settings;
mod subject;
mod suppress;
#[cfg(test)]
mod testing;
mod wording;
mod workload;
mod yaml;

pub use context::{Blame, Check, Context};
pub use oci::registry_unapproved::is_approved;
pub use pages::docs_pages;
pub use registry::registry;
pub use run::{Outcome, run};
pub use suppress::Suppressed;
