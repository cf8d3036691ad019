//! YAML as helm reads it: sigs.k8s.io/yaml, where duplicate keys are fine and the last one counts.

use diag::{SourceId, Span};
use model::yaml::{self, Dialect, Node, Parsed, ProblemKind};

/// Why a text is no mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextError {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong there.
    pub(crate) message: String,
}

/// The first document of a text, an empty mapping where there is none. What follows it is not looked at.
pub(crate) fn mapping(text: &str) -> Result<Node, TextError> {
    let parsed = parse(text);
    let end = parsed.documents.first().map_or(u32::MAX, |node| node.span.end);
    refuse_problems(text, &parsed, end)?;
    match parsed.documents.into_iter().next() {
        Some(node) => as_mapping(text, node),
        None => Ok(Node::map(Span::NONE)),
    }
}

/// All documents of a text merged, later ones over earlier ones: how helm 4 reads `values.yaml`.
pub(crate) fn merged_mappings(text: &str) -> Result<Node, TextError> {
    let parsed = parse(text);
    refuse_problems(text, &parsed, u32::MAX)?;
    let mut all = Node::map(Span::NONE);
    for node in parsed.documents {
        let node = as_mapping(text, node)?;
        if all.as_map().is_some_and(yaml::Map::is_empty) {
            all = node;
        } else {
            merge(&mut all, node);
        }
    }
    Ok(all)
}

/// A text in which every blank is a space and nothing is left that a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    let blank = |c: char| if c.is_whitespace() { ' ' } else { c };
    text.chars().map(blank).filter(|c| !c.is_control()).collect()
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, byte: u32) -> usize {
    let before = text.get(..byte as usize).unwrap_or_default();
    before.matches('\n').count() + 1
}

fn parse(text: &str) -> Parsed {
    yaml::parse(SourceId::NONE, text, Dialect::Sigs)
}

fn refuse_problems(text: &str, parsed: &Parsed, end: u32) -> Result<(), TextError> {
    let fatal = parsed
        .problems
        .iter()
        .find(|problem| problem.kind != ProblemKind::DuplicateKey && problem.span.start <= end);
    fatal.map_or(Ok(()), |problem| {
        Err(TextError {
            line: line_of(text, problem.span.start),
            message: problem.message.clone(),
        })
    })
}

fn as_mapping(text: &str, node: Node) -> Result<Node, TextError> {
    if node.as_map().is_some() {
        return Ok(node);
    }
    Err(TextError {
        line: line_of(text, node.span.start),
        message: format!("found {}, wanted a mapping", node.value.type_name()),
    })
}

fn merge(into: &mut Node, from: Node) {
    let (Some(into), yaml::Value::Map(mut from)) = (into.as_map_mut(), from.value) else {
        return;
    };
    for entry in std::mem::take(from.entries_mut()) {
        match into.get_mut(&entry.key) {
            Some(old) if old.as_map().is_some() && entry.value.as_map().is_some() => {
                merge(old, entry.value);
            }
            _ => into.set(entry.key, entry.key_span, entry.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_document_counts_and_nothing_behind_it() {
        let node = mapping("a: yes\na: 2\n---\n]").unwrap();
        assert_eq!(node.get("a").and_then(Node::as_int), Some(2));
        assert_eq!(mapping("a: 1\nb: [\n").unwrap_err().line, 2);
        assert_eq!(mapping("\n- a").unwrap_err().line, 2);
        assert!(mapping("# nothing").unwrap().as_map().unwrap().is_empty());
    }

    #[test]
    fn later_documents_of_values_win() {
        let node = merged_mappings("a: {b: 1, c: 1}\n---\na: {b: 2}\nd: 1\n").unwrap();
        assert_eq!(node.at(&["a", "b"]).and_then(Node::as_int), Some(2));
        assert_eq!(node.at(&["a", "c"]).and_then(Node::as_int), Some(1));
        assert!(node.get("d").is_some());
        assert!(merged_mappings("a: 1\n---\n]").is_err());
    }
}
