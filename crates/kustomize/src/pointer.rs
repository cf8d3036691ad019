//! Field paths of replacements: `spec.containers.[name=web].image`, `a.0.b`, `a.*.b`, `metadata.annotations.[a.b/c]`.

use diag::Span;
use model::yaml::{Node, Value};
use regex::Regex;

use crate::scalar;

/// The longest path that is followed or created.
const MAX_PARTS: usize = 100;

/// The kinds of nodes that a path may end in, for fields that are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Scalar,
    List,
    Mapping,
}

impl Leaf {
    /// The kind of a node.
    pub(crate) fn of(node: &Node) -> Self {
        match node.value {
            Value::Seq(_) => Self::List,
            Value::Map(_) => Self::Mapping,
            _ => Self::Scalar,
        }
    }

    /// A new node; a null without a place stands for an empty scalar.
    fn node(self) -> Node {
        let value = match self {
            Self::Scalar => Value::Null,
            Self::List => Value::Seq(Vec::new()),
            Self::Mapping => Value::Map(model::yaml::Map::default()),
        };
        Node::new(value, Span::NONE)
    }
}

/// The parts of a path. A dot may be escaped by a backslash or stand in brackets.
pub(crate) fn split(path: &str) -> Result<Vec<String>, String> {
    let mut raw: Vec<String> = Vec::new();
    for part in path.split('.') {
        match raw.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(part);
            }
            _ => raw.push(part.to_owned()),
        }
    }
    let mut parts = Vec::new();
    let mut raw = raw.into_iter();
    while let Some(part) = raw.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            parts.push(part);
            continue;
        }
        let mut whole = part;
        for next in raw.by_ref() {
            whole.push('.');
            whole.push_str(&next);
            if next.ends_with(']') {
                break;
            }
        }
        let is_element = whole.contains('=');
        parts.push(if is_element {
            whole
        } else {
            whole.trim_matches(['[', ']']).to_owned()
        });
    }
    if parts.len() > MAX_PARTS {
        Err(format!("the path has more than {MAX_PARTS} parts"))
    } else {
        Ok(parts)
    }
}

/// Key and value of `[key=value]`.
fn element(part: &str) -> Option<Result<(&str, &str), String>> {
    let inner = part.strip_prefix('[')?.strip_suffix(']')?;
    Some(
        inner
            .split_once('=')
            .ok_or_else(|| format!("`{part}` has no `=`")),
    )
}

fn place(part: &str) -> Option<usize> {
    part.parse().ok()
}

/// The node that a path leads to, for reading; values of elements are compared as they are.
pub(crate) fn lookup<'n>(node: &'n Node, parts: &[String]) -> Result<Option<&'n Node>, String> {
    let mut node = node;
    for part in parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
    {
        if node.is_null() {
            return Ok(None);
        }
        let items = || {
            node.as_seq()
                .ok_or_else(|| format!("`{part}`: found {}, wanted a list", scalar::type_word(node)))
        };
        let next = if let Some(at) = place(part) {
            items()?.get(at)
        } else if part == "-" {
            items()?.last()
        } else if part == "*" {
            return Err("`*` cannot be used in the path of a source".to_owned());
        } else if let Some(element) = element(part) {
            let (key, wanted) = element?;
            let is_wanted = |node: &Node| *scalar::text(node) == *wanted;
            items()?.iter().find(|item| {
                if key.is_empty() {
                    item.as_map().is_none() && is_wanted(item)
                } else {
                    item.get(key).is_some_and(is_wanted)
                }
            })
        } else {
            let map = node.as_map();
            map.ok_or_else(|| format!("`{part}`: found {}, wanted a mapping", scalar::type_word(node)))?
                .get(part)
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// Calls `set` with each node that a path leads to, and returns how many there were.
///
/// Values of elements are regular expressions. With `create`, what is missing is made, the last part as that kind.
pub(crate) fn visit(
    node: &mut Node,
    parts: &[String],
    create: Option<Leaf>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), String>,
) -> Result<usize, String> {
    let Some((part, rest)) = parts.split_first() else {
        set(node)?;
        return Ok(1);
    };
    if let Some(at) = place(part) {
        let found = scalar::type_word(node);
        let items = node
            .as_seq_mut()
            .ok_or_else(|| format!("`{part}`: found {found}, wanted a list"))?;
        if let (Some(leaf), true) = (create, items.len() == at) {
            items.push(kind_for(rest, leaf).node());
        }
        let len = items.len();
        let item = items
            .get_mut(at)
            .ok_or_else(|| format!("index {at} is out of range, the list has {len} elements"))?;
        return visit(item, rest, create, set);
    }
    if let Some(element) = element(part) {
        let (key, pattern) = element?;
        return elements(node, (key, pattern), rest, create, set);
    }
    if part == "*" {
        let found = scalar::type_word(node);
        let items = node
            .as_seq_mut()
            .ok_or_else(|| format!("`*`: found {found}, wanted a list"))?;
        let mut count = 0;
        for item in items {
            count += visit(item, rest, create, set)?;
        }
        return Ok(count);
    }
    if node.is_null() {
        return Ok(0);
    }
    let found = scalar::type_word(node);
    let map = node
        .as_map_mut()
        .ok_or_else(|| format!("`{part}`: found {found}, wanted a mapping"))?;
    if map.get(part).is_none() {
        let Some(leaf) = create else { return Ok(0) };
        map.set(part.as_str(), Span::NONE, kind_for(rest, leaf).node());
    }
    map.get_mut(part)
        .map_or(Ok(0), |field| visit(field, rest, create, set))
}

/// The kind of a created node that the rest of a path leads through.
fn kind_for(rest: &[String], leaf: Leaf) -> Leaf {
    match rest.first() {
        None => leaf,
        Some(next) if element(next).is_some() || place(next).is_some() => Leaf::List,
        Some(_) => Leaf::Mapping,
    }
}

fn elements(
    node: &mut Node,
    (key, pattern): (&str, &str),
    rest: &[String],
    create: Option<Leaf>,
    set: &mut dyn FnMut(&mut Node) -> Result<(), String>,
) -> Result<usize, String> {
    let found = scalar::type_word(node);
    let items = node
        .as_seq_mut()
        .ok_or_else(|| format!("`[{key}={pattern}]`: found {found}, wanted a list"))?;
    let regex = Regex::new(pattern).map_err(|_syntax| format!("`{pattern}` is no regular expression"))?;
    let mut count = 0;
    for item in items.iter_mut() {
        if key.is_empty() {
            if regex.is_match(&scalar::text(item)) {
                set(item)?;
                count += 1;
            }
        } else if item
            .get(key)
            .is_some_and(|value| regex.is_match(&scalar::text(value)))
        {
            count += visit(item, rest, create, set)?;
        }
    }
    if count > 0 || create.is_none() {
        return Ok(count);
    }
    let value = scalar::untyped(pattern.into(), Span::NONE);
    let mut item = value.clone();
    if key.is_empty() {
        set(&mut item)?;
        count = 1;
    } else {
        item = Node::map(Span::NONE);
        if let Some(map) = item.as_map_mut() {
            map.set(key, Span::NONE, value);
        }
        count = visit(&mut item, rest, create, set)?;
    }
    items.push(item);
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::yaml::{Dialect, Style, emit, parse};

    fn run(text: &str, path: &str, create: Option<Leaf>) -> String {
        let mut node = parse(diag::SourceId::NONE, text, Dialect::Kustomize)
            .documents
            .remove(0);
        let parts = split(path).unwrap();
        let mut set = |node: &mut Node| {
            *node = Node::string("z", Span::NONE);
            Ok(())
        };
        match visit(&mut node, &parts, create, &mut set) {
            Ok(count) => format!("{count} {}", emit(&node, Style::Kustomize)),
            Err(error) => error,
        }
    }

    #[test]
    fn brackets_and_backslashes_keep_dots() {
        assert_eq!(split("a.[b.c/d].e").unwrap(), ["a", "b.c/d", "e"]);
        assert_eq!(split("a.[n=x.y].e").unwrap(), ["a", "[n=x.y]", "e"]);
        assert_eq!(split("a.b\\.c").unwrap(), ["a", "b.c"]);
    }

    #[test]
    fn paths_lead_through_lists() {
        assert_eq!(
            run("a: [{n: x, v: 1}, {n: y, v: 1}]", "a.[n=y].v", None),
            "1 a:\n- \"n\": x\n  v: 1\n- \"n\": \"y\"\n  v: z\n"
        );
        assert_eq!(run("a: [1, 2]", "a.*", None), "2 a:\n- z\n- z\n");
        assert_eq!(run("a: [1]", "a.0", None), "1 a:\n- z\n");
        assert_eq!(
            run("a: [1]", "a.1", None),
            "index 1 is out of range, the list has 1 elements"
        );
        assert_eq!(run("a: 1", "b.c", None), "0 a: 1\n");
        assert_eq!(run("a: [1]", "a.b", None), "`b`: found a list, wanted a mapping");
    }

    #[test]
    fn missing_fields_are_created_on_request() {
        assert_eq!(
            run("a: 1", "b.[n=x].v", Some(Leaf::Scalar)),
            "1 a: 1\nb:\n- \"n\": x\n  v: z\n"
        );
        assert_eq!(run("a: [1]", "a.1", Some(Leaf::Scalar)), "1 a:\n- 1\n- z\n");
    }
}
