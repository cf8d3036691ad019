//! Facts, a tree in `OpenAPI`'s words, to a compiled [`Schema`].
//!
//! The same code reads the bundle's lines and the CRDs of a repository, so what it does not understand is a problem with
//! the position of the node that has it, never a panic and never a schema that accepts more than was written.

pub(crate) mod pattern;

use diag::Span;
use model::yaml::{Node, Value};

use crate::rules::cel::Rule;
use crate::rules::native;
use crate::schema::{Bound, Checks, Field, Ref, Rest, Schema, Type, Unique};
use crate::validate::format::Format;
use pattern::Pattern;

/// The deepest that schemas may lie in each other; the API server's own limit for JSON is of the same order.
const MAX_DEPTH: usize = 120;

/// Something in a schema that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// Compiles the schemas of one document.
pub(crate) struct Compiler<'a> {
    /// The number of a definition; CRDs have none.
    pub(crate) resolve: &'a dyn Fn(&str) -> Option<u32>,
    /// Id of the definition that is compiled, for the rules of built-in kinds; empty for CRDs.
    pub(crate) definition: &'a str,
    /// Whether definitions are Go structs, whose lists the API server does not look through for repetition.
    pub(crate) native: bool,
    pub(crate) troubles: Vec<Trouble>,
}

impl Compiler<'_> {
    /// The schema of `facts`; what is not understood is left out and noted in `troubles`.
    pub(crate) fn schema(&mut self, facts: &Node, depth: usize) -> Schema {
        let mut schema = Schema::default();
        if depth > MAX_DEPTH {
            self.trouble(
                facts,
                format!("schemas lie more than {MAX_DEPTH} deep in each other"),
            );
            schema.open = true;
            return schema;
        }
        let Some(map) = facts.as_map() else {
            self.trouble(
                facts,
                format!("found {} for a schema, wanted object", facts.value.type_name()),
            );
            schema.open = true;
            return schema;
        };
        let mut checks = Checks::default();
        let mut has_checks = false;
        for entry in map.entries() {
            let value = &entry.value;
            match &*entry.key {
                "type" => schema.kind = self.kind(value),
                "nullable" => schema.nullable = value.as_bool() == Some(true),
                "x-kubernetes-preserve-unknown-fields" => schema.open = value.as_bool() == Some(true),
                "x-kubernetes-embedded-resource" => schema.embedded = value.as_bool() == Some(true),
                "properties" => schema.fields = self.fields(value, depth),
                "additionalProperties" => schema.rest = self.rest(value, depth),
                "required" => schema.required = Self::names(value),
                "x-object" if self.native => schema.object = Some(self.reference(value, depth)),
                "items" => schema.items = Some(self.reference(value, depth)),
                "default" if !value.is_null() => schema.default = Some(value.clone()),
                key => has_checks |= self.check(&mut checks, key, value, depth),
            }
        }
        if map.get("x-kubernetes-int-or-string").and_then(Node::as_bool) == Some(true) {
            schema.kind = Type::IntOrString;
        }
        if self.native {
            checks.unique = Unique::Free;
        } else if map.get("x-kubernetes-list-type").and_then(Node::as_str) == Some("map") {
            checks.unique = Unique::Map(
                map.get("x-kubernetes-list-map-keys")
                    .map_or_else(Vec::new, Self::names),
            );
        }
        if self.native && depth == 0 {
            native::adjust_required(self.definition, &mut schema.required);
        }
        if has_checks || checks.unique != Unique::Free {
            schema.checks = Some(Box::new(checks));
        }
        schema
    }

    /// Reads one rule for values; whether it was one.
    fn check(&mut self, checks: &mut Checks, key: &str, value: &Node, depth: usize) -> bool {
        match key {
            "enum" => checks.allowed = value.as_seq().unwrap_or_default().to_vec(),
            "pattern" => checks.pattern = value.as_str().map(Pattern::new),
            "format" => {
                checks.format = value.as_str().and_then(Format::named);
                return checks.format.is_some();
            }
            "minLength" => checks.length.0 = self.count(value),
            "maxLength" => checks.length.1 = self.count(value),
            "minItems" => checks.items.0 = self.count(value),
            "maxItems" => checks.items.1 = self.count(value),
            "minProperties" => checks.properties.0 = self.count(value),
            "maxProperties" => checks.properties.1 = self.count(value),
            "minimum" => set_bound(&mut checks.minimum, number(value)),
            "maximum" => set_bound(&mut checks.maximum, number(value)),
            "exclusiveMinimum" => set_exclusive(&mut checks.minimum, f64::NEG_INFINITY, value),
            "exclusiveMaximum" => set_exclusive(&mut checks.maximum, f64::INFINITY, value),
            "multipleOf" => checks.multiple_of = number(value).filter(|by| *by > 0.0),
            "uniqueItems" if value.as_bool() == Some(true) => checks.unique = Unique::Set,
            "x-kubernetes-list-type" if value.as_str() == Some("set") => checks.unique = Unique::Set,
            "allOf" => checks.all_of = self.schemas(value, depth),
            "anyOf" => checks.any_of = self.schemas(value, depth),
            "oneOf" => checks.one_of = self.schemas(value, depth),
            "not" => checks.not = Some(self.schema(value, depth + 1)),
            "x-kubernetes-validations" => {
                checks.rules = value
                    .as_seq()
                    .unwrap_or_default()
                    .iter()
                    .filter_map(Rule::read)
                    .collect();
            }
            _ => return false,
        }
        true
    }

    fn kind(&mut self, value: &Node) -> Type {
        match value.as_str() {
            Some("object") => Type::Object,
            Some("array") => Type::Array,
            Some("string") => Type::String,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some("") => Type::Any,
            _ => {
                let found = value
                    .scalar_text()
                    .unwrap_or_else(|| value.value.type_name().to_owned());
                self.trouble(value, format!("`{found}` is no type of a schema"));
                Type::Any
            }
        }
    }

    fn fields(&mut self, value: &Node, depth: usize) -> Vec<Field> {
        let Some(map) = value.as_map() else {
            self.trouble(
                value,
                format!(
                    "found {} for `properties`, wanted object",
                    value.value.type_name()
                ),
            );
            return Vec::new();
        };
        let rules = if self.native && depth == 0 {
            native::field_rules(self.definition)
        } else {
            &[]
        };
        let mut fields: Vec<Field> = map
            .entries()
            .iter()
            .map(|entry| Field {
                name: (*entry.key).into(),
                rules: rules
                    .iter()
                    .find(|(name, _)| **name == *entry.key)
                    .map_or(&[], |(_, rules)| *rules),
                schema: self.reference(&entry.value, depth),
            })
            .collect();
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        fields
    }

    fn rest(&mut self, value: &Node, depth: usize) -> Option<Rest> {
        match value.value {
            Value::Bool(true) => Some(Rest::Any),
            Value::Bool(false) | Value::Null => None,
            _ => Some(Rest::Schema(self.reference(value, depth))),
        }
    }

    fn reference(&mut self, value: &Node, depth: usize) -> Ref {
        let Some(name) = value.get("$ref") else {
            return Ref::Inline(Box::new(self.schema(value, depth + 1)));
        };
        let number = name.as_str().and_then(|name| (self.resolve)(name));
        number.map_or_else(
            || {
                self.trouble(name, "`$ref` is not allowed in a CRD".to_owned());
                Ref::Inline(Box::new(Schema {
                    open: true,
                    ..Schema::default()
                }))
            },
            Ref::Shared,
        )
    }

    fn schemas(&mut self, value: &Node, depth: usize) -> Vec<Schema> {
        value
            .as_seq()
            .unwrap_or_default()
            .iter()
            .map(|facts| self.schema(facts, depth + 1))
            .collect()
    }

    fn names(value: &Node) -> Vec<Box<str>> {
        value
            .as_seq()
            .unwrap_or_default()
            .iter()
            .filter_map(Node::as_str)
            .map(Into::into)
            .collect()
    }

    fn count(&mut self, value: &Node) -> Option<u64> {
        let count = value.as_int().and_then(|count| u64::try_from(count).ok());
        if count.is_none() {
            self.trouble(
                value,
                format!("found {} for a limit, wanted a count", value.value.type_name()),
            );
        }
        count
    }

    fn trouble(&mut self, node: &Node, message: String) {
        self.troubles.push(Trouble {
            span: node.span,
            message,
        });
    }
}

/// The value of a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are compared as the API server compares them, as doubles"
)]
pub(crate) fn number(value: &Node) -> Option<f64> {
    match value.value {
        Value::Int(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        _ => None,
    }
}

fn set_bound(bound: &mut Option<Bound>, value: Option<f64>) {
    if let Some(value) = value {
        bound
            .get_or_insert(Bound {
                value,
                exclusive: false,
            })
            .value = value;
    }
}

fn set_exclusive(bound: &mut Option<Bound>, unbounded: f64, value: &Node) {
    if let Some(exclusive) = value.as_bool() {
        bound
            .get_or_insert(Bound {
                value: unbounded,
                exclusive: false,
            })
            .exclusive = exclusive;
    }
}
