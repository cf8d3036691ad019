//! Files of objects: what kustomize accepts as a resource.

use diag::{SourceId, Span};
use model::yaml::{Dialect, Node, Value, parse};

use crate::problem::{Problem, ProblemKind};
use crate::scalar;

/// The objects of a text and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) objects: Vec<Node>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads a text as a stream of objects; lists of objects are expanded.
///
/// An object needs `kind` and `metadata.name`; a kind that ends in `List` needs no name and is expanded where it has
/// `items`. Comment-only documents are dropped.
pub(crate) fn read(source: SourceId, text: &str) -> Manifest {
    let parsed = parse(source, text, Dialect::Kustomize);
    let mut manifest = Manifest::default();
    let problems = parsed
        .problems
        .into_iter()
        .map(|p| Problem::from_yaml(p, ProblemKind::DuplicateKey));
    manifest.problems.extend(problems);
    if let Some(separator) = bad_separator(source, text) {
        // It explains the syntax errors behind it.
        manifest
            .problems
            .retain(|problem| problem.kind != ProblemKind::Syntax);
        manifest.problems.push(separator);
    }
    let mut documents = parsed.documents;
    if let [only] = documents.as_mut_slice()
        && matches!(only.str_at(&["kind"]), Some("List" | "ResourceList"))
        && let Some(items) = only.as_map_mut().and_then(|map| map.remove("items"))
    {
        documents = match items.value.value {
            Value::Seq(items) => items,
            _ => Vec::new(),
        };
    }
    let mut queue: std::collections::VecDeque<Node> = documents.into();
    while let Some(node) = queue.pop_front() {
        if is_empty(&node) {
            continue;
        }
        match lacks(&node) {
            Some(what) => manifest.problems.push(no_object(&node, what)),
            None => expand(node, &mut queue, &mut manifest),
        }
    }
    manifest
}

/// Puts an object into the manifest, or the elements of a list of objects at the end of the queue.
fn expand(mut node: Node, queue: &mut std::collections::VecDeque<Node>, manifest: &mut Manifest) {
    let is_list = node
        .get("kind")
        .is_some_and(|kind| scalar::text(kind).ends_with("List"));
    let items = if is_list {
        node.as_map_mut().and_then(|map| map.remove("items"))
    } else {
        None
    };
    match items.map(|entry| (entry.value.span, entry.value.value)) {
        None => manifest.objects.push(node),
        Some((_, Value::Seq(items))) => queue.extend(items),
        Some((_, Value::Null)) => {}
        Some((span, _)) => manifest
            .problems
            .push(Problem::error(span, "the `items` of a list are no list")),
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Seq(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

/// The field that an object lacks.
fn lacks(node: &Node) -> Option<&'static str> {
    let text = |path: &[&str]| {
        node.at(path)
            .filter(|node| !node.is_null())
            .map(scalar::text)
            .unwrap_or_default()
    };
    if node.as_map().is_none() {
        return Some("a mapping");
    }
    let kind = text(&["kind"]);
    if kind.is_empty() {
        return Some("`kind`");
    }
    (!kind.ends_with("List") && text(&["metadata", "name"]).is_empty()).then_some("`metadata.name`")
}

fn no_object(node: &Node, what: &str) -> Problem {
    let kind = node
        .get("kind")
        .map(|kind| kind.span)
        .filter(|span| !span.is_none());
    let span = if what == "`metadata.name`" {
        kind.unwrap_or(node.span)
    } else {
        first_byte(node.span)
    };
    match what {
        "a mapping" => Problem::error(
            span,
            format!(
                "no Kubernetes object: found {}, wanted a mapping",
                scalar::type_word(node)
            ),
        ),
        _ => Problem::error(span, format!("no Kubernetes object: {what} is missing")),
    }
}

fn first_byte(span: Span) -> Span {
    Span {
        end: span.start.saturating_add(1).min(span.end),
        ..span
    }
}

/// A line that starts with `---` and goes on with anything but a comment, which kustomize refuses.
fn bad_separator(source: SourceId, text: &str) -> Option<Problem> {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("\n---")) {
        let start = from + at + 1;
        let line = text
            .get(start..)
            .and_then(|rest| rest.split_once('\n'))
            .map(|(line, _)| line)?;
        let rest = line.trim_start_matches("---").trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            let span = Span::new(source, start, start + line.len());
            return Some(Problem::error(
                span,
                "a document separator goes on with text, wanted `---` alone",
            ));
        }
        from = start + 3;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> (Vec<String>, Vec<String>) {
        let manifest = read(SourceId::NONE, text);
        let names = manifest
            .objects
            .iter()
            .map(|node| model::object::name(node).to_owned())
            .collect();
        (
            names,
            manifest
                .problems
                .into_iter()
                .map(|problem| problem.message)
                .collect(),
        )
    }

    #[test]
    fn lists_are_expanded_behind_the_other_objects() {
        let text =
            "kind: AList\nitems:\n- {kind: A, metadata: {name: a}}\n---\nkind: B\nmetadata: {name: b}\n";
        assert_eq!(names(text).0, ["b", "a"]);
        assert_eq!(names("kind: AllowList\nmetadata: {name: l}\n").0, ["l"]);
        assert!(names("kind: AList\nitems: 1\n").1.len() == 1);
    }

    #[test]
    fn what_is_no_object_is_named() {
        assert_eq!(names("a: 1\n").1, ["no Kubernetes object: `kind` is missing"]);
        assert_eq!(
            names("kind: A\n").1,
            ["no Kubernetes object: `metadata.name` is missing"]
        );
        assert_eq!(
            names("- 1\n").1,
            ["no Kubernetes object: found a list, wanted a mapping"]
        );
        assert_eq!(names("# nothing\n---\n{}\n").1, Vec::<String>::new());
    }

    #[test]
    fn text_after_a_separator_is_refused() {
        let object = "kind: A\nmetadata: {name: a}\n";
        assert_eq!(
            names(&format!("{object}--- # fine\n{object}")).1,
            Vec::<String>::new()
        );
        assert_eq!(names(&format!("{object}--- {{}}\n{object}")).1.len(), 1);
    }
}
