//! A compiled schema: what the validator walks beside an object.

use model::yaml::Node;

use crate::compile::pattern::Pattern;
use crate::rules::cel::Rule;
use crate::rules::fields::FieldRule;
use crate::validate::format::Format;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Type {
    /// No type is demanded.
    #[default]
    Any,
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    /// `x-kubernetes-int-or-string`.
    IntOrString,
}

impl Type {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::IntOrString => "integer or string",
        }
    }
}

/// One schema. What few schemas have stands in [`Checks`].
#[derive(Debug, Default)]
pub(crate) struct Schema {
    pub(crate) kind: Type,
    /// `nullable`: null is a value of its own.
    pub(crate) nullable: bool,
    /// `x-kubernetes-preserve-unknown-fields`: fields that are not listed are kept.
    pub(crate) open: bool,
    /// `x-kubernetes-embedded-resource`: apiVersion, kind and metadata are known.
    pub(crate) embedded: bool,
    /// Sorted by name.
    pub(crate) fields: Vec<Field>,
    pub(crate) rest: Option<Rest>,
    pub(crate) required: Vec<Box<str>>,
    pub(crate) items: Option<Ref>,
    /// The bundle's own `x-object`: what an object is, where other types are allowed beside it.
    pub(crate) object: Option<Ref>,
    pub(crate) default: Option<Node>,
    pub(crate) checks: Option<Box<Checks>>,
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    pub(crate) schema: Ref,
    /// What the API server demands of this field of a built-in kind beyond `OpenAPI`.
    pub(crate) rules: &'static [FieldRule],
}

/// `additionalProperties`.
#[derive(Debug)]
pub(crate) enum Rest {
    /// `true`.
    Any,
    Schema(Ref),
}

/// A schema in place or a definition of the same document.
#[derive(Debug)]
pub(crate) enum Ref {
    Inline(Box<Schema>),
    Shared(u32),
}

/// What a list's elements must not repeat.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Unique {
    #[default]
    Free,
    /// `x-kubernetes-list-type: set`, or `uniqueItems`.
    Set,
    /// `x-kubernetes-list-type: map`: the keys.
    Map(Vec<Box<str>>),
}

/// Rules for values.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) allowed: Vec<Node>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) format: Option<Format>,
    pub(crate) length: (Option<u64>, Option<u64>),
    pub(crate) items: (Option<u64>, Option<u64>),
    pub(crate) properties: (Option<u64>, Option<u64>),
    pub(crate) minimum: Option<Bound>,
    pub(crate) maximum: Option<Bound>,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) unique: Unique,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) not: Option<Schema>,
    pub(crate) rules: Vec<Rule>,
}

/// An end of a range of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) value: f64,
    pub(crate) exclusive: bool,
}

impl Schema {
    /// The field of a name.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        let at = self
            .fields
            .binary_search_by(|field| (*field.name).cmp(name))
            .ok()?;
        self.fields.get(at)
    }
}
