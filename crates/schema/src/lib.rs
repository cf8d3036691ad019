//! Schemas of Kubernetes objects: the store, and a strict validator whose verdict is the API server's.
//!
//! The store holds the built-in kinds, Flux's and the Prometheus operator's from a bundle of facts in `bundle/`, and the
//! CRDs that a repository brings. The validator is our own because each violation points at the node that has it, and
//! because structural schemas mean more than JSON Schema: unknown fields are refused, nulls are pruned, lists are maps.

pub mod bundle;
mod compile;
mod document;
mod rules;
mod schema;
mod store;
mod validate;
mod violation;

pub use store::{CrdProblem, KindSchema, Scope, Store};
pub use violation::{Verdict, Violation, ViolationKind};
