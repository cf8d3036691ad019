//! Checks of built objects against the schemas of their kinds.

pub(crate) mod invalid;
pub(crate) mod missing;
pub(crate) mod unknown_kind;
pub(crate) mod unserved_version;
