//! CEL rules of CRDs: those that use the common part of the language are evaluated, the others are named as unchecked.

mod eval;
mod parse;
mod value;

use std::sync::OnceLock;

use diag::Span;
use model::yaml::Node;

use crate::document::Document;
use crate::schema::{Checks, Schema};
use crate::validate::{Place, Walk, quoted};
use crate::violation::ViolationKind;
use parse::Expr;
use value::Failure;

/// One of `x-kubernetes-validations`.
#[derive(Debug)]
pub(crate) struct Rule {
    text: Box<str>,
    message: Box<str>,
    /// None where it uses what the parser does not know.
    parsed: OnceLock<Option<Expr>>,
}

impl Rule {
    /// Reads a rule; none for those that compare with the old object, which do not apply to a new one.
    pub(crate) fn read(facts: &Node) -> Option<Self> {
        let text = facts.get("rule")?.as_str()?;
        if text.contains("oldSelf") && facts.get("optionalOldSelf").and_then(Node::as_bool) != Some(true) {
            return None;
        }
        let message = facts.get("message").and_then(Node::as_str).unwrap_or_default();
        Some(Self {
            text: text.into(),
            message: message.trim().into(),
            parsed: OnceLock::new(),
        })
    }

    fn expression(&self) -> Option<&Expr> {
        self.parsed.get_or_init(|| parse::parse(&self.text)).as_ref()
    }
}

impl Walk<'_> {
    /// Evaluates the CEL rules of a node that is right in all else.
    pub(crate) fn rules(
        &mut self,
        document: &Document,
        schema: &Schema,
        checks: &Checks,
        node: &Node,
        place: Place<'_>,
    ) {
        for rule in &checks.rules {
            let outcome = match rule.expression() {
                Some(expression) => eval::holds(expression, document, schema, node),
                None => Err(Failure::Unknown),
            };
            match outcome {
                Ok(true) => {}
                Ok(false) | Err(Failure::Absent) => self.report(Span::NONE, place, || {
                    let words = if rule.message.is_empty() {
                        format!("breaks the rule `{}`", rule.text)
                    } else {
                        format!("breaks a rule: {}", rule.message)
                    };
                    let help = format!("the CRD demands `{}`", rule.text);
                    (
                        ViolationKind::Rule,
                        format!("{}{words}", quoted(place.path)),
                        help,
                    )
                }),
                Err(Failure::Unknown) => {
                    self.leave_unchecked(|| format!("{}: rule `{}`", place.path, rule.text));
                }
            }
        }
    }
}
