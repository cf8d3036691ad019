//! Checks of kustomization files and of what kustomize makes of them.

pub(crate) mod build_failed;
pub(crate) mod deprecated_field;
pub(crate) mod patch_matches_nothing;
mod problems;
pub(crate) mod unknown_field;
pub(crate) mod unlisted_manifest;
pub(crate) mod unsupported;
pub(crate) mod warning;

pub(crate) use problems::{problem_finding, problems};
