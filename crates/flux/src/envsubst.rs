//! Variable substitution of `spec.postBuild`: the `${...}` language of a Flux Kustomization.
//!
//! The rules are those of `github.com/fluxcd/pkg/envsubst` at e2cfd1a2, the version inside Flux 2.9, and not
//! those of a shell: `:+` and `:?` act like `:=`, `-` without a colon is an error, and `$NAME` is plain text.
//! `tests/envsubst_conformance.rs` compares 616 answers of that library.
//!
//! Four things differ by intent:
//! - where the original panics (a substring of negative length) there is an error;
//! - an operator that cuts a character in two is an error, where the original goes on with half of it and the
//!   YAML parser after it fails, unless the half is dropped or joined again;
//! - nesting, output and work are bounded;
//! - a name outside ASCII may hold any `char::is_alphanumeric`, some marks and number signs more than
//!   in the original; Flux takes no such name for a variable anyway.

mod budget;
mod case;
mod class;
mod error;
mod eval;
mod glob;
mod parser;
mod references;
mod replace;
mod substring;
mod syntax;
mod trim;

pub use error::{Error, ErrorKind};
pub use references::{Reference, references};

use eval::Evaluator;

/// What an expression does with a variable that is not set.
///
/// A variable set to the empty string is set. The operators `=`, `:=`, `:-`, `:?` and `:+` bring a value of
/// their own and accept an unset variable in both modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// The variable counts as the empty string: the default of kustomize-controller.
    Lax,
    /// The expression is an error: the feature gate `StrictPostBuildSubstitutions`.
    Strict,
}

/// Expands every `${...}` of `template` and turns each `$$` outside an expression into `$`.
///
/// `lookup` gives the value of a variable, or `None` when it is not set; values are inserted as they are and
/// not expanded again. As in the original, the template ends at its first NUL character.
///
/// # Errors
///
/// The first syntax error of the template, else the first expression that cannot be evaluated. The arguments
/// of an expression are evaluated before it and even when it does not use them.
pub fn expand<'v>(
    template: &str,
    strictness: Strictness,
    lookup: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<String, Error> {
    let (parts, error) = parser::parse(template);
    match error {
        Some(error) => Err(error),
        None => Evaluator::new(strictness, lookup).expand(&parts),
    }
}

#[cfg(test)]
mod tests;
