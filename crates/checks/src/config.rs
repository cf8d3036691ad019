//! Findings about the project's own settings.

pub(crate) mod suppression_expired;
pub(crate) mod suppression_unused;
