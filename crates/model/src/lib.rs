//! What every other crate speaks of: the git tree, YAML with positions in the right dialect, Kubernetes objects, addresses.

pub mod config;
pub mod labels;
mod nearest;
pub mod net;
pub mod object;
pub mod tree;
pub mod yaml;

pub use nearest::nearest;
