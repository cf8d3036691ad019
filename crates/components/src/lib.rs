//! What this repository deploys, as typed specs, and the manifests that they make.
//!
//! A component is one file; the registry lists it. Manifests are text that nothing but the specs decides: the same specs
//! give the same bytes.

// Components, one file each.
mod cilium_core;
mod coredns;

pub mod clusters;
pub mod component;
pub mod generate;
pub mod manifest;
pub mod registry;
pub mod scaffold;
pub mod spec;

pub use generate::{Drift, State, WriteError, Written, survey, write};
pub use manifest::Manifest;
pub use registry::manifests;
pub use spec::SpecError;
