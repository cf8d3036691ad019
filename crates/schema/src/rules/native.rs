//! Values of built-in kinds: applies the rules of single fields, and knows which rules look at several fields at once.

use std::collections::HashSet;

use diag::Span;
use model::yaml::{FieldPath, Map, Node, Value};

use super::fields::{self, FieldRule, Rules};
use super::names::Text;
use super::quantity;
use super::{access, network, pods, storage, workloads};
use crate::validate::{Place, Walk, quoted, shown};
use crate::violation::ViolationKind;

/// The name of a definition as the rules use it.
fn short(definition: &str) -> &str {
    let name = definition.strip_prefix("io.k8s.").unwrap_or(definition);
    name.strip_prefix("api.").unwrap_or(name)
}

/// The fields with rules of a definition of the Kubernetes bundle.
pub(crate) fn field_rules(definition: &str) -> Rules {
    fields::of_definition(short(definition))
}

/// Makes the required fields of a definition those that the API server really demands.
pub(crate) fn adjust_required(definition: &str, required: &mut Vec<Box<str>>) {
    let definition = short(definition);
    required.retain(|field| !fields::is_optional(definition, field));
    required.extend(fields::needed(definition).iter().map(|field| Box::from(*field)));
}

/// The rules of a definition that look at several of its fields.
pub(crate) fn definition(walk: &mut Walk<'_>, id: &str, node: &Node, place: Place<'_>) {
    let id = short(id);
    if let Some(rest) = id.strip_prefix("core.v1.") {
        pods::definition(walk, rest, node, place);
        storage::definition(walk, rest, node, place);
        network::core(walk, rest, node, place);
        return;
    }
    if let Some(rest) = id.strip_prefix("networking.v1.") {
        return network::definition(walk, rest, node, place);
    }
    if id == "apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement" {
        return workloads::selector_requirement(walk, node, place);
    }
    match id.split_once('.') {
        Some(("apps" | "batch" | "autoscaling" | "policy", rest)) => {
            workloads::definition(walk, rest, node, place);
        }
        _ => access::definition(walk, id, node, place),
    }
}

/// The rules of a kind that look at its name and its content.
pub(crate) fn object(walk: &mut Walk<'_>, root: &Map) {
    match (&*walk.kind.gvk.group, &*walk.kind.gvk.kind) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => access::crd_name(walk, root),
        ("", "Namespace") => access::pod_security(walk, root),
        _ => {}
    }
}

impl Walk<'_> {
    /// Applies a rule of a field.
    pub(crate) fn field_rule(&mut self, rule: FieldRule, node: &Node, place: Place<'_>) {
        let text = node.as_str();
        match rule {
            FieldRule::Selector if is_of_metric(place.path) => {}
            FieldRule::Labels | FieldRule::Selector => self.labels(node, place),
            FieldRule::Annotations => self.annotations(node, place),
            FieldRule::Form(form) => {
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    self.text(form, text, node.span, place);
                }
            }
            FieldRule::EachForm(form) => self.elements(node, place, |walk, item, place| {
                walk.text(form, item.as_str().unwrap_or_default(), item.span, place);
            }),
            FieldRule::KeyForm(form) => self.keys(form, node, place),
            FieldRule::OneOf(wanted) => {
                if text.is_some_and(|text| !text.is_empty() && !wanted.contains(&text)) {
                    self.not_in_enum(wanted, node, place);
                }
            }
            FieldRule::Exactly(wanted) => {
                if text.is_some_and(|text| !wanted.contains(&text)) {
                    self.not_in_enum(wanted, node, place);
                }
            }
            FieldRule::EachOneOf(wanted) => self.elements(node, place, |walk, item, place| {
                if !wanted.contains(&item.as_str().unwrap_or_default()) {
                    walk.not_in_enum(wanted, item, place);
                }
            }),
            FieldRule::Filled => self.filled(node, place),
            FieldRule::Range(least, most) => self.range(node, i128::from(least), i128::from(most), place),
            FieldRule::Port(true) if node.as_int() == Some(0) => {}
            FieldRule::Port(_) => self.range(node, 1, 65535, place),
            FieldRule::PortOrName(true) if text == Some("") || node.as_int() == Some(0) => {}
            FieldRule::PortOrName(_) => match text {
                Some(name) => self.text(Text::PortName, name, node.span, place),
                None => self.range(node, 1, 65535, place),
            },
            FieldRule::CountOrPercent => match text {
                Some(percent) => self.text(Text::Percent, percent, node.span, place),
                None => self.range(node, 0, i128::from(i32::MAX), place),
            },
            FieldRule::UniqueBy(key) => self.unique_by(key, node, place),
            FieldRule::Quantities => self.quantities(node, place),
        }
    }

    fn filled(&mut self, node: &Node, place: Place<'_>) {
        let empty = match &node.value {
            Value::Str(text) => text.is_empty(),
            Value::Seq(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
            _ => false,
        };
        if empty {
            self.refuse(node.span, place, || {
                format!("{}is empty, wanted a value", quoted(place.path))
            });
        }
    }

    fn range(&mut self, node: &Node, least: i128, most: i128, place: Place<'_>) {
        if node.as_int().is_none_or(|value| (least..=most).contains(&value)) {
            return;
        }
        self.report(node.span, place, || {
            let wanted = if most >= i128::from(i64::MAX) {
                format!("at least {least}")
            } else {
                format!("{least} to {most}")
            };
            let message = format!("{}is{}, wanted {wanted}", quoted(place.path), shown(node));
            (ViolationKind::OutOfBounds, message, String::new())
        });
    }

    fn keys(&mut self, form: Text, node: &Node, place: Place<'_>) {
        for entry in node.as_map().map(Map::entries).unwrap_or_default() {
            let path = FieldPath::Key(place.path, &entry.key);
            let place = Place {
                path: &path,
                anchor: entry.key_span.or(place.anchor),
            };
            self.text(form, &entry.key, entry.key_span, place);
        }
    }

    fn quantities(&mut self, node: &Node, place: Place<'_>) {
        for entry in node.as_map().map(Map::entries).unwrap_or_default() {
            if quantity::of(&entry.value).is_some_and(|value| value < 0.0) {
                let path = FieldPath::Key(place.path, &entry.key);
                let place = Place {
                    path: &path,
                    anchor: entry.key_span.or(place.anchor),
                };
                self.refuse(entry.value.span, place, || {
                    format!(
                        "{}is{}, wanted at least 0",
                        quoted(place.path),
                        shown(&entry.value)
                    )
                });
            }
        }
    }

    /// Notes elements of a list that have the same value of a field.
    pub(crate) fn unique_by(&mut self, key: &str, node: &Node, place: Place<'_>) {
        let mut seen = HashSet::new();
        self.elements(node, place, |walk, item, place| {
            if let Some(value) = item.str_at(&[key]).filter(|value| !value.is_empty())
                && !seen.insert(value.to_owned())
            {
                walk.repeated(key, item, place);
            }
        });
    }

    /// Notes an element whose field has the value of an earlier one's.
    pub(crate) fn repeated(&mut self, key: &str, item: &Node, place: Place<'_>) {
        let Some(value) = item.get(key) else {
            return;
        };
        let path = FieldPath::Key(place.path, key);
        let place = Place { path: &path, ..place };
        self.report(value.span, place, || {
            let message = format!("{key}{} repeats that of an earlier element", shown(value));
            (ViolationKind::Duplicate, message, String::new())
        });
    }

    /// Notes that a rule of a built-in kind is broken.
    pub(crate) fn refuse(&mut self, span: Span, place: Place<'_>, message: impl FnOnce() -> String) {
        self.report(span, place, || (ViolationKind::Rule, message(), String::new()));
    }

    /// Calls `then` with every element of a list.
    pub(crate) fn elements(
        &mut self,
        node: &Node,
        place: Place<'_>,
        mut then: impl FnMut(&mut Self, &Node, Place<'_>),
    ) {
        for (index, item) in node.as_seq().unwrap_or_default().iter().enumerate() {
            let path = FieldPath::Index(place.path, index);
            then(
                self,
                item,
                Place {
                    path: &path,
                    anchor: item.span.or(place.anchor),
                },
            );
        }
    }

    /// Calls `then` with a field, when it is there and not null.
    pub(crate) fn below(
        &mut self,
        node: &Node,
        key: &str,
        place: Place<'_>,
        then: impl FnOnce(&mut Self, &Node, Place<'_>),
    ) {
        if let Some(entry) = node
            .as_map()
            .and_then(|map| map.entry(key))
            .filter(|entry| !entry.value.is_null())
        {
            let path = FieldPath::Key(place.path, key);
            then(
                self,
                &entry.value,
                Place {
                    path: &path,
                    anchor: entry.key_span.or(place.anchor),
                },
            );
        }
    }

    /// Calls `then` with every element of a field that is a list.
    pub(crate) fn each_below(
        &mut self,
        node: &Node,
        key: &str,
        place: Place<'_>,
        then: impl FnMut(&mut Self, &Node, Place<'_>),
    ) {
        self.below(node, key, place, |walk, list, place| {
            walk.elements(list, place, then);
        });
    }
}

/// Whether this is below the selector of a metric, which the API server hands on unread.
fn is_of_metric(path: &FieldPath<'_>) -> bool {
    let FieldPath::Key(selector, "matchLabels") = path else {
        return false;
    };
    matches!(selector, FieldPath::Key(FieldPath::Key(_, "metric"), "selector"))
}

/// The value of a field, when it is there and not null.
pub(super) fn set<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| !value.is_null())
}

/// How many of several fields are set.
pub(super) fn count_set(node: &Node, keys: &[&str]) -> usize {
    keys.iter().filter(|key| set(node, key).is_some()).count()
}
