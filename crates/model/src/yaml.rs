//! YAML as Kubernetes tools read and write it, with the position of every node.

mod emit;
mod json;
mod node;
mod parse;
mod resolve;

pub use emit::{Style, emit, emit_stream, sort_keys};
pub use json::{base64_decode, from_json, from_serialize, to_json};
pub use node::{Entry, FieldPath, Map, Node, Value};
pub use parse::{Dialect, Parsed, Problem, ProblemKind, parse};
