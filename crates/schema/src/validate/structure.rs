//! Names, types and required fields: what the API server sees while it decodes an object.

use diag::Span;
use model::yaml::{Entry, FieldPath, Map, Node, Value};

use super::{Place, Walk};
use crate::document::{Dialect, Document};
use crate::schema::{Ref, Rest, Schema, Type};
use crate::violation::ViolationKind;
use model::nearest;

impl Walk<'_> {
    /// A value beside its schema. `number` is that of the definition, where the schema is one.
    pub(super) fn value(
        &mut self,
        document: &Document,
        schema: &Schema,
        number: Option<u32>,
        node: &Node,
        place: Place<'_>,
    ) {
        if node.is_null() {
            if document.dialect == Dialect::Custom
                && !schema.nullable
                && schema.kind != Type::Any
                && !self.lenient
            {
                self.wrong_type(node, place, schema.kind.name());
            }
            return;
        }
        if !has_type(schema.kind, &node.value) {
            // The API server only prunes a custom resource's status, and says nothing about the types in it.
            if !(self.lenient && document.dialect == Dialect::Custom) {
                self.wrong_type(node, place, schema.kind.name());
            }
            return;
        }
        let failed = self.failed;
        match &node.value {
            Value::Map(_) if schema.object.is_some() => {
                // Go types that read JSON themselves do not refuse unknown fields.
                if let Some(object) = &schema.object {
                    let outside = std::mem::replace(&mut self.open, true);
                    self.reference(document, object, node, place);
                    self.open = outside;
                }
            }
            Value::Map(map) => self.mapping(document, schema, node, map, place),
            Value::Seq(items) => self.list(document, schema, items, place),
            _ => {}
        }
        if let Some(checks) = &schema.checks
            && !(self.lenient && document.dialect == Dialect::Custom)
        {
            self.checks(document, schema, checks, node, place);
            if self.failed == failed && !self.quiet {
                self.rules(document, schema, checks, node, place);
            }
        }
        if let Some(number) = number
            && document.dialect == Dialect::Native
            && self.failed == failed
            && !self.lenient
        {
            crate::rules::native::definition(self, document.id(number), node, place);
        }
    }

    fn reference(&mut self, document: &Document, reference: &Ref, node: &Node, place: Place<'_>) {
        if let Some((schema, number)) = document.follow(reference) {
            self.value(document, schema, number, node, place);
        }
    }

    fn list(&mut self, document: &Document, schema: &Schema, items: &[Node], place: Place<'_>) {
        let Some(reference) = &schema.items else {
            return;
        };
        let Some((schema, number)) = document.follow(reference) else {
            return;
        };
        for (index, item) in items.iter().enumerate() {
            let path = FieldPath::Index(place.path, index);
            let place = Place {
                path: &path,
                anchor: item.span.or(place.anchor),
            };
            if item.is_null() && document.dialect == Dialect::Native {
                // Go decodes null into the zero value: an object without its required fields, an empty string.
                self.required(document, schema, &Map::default(), place);
                continue;
            }
            self.value(document, schema, number, item, place);
        }
    }

    fn mapping(&mut self, document: &Document, schema: &Schema, node: &Node, map: &Map, place: Place<'_>) {
        let is_root = matches!(place.path, FieldPath::Root);
        for entry in map.entries() {
            let path = FieldPath::Key(place.path, &entry.key);
            let below = Place {
                path: &path,
                anchor: entry.key_span.or(entry.value.span).or(place.anchor),
            };
            if is_meta(&entry.key) && document.dialect == Dialect::Custom && (is_root || schema.embedded) {
                self.meta_field(entry, below, is_root);
                continue;
            }
            if let Some(field) = schema.field(&entry.key) {
                if prunes_null(document, &field.schema, &entry.value) {
                    continue;
                }
                let outside = self.lenient;
                self.lenient |= is_root && *entry.key == *"status" && self.drops_status(document.dialect);
                let failed = self.failed;
                self.reference(document, &field.schema, &entry.value, below);
                if self.failed == failed && !self.lenient {
                    for rule in field.rules {
                        self.field_rule(*rule, &entry.value, below);
                    }
                }
                self.lenient = outside;
                continue;
            }
            match &schema.rest {
                Some(Rest::Schema(reference)) => {
                    if !prunes_null(document, reference, &entry.value) {
                        self.reference(document, reference, &entry.value, below);
                    }
                }
                Some(Rest::Any) => {}
                None if schema.open || self.open || schema.kind == Type::Any => {}
                None => self.unknown(document, schema, entry, below),
            }
        }
        if schema.embedded {
            self.embedded(map, node.span, place);
        }
        self.required(document, schema, map, place);
    }

    fn drops_status(&self, dialect: Dialect) -> bool {
        dialect == Dialect::Native || self.kind.has_status
    }

    fn unknown(&mut self, document: &Document, schema: &Schema, entry: &Entry, place: Place<'_>) {
        self.report(entry.key_span, place, || {
            let mut known: Vec<&str> = schema.fields.iter().map(|field| &*field.name).collect();
            if document.dialect == Dialect::Custom && matches!(place.path, FieldPath::Key(FieldPath::Root, _))
            {
                known.extend(["apiVersion", "kind", "metadata"]);
            }
            let near = nearest(&entry.key, known.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            let help = match (near, known.len()) {
                (None, 1..=12) => format!("known fields: {}", known.join(", ")),
                _ => String::new(),
            };
            let kind = ViolationKind::UnknownField {
                nearest: near.map(ToOwned::to_owned),
            };
            (kind, format!("unknown field `{}`{hint}", entry.key), help)
        });
    }

    pub(super) fn required(&mut self, document: &Document, schema: &Schema, map: &Map, place: Place<'_>) {
        if self.lenient {
            return;
        }
        for name in &schema.required {
            if !Self::is_present(document, Some(schema), map, name) {
                self.missing(name, place);
            }
        }
    }

    /// Notes a required field that is absent.
    pub(crate) fn missing(&mut self, name: &str, place: Place<'_>) {
        self.report(Span::NONE, place, || {
            let holder = super::quoted(place.path);
            let message = if holder.is_empty() {
                format!("missing required field `{name}`")
            } else {
                format!("missing required field `{name}` in {}", holder.trim_end())
            };
            (
                ViolationKind::MissingField {
                    field: name.to_owned(),
                },
                message,
                String::new(),
            )
        });
    }

    fn meta_field(&mut self, entry: &Entry, place: Place<'_>, is_root: bool) {
        if &*entry.key != "metadata" {
            if entry.value.as_str().is_none() && !self.quiet {
                self.wrong_type(&entry.value, place, "string");
            }
            return;
        }
        if is_root || self.quiet {
            // The root's metadata is looked at once, by `metadata`.
            return;
        }
        self.object_meta(&entry.value, place);
    }

    fn embedded(&mut self, map: &Map, span: Span, place: Place<'_>) {
        for name in ["apiVersion", "kind"] {
            if map.get(name).and_then(Node::as_str).is_none_or(str::is_empty) {
                let place = Place {
                    anchor: place.anchor.or(span),
                    ..place
                };
                self.missing(name, place);
            }
        }
    }
}

/// The fields that every object has.
fn is_meta(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

/// Whether a null counts as absent: for built-in kinds always, else where the schema is not nullable.
fn prunes_null(document: &Document, reference: &Ref, value: &Node) -> bool {
    value.is_null()
        && (document.dialect == Dialect::Native
            || document
                .follow(reference)
                .is_some_and(|(schema, _)| !schema.nullable))
}

pub(super) fn has_type(kind: Type, value: &Value) -> bool {
    match (kind, value) {
        (Type::Any, _)
        | (Type::Object, Value::Map(_))
        | (Type::Array, Value::Seq(_))
        | (Type::String | Type::IntOrString, Value::Str(_))
        | (Type::Integer | Type::IntOrString | Type::Number, Value::Int(_))
        | (Type::Number, Value::Float(_))
        | (Type::Boolean, Value::Bool(_)) => true,
        (Type::Integer | Type::IntOrString, Value::Float(value)) => value.fract() == 0.0,
        _ => false,
    }
}
