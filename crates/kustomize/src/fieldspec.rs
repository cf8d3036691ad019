//! Field specs: which field of which kinds a transformer sets.
//!
//! A path passes through lists without naming them; `name[]` wants a list there. `create` builds mappings only.

use std::sync::Arc;

use diag::Span;
use model::yaml::{Node, Value};

use crate::resource::Id;

/// The longest path that is followed or created.
const MAX_PARTS: usize = 100;

/// A field of some kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    /// Empty for any.
    pub(crate) group: String,
    /// Empty for any.
    pub(crate) version: String,
    /// Empty for any.
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) create: bool,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: Arc<str>,
    list: bool,
}

/// What to make of a field that is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    /// Nothing, whatever the spec says.
    Never,
    /// An empty string.
    Scalar,
    /// An empty mapping.
    Mapping,
}

impl FieldSpec {
    /// A spec; none when the path is too long.
    pub(crate) fn new(group: &str, version: &str, kind: &str, path: &str, create: bool) -> Option<Self> {
        let parts = split(path);
        (parts.len() <= MAX_PARTS).then(|| Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            path: path.to_owned(),
            create,
            parts: parts
                .into_iter()
                .map(|part| match part.strip_suffix("[]") {
                    Some(name) => Part {
                        name: name.into(),
                        list: true,
                    },
                    None => Part {
                        name: part.into(),
                        list: false,
                    },
                })
                .collect(),
        })
    }

    /// Whether objects of this kind are meant.
    pub(crate) fn selects(&self, id: &Id) -> bool {
        (self.kind.is_empty() || *self.kind == *id.kind)
            && (self.group.is_empty() || self.group == id.group())
            && (self.version.is_empty() || self.version == id.version())
    }

    /// Whether `other` is the same field, perhaps of more kinds.
    fn covered_by(&self, other: &Self) -> bool {
        let within = |mine: &str, theirs: &str| theirs.is_empty() || mine == theirs;
        self.path == other.path
            && within(&self.group, &other.group)
            && within(&self.version, &other.version)
            && within(&self.kind, &other.kind)
    }

    /// Calls `set` with each node that the path leads to.
    pub(crate) fn apply(
        &self,
        node: &mut Node,
        create: Create,
        set: &mut dyn FnMut(&mut Node) -> Result<(), String>,
    ) -> Result<(), String> {
        let create = if self.create { create } else { Create::Never };
        follow(&self.parts, node, create, set).map_err(|error| format!("field `{}`: {error}", self.path))
    }
}

/// Adds specs to a list; one that is there already is left out, one that only differs in `create` is an error.
pub(crate) fn merge(into: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), String> {
    for spec in more {
        match into.iter().find(|old| old.covered_by(spec)) {
            Some(old) if old.create != spec.create => {
                return Err(format!("field specs of `{}` disagree on `create`", spec.path));
            }
            Some(_) => {}
            None => into.push(spec.clone()),
        }
    }
    Ok(())
}

fn split(path: &str) -> Vec<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn follow(
    parts: &[Part],
    node: &mut Node,
    create: Create,
    set: &mut dyn FnMut(&mut Node) -> Result<(), String>,
) -> Result<(), String> {
    let Some((part, rest)) = parts.split_first() else {
        return set(node);
    };
    let span = node.span;
    match &mut node.value {
        Value::Null => Ok(()),
        Value::Seq(items) => items
            .iter_mut()
            .try_for_each(|item| follow(parts, item, create, set)),
        Value::Map(map) => {
            if part.name.is_empty() {
                return Err("a part of the path is empty".to_owned());
            }
            let empty = match create {
                _ if part.list => None,
                Create::Never => None,
                Create::Scalar if rest.is_empty() => Some(Value::Str(crate::scalar::empty())),
                Create::Scalar | Create::Mapping => Some(Value::Map(model::yaml::Map::default())),
            };
            if let Some(field) = map.get_mut(&part.name) {
                if field.is_null() {
                    if let Some(empty) = empty {
                        field.value = empty;
                    } else if part.list {
                        field.value = Value::Seq(Vec::new());
                    }
                }
                return follow(rest, field, create, set);
            }
            let Some(empty) = empty else { return Ok(()) };
            let mut field = Node::new(
                empty,
                Span {
                    end: span.start,
                    ..span
                },
            );
            follow(rest, &mut field, create, set)?;
            let key_span = field.span;
            map.set(part.name.clone(), key_span, field);
            Ok(())
        }
        _ => Err(format!(
            "found {}, wanted a mapping or a list",
            crate::scalar::type_word(node)
        )),
    }
}

/// Sets a scalar, as a string.
pub(crate) fn set_string(node: &mut Node, text: &Arc<str>, span: Span) -> Result<(), String> {
    set_scalar(node, Node::new(Value::Str(text.clone()), span))
}

/// Replaces a scalar by another; lists and mappings are refused.
pub(crate) fn set_scalar(node: &mut Node, value: Node) -> Result<(), String> {
    if matches!(node.value, Value::Seq(_) | Value::Map(_)) {
        return Err(format!(
            "found {}, wanted a scalar",
            crate::scalar::type_word(node)
        ));
    }
    *node = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::SourceId;
    use model::yaml::{Dialect, Style, emit, parse};

    fn run(text: &str, path: &str, create: bool) -> String {
        let mut node = parse(SourceId::NONE, text, Dialect::Kustomize)
            .documents
            .remove(0);
        let spec = FieldSpec::new("", "", "", path, create).unwrap();
        let value: Arc<str> = "z".into();
        match spec.apply(&mut node, Create::Scalar, &mut |node| {
            set_string(node, &value, Span::NONE)
        }) {
            Ok(()) => emit(&node, Style::Kustomize),
            Err(error) => error,
        }
    }

    #[test]
    fn paths_pass_through_lists_and_create_mappings() {
        assert_eq!(run("a:\n- b: 1\n- c: 1\n", "a/b", false), "a:\n- b: z\n- c: 1\n");
        assert_eq!(run("x: 1\n", "a/b", true), "a:\n  b: z\nx: 1\n");
        assert_eq!(run("x: 1\n", "a/b", false), "x: 1\n");
        assert_eq!(run("x: 1\n", "a[]/b", true), "x: 1\n");
    }

    #[test]
    fn a_scalar_on_the_way_is_refused() {
        assert_eq!(
            run("a: 1\n", "a/b", false),
            "field `a/b`: found a number, wanted a mapping or a list"
        );
    }

    #[test]
    fn a_slash_may_be_escaped() {
        assert_eq!(run("a:\n  x/y: 1\n", "a/x\\/y", false), "a:\n  x/y: z\n");
    }
}
