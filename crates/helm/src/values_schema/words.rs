//! Our own words for what the library finds. Values are never told.

use boon::{CompileError, ErrorKind, InstanceToken, Type, Types, ValidationError};
use diag::Span;
use model::nearest;
use model::yaml::Node;
use serde_json::{Number, Value as Json};

use super::SchemaViolation;
use crate::chart::text::printable;

/// The most violations of one schema that are told.
const MAX_VIOLATIONS: usize = 100;
/// The most values of an enumeration that are told.
const MAX_NAMES: usize = 12;

/// What the library found, as one violation for each value and key.
pub(super) fn violations(
    error: &ValidationError<'_, '_>,
    schema: &Json,
    values: &Node,
    path: &[String],
) -> Vec<SchemaViolation> {
    let mut telling = Telling {
        schema,
        values,
        path,
        told: Vec::new(),
    };
    telling.error(error);
    telling.told
}

/// Why a schema cannot be used.
pub(super) fn compile_error(error: &CompileError) -> String {
    match error {
        CompileError::LoadUrlError { url, .. } | CompileError::UnsupportedUrlScheme { url } => {
            format!("it refers to `{url}`, which is not fetched")
        }
        CompileError::UnsupportedDraft { url } => format!("its draft `{url}` is not known"),
        CompileError::InvalidRegex { regex, .. } => format!("its pattern `{regex}` cannot be read"),
        CompileError::ValidationError { .. } => "it is no JSON Schema".to_owned(),
        CompileError::JsonPointerNotFound(at) => format!("its reference `{}` leads nowhere", short(at)),
        CompileError::AnchorNotFound { reference, .. } => {
            format!("its reference `{}` leads nowhere", short(reference))
        }
        _ => "it cannot be compiled".to_owned(),
    }
}

/// The text of a URL's fragment.
pub(super) fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = rest.get(2..)?;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

fn short(url: &str) -> &str {
    url.strip_prefix(super::URL).unwrap_or(url)
}

struct Telling<'a> {
    schema: &'a Json,
    values: &'a Node,
    path: &'a [String],
    told: Vec<SchemaViolation>,
}

/// The value that an error is about.
struct Place<'a> {
    path: Vec<String>,
    node: Option<&'a Node>,
}

impl<'a> Telling<'a> {
    fn error(&mut self, error: &ValidationError<'_, '_>) {
        if self.told.len() >= MAX_VIOLATIONS {
            return;
        }
        let place = self.place(error);
        match &error.kind {
            ErrorKind::AdditionalProperties { got } => {
                for key in got {
                    self.unknown_key(&place, key, error.schema_url);
                }
            }
            ErrorKind::PropertyName { prop } => {
                self.at_key(&place, prop, "its name is not allowed");
            }
            // helm counts in fractions, the library in floats, for which 0.3 is no multiple of 0.1.
            ErrorKind::MultipleOf { got, want } if is_multiple(got, want) => {}
            ErrorKind::AnyOf | ErrorKind::OneOf(None) => self.no_branch(&place, error),
            kind => match words(kind, place.node) {
                Some(words) => self.tell(place.path, place.node.map(|node| node.span), &words),
                None if error.causes.is_empty() => {
                    let words = "does not fit the schema";
                    self.tell(place.path, place.node.map(|node| node.span), words);
                }
                None => error.causes.iter().for_each(|cause| self.error(cause)),
            },
        }
    }

    fn place(&self, error: &ValidationError<'_, '_>) -> Place<'a> {
        let mut path = self.path.to_vec();
        let mut node = Some(self.values);
        for token in &error.instance_location.tokens {
            match token {
                InstanceToken::Prop(key) => {
                    node = node.and_then(|node| node.get(key));
                    path.push(key.to_string());
                }
                InstanceToken::Item(index) => {
                    node = node.and_then(|node| node.as_seq()?.get(*index));
                    path.push(index.to_string());
                }
            }
        }
        Place { path, node }
    }

    fn tell(&mut self, path: Vec<String>, span: Option<Span>, words: &str) {
        let span = span.unwrap_or(Span::NONE);
        let name = if path.is_empty() {
            "the values".to_owned()
        } else {
            format!("`{}`", path.join("."))
        };
        let whose = if span.is_none() {
            ", and is the chart's own default"
        } else {
            ""
        };
        let message = printable(&format!("{name}: {words}{whose}"));
        let violation = SchemaViolation { path, span, message };
        // Several branches of a schema may say the same.
        if !self.told.contains(&violation) {
            self.told.push(violation);
        }
    }

    fn at_key(&mut self, place: &Place<'_>, key: &str, words: &str) {
        let entry = place.node.and_then(|node| node.as_map()?.entry(key));
        let path = [place.path.as_slice(), &[key.to_owned()]].concat();
        self.tell(path, entry.map(|entry| entry.key_span), words);
    }

    fn unknown_key(&mut self, place: &Place<'_>, key: &str, schema_url: &str) {
        let properties = schema_url
            .split_once('#')
            .and_then(|(_, fragment)| self.schema.pointer(&decoded(fragment)?))
            .and_then(|schema| schema.get("properties")?.as_object());
        let known = properties
            .into_iter()
            .flat_map(|fields| fields.keys().map(String::as_str));
        let words = match nearest(key, known) {
            Some(near) => format!("the schema knows no such value, did you mean `{near}`?"),
            None => "the schema knows no such value".to_owned(),
        };
        self.at_key(place, key, &words);
    }

    /// None of several forms fits. Where all but one already differ in type, that one is what was meant.
    fn no_branch(&mut self, place: &Place<'_>, error: &ValidationError<'_, '_>) {
        let depth = error.instance_location.tokens.len();
        let mistyped = |cause: &&ValidationError<'_, '_>| wanted_types(cause, depth).is_none();
        let mut meant = error.causes.iter().filter(mistyped);
        let span = place.node.map(|node| node.span);
        match (meant.next(), meant.next()) {
            (Some(one), None) => self.error(one),
            (None, _) => {
                let wanted: Vec<Types> = error
                    .causes
                    .iter()
                    .filter_map(|cause| wanted_types(cause, depth))
                    .collect();
                let mut names = Vec::new();
                for name in wanted.iter().flat_map(Types::iter).map(type_name) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                self.tell(place.path.clone(), span, &mistyped_words(place.node, &names));
            }
            _ => {
                let words = format!(
                    "fits none of the {} forms that the schema allows",
                    error.causes.len()
                );
                self.tell(place.path.clone(), span, &words);
            }
        }
    }
}

fn is_multiple(number: &Number, of: &Number) -> bool {
    let ratio = number.as_f64().zip(of.as_f64()).map(|(number, of)| number / of);
    ratio.is_some_and(|ratio| (ratio - ratio.round()).abs() < 1e-9 * ratio.abs().max(1.0))
}

/// The types that a branch wants, when the type of the value itself is what it complains of.
fn wanted_types(error: &ValidationError<'_, '_>, depth: usize) -> Option<Types> {
    if error.instance_location.tokens.len() != depth {
        return None;
    }
    match (&error.kind, error.causes.as_slice()) {
        (ErrorKind::Type { want, .. }, _) => Some(*want),
        (ErrorKind::Reference { .. } | ErrorKind::AllOf, [one]) => wanted_types(one, depth),
        _ => None,
    }
}

fn mistyped_words(node: Option<&Node>, wanted: &[&str]) -> String {
    let found = node.map_or("null", |node| node.value.type_name());
    format!("is of type {found}, wanted {}", wanted.join(" or "))
}

/// Words for an error that stands for itself; none for one that only holds others.
fn words(kind: &ErrorKind<'_, '_>, node: Option<&Node>) -> Option<String> {
    Some(match kind {
        ErrorKind::Type { want, .. } => {
            let wanted: Vec<&str> = want.iter().map(type_name).collect();
            mistyped_words(node, &wanted)
        }
        ErrorKind::Enum { want } => enumerated(want, node),
        ErrorKind::Const { want } => format!("wanted {}", shown(want)),
        ErrorKind::Required { want } => format!("lacks {}", quoted(want.iter().copied())),
        ErrorKind::Dependency { prop, missing } | ErrorKind::DependentRequired { prop, missing } => {
            format!(
                "lacks {}, which `{prop}` asks for",
                quoted(missing.iter().copied())
            )
        }
        ErrorKind::Format { want, .. } => format!("is no `{want}`"),
        ErrorKind::Pattern { want, .. } => format!("does not match the pattern `{want}`"),
        ErrorKind::Minimum { want, .. } => format!("is less than {want}"),
        ErrorKind::Maximum { want, .. } => format!("is more than {want}"),
        ErrorKind::ExclusiveMinimum { want, .. } => format!("is not more than {want}"),
        ErrorKind::ExclusiveMaximum { want, .. } => format!("is not less than {want}"),
        ErrorKind::MultipleOf { want, .. } => format!("is no multiple of {want}"),
        ErrorKind::MinLength { want, .. } => format!("is shorter than {want} characters"),
        ErrorKind::MaxLength { want, .. } => format!("is longer than {want} characters"),
        ErrorKind::MinItems { got, want } => format!("has {got} items, wanted {want} or more"),
        ErrorKind::MaxItems { got, want } => format!("has {got} items, wanted {want} or less"),
        ErrorKind::AdditionalItems { got } => format!("has {got} items too many"),
        ErrorKind::UniqueItems { got: [a, b] } => format!("its items {a} and {b} are equal"),
        ErrorKind::MinProperties { got, want } => format!("has {got} keys, wanted {want} or more"),
        ErrorKind::MaxProperties { got, want } => format!("has {got} keys, wanted {want} or less"),
        ErrorKind::Contains | ErrorKind::MinContains { .. } => {
            "has too few items of the wanted form".to_owned()
        }
        ErrorKind::MaxContains { .. } => "has too many items of one form".to_owned(),
        ErrorKind::OneOf(Some(_)) => "fits several forms of which the schema wants one".to_owned(),
        ErrorKind::Not => "has a form that the schema forbids".to_owned(),
        ErrorKind::FalseSchema => "the schema allows no such value".to_owned(),
        _ => return None,
    })
}

fn enumerated(want: &[Json], node: Option<&Node>) -> String {
    let names: Vec<&str> = want.iter().filter_map(Json::as_str).collect();
    let near = node
        .and_then(Node::as_str)
        .and_then(|found| nearest(found, names));
    let mut listed: Vec<String> = want.iter().take(MAX_NAMES).map(shown).collect();
    if want.len() > MAX_NAMES {
        listed.push(format!("{} more", want.len() - MAX_NAMES));
    }
    let near = near
        .map(|near| format!(", did you mean `{near}`?"))
        .unwrap_or_default();
    format!("is none of {}{near}", listed.join(", "))
}

/// A value of the schema.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => format!("`{text}`"),
        Json::Array(_) | Json::Object(_) => "a value of the schema".to_owned(),
        scalar => format!("`{scalar}`"),
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Number => "number",
        Type::String => "string",
        Type::Array => "array",
        Type::Object => "object",
        Type::Integer => "integer",
    }
}
