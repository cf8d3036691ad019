//! From the parts of a template to its text.

use std::borrow::Cow;

use super::budget::Budget;
use super::syntax::{Expression, Operation, Part};
use super::{Error, ErrorKind, Strictness, case, replace, substring, trim};

pub(super) struct Evaluator<'a, 'v> {
    strictness: Strictness,
    lookup: &'a dyn Fn(&str) -> Option<&'v str>,
    budget: Budget,
}

impl<'a, 'v> Evaluator<'a, 'v> {
    pub(super) fn new(strictness: Strictness, lookup: &'a dyn Fn(&str) -> Option<&'v str>) -> Self {
        Self {
            strictness,
            lookup,
            budget: Budget::new(),
        }
    }

    pub(super) fn expand(mut self, parts: &[Part<'_>]) -> Result<String, Error> {
        self.join(parts, |kind| Error {
            kind,
            offset: 0,
            variable: None,
        })
    }

    /// Joins `parts`; `text_error` says where text stands that is too long.
    fn join(&mut self, parts: &[Part<'_>], text_error: impl Fn(ErrorKind) -> Error) -> Result<String, Error> {
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Text(text) => self.budget.append(&mut out, text).map_err(&text_error)?,
                Part::Expression(expression) => {
                    let text = self.evaluate(expression)?;
                    self.budget
                        .append(&mut out, &text)
                        .map_err(|kind| expression.head.error(kind))?;
                }
            }
        }
        Ok(out)
    }

    /// Arguments come before the variable: what is undefined in a default is an error even if it goes unused.
    fn evaluate(&mut self, expression: &Expression<'_>) -> Result<Cow<'v, str>, Error> {
        let Expression { head, operation, .. } = expression;
        let [first, second] = operation.arguments();
        let first = self.join(first, |kind| head.error(kind))?;
        let second = self.join(second, |kind| head.error(kind))?;
        let value = match (self.lookup)(head.name) {
            Some(value) => value,
            None if self.strictness == Strictness::Strict && !operation.has_default() => {
                return Err(head.error(ErrorKind::Undefined));
            }
            None => "",
        };
        self.apply(operation, value, first, &second)
            .map_err(|kind| head.error(kind))
    }

    fn apply(
        &mut self,
        operation: &Operation<'_>,
        value: &'v str,
        first: String,
        second: &str,
    ) -> Result<Cow<'v, str>, ErrorKind> {
        match operation {
            Operation::Length => Ok(Cow::Owned(value.len().to_string())),
            Operation::Case(case) => {
                self.budget.charge(value.len())?;
                Ok(Cow::Owned(case::change(value, *case)))
            }
            Operation::Default(_) if value.is_empty() => Ok(Cow::Owned(first)),
            Operation::Value | Operation::Default(_) => Ok(Cow::Borrowed(value)),
            Operation::Substring { length, .. } => {
                let length = length.as_ref().map(|_| second);
                substring::slice(value, &first, length).map(Cow::Borrowed)
            }
            Operation::Trim { side, extent, .. } => {
                trim::trim(value, &first, *side, *extent, &mut self.budget)
            }
            Operation::Replace {
                place, replacement, ..
            } => {
                let replacement = replacement.as_ref().map(|_| second);
                replace::replace(value, &first, replacement, *place, &mut self.budget)
            }
        }
    }
}
