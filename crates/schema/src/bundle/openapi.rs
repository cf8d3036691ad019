//! Facts of the API server's `OpenAPI` documents: the kinds that can be created, and the definitions that they reach.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::crd::schema_facts;
use super::{Facts, KindLine};

const PREFIX: &str = "#/components/schemas/";

/// Definitions whose Go type reads JSON itself, with what it reads.
fn special(id: &str) -> Option<Json> {
    let facts = match id.rsplit('.').next()? {
        "Quantity" => json!({ "format": "quantity" }),
        "IntOrString" => json!({ "format": "int32", "x-kubernetes-int-or-string": true }),
        "Time" => json!({ "format": "go-time", "type": "string" }),
        "MicroTime" => json!({ "format": "micro-time", "type": "string" }),
        "Duration" => json!({ "format": "go-duration", "type": "string" }),
        "JSONSchemaPropsOrArray" | "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrStringArray" => {
            json!({ "x-object": { "$ref": id.split_once("Or").map_or(id, |(schema, _)| schema) } })
        }
        "RawExtension" | "FieldsV1" | "JSON" => json!({ "x-kubernetes-preserve-unknown-fields": true }),
        _ => return None,
    };
    Some(facts)
}

/// The facts of the documents of all groups.
pub(super) fn facts(documents: &[Json]) -> Facts {
    let mut schemas: BTreeMap<&str, &Json> = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    for document in documents {
        let components = document.pointer("/components/schemas").and_then(Json::as_object);
        schemas.extend(
            components
                .into_iter()
                .flatten()
                .map(|(id, schema)| (id.as_str(), schema)),
        );
        let paths = document.get("paths").and_then(Json::as_object);
        kinds.extend(
            paths
                .into_iter()
                .flatten()
                .filter_map(|(path, item)| kind(path, item)),
        );
    }
    let mut definitions = BTreeMap::new();
    let mut wanted: Vec<String> = kinds.iter().map(|kind| kind.schema.clone()).collect();
    while let Some(id) = wanted.pop() {
        let Some(schema) = schemas
            .get(id.as_str())
            .filter(|_| !definitions.contains_key(&id))
        else {
            continue;
        };
        let facts = special(&id).unwrap_or_else(|| schema_facts(&simple(schema, &mut wanted)));
        definitions.insert(id, facts);
    }
    Facts {
        kinds: kinds.into_iter().collect(),
        definitions: definitions.into_iter().collect(),
    }
}

/// The kind that a path creates; none for paths of subresources.
fn kind(path: &str, item: &Json) -> Option<KindLine> {
    let post = item.get("post")?;
    if path.contains("{name}") || post.get("x-kubernetes-action")? != "post" {
        return None;
    }
    let gvk = post.get("x-kubernetes-group-version-kind")?;
    let text = |key: &str| gvk.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let body = post
        .pointer("/requestBody/content")?
        .as_object()?
        .values()
        .next()?;
    let schema = body.pointer("/schema/$ref")?.as_str()?.strip_prefix(PREFIX)?;
    Some(KindLine {
        kind: text("kind"),
        group: text("group"),
        version: text("version"),
        plural: path.rsplit('/').next().unwrap_or_default().to_owned(),
        cluster: !path.contains("/namespaces/{namespace}/"),
        status: true,
        schema: schema.to_owned(),
    })
}

/// A schema whose references are bare ids, without the defaults, which are those of Go's zero values.
fn simple(schema: &Json, wanted: &mut Vec<String>) -> Json {
    match schema {
        Json::Object(fields) => {
            let referred = fields
                .get("$ref")
                .or_else(|| schema.pointer("/allOf/0/$ref"))
                .and_then(Json::as_str);
            if let Some(id) = referred.and_then(|reference| reference.strip_prefix(PREFIX)) {
                wanted.push(id.to_owned());
                return json!({ "$ref": id });
            }
            let kept = fields
                .iter()
                .filter(|(key, value)| *key != "default" || value.is_object() && is_schema(value));
            Json::Object(
                kept.map(|(key, value)| (key.clone(), simple(value, wanted)))
                    .collect(),
            )
        }
        Json::Array(items) => Json::Array(items.iter().map(|item| simple(item, wanted)).collect()),
        _ => schema.clone(),
    }
}

/// Whether this is the schema of a field that happens to be called `default`.
fn is_schema(value: &Json) -> bool {
    ["type", "$ref", "allOf", "description"]
        .iter()
        .any(|key| value.get(key).is_some())
}
