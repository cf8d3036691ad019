//! Preflights against registries: one in process that lies on demand, and Debian's docker-registry.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy knows test functions, not the helpers they share"
)]

mod access;
mod chart;
mod docker;
mod fetch;
mod image_file;
mod images;
mod liar;
mod lies;
mod proxy;
mod real;
mod resolve;
mod signature;
mod signature_keyless;
mod signature_real;
mod signature_shelf;
mod token_service;
mod tokens;
mod trouble;
