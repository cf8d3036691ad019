//! What the API server demands beyond `OpenAPI`: names, values of built-in kinds, CEL rules.

mod access;
pub(crate) mod cel;
pub(crate) mod fields;
mod forms;
pub(crate) mod names;
pub(crate) mod native;
mod network;
mod pods;
mod quantity;
mod storage;
mod workloads;
