//! Helpers for tests: trees from text, and cases that say in the text which findings they want.
//!
//! ```text
//! --- clusters/demo/apps.yaml
//! spec:
//!   path: ./aps
//! #       ^^^ error[flux/path-missing]: no folder
//! ```
//!
//! A line `--- path` starts a file; text before the first one stands in `clusters/demo/all.yaml`. An annotation is a comment
//! line with carets: the first caret is the column at which the finding starts on the line above, what follows is its level,
//! its check and a part of its message. A finding in the first column is written `#< error[..]: ..`. A line
//! `# deferred[check]: text` anywhere wants a deferral whose subject or reason holds the text. Annotations are taken out before
//! the tree is made, so they do not count as lines.

#![expect(clippy::panic, reason = "a failed case ends its test")]

mod annotation;
mod case;

pub use case::{Case, check_case, tree};
