//! Flux: clusters, flux::Kustomizations and the way between them, substitution, and what all of it applies.

pub mod build;
pub mod cluster;
pub mod envsubst;
pub mod kustomization;
pub mod substitute;
pub mod variables;

pub use build::{Built, BuiltObject, ClusterBuild, Options, State, build};
pub use cluster::{Cluster, discover};
pub use kustomization::{Id, Kustomization, Reference};
pub use variables::{Pool, Variable, Variables};
