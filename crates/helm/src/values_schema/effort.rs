//! How much work a schema makes, found out before the work is done.
//!
//! A few lines of `allOf` that refer to each other make 2^n steps, and a schema that refers to itself makes endless
//! ones. Each pair of a schema and a value is looked at once here, and what it costs is added up.

use std::collections::HashMap;

use regex::bytes::RegexBuilder;
use serde_json::{Map, Value as Json};

/// The most steps that a schema may make.
const MAX_STEPS: u64 = 3_000_000;
/// The most pairs of a schema and a value.
const MAX_PAIRS: usize = 1_000_000;
/// How deep schemas and values may lie in each other, references followed.
const MAX_DEPTH: usize = 1000;
/// The most objects in a schema: the library compares each with all others.
const MAX_OBJECTS: usize = 10_000;
/// The most bytes of a compiled pattern.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

/// Keywords whose schemas apply to the same value.
const IN_PLACE: [&str; 5] = ["not", "if", "then", "else", "contentSchema"];
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const IN_PLACE_MAPS: [&str; 2] = ["dependentSchemas", "dependencies"];
const REFERENCES: [&str; 3] = ["$ref", "$recursiveRef", "$dynamicRef"];
/// Keywords whose schemas apply to the values of a mapping, and to the items of a list.
const TO_FIELDS: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];
const TO_ITEMS: [&str; 4] = ["items", "additionalItems", "contains", "unevaluatedItems"];

/// Why a schema is not followed; nothing when it can be.
pub(super) fn judge(schema: &Json, values: &Json) -> Result<(), String> {
    let mut guard = Guard {
        root: schema,
        named: HashMap::new(),
        costs: HashMap::new(),
        objects: 0,
    };
    guard.survey(schema)?;
    match guard.cost(schema, values, 0)? {
        0..=MAX_STEPS => Ok(()),
        _ => Err(too_much()),
    }
}

fn too_much() -> String {
    "it makes more work than is done for it".to_owned()
}

struct Guard<'s> {
    root: &'s Json,
    /// Schemas by `$id`, `$anchor` and the like.
    named: HashMap<&'s str, Vec<&'s Json>>,
    /// By the addresses of schema and value; none while it is being added up.
    costs: HashMap<(*const Json, *const Json), Option<u64>>,
    objects: usize,
}

impl<'s> Guard<'s> {
    /// Looks at the whole schema once. The parser of JSON has bounded its depth.
    fn survey(&mut self, at: &'s Json) -> Result<(), String> {
        match at {
            Json::Array(items) => items.iter().try_for_each(|item| self.survey(item)),
            Json::Object(fields) => {
                self.objects += 1;
                if self.objects > MAX_OBJECTS {
                    return Err(format!("it has more than {MAX_OBJECTS} parts"));
                }
                for name in ["$id", "id", "$anchor", "$dynamicAnchor"] {
                    if let Some(Json::String(text)) = fields.get(name) {
                        let text = text.trim_start_matches('#');
                        self.named.entry(text).or_default().push(at);
                    }
                }
                if let Some(Json::String(pattern)) = fields.get("pattern") {
                    judge_pattern(pattern)?;
                }
                if let Some(Json::Object(patterns)) = fields.get("patternProperties") {
                    patterns.keys().try_for_each(|pattern| judge_pattern(pattern))?;
                }
                fields.values().try_for_each(|field| self.survey(field))
            }
            _ => Ok(()),
        }
    }

    fn cost(&mut self, schema: &'s Json, value: &Json, depth: usize) -> Result<u64, String> {
        let Json::Object(fields) = schema else {
            return Ok(1);
        };
        let pair = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        match self.costs.get(&pair) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err("it refers to itself without an end".to_owned()),
            None => {}
        }
        if depth > MAX_DEPTH || self.costs.len() > MAX_PAIRS {
            return Err(too_much());
        }
        self.costs.insert(pair, None);
        let mut cost = own_cost(fields, value);
        for part in self.in_place(fields)? {
            cost = cost.saturating_add(self.cost(part, value, depth + 1)?);
        }
        for (part, value) in below(fields, value) {
            cost = cost.saturating_add(self.cost(part, value, depth + 1)?);
        }
        self.costs.insert(pair, Some(cost));
        Ok(cost)
    }

    fn in_place(&self, fields: &'s Map<String, Json>) -> Result<Vec<&'s Json>, String> {
        let mut parts: Vec<&Json> = IN_PLACE.iter().filter_map(|key| fields.get(*key)).collect();
        for key in IN_PLACE_LISTS {
            parts.extend(fields.get(key).and_then(Json::as_array).into_iter().flatten());
        }
        for key in IN_PLACE_MAPS {
            parts.extend(
                fields
                    .get(key)
                    .and_then(Json::as_object)
                    .into_iter()
                    .flat_map(Map::values),
            );
        }
        for key in REFERENCES {
            if let Some(Json::String(reference)) = fields.get(key) {
                parts.extend(self.targets(reference)?);
            }
        }
        Ok(parts)
    }

    /// What a reference may mean. One that leads out of the schema means nothing here: the library refuses it.
    fn targets(&self, reference: &str) -> Result<Vec<&'s Json>, String> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let mut bases = vec![self.root];
        if !base.is_empty() {
            let last = |text: &str| {
                text.trim_end_matches('#')
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            let wanted = last(base);
            bases = self
                .named
                .iter()
                .filter(|(name, _)| last(name) == wanted)
                .flat_map(|(_, at)| at.clone())
                .collect();
        }
        if fragment.is_empty() {
            return Ok(bases);
        }
        if !fragment.starts_with('/') {
            return Ok(self.named.get(fragment).cloned().unwrap_or_default());
        }
        // Where schemas have ids of their own, `#/` is seen from the nearest one: each of them may be meant.
        if base.is_empty() {
            bases.extend(self.named.values().flatten());
        }
        let Some(pointer) = super::words::decoded(fragment) else {
            return Err(format!("its reference `{reference}` cannot be read"));
        };
        Ok(bases.iter().filter_map(|base| base.pointer(&pointer)).collect())
    }
}

/// What a schema costs without its parts.
fn own_cost(fields: &Map<String, Json>, value: &Json) -> u64 {
    let count = |key: &str| fields.get(key).and_then(Json::as_array).map_or(0, Vec::len) as u64;
    let listed = 1 + count("required") + count("enum");
    listed.saturating_add(match value {
        Json::Array(items) => {
            let pairs = if fields.contains_key("uniqueItems") {
                items.len() as u64
            } else {
                1
            };
            (items.len() as u64).saturating_mul(pairs)
        }
        Json::Object(values) => {
            let patterns = fields
                .get("patternProperties")
                .and_then(Json::as_object)
                .map_or(0, Map::len);
            (values.len() as u64).saturating_mul(1 + 50 * patterns as u64)
        }
        Json::String(text) if fields.contains_key("pattern") => 10 * text.len() as u64,
        _ => 0,
    })
}

/// The parts that apply to what the value holds, each with what it applies to; rather too many than too few.
fn below<'s, 'v>(fields: &'s Map<String, Json>, value: &'v Json) -> Vec<(&'s Json, &'v Json)> {
    let mut parts = Vec::new();
    match value {
        Json::Object(values) => {
            if let Some(Json::Object(properties)) = fields.get("properties") {
                let known = values
                    .iter()
                    .filter_map(|(key, value)| Some((properties.get(key)?, value)));
                parts.extend(known);
            }
            let patterns = fields.get("patternProperties").and_then(Json::as_object);
            let schemas = TO_FIELDS.iter().filter_map(|key| fields.get(*key));
            for schema in schemas.chain(patterns.into_iter().flat_map(Map::values)) {
                parts.extend(values.values().map(|value| (schema, value)));
            }
            if let Some(names) = fields.get("propertyNames") {
                // The names are no values: they cost as much as the mapping itself at the most.
                parts.extend(values.values().map(|value| (names, value)));
            }
        }
        Json::Array(items) => {
            let each = TO_ITEMS
                .iter()
                .filter_map(|key| fields.get(*key))
                .filter(|schema| !schema.is_array());
            for schema in each {
                parts.extend(items.iter().map(|item| (schema, item)));
            }
            for key in ["prefixItems", "items"] {
                if let Some(Json::Array(schemas)) = fields.get(key) {
                    parts.extend(schemas.iter().zip(items));
                }
            }
        }
        _ => {}
    }
    parts
}

/// Patterns are matched in linear time; one that is huge when compiled takes long all the same.
fn judge_pattern(pattern: &str) -> Result<(), String> {
    let built = RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(MAX_PATTERN_BYTES)
        .build();
    match built {
        Err(regex::Error::CompiledTooBig(_)) => Err("it has a pattern that is too large".to_owned()),
        // What is no pattern at all is the library's to refuse.
        _ => Ok(()),
    }
}
