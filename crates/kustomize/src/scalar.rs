//! Scalars as text, and text as scalars.

use std::sync::{Arc, LazyLock};

use diag::{Sources, Span};
use model::yaml::{Dialect, Node, Value};

static EMPTY: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));

/// The empty text, without an allocation.
pub(crate) fn empty() -> Arc<str> {
    EMPTY.clone()
}

/// The text of a scalar; empty for lists and mappings.
pub(crate) fn text(node: &Node) -> Arc<str> {
    match &node.value {
        Value::Str(text) => text.clone(),
        Value::Seq(_) | Value::Map(_) => empty(),
        _ => node.scalar_text().unwrap_or_default().into(),
    }
}

/// The text of a scalar as it is written in its file: `0x1F`, `1.10`, `~`, nothing.
///
/// kustomize makes strings of all annotations that way, without regard to what the text means.
pub(crate) fn written(node: &Node, sources: &Sources) -> Arc<str> {
    if let Value::Str(text) = &node.value {
        let may_be_time = text.len() == 20 && text.ends_with('Z');
        if !may_be_time {
            return text.clone();
        }
    }
    let slice = |span: Span| {
        let source = sources.get(span.source)?;
        let text = source.text().get(span.start as usize..span.end as usize)?;
        let plain = !text.contains(['\n', '"', '\'', '!', '&', '*']);
        plain.then(|| Arc::<str>::from(text.trim()))
    };
    slice(node.span).unwrap_or_else(|| text(node))
}

/// Whether a null has nothing written: `key:`. Nulls that a program made count as written.
pub(crate) fn is_blank(node: &Node) -> bool {
    node.is_null() && !node.span.is_none() && node.span.start >= node.span.end
}

/// What an untyped scalar with this text becomes when kustomize writes and reads it again: `12` is a number then.
pub(crate) fn untyped(text: Arc<str>, span: Span) -> Node {
    let first = text.bytes().next().unwrap_or(b'a');
    let may_be_typed = first.is_ascii_digit()
        || matches!(first, b'+' | b'-' | b'.' | b'~')
        || matches!(&*text.to_ascii_lowercase(), "true" | "false" | "null");
    if may_be_typed && !text.contains([':', '#', '\n', ' ']) {
        let parsed = model::yaml::parse(diag::SourceId::NONE, &text, Dialect::Kustomize);
        if let ([one], []) = (parsed.documents.as_slice(), parsed.problems.as_slice())
            && !matches!(one.value, Value::Seq(_) | Value::Map(_) | Value::Str(_))
        {
            return Node::new(one.value.clone(), span);
        }
    }
    Node::new(Value::Str(text), span)
}

/// `list`, `mapping` and so on, as messages name what was found.
pub(crate) fn type_word(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Str(_) => "a string",
        Value::Seq(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untyped_text_is_read_again() {
        assert_eq!(untyped("12".into(), Span::NONE).as_int(), Some(12));
        assert_eq!(untyped("web-1".into(), Span::NONE).as_str(), Some("web-1"));
        assert_eq!(untyped("1-2".into(), Span::NONE).as_str(), Some("1-2"));
        assert_eq!(untyped("true".into(), Span::NONE).as_bool(), Some(true));
    }
}
