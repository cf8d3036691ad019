//! The manifests: what they promise, and whether the repository holds them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod generated_fresh;
mod manifests;
