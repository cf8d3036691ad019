//! Values: bounds, patterns, enums, formats, lists without repetition, and alternatives.

use std::collections::HashSet;

use model::yaml::{FieldPath, Map, Node, Value};

use super::{Place, Walk, quoted, shortened, shown};
use crate::compile::number;
use crate::document::Document;
use crate::schema::{Bound, Checks, Schema, Type, Unique};
use crate::violation::ViolationKind;
use model::nearest;

impl Walk<'_> {
    pub(super) fn checks(
        &mut self,
        document: &Document,
        schema: &Schema,
        checks: &Checks,
        node: &Node,
        place: Place<'_>,
    ) {
        match &node.value {
            Value::Str(text) => self.string(checks, text, node, place),
            Value::Int(_) | Value::Float(_) => self.numeric(checks, node, place),
            Value::Seq(items) => {
                self.count(items.len(), checks.items, "element", node, place);
                self.unique(&checks.unique, items, place);
            }
            Value::Map(map) => self.count(map.len(), checks.properties, "field", node, place),
            Value::Null | Value::Bool(_) => {}
        }
        if let Some(format) = checks.format {
            match format.holds(&node.value) {
                Some(true) => {}
                Some(false) => self.report(node.span, place, || {
                    let message = format!(
                        "{}is{}, wanted {}",
                        quoted(place.path),
                        shown(node),
                        format.name()
                    );
                    let help = match format.example() {
                        "" => String::new(),
                        example => format!("for example {example}"),
                    };
                    (
                        ViolationKind::Format {
                            format: format.name(),
                        },
                        message,
                        help,
                    )
                }),
                None => self.leave_unchecked(|| format!("{}: format `{}`", place.path, format.name())),
            }
        }
        self.enumeration(&checks.allowed, node, place);
        self.alternatives(document, schema, checks, node, place);
    }

    fn string(&mut self, checks: &Checks, text: &str, node: &Node, place: Place<'_>) {
        if checks.length != (None, None) {
            self.count(text.chars().count(), checks.length, "character", node, place);
        }
        let Some(pattern) = &checks.pattern else {
            return;
        };
        match pattern.is_match(text) {
            Some(true) => {}
            Some(false) => self.report(node.span, place, || {
                let (field, value) = (quoted(place.path), shortened(text));
                let message = format!("{field}is `{value}`, wanted a match of `{}`", pattern.text);
                (
                    ViolationKind::Pattern {
                        pattern: pattern.text.to_string(),
                    },
                    message,
                    String::new(),
                )
            }),
            None => {
                self.leave_unchecked(|| format!("{}: pattern `{}`", place.path, shortened(&pattern.text)));
            }
        }
    }

    fn numeric(&mut self, checks: &Checks, node: &Node, place: Place<'_>) {
        let Some(value) = number(node) else {
            return;
        };
        let mut outside = |words: String| {
            self.report(node.span, place, || {
                let message = format!("{}is{}, wanted {words}", quoted(place.path), shown(node));
                (ViolationKind::OutOfBounds, message, String::new())
            });
        };
        if let Some(Bound {
            value: least,
            exclusive,
        }) = checks.minimum
            && (value < least || (exclusive && value <= least))
        {
            outside(format!(
                "{} {least}",
                if exclusive { "more than" } else { "at least" }
            ));
        }
        if let Some(Bound {
            value: most,
            exclusive,
        }) = checks.maximum
            && (value > most || (exclusive && value >= most))
        {
            outside(format!(
                "{} {most}",
                if exclusive { "less than" } else { "at most" }
            ));
        }
        if let Some(by) = checks.multiple_of
            && (value / by).fract() != 0.0
        {
            outside(format!("a multiple of {by}"));
        }
    }

    fn count(
        &mut self,
        found: usize,
        (least, most): (Option<u64>, Option<u64>),
        what: &str,
        node: &Node,
        place: Place<'_>,
    ) {
        let mut wrong = |words: &str, limit: u64| {
            self.report(node.span, place, || {
                let field = quoted(place.path);
                let plural = |count: u64| if count == 1 { "" } else { "s" };
                let has = format!("{found} {what}{}", plural(found as u64));
                let message = format!("{field}has {has}, wanted {words} {limit}");
                (ViolationKind::OutOfBounds, message, String::new())
            });
        };
        if let Some(least) = least.filter(|least| (found as u64) < *least) {
            wrong("at least", least);
        }
        if let Some(most) = most.filter(|most| (found as u64) > *most) {
            wrong("at most", most);
        }
    }

    fn enumeration(&mut self, allowed: &[Node], node: &Node, place: Place<'_>) {
        if allowed.is_empty() || allowed.iter().any(|value| value.same_data(node)) {
            return;
        }
        let wanted: Vec<String> = allowed.iter().filter_map(Node::scalar_text).collect();
        self.not_in_enum(&wanted, node, place);
    }

    /// Notes a value that is none of those wanted.
    pub(crate) fn not_in_enum<S: AsRef<str>>(&mut self, wanted: &[S], node: &Node, place: Place<'_>) {
        self.report(node.span, place, || {
            let near = node
                .as_str()
                .and_then(|text| nearest(text, wanted.iter().map(AsRef::as_ref)));
            let list: Vec<String> = wanted
                .iter()
                .map(|value| format!("`{}`", value.as_ref()))
                .collect();
            let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            let message = format!(
                "{}is{}, wanted one of {}{hint}",
                quoted(place.path),
                shown(node),
                list.join(", ")
            );
            let help = near.map(|near| format!("write `{near}`")).unwrap_or_default();
            let near = near.map(ToOwned::to_owned);
            let wanted = wanted.iter().map(|value| value.as_ref().to_owned()).collect();
            (
                ViolationKind::NotInEnum {
                    wanted,
                    nearest: near,
                },
                message,
                help,
            )
        });
    }

    fn unique(&mut self, unique: &Unique, items: &[Node], place: Place<'_>) {
        if *unique == Unique::Free || items.len() < 2 {
            return;
        }
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let key = match unique {
                Unique::Map(keys) => {
                    let values = keys
                        .iter()
                        .map(|key| (&**key, item.get(key).map_or(String::new(), canonical)));
                    format!("{:?}", values.collect::<Vec<_>>())
                }
                _ => canonical(item),
            };
            if seen.insert(key) {
                continue;
            }
            let path = FieldPath::Index(place.path, index);
            let below = Place {
                path: &path,
                anchor: item.span.or(place.anchor),
            };
            self.report(item.span, below, || {
                let words = match unique {
                    Unique::Map(keys) => {
                        let values: Vec<String> = keys
                            .iter()
                            .filter_map(|key| Some(format!("{key} `{}`", item.get(key)?.scalar_text()?)))
                            .collect();
                        format!("an earlier element has the same {}", values.join(", "))
                    }
                    _ => format!("the element{} stands here twice", shown(item)),
                };
                (
                    ViolationKind::Duplicate,
                    format!("{}repeats: {words}", quoted(below.path)),
                    String::new(),
                )
            });
        }
    }

    fn alternatives(
        &mut self,
        document: &Document,
        base: &Schema,
        checks: &Checks,
        node: &Node,
        place: Place<'_>,
    ) {
        for part in &checks.all_of {
            self.alternative(document, part, Some(base), node, place);
        }
        if !checks.any_of.is_empty() {
            let some = checks
                .any_of
                .iter()
                .any(|part| self.holds(|trial| trial.alternative(document, part, Some(base), node, place)));
            if !some {
                self.no_alternative(&checks.any_of, 0, node, place);
            }
        }
        if !checks.one_of.is_empty() {
            let mut held = 0;
            for part in &checks.one_of {
                held += usize::from(
                    self.holds(|trial| trial.alternative(document, part, Some(base), node, place)),
                );
            }
            if held != 1 {
                self.no_alternative(&checks.one_of, held, node, place);
            }
        }
        if let Some(not) = &checks.not
            && self.holds(|trial| trial.alternative(document, not, Some(base), node, place))
        {
            self.report(place.anchor, place, || {
                let fields = names(std::slice::from_ref(not));
                let message = if fields.is_empty() {
                    format!("{}has a value that is not allowed", quoted(place.path))
                } else {
                    format!("{}must not set {}", quoted(place.path), fields.join(" and "))
                };
                (ViolationKind::Alternatives, message, String::new())
            });
        }
    }

    fn no_alternative(&mut self, parts: &[Schema], held: usize, node: &Node, place: Place<'_>) {
        self.report(node.span, place, || {
            let fields = names(parts);
            let field = quoted(place.path);
            let message = match (fields.is_empty(), held) {
                (true, 0) => format!("{field}fits none of the {} alternatives", parts.len()),
                (true, _) => format!("{field}fits {held} of the alternatives, wanted exactly one"),
                (false, 0) => format!("{field}sets none of {}", fields.join(", ")),
                (false, _) => format!("{field}sets more than one of {}", fields.join(", ")),
            };
            (ViolationKind::Alternatives, message, String::new())
        });
    }

    /// A part of allOf, anyOf, oneOf or not: it says something of values and nothing of unknown fields. `base` is the
    /// structural schema of the same node, which knows the defaults.
    pub(super) fn alternative(
        &mut self,
        document: &Document,
        part: &Schema,
        base: Option<&Schema>,
        node: &Node,
        place: Place<'_>,
    ) {
        if part.kind != Type::Any && !super::structure::has_type(part.kind, &node.value) {
            return self.wrong_type(node, place, part.kind.name());
        }
        match &node.value {
            Value::Map(map) => self.part_of_mapping(document, part, base, map, place),
            Value::Seq(items) => {
                if let Some((schema, _)) = part.items.as_ref().and_then(|items| document.follow(items)) {
                    let below = base
                        .and_then(|base| document.follow(base.items.as_ref()?))
                        .map(|(schema, _)| schema);
                    for (index, item) in items.iter().enumerate() {
                        let path = FieldPath::Index(place.path, index);
                        let place = Place {
                            path: &path,
                            anchor: item.span.or(place.anchor),
                        };
                        self.alternative(document, schema, below, item, place);
                    }
                }
            }
            _ => {}
        }
        if let Some(checks) = &part.checks {
            self.checks(document, base.unwrap_or(part), checks, node, place);
        }
    }

    fn part_of_mapping(
        &mut self,
        document: &Document,
        part: &Schema,
        base: Option<&Schema>,
        map: &Map,
        place: Place<'_>,
    ) {
        for name in &part.required {
            if !Self::is_present(document, base, map, name) {
                self.missing(name, place);
            }
        }
        for field in &part.fields {
            let known = base.and_then(|base| base.field(&field.name));
            let known = known
                .and_then(|field| document.follow(&field.schema))
                .map(|(schema, _)| schema);
            let written = map.entry(&field.name).filter(|entry| !entry.value.is_null());
            let default = known.and_then(|schema| schema.default.as_ref());
            let Some(value) = written.map(|entry| &entry.value).or(default) else {
                continue;
            };
            let path = FieldPath::Key(place.path, &field.name);
            let anchor = written.map_or(place.anchor, |entry| entry.key_span.or(place.anchor));
            if let Some((schema, _)) = document.follow(&field.schema) {
                self.alternative(document, schema, known, value, Place { path: &path, anchor });
            }
        }
    }
}

/// The fields that alternatives demand, each once, in backticks.
fn names(parts: &[Schema]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in parts.iter().flat_map(|part| &part.required) {
        let name = format!("`{name}`");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A text that two values share exactly when they are the same data.
fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Seq(items) => format!("{:?}", items.iter().map(canonical).collect::<Vec<_>>()),
        Value::Map(map) => {
            let mut fields: Vec<(&str, String)> = map
                .entries()
                .iter()
                .map(|entry| (&*entry.key, canonical(&entry.value)))
                .collect();
            fields.sort();
            format!("{fields:?}")
        }
        Value::Str(text) => format!("{text:?}"),
        _ => node.scalar_text().unwrap_or_default(),
    }
}
