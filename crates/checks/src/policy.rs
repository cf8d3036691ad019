//! Checks of what people leave behind.

pub(crate) mod placeholder;
