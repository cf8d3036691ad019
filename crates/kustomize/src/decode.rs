//! Kustomization files from YAML to types, as Go's JSON decoder does it: keys match without regard to case, unknown keys
//! and wrong types are errors.

mod entries;
mod kustomization;

mod replacement;
mod transformers;

use std::sync::Arc;

use diag::Span;
use model::yaml::{Entry, Node, Value};

use crate::file::{Pair, Text};
use crate::problem::{Problem, ProblemKind};
use crate::scalar;

pub use kustomization::FIELDS;
pub(crate) use kustomization::kustomization;
pub(crate) use replacement::replacement_file;
pub(crate) use transformers::configuration_file;

/// How strictly to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Unknown fields are errors, texts must be strings.
    Strict,
    /// Unknown fields are dropped, numbers and booleans are taken for texts: how Flux reads the root file.
    Lenient,
}

/// Reads nodes into types and gathers what is wrong with them.
#[derive(Debug)]
pub(crate) struct Decoder {
    strictness: Strictness,
    pub(crate) problems: Vec<Problem>,
}

/// The known fields of one mapping.
pub(crate) struct Fields<'n> {
    found: Vec<(&'static str, &'n Entry)>,
    span: Span,
}

impl<'n> Fields<'n> {
    /// A field that is present and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&'n Entry> {
        let found = self.found.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, entry)| *entry)
            .filter(|entry| !entry.value.is_null())
    }
}

impl Decoder {
    pub(crate) fn new(strictness: Strictness) -> Self {
        Self {
            strictness,
            problems: Vec::new(),
        }
    }

    /// The fields of a mapping; `what` names it in messages.
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&'static str],
    ) -> Option<Fields<'n>> {
        let Value::Map(map) = &node.value else {
            if !node.is_null() {
                self.wrong_type(node, what, "a mapping");
            }
            return None;
        };
        let mut fields = Fields {
            found: Vec::new(),
            span: node.span,
        };
        for entry in map.entries() {
            let exact = known.iter().find(|name| **name == &*entry.key);
            match exact.or_else(|| known.iter().find(|name| name.eq_ignore_ascii_case(&entry.key))) {
                Some(name) => match fields.found.iter_mut().find(|(old, _)| old == name) {
                    Some(old) if exact.is_some() => old.1 = entry,
                    Some(_) => {}
                    None => fields.found.push((name, entry)),
                },
                None if self.strictness == Strictness::Strict => self.unknown(entry, what, known),
                None => {}
            }
        }
        Some(fields)
    }

    fn unknown(&mut self, entry: &Entry, what: &str, known: &[&'static str]) {
        let mut problem = Problem::new(
            ProblemKind::UnknownField,
            entry.key_span,
            format!("unknown field `{}` in {what}", entry.key),
        );
        if let Some(meant) = model::nearest(&entry.key, known.iter().copied()) {
            problem.help = format!("did you mean `{meant}`?");
        }
        self.problems.push(problem);
    }

    fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let message = format!("{what} is {}, wanted {wanted}", scalar::type_word(node));
        self.problems.push(Problem::error(node.span, message));
    }

    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::error(span, message));
    }

    /// A text.
    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        let value = match &node.value {
            Value::Str(text) => text.clone(),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) if self.strictness == Strictness::Lenient => {
                scalar::text(node)
            }
            _ => {
                self.wrong_type(node, what, "a string");
                return None;
            }
        };
        Some(Text {
            value,
            span: node.span,
        })
    }

    /// A text field that is neither absent nor empty.
    pub(crate) fn text_field(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<Text> {
        let text = self.text(fields.get(name)?, &format!("`{name}`"))?;
        (!text.value.is_empty()).then_some(text)
    }

    /// A text field as a plain string; empty when it is absent.
    pub(crate) fn string_field(&mut self, fields: &Fields<'_>, name: &'static str) -> String {
        self.text_field(fields, name)
            .map(|text| text.value.to_string())
            .unwrap_or_default()
    }

    /// A field with a list of texts.
    pub(crate) fn texts_field(&mut self, fields: &Fields<'_>, name: &'static str) -> Vec<Text> {
        let what = format!("`{name}`");
        let items = self.items(fields, name);
        items
            .iter()
            .filter_map(|item| {
                if item.is_null() {
                    let (value, span) = (scalar::empty(), item.span);
                    return Some(Text { value, span });
                }
                self.text(item, &format!("an entry of {what}"))
            })
            .collect()
    }

    /// The elements of a list field.
    pub(crate) fn items<'n>(&mut self, fields: &Fields<'n>, name: &'static str) -> &'n [Node] {
        let Some(node) = fields.get(name) else { return &[] };
        let items = node.as_seq();
        if items.is_none() {
            self.wrong_type(node, &format!("`{name}`"), "a list");
        }
        items.unwrap_or_default()
    }

    /// A field with a mapping of texts, in the order of their keys.
    pub(crate) fn pairs_field(&mut self, fields: &Fields<'_>, name: &'static str) -> Vec<Pair> {
        let Some(node) = fields.get(name) else {
            return Vec::new();
        };
        let Some(map) = node.as_map() else {
            self.wrong_type(node, &format!("`{name}`"), "a mapping of strings");
            return Vec::new();
        };
        let mut pairs = Vec::with_capacity(map.len());
        for entry in map.entries() {
            let key = Text {
                value: entry.key.clone(),
                span: entry.key_span,
            };
            let value = if entry.value.is_null() {
                let (value, span) = (scalar::empty(), entry.value.span.or(entry.key_span));
                Some(Text { value, span })
            } else {
                self.text(&entry.value, &format!("`{name}.{}`", entry.key))
            };
            pairs.extend(value.map(|value| Pair { key, value }));
        }
        pairs.sort_by(|a: &Pair, b: &Pair| a.key.value.cmp(&b.key.value));
        pairs
    }

    pub(crate) fn bool_field(&mut self, fields: &Fields<'_>, name: &'static str) -> bool {
        let Some(node) = fields.get(name) else {
            return false;
        };
        let value = node.as_bool();
        if value.is_none() {
            self.wrong_type(node, &format!("`{name}`"), "true or false");
        }
        value.unwrap_or_default()
    }

    pub(crate) fn int_field(&mut self, fields: &Fields<'_>, name: &'static str) -> i128 {
        let Some(node) = fields.get(name) else { return 0 };
        let value = match node.value {
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(number as i128),
            _ => node.as_int(),
        };
        if value.is_none() {
            self.wrong_type(node, &format!("`{name}`"), "a whole number");
        }
        value.unwrap_or_default()
    }

    /// Takes the first document of a text, reporting what is wrong with the YAML.
    pub(crate) fn document(&mut self, source: diag::SourceId, text: &str) -> Option<Node> {
        let parsed = model::yaml::parse(source, text, model::yaml::Dialect::Sigs);
        let problems = parsed
            .problems
            .into_iter()
            .map(|p| Problem::from_yaml(p, ProblemKind::Warning));
        self.problems.extend(problems);
        parsed.documents.into_iter().next()
    }
}

/// Texts as shared strings.
pub(crate) fn values(texts: Vec<Text>) -> Vec<Arc<str>> {
    texts.into_iter().map(|text| text.value).collect()
}
