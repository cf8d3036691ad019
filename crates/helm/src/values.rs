//! The values that a HelmRelease gives its chart, merged as helm-controller does.
//!
//! Source: `ChartValuesFromReferences` and `MergeMaps` of fluxcd/pkg's `chartutil`. Each node keeps the place where it
//! is written: inline values their own line, those of a ConfigMap or Secret the entry of its data.

mod coalesce;
mod dependencies;
mod set;
mod shared;

use diag::Span;
use model::object;
use model::yaml::{Node, base64_decode};

pub use coalesce::{Coalesced, Helm, coalesce};
use shared::{Budget, Map, Shared, TooMuch};

use crate::chart::text;

/// What a HelmRelease gives its chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The values: a mapping whose keys are sorted at every level.
    pub values: Node,
    /// What makes helm-controller refuse the HelmRelease; what is refused is left out of `values`.
    pub problems: Vec<ValuesProblem>,
    /// Why `values` may not be all of them, one reason for each reference that cannot be read here.
    pub unknown: Vec<String>,
}

/// Something wrong with values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuesProblem {
    /// Where; nowhere when only the chart's own values take part in it.
    pub span: Span,
    /// One line, lower case, no full stop.
    pub message: String,
}

impl ValuesProblem {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: text::printable(&message.into()),
        }
    }

    fn too_much(span: Span) -> Self {
        Self::new(span, "the values repeat themselves beyond what can be looked at")
    }
}

/// Merges `spec.valuesFrom` and `spec.values` of a HelmRelease. `lookup` finds a ConfigMap or Secret by kind, namespace
/// and name among what is applied beside it.
pub fn values<'a>(release: &Node, lookup: &dyn Fn(&str, &str, &str) -> Option<&'a Node>) -> Merged {
    let mut merge = Merge {
        release,
        lookup,
        budget: Budget::new(),
        problems: Vec::new(),
        unknown: Vec::new(),
    };
    let values = merge.run().unwrap_or_else(|TooMuch| {
        merge.problems.push(ValuesProblem::too_much(release.span));
        Node::map(release.span)
    });
    Merged {
        values,
        problems: merge.problems,
        unknown: merge.unknown,
    }
}

struct Merge<'r, 'l, 'a> {
    release: &'r Node,
    lookup: &'l dyn Fn(&str, &str, &str) -> Option<&'a Node>,
    budget: Budget,
    problems: Vec<ValuesProblem>,
    unknown: Vec<String>,
}

/// The content that a reference stands for, and the place of its entry.
struct Content {
    text: String,
    span: Span,
    /// Such as `` `values.yaml` of ConfigMap `apps/app` ``.
    what: String,
    secret: bool,
}

impl Merge<'_, '_, '_> {
    fn run(&mut self) -> Result<Node, TooMuch> {
        let inline = match self.release.at(&["spec", "values"]) {
            Some(node) if node.as_map().is_some() => Map::from_node(node, &mut self.budget)?,
            Some(node) if !node.is_null() => {
                let message = format!(
                    "`spec.values` is of type {}, wanted a mapping",
                    node.value.type_name()
                );
                self.problems.push(ValuesProblem::new(node.span, message));
                Map::new(node.span)
            }
            _ => Map::new(self.release.span),
        };
        let mut result = Map::new(inline.span);
        let references = self.release.at(&["spec", "valuesFrom"]).and_then(Node::as_seq);
        for reference in references.unwrap_or_default() {
            let Some(content) = self.content(reference) else {
                continue;
            };
            result = match reference.str_at(&["targetPath"]).filter(|path| !path.is_empty()) {
                Some(path) => {
                    // The maps that only the inline values have are shared from here on, so that what is set below
                    // them outlasts the merge at the end.
                    let result = merge_maps(&result, &inline, &mut self.budget)?;
                    self.set(&result, reference, path, &content);
                    result
                }
                None => match text::mapping(&content.text) {
                    Ok(mut node) => {
                        place(&mut node, content.span);
                        let values = Map::from_node(&node, &mut self.budget)?;
                        merge_maps(&result, &values, &mut self.budget)?
                    }
                    Err(error) => {
                        // The reader's words may hold some of the text, which may be a Secret's.
                        let message = if content.secret {
                            "is no mapping in YAML"
                        } else {
                            &error.message
                        };
                        let message = format!("{}, line {}: {message}", content.what, error.line);
                        self.problems.push(ValuesProblem::new(content.span, message));
                        continue;
                    }
                },
            };
        }
        let result = merge_maps(&result, &inline, &mut self.budget)?;
        Shared::Map(result).to_node(&mut self.budget)
    }

    fn set(&mut self, result: &Map, reference: &Node, path: &str, content: &Content) {
        let literal = reference.get("literal").and_then(Node::as_bool).unwrap_or(false);
        let value = content.text.as_str();
        if let Err(message) = set::at_path(result, path, value, literal, content.span) {
            let span = reference
                .get("targetPath")
                .map_or(reference.span, |node| node.span);
            // The value may be a Secret's: it is not told.
            let message = format!("{} cannot be set at `{path}`: {message}", content.what);
            self.problems.push(ValuesProblem::new(span, message));
        }
    }

    /// What a reference stands for; without it, the reason is told and the reference is passed over.
    fn content(&mut self, reference: &Node) -> Option<Content> {
        let field = |key: &str| reference.str_at(&[key]).unwrap_or_default();
        let place = |key: &str| reference.get(key).map_or(reference.span, |node| node.span);
        let (kind, name) = (field("kind"), field("name"));
        let key = Some(field("valuesKey"))
            .filter(|key| !key.is_empty())
            .unwrap_or("values.yaml");
        let optional = reference.get("optional").and_then(Node::as_bool).unwrap_or(false);
        if kind != "ConfigMap" && kind != "Secret" {
            let message = format!("values come from a ConfigMap or a Secret, not from a `{kind}`");
            self.problems.push(ValuesProblem::new(place("kind"), message));
            return None;
        }
        let namespace = object::namespace(self.release);
        let full = format!("{kind} `{namespace}/{name}`");
        let Some(holder) = (self.lookup)(kind, namespace, name) else {
            self.unknown.push(format!(
                "{full}, which holds some of the values, is not applied here"
            ));
            return None;
        };
        if holder.get("sops").is_some() {
            self.unknown
                .push(format!("{full}, which holds some of the values, is encrypted"));
            return None;
        }
        let entry = ["stringData", "data"]
            .iter()
            .filter(|field| kind == "Secret" || **field == "data")
            .find_map(|field| Some((*field, holder.get(field)?.get(key)?)));
        let what = format!("`{key}` of {full}");
        let Some((field, node)) = entry else {
            if !optional {
                let message = format!("{full} has no key `{key}`");
                let at = if reference.get("valuesKey").is_some() {
                    "valuesKey"
                } else {
                    "name"
                };
                self.problems.push(ValuesProblem::new(place(at), message));
            }
            return None;
        };
        let text = match node.as_str() {
            Some(text) if kind == "Secret" && field == "data" => decode(text),
            other => other.map(str::to_owned),
        };
        if text.is_none() {
            let wanted = if field == "data" && kind == "Secret" {
                "base64"
            } else {
                "a string"
            };
            self.problems
                .push(ValuesProblem::new(node.span, format!("{what} is not {wanted}")));
        }
        Some(Content {
            text: text?,
            span: node.span,
            what,
            secret: kind == "Secret",
        })
    }
}

fn decode(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    Some(String::from_utf8_lossy(&base64_decode(&clean)?).into_owned())
}

/// Lets every node point at the entry that holds the text.
fn place(node: &mut Node, span: Span) {
    node.span = span;
    if let Some(items) = node.as_seq_mut() {
        for item in items {
            place(item, span);
        }
    } else if let Some(map) = node.as_map_mut() {
        for entry in map.entries_mut() {
            entry.key_span = span;
            place(&mut entry.value, span);
        }
    }
}

/// Mappings merge, anything else of `b` replaces what `a` has. What only one of them has is shared with it, not copied.
fn merge_maps(a: &Map, b: &Map, budget: &mut Budget) -> Result<Map, TooMuch> {
    let out = Map::new(b.span);
    for (key, span, value) in a.entries() {
        budget.take(1)?;
        out.set(key, span, value);
    }
    for (key, span, value) in b.entries() {
        budget.take(1)?;
        let value = match (out.get(&key), value) {
            (Some(Shared::Map(old)), Shared::Map(new)) => Shared::Map(merge_maps(&old, &new, budget)?),
            (_, value) => value,
        };
        out.set(key, span, value);
    }
    Ok(out)
}
