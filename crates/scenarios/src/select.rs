//! RFC 9535 JSONPath over nodes: the values that a path selects, with their places and field paths.

use diag::Span;
use model::yaml::{FieldPath, Node, Value, to_json};
use serde_json_path::{JsonPath, PathElement};

/// A value that a path selects.
pub(crate) struct Selected<'a> {
    /// The value.
    pub(crate) node: &'a Node,
    /// Its field path: `spec.rules[0].expr`.
    pub(crate) field: String,
}

/// The values that a path selects in a tree; the whole tree without a path.
pub(crate) fn select<'a>(root: &'a Node, path: Option<&JsonPath>) -> Vec<Selected<'a>> {
    let Some(path) = path else {
        return vec![Selected {
            node: root,
            field: String::new(),
        }];
    };
    let json = to_json(root);
    let located = path.query_located(&json);
    located
        .locations()
        .filter_map(|at| follow(root, &FieldPath::Root, &at.iter().collect::<Vec<_>>()))
        .collect()
}

fn follow<'a>(node: &'a Node, field: &FieldPath<'_>, rest: &[&PathElement<'_>]) -> Option<Selected<'a>> {
    let Some((first, rest)) = rest.split_first() else {
        return Some(Selected {
            node,
            field: field.to_string(),
        });
    };
    match (&node.value, first) {
        (Value::Map(map), PathElement::Name(name)) => {
            follow(map.get(name)?, &FieldPath::Key(field, name), rest)
        }
        (Value::Seq(items), PathElement::Index(index)) => {
            follow(items.get(*index)?, &FieldPath::Index(field, *index), rest)
        }
        _ => None,
    }
}

/// Where a path that selects nothing would have been: the key of the last mapping on its way that is there. With the
/// field path of the first part that is not.
pub(crate) fn nearest(root: &Node, path: &JsonPath) -> (Span, String) {
    let text = path.to_string();
    let mut node = root;
    let mut span = Span::NONE;
    let mut field = String::new();
    for name in plain_names(&text) {
        if !field.is_empty() {
            field.push('.');
        }
        field.push_str(name);
        match node.as_map().and_then(|map| map.entry(name)) {
            Some(entry) => {
                node = &entry.value;
                span = entry.key_span;
            }
            None => return (span, field),
        }
    }
    (span, field)
}

/// The leading `.name` parts of a path's text; JSONPath prints them as `['name']`.
fn plain_names(text: &str) -> Vec<&str> {
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mut names = Vec::new();
    loop {
        let quoted = rest.strip_prefix("['").and_then(|quoted| quoted.split_once("']"));
        if let Some((name, after)) = quoted.filter(|(name, _)| !name.contains('\'')) {
            names.push(name);
            rest = after;
        } else if let Some(dotted) = rest.strip_prefix('.').filter(|dotted| !dotted.starts_with('.')) {
            let end = dotted.find(['.', '[']).unwrap_or(dotted.len());
            let (name, after) = dotted.split_at(end);
            if name == "*" {
                return names;
            }
            names.push(name);
            rest = after;
        } else {
            return names;
        }
    }
}

#[cfg(test)]
mod tests {
    use diag::Sources;
    use model::yaml::{Dialect, parse};

    use super::*;

    #[test]
    fn selects_values_with_their_places() {
        let sources = Sources::default();
        let text = "spec:\n  rules:\n  - {alert: A, for: 5m}\n  - {alert: B, for: 1m}\n";
        let id = sources.add("a.yaml", text.into());
        let root = &parse(id, text, Dialect::Kustomize).documents[0];
        let path = JsonPath::parse("$..rules[?@.alert == 'B'].for").unwrap();
        let found = select(root, Some(&path));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].field, "spec.rules[1].for");
        assert_eq!(sources.locate(found[0].node.span).unwrap().1.line, 4);
        assert_eq!(select(root, None).len(), 1);
    }

    #[test]
    fn what_is_absent_is_sought_where_it_would_have_been() {
        let sources = Sources::default();
        let text = "spec:\n  values:\n    a: 1\n";
        let id = sources.add("a.yaml", text.into());
        let root = &parse(id, text, Dialect::Kustomize).documents[0];
        let path = JsonPath::parse("$.spec.values.service.clusterIP").unwrap();
        let (span, field) = nearest(root, &path);
        assert_eq!(field, "spec.values.service");
        assert_eq!(sources.locate(span).unwrap().1.line, 2);
    }
}
