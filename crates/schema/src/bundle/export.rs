//! The bundle as JSON Schema files, for other validators: one file for each kind, closed to unknown fields.
//!
//! Names follow kubeconform's `{{.ResourceKind}}{{.KindSuffix}}.json`: `deployment-apps-v1.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::read::FILES;
use super::{BundleFile, KindLine};

/// Every bundled kind as a JSON Schema with all that it refers to, sorted by name.
pub fn export() -> Vec<BundleFile> {
    let mut files = BTreeMap::new();
    for (_, text) in FILES {
        let mut kinds: Vec<KindLine> = Vec::new();
        let mut definitions: BTreeMap<String, Json> = BTreeMap::new();
        for line in text.lines() {
            if let Ok(kind) = serde_json::from_str(line) {
                kinds.push(kind);
            } else if let Ok(Json::Object(mut fields)) = serde_json::from_str(line) {
                let id = fields.remove("id").and_then(|id| id.as_str().map(str::to_owned));
                if let (Some(id), Some(facts)) = (id, fields.remove("facts")) {
                    definitions.insert(id, strict(facts));
                }
            }
        }
        for kind in kinds {
            files.insert(file_name(&kind), schema(&kind.schema, &definitions));
        }
    }
    files
        .into_iter()
        .map(|(name, schema)| BundleFile {
            name,
            text: format!("{schema}\n"),
        })
        .collect()
}

fn file_name(kind: &KindLine) -> String {
    let group = kind.group.split('.').next().unwrap_or_default();
    let suffix = if group.is_empty() {
        kind.version.clone()
    } else {
        format!("{group}-{}", kind.version)
    };
    format!("{}-{suffix}.json", kind.kind.to_lowercase())
}

/// A definition with all that it refers to, at any distance.
fn schema(root: &str, definitions: &BTreeMap<String, Json>) -> Json {
    let mut wanted = vec![root.to_owned()];
    let mut taken = BTreeSet::new();
    let mut defs = Map::new();
    while let Some(id) = wanted.pop() {
        let Some(facts) = definitions.get(&id).filter(|_| taken.insert(id.clone())) else {
            continue;
        };
        references(facts, &mut wanted);
        defs.insert(id, facts.clone());
    }
    json!({ "$ref": pointer(root), "$defs": defs })
}

/// A reference to a definition; its id may hold what a JSON pointer escapes.
fn pointer(id: &str) -> String {
    format!("#/$defs/{}", id.replace('~', "~0").replace('/', "~1"))
}

fn references(facts: &Json, into: &mut Vec<String>) {
    match facts {
        Json::Object(fields) => {
            let id = fields
                .get("$ref")
                .and_then(Json::as_str)
                .and_then(|text| text.strip_prefix("#/$defs/"));
            into.extend(id.map(|id| id.replace("~1", "/").replace("~0", "~")));
            fields.values().for_each(|value| references(value, into));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

/// Closes objects that name their fields, says `int-or-string` and nullable in JSON Schema's words, and points references
/// into `$defs`.
fn strict(facts: Json) -> Json {
    let Json::Object(fields) = facts else { return facts };
    let mut out = Map::new();
    for (key, value) in fields {
        let value = match (key.as_str(), value) {
            ("$ref", Json::String(id)) => Json::String(pointer(&id)),
            ("properties", Json::Object(fields)) => Json::Object(
                fields
                    .into_iter()
                    .map(|(name, facts)| (name, strict(facts)))
                    .collect(),
            ),
            ("items" | "additionalProperties" | "not", value) => strict(value),
            ("allOf" | "anyOf" | "oneOf", Json::Array(items)) => {
                Json::Array(items.into_iter().map(strict).collect())
            }
            (_, value) => value,
        };
        out.insert(key, value);
    }
    let says = |out: &Map<String, Json>, key: &str| out.get(key) == Some(&Json::Bool(true));
    if out.contains_key("properties")
        && !out.contains_key("additionalProperties")
        && !says(&out, "x-kubernetes-preserve-unknown-fields")
    {
        out.insert("additionalProperties".to_owned(), Json::Bool(false));
    }
    if says(&out, "x-kubernetes-int-or-string") {
        out.remove("anyOf");
        out.insert("type".to_owned(), json!(["integer", "string"]));
    }
    if says(&out, "nullable")
        && let Some(Json::String(kind)) = out.get("type").cloned()
    {
        out.insert("type".to_owned(), json!([kind, "null"]));
    }
    Json::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_one_closed_schema_that_refers_only_to_itself() {
        let files = export();
        let file = files
            .iter()
            .find(|file| file.name == "deployment-apps-v1.json")
            .unwrap();
        let schema: Json = serde_json::from_str(&file.text).unwrap();
        let defs = schema["$defs"].as_object().unwrap();
        assert_eq!(
            defs["io.k8s.api.apps.v1.DeploymentSpec"]["additionalProperties"],
            json!(false)
        );
        let mut wanted = Vec::new();
        references(&schema, &mut wanted);
        assert!(wanted.iter().all(|id| defs.contains_key(id)));
        assert!(files.iter().any(|file| file.name == "helmrelease-helm-v2.json"));
        assert!(files.iter().any(|file| file.name == "configmap-v1.json"));
    }
}
