//! A claim that does not hold, as it is found: before its reason and its place are settled.

use diag::{ObjectRef, Span};
use model::object;
use model::yaml::{Node, Value};
use serde_json::Value as Json;

/// The longest value that a message quotes, in characters.
const MAX_QUOTED: usize = 120;

/// What was found and what was wanted.
#[derive(Debug)]
pub(crate) struct Miss {
    pub(crate) expected: String,
    pub(crate) found: String,
    /// The line to edit.
    pub(crate) span: Span,
    /// The field inside the object.
    pub(crate) path: String,
    pub(crate) object: Option<Box<ObjectRef>>,
}

impl Miss {
    /// Wanted this, found that; the place is added by the other methods.
    pub(crate) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
            span: Span::NONE,
            path: String::new(),
            object: None,
        }
    }

    /// Sets the line to edit.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// Sets the field.
    pub(crate) fn in_field(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the object, and its place where there is none yet.
    pub(crate) fn of_object(mut self, node: &Node) -> Self {
        self.span = self.span.or(object::span(node));
        self.object = Some(Box::new(object::reference(node)));
        self
    }
}

/// A value as messages quote it: with its type where its text alone would not tell.
pub(crate) fn quote(node: &Node) -> String {
    let text = match &node.value {
        Value::Str(text) if looks_like_another_type(text) => {
            return format!("the string `{}`", shorten(text));
        }
        Value::Str(text) => text.to_string(),
        Value::Seq(items) if items.is_empty() => "[]".to_owned(),
        Value::Seq(_) | Value::Map(_) => model::yaml::to_json(node).to_string(),
        _ => node.scalar_text().unwrap_or_default(),
    };
    if text.is_empty() {
        "an empty string".to_owned()
    } else {
        format!("`{}`", shorten(&text))
    }
}

/// A wanted value as messages quote it.
pub(crate) fn quote_json(json: &Json) -> String {
    quote(&model::yaml::from_json(json))
}

fn looks_like_another_type(text: &str) -> bool {
    matches!(text, "true" | "false" | "null" | "~") || text.parse::<f64>().is_ok()
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_QUOTED {
        return text.to_owned();
    }
    let cut: String = text.chars().take(MAX_QUOTED - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use diag::Sources;

    use super::*;
    use crate::failure::Failure;

    #[test]
    fn a_message_says_wanted_and_found_with_types_where_they_matter() {
        let found = quote(&Node::string("2", Span::NONE));
        let miss = Miss::new(quote_json(&Json::from(2)), found).in_field("spec.replicas");
        let failure = Failure::settle(miss, "", &Sources::default());
        assert_eq!(
            failure.message(),
            "`spec.replicas`: wanted `2`, found the string `2`"
        );
        assert_eq!(quote(&Node::string("", Span::NONE)), "an empty string");
        assert_eq!(quote_json(&serde_json::json!({"a": [1]})), r#"`{"a":[1]}`"#);
        assert_eq!(failure.place(), "");
    }
}
