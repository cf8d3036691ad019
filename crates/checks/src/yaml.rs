//! Checks of the text of files.

pub(crate) mod duplicate_key;
pub(crate) mod syntax;
