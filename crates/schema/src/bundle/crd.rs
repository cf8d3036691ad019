//! Facts of CRDs.

use std::collections::BTreeMap;

use diag::SourceId;
use model::yaml::{Dialect, Node, parse, to_json};
use serde_json::Value as Json;

use super::{Facts, KindLine, hoist, sorted};

/// What a schema says of values; descriptions, examples and titles are not among them.
const KEPT: [&str; 27] = [
    "type",
    "nullable",
    "format",
    "pattern",
    "enum",
    "default",
    "required",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "uniqueItems",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-group-version-kind",
    "$ref",
];

/// What a CEL rule needs.
const RULE: [&str; 6] = [
    "rule",
    "message",
    "messageExpression",
    "reason",
    "fieldPath",
    "optionalOldSelf",
];

/// The documents of a YAML file.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, String> {
    let parsed = parse(SourceId::NONE, text, Dialect::Sigs);
    match parsed.problems.first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(parsed.documents),
    }
}

/// The facts of the CRDs among documents.
pub(super) fn facts(documents: &[Node]) -> Facts {
    let mut kinds = Vec::new();
    let mut roots = BTreeMap::new();
    for crd in documents
        .iter()
        .filter(|document| model::object::kind(document) == "CustomResourceDefinition")
    {
        let text = |path: &[&str]| crd.str_at(path).unwrap_or_default().to_owned();
        for version in crd.seq_at(&["spec", "versions"]) {
            let schema = version.at(&["schema", "openAPIV3Schema"]);
            let (Some(schema), Some(true)) = (schema, version.get("served").and_then(Node::as_bool)) else {
                continue;
            };
            let kind = text(&["spec", "names", "kind"]);
            let name = version.str_at(&["name"]).unwrap_or_default().to_owned();
            let id = format!("{kind}/{name}");
            roots.insert(id.clone(), schema_facts(&to_json(schema)));
            kinds.push(KindLine {
                kind,
                group: text(&["spec", "group"]),
                version: name,
                plural: text(&["spec", "names", "plural"]),
                cluster: text(&["spec", "scope"]) == "Cluster",
                status: version.at(&["subresources", "status"]).is_some(),
                schema: id,
            });
        }
    }
    kinds.sort();
    Facts {
        kinds,
        definitions: hoist::hoist(roots.into_iter().collect()),
    }
}

/// A schema without prose, its fields sorted.
pub(super) fn schema_facts(schema: &Json) -> Json {
    let Some(object) = schema.as_object() else {
        return schema.clone();
    };
    let mut kept = Vec::new();
    for (key, value) in object {
        let facts = match &**key {
            "properties" => named(value),
            "additionalProperties" | "items" | "not" => schema_facts(value),
            "allOf" | "anyOf" | "oneOf" => {
                Json::Array(value.as_array().into_iter().flatten().map(schema_facts).collect())
            }
            "x-kubernetes-validations" => {
                Json::Array(value.as_array().into_iter().flatten().map(rule).collect())
            }
            "default" | "enum" => value.clone(),
            key if KEPT.contains(&key) => value.clone(),
            _ => continue,
        };
        kept.push((key.clone(), facts));
    }
    sorted(kept)
}

fn named(properties: &Json) -> Json {
    let fields = properties.as_object().into_iter().flatten();
    sorted(
        fields
            .map(|(name, schema)| (name.clone(), schema_facts(schema)))
            .collect(),
    )
}

fn rule(rule: &Json) -> Json {
    let fields = rule.as_object().into_iter().flatten();
    let kept = fields.filter(|(key, _)| RULE.contains(&key.as_str()));
    sorted(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}
