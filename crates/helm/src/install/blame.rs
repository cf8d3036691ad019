//! Which value of a HelmRelease makes a rendered field what it is: told by rendering without it.

use diag::{ObjectRef, Span};
use flux::BuiltObject;
use model::object;
use model::yaml::{FieldPath, Node, Value};

use super::{ClusterInstall, Outcome, Renderer};

/// How many values are tried for one field.
const MAX_TRIES: usize = 12;

/// The value that causes a rendered field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// Its path below the values, `podDisruptionBudget.enabled`.
    pub path: String,
    /// Where it is written.
    pub span: Span,
}

/// One step of a field path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A value that may be the cause; lower ranks are likelier.
struct Candidate<'v> {
    rank: u8,
    path: Vec<&'v str>,
    span: Span,
    node: &'v Node,
}

impl Renderer<'_> {
    /// The value that causes a field (`spec.enabled`, `spec.ports[0].port`) of an installed object: without it, the field is
    /// another one or gone. None where no likely value does.
    pub fn culprit(&self, cluster: &ClusterInstall<'_>, of: &ObjectRef, path: &str) -> Option<Culprit> {
        let is_wanted = |object: &BuiltObject| object::reference(&object.node) == *of;
        let mut releases = cluster.releases.iter();
        let install = releases.find(|install| install.objects().iter().any(is_wanted))?;
        let steps = steps(path)?;
        let node = field(install.objects().iter().map(|object| &object.node), of, &steps)?;
        let mut candidates = candidates(&install.values.values, node, &steps);
        candidates.sort_by(|a, b| (a.rank, b.path.len()).cmp(&(b.rank, a.path.len())));
        candidates.truncate(MAX_TRIES);
        let found = candidates.into_iter().find(|candidate| {
            let mut values = install.values.values.clone();
            remove(&mut values, &candidate.path);
            match self.render(install, &values, None) {
                Outcome::Installed(objects) => {
                    let after = field(objects.iter().map(|object| &object.node), of, &steps);
                    after.is_none_or(|after| !after.same_data(node))
                }
                Outcome::Failed(_) | Outcome::Deferred(_) => false,
            }
        })?;
        Some(Culprit {
            path: found.path.join("."),
            span: inside(found.node, node, &steps).unwrap_or(found.span),
        })
    }
}

fn field<'n>(
    mut objects: impl Iterator<Item = &'n Node>,
    of: &ObjectRef,
    steps: &[Step],
) -> Option<&'n Node> {
    let root = objects.find(|node| object::reference(node) == *of)?;
    steps.iter().try_fold(root, |node, step| match step {
        Step::Key(key) => node.get(key),
        Step::Index(index) => node.as_seq()?.get(*index),
    })
}

/// Reads a path as `model::yaml::FieldPath` shows it.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            if after.starts_with('"') {
                let mut values = serde_json::Deserializer::from_str(after).into_iter::<String>();
                let key = values.next()?.ok()?;
                rest = after.get(values.byte_offset()..)?.strip_prefix(']')?;
                steps.push(Step::Key(key));
            } else {
                let (index, after) = after.split_once(']')?;
                steps.push(Step::Index(index.parse().ok()?));
                rest = after;
            }
            continue;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at_checked(end)?;
        if key.is_empty() {
            return None;
        }
        steps.push(Step::Key(key.to_owned()));
        rest = after;
    }
    Some(steps)
}

/// The place inside a value that holds the rendered field: the same data below the same key.
fn inside(value: &Node, wanted: &Node, steps: &[Step]) -> Option<Span> {
    let Some(Step::Key(last)) = steps.last() else {
        return None;
    };
    let mut found = None;
    value.walk(&mut |path, node| {
        let same_key = matches!(path, FieldPath::Key(_, key) if key == last);
        if same_key && found.is_none() && node.same_data(wanted) && !node.span.is_none() {
            found = Some(node.span);
        }
    });
    found
}

fn candidates<'v>(values: &'v Node, wanted: &Node, steps: &[Step]) -> Vec<Candidate<'v>> {
    let keys: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    collect(values, &mut Vec::new(), &mut |path, span, node| {
        let Some(last) = path.last() else { return };
        let same_key = keys.last() == Some(last);
        let same_value = node.same_data(wanted);
        let is_telling = !matches!(node.value, Value::Bool(_) | Value::Null);
        let rank = match (same_key, same_value) {
            (true, true) => 0,
            (false, true) if is_telling => 1,
            (true, false) => 2,
            _ if keys.contains(last) => 3,
            // A switch such as `enabled` makes whole objects.
            _ if matches!(node.value, Value::Bool(_)) => 4,
            _ => return,
        };
        found.push(Candidate {
            rank,
            path: path.to_vec(),
            span,
            node,
        });
    });
    found
}

fn collect<'v>(node: &'v Node, path: &mut Vec<&'v str>, visit: &mut dyn FnMut(&[&'v str], Span, &'v Node)) {
    let Some(map) = node.as_map() else { return };
    for entry in map.entries() {
        path.push(&entry.key);
        // A value that an alias or a Secret brought points nowhere: its key does.
        let span = entry.value.span.or(entry.key_span);
        if !span.is_none() {
            visit(path, span, &entry.value);
        }
        collect(&entry.value, path, visit);
        path.pop();
    }
}

fn remove(values: &mut Node, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let parent = parents
        .iter()
        .try_fold(values, |node, key| node.as_map_mut()?.get_mut(key));
    if let Some(map) = parent.and_then(Node::as_map_mut) {
        map.remove(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_as_findings_show_them() {
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(
            steps("spec.ports[0].port"),
            Some(vec![key("spec"), key("ports"), Step::Index(0), key("port")])
        );
        assert_eq!(
            steps("metadata.labels[\"a.b/c\"]"),
            Some(vec![key("metadata"), key("labels"), key("a.b/c")])
        );
        assert_eq!(steps("spec..x"), None);
        assert_eq!(steps("spec[x]"), None);
        assert_eq!(steps(""), Some(Vec::new()));
    }
}
