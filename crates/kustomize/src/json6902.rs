//! JSON patches, as json-patch v4 applies them.
//!
//! Its habits differ from RFC 6902: `replace` of a missing key of a mapping adds it, negative indexes count from the
//! end. The result of hostile patches is bounded in depth and size.

use diag::Span;
use model::yaml::{Node, Value};

use crate::problem::Problem;
use crate::scalar;

/// The deepest and largest that operations may make an object.
const MAX_DEPTH: usize = 400;
const MAX_NODES: usize = 500_000;

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    op: String,
    path: Option<String>,
    from: Option<String>,
    pub(crate) value: Option<Node>,
    /// Where it is written.
    pub(crate) span: Span,
}

/// What an operation cannot do.
type Refusal = String;

impl Operation {
    /// Reads one element of a patch. Unknown keys are dropped.
    pub(crate) fn read(node: &Node) -> Result<Self, Problem> {
        let Some(map) = node.as_map() else {
            return Err(Problem::error(
                node.span,
                format!(
                    "an operation of a JSON patch is {}, wanted a mapping",
                    scalar::type_word(node)
                ),
            ));
        };
        let text = |key: &str| map.get(key).and_then(Node::as_str).map(str::to_owned);
        let first = map
            .get("op")
            .or(map.get("path"))
            .map_or(node.span, |node| node.span);
        Ok(Self {
            op: text("op").unwrap_or_default(),
            path: text("path"),
            from: text("from"),
            value: map.get("value").cloned(),
            span: first,
        })
    }

    fn value(&self) -> Node {
        self.value.clone().unwrap_or(Node::new(Value::Null, self.span))
    }
}

/// Applies operations in order; the error names the one that cannot be applied.
pub(crate) fn apply(object: &mut Node, operations: &[Operation]) -> Result<(), Problem> {
    let mut budget = MAX_NODES;
    for operation in operations {
        step(object, operation, &mut budget).map_err(|refusal| {
            let path = operation.path.as_deref().unwrap_or_default();
            let op = if operation.op.is_empty() {
                "operation"
            } else {
                &operation.op
            };
            Problem::error(operation.span, format!("{op} of `{path}`: {refusal}"))
        })?;
    }
    Ok(())
}

fn step(object: &mut Node, operation: &Operation, budget: &mut usize) -> Result<(), Refusal> {
    let path = operation.path.as_deref().ok_or("the operation has no path")?;
    match &*operation.op {
        "add" => add(object, path, operation.value(), budget),
        "remove" => remove(object, path).map(drop),
        "replace" => replace(object, path, operation.value(), budget),
        "move" => {
            let from = operation.from.as_deref().ok_or("the operation has no `from`")?;
            let value = remove(object, from)?;
            add(object, path, value, budget)
        }
        "copy" => {
            let from = operation.from.as_deref().ok_or("the operation has no `from`")?;
            let (parent, key) = parent(object, from)?;
            // A missing key of a mapping is copied as null.
            let value = child(parent, &key)?.cloned();
            let value = value.unwrap_or(Node::new(Value::Null, operation.span));
            add(object, path, value, budget)
        }
        "test" => {
            let (parent, key) = parent(object, path)?;
            let found = child(parent, &key)?;
            let wanted = operation.value();
            let same = match found {
                Some(found) => found.same_data(&wanted),
                None => wanted.is_null(),
            };
            if same {
                Ok(())
            } else {
                Err("the value is another one".to_owned())
            }
        }
        other => Err(format!("unknown operation `{other}`")),
    }
}

/// The parts of a path, without its leading slash.
fn parts(path: &str) -> Result<Vec<String>, Refusal> {
    let parts: Vec<String> = path
        .split('/')
        .skip(1)
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    if parts.is_empty() {
        Err("the path names no field".to_owned())
    } else {
        Ok(parts)
    }
}

/// The mapping or list that holds the last part of a path, and that part.
fn parent<'n>(object: &'n mut Node, path: &str) -> Result<(&'n mut Node, String), Refusal> {
    let mut parts = parts(path)?;
    let last = parts.pop().unwrap_or_default();
    let mut node = object;
    for part in parts {
        let missing = || format!("`{part}` does not exist");
        node = match &mut node.value {
            Value::Map(map) => map.get_mut(&part).ok_or_else(missing)?,
            Value::Seq(items) => {
                let at = index(&part, items.len())?;
                items.get_mut(at).ok_or_else(missing)?
            }
            _ => return Err(missing()),
        };
    }
    if matches!(node.value, Value::Map(_) | Value::Seq(_)) {
        Ok((node, last))
    } else {
        Err("its parent is no mapping and no list".to_owned())
    }
}

/// One of `len` places of a list; negative ones count from the end.
fn index(part: &str, len: usize) -> Result<usize, Refusal> {
    let number: i64 = part
        .parse()
        .map_err(|_no_number| format!("`{part}` is no index of a list"))?;
    let from_end = || {
        usize::try_from(number.unsigned_abs())
            .ok()
            .and_then(|back| len.checked_sub(back))
    };
    let at = usize::try_from(number)
        .ok()
        .or_else(from_end)
        .filter(|at| *at < len);
    at.ok_or_else(|| format!("index {number} is out of range"))
}

fn child<'n>(parent: &'n Node, key: &str) -> Result<Option<&'n Node>, Refusal> {
    match &parent.value {
        Value::Map(map) => Ok(map.get(key)),
        Value::Seq(items) => Ok(items.get(index(key, items.len())?)),
        _ => Ok(None),
    }
}

fn check_size(path: &str, value: &Node, budget: &mut usize) -> Result<(), Refusal> {
    let mut nodes = 0;
    if path.matches('/').count() + measure(value, &mut nodes) > MAX_DEPTH {
        return Err(format!("the object would be deeper than {MAX_DEPTH} levels"));
    }
    *budget = budget
        .checked_sub(nodes)
        .ok_or("the operations make too large an object")?;
    Ok(())
}

/// The depth of a tree; adds up its nodes.
fn measure(node: &Node, nodes: &mut usize) -> usize {
    *nodes += 1;
    let deepest = match &node.value {
        Value::Seq(items) => items.iter().map(|item| measure(item, nodes)).max(),
        Value::Map(map) => map
            .entries()
            .iter()
            .map(|entry| measure(&entry.value, nodes))
            .max(),
        _ => None,
    };
    1 + deepest.unwrap_or(0)
}

fn add(object: &mut Node, path: &str, value: Node, budget: &mut usize) -> Result<(), Refusal> {
    check_size(path, &value, budget)?;
    let (parent, key) = parent(object, path)?;
    match &mut parent.value {
        Value::Seq(items) if key == "-" => items.push(value),
        Value::Seq(items) => {
            let at = index(&key, items.len() + 1)?;
            items.insert(at, value);
        }
        Value::Map(map) => put(map, key, value),
        _ => {}
    }
    Ok(())
}

fn put(map: &mut model::yaml::Map, key: String, value: Node) {
    if let Some(old) = map.get_mut(&key) {
        *old = value;
    } else {
        let span = value.span;
        map.set(key, span, value);
    }
}

fn remove(object: &mut Node, path: &str) -> Result<Node, Refusal> {
    let (parent, key) = parent(object, path)?;
    match &mut parent.value {
        Value::Seq(items) => {
            let at = index(&key, items.len())?;
            Ok(items.remove(at))
        }
        Value::Map(map) => map
            .remove(&key)
            .map(|entry| entry.value)
            .ok_or_else(|| format!("`{key}` does not exist")),
        _ => Err(format!("`{key}` does not exist")),
    }
}

fn replace(object: &mut Node, path: &str, value: Node, budget: &mut usize) -> Result<(), Refusal> {
    check_size(path, &value, budget)?;
    let (parent, key) = parent(object, path)?;
    match &mut parent.value {
        Value::Seq(items) => {
            let at = index(&key, items.len())?;
            if let Some(old) = items.get_mut(at) {
                *old = value;
            }
        }
        Value::Map(map) => put(map, key, value),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::SourceId;
    use model::yaml::{Dialect, Style, emit, parse};

    fn run(object: &str, patch: &str) -> String {
        let mut object = parse(SourceId::NONE, object, Dialect::Kustomize)
            .documents
            .remove(0);
        let patch = parse(SourceId::NONE, patch, Dialect::Sigs).documents.remove(0);
        let operations: Vec<_> = patch
            .as_seq()
            .unwrap()
            .iter()
            .map(|op| Operation::read(op).unwrap())
            .collect();
        match apply(&mut object, &operations) {
            Ok(()) => emit(&object, Style::Kustomize),
            Err(problem) => problem.message,
        }
    }

    #[test]
    fn operations_act_as_in_json_patch() {
        assert_eq!(
            run("a: [1, 2]", "[{op: add, path: /a/-, value: 3}]"),
            "a:\n- 1\n- 2\n- 3\n"
        );
        assert_eq!(
            run("a: [1, 2]", "[{op: add, path: /a/0, value: 3}]"),
            "a:\n- 3\n- 1\n- 2\n"
        );
        assert_eq!(
            run("a: [1, 2]", "[{op: replace, path: /a/-1, value: 3}]"),
            "a:\n- 1\n- 3\n"
        );
        assert_eq!(run("a: 1", "[{op: replace, path: /b, value: 3}]"), "a: 1\nb: 3\n");
        assert_eq!(run("a: {x/y: 1}", "[{op: remove, path: /a/x~1y}]"), "a: {}\n");
        assert_eq!(
            run(
                "a: 1",
                "[{op: move, from: /a, path: /b}, {op: copy, from: /b, path: /c}]"
            ),
            "b: 1\nc: 1\n"
        );
        assert_eq!(run("a: 1", "[{op: test, path: /a, value: 1}]"), "a: 1\n");
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        assert_eq!(
            run("a: 1", "[{op: remove, path: /b}]"),
            "remove of `/b`: `b` does not exist"
        );
        assert_eq!(
            run("a: 1", "[{op: add, path: /b/c, value: 1}]"),
            "add of `/b/c`: `b` does not exist"
        );
        assert_eq!(
            run("a: 1", "[{op: test, path: /a, value: 2}]"),
            "test of `/a`: the value is another one"
        );
        assert_eq!(
            run("a: [1]", "[{op: add, path: /a/3, value: 1}]"),
            "add of `/a/3`: index 3 is out of range"
        );
        assert_eq!(
            run("a: 1", "[{op: frob, path: /a}]"),
            "frob of `/a`: unknown operation `frob`"
        );
    }

    #[test]
    fn doubling_an_object_over_and_over_is_refused() {
        let copies: Vec<_> = (0..60)
            .map(|i| format!("{{op: copy, from: /a, path: /a/k{i}}}"))
            .collect();
        assert!(run("a: {b: 1}", &format!("[{}]", copies.join(", "))).contains("too large"));
    }
}
