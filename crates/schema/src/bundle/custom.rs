//! The bundled kinds of CRDs with their schemas written out, as a CRD holds them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::KindLine;
use super::read::FILES;

/// How deep references are followed; a schema of a CRD cannot refer to itself.
const MAX_DEPTH: usize = 128;

/// One served version of a custom resource.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomKind {
    /// API group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// The name in paths.
    pub plural: String,
    /// Without a namespace.
    pub is_cluster_scoped: bool,
    /// Has a status subresource.
    pub has_status: bool,
    /// `openAPIV3Schema` without prose.
    pub schema: Json,
}

/// Every bundled kind that comes from a CRD, with a schema that refers to nothing.
pub fn custom_kinds() -> Vec<CustomKind> {
    let mut kinds = Vec::new();
    for (_, text) in FILES.iter().filter(|(name, _)| *name != "kubernetes.jsonl") {
        let mut lines: Vec<KindLine> = Vec::new();
        let mut definitions: BTreeMap<String, Json> = BTreeMap::new();
        for line in text.lines() {
            if let Ok(kind) = serde_json::from_str(line) {
                lines.push(kind);
            } else if let Ok(Json::Object(mut fields)) = serde_json::from_str(line) {
                let id = fields.remove("id").and_then(|id| id.as_str().map(str::to_owned));
                definitions.extend(id.zip(fields.remove("facts")));
            }
        }
        for line in lines {
            let Some(root) = definitions.get(&line.schema) else {
                continue;
            };
            kinds.push(CustomKind {
                schema: whole(root, &definitions, 0),
                group: line.group,
                version: line.version,
                kind: line.kind,
                plural: line.plural,
                is_cluster_scoped: line.cluster,
                has_status: line.status,
            });
        }
    }
    kinds
}

/// A schema with what it refers to in place of the references.
fn whole(schema: &Json, definitions: &BTreeMap<String, Json>, depth: usize) -> Json {
    if depth > MAX_DEPTH {
        return Json::Object(Map::new());
    }
    match schema {
        Json::Object(fields) => {
            let referred = fields
                .get("$ref")
                .and_then(Json::as_str)
                .and_then(|id| definitions.get(id));
            if let Some(definition) = referred {
                return whole(definition, definitions, depth + 1);
            }
            let fields = fields.iter();
            Json::Object(
                fields
                    .map(|(key, value)| (key.clone(), whole(value, definitions, depth + 1)))
                    .collect(),
            )
        }
        Json::Array(items) => Json::Array(
            items
                .iter()
                .map(|item| whole(item, definitions, depth + 1))
                .collect(),
        ),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_stand_alone() {
        let kinds = custom_kinds();
        let release = kinds
            .iter()
            .find(|kind| kind.kind == "HelmRelease" && kind.version == "v2")
            .unwrap();
        assert!(release.has_status && !release.is_cluster_scoped);
        let interval = &release.schema["properties"]["spec"]["properties"]["interval"];
        assert_eq!(interval["type"], "string");
        assert!(
            kinds
                .iter()
                .all(|kind| !kind.schema.to_string().contains("\"$ref\":"))
        );
        assert!(kinds.iter().all(|kind| kind.group != "apps"));
    }
}
