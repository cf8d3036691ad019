//! The published JSON Schemas (2020-12) of the files below `docs/qa`: their form. That names name something, and that paths
//! and patterns can be read, is looked at by `load`; its own tests hold both against the same examples.

mod design;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::done::Command;
use crate::waiver;
use crate::{done, load, risk};

/// One file's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSchema {
    /// Name of the file below a story's folder: `test-design.yaml`.
    pub file: &'static str,
    /// Its schema.
    pub schema: Value,
}

/// The schemas of every file of a story.
pub fn json_schemas() -> Vec<FileSchema> {
    let schema = |file, title: &str, schema| FileSchema {
        file,
        schema: rooted(title, schema),
    };
    vec![
        schema(load::FILE_NAME, "Test design of a story", design::schema()),
        schema(risk::FILE_NAME, "Risk profile of a story", risks()),
        schema(waiver::FILE_NAME, "Waivers of a story", waivers()),
        schema(done::FILE_NAME, "Definition of Done of a story", definition()),
    ]
}

fn rooted(title: &str, mut schema: Value) -> Value {
    if let Some(root) = schema.as_object_mut() {
        root.shift_insert(
            0,
            "$schema".into(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        root.shift_insert(1, "title".into(), json!(title));
    }
    schema
}

fn risks() -> Value {
    let weight = json!({"enum": [1, 2, 3], "description": "from 1, little, to 3, much"});
    let mut risk = object(
        &["id", "category", "title", "mitigation", "owner"],
        [
            ("id", string("`TECH-001-OCI-URL`")),
            ("category", string("`TECH`, `OPS`")),
            ("title", string("what may happen, and what then")),
            ("probability", weight.clone()),
            ("impact", weight),
            (
                "score",
                json!({"enum": [1, 2, 3, 4, 6, 9], "description": "probability times impact"}),
            ),
            ("mitigation", string("what is done about it")),
            ("owner", string("the role that answers for it")),
        ],
    );
    if let Some(risk) = risk.as_object_mut() {
        let together = json!({
            "probability": ["impact", "score"],
            "impact": ["probability", "score"],
            "score": ["probability", "impact"],
        });
        risk.insert("dependentRequired".into(), together);
    }
    object(&["risks"], [("risks", list(risk, "what may go wrong"))])
}

fn waivers() -> Value {
    let day = json!({
        "type": "string",
        "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        "description": "last day on which it holds, `YYYY-MM-DD`",
    });
    let waiver = object(
        &["for", "reason", "approver", "until"],
        [
            (
                "for",
                string("id of the scenario, risk or criterion that is let through"),
            ),
            ("reason", words("why")),
            ("approver", words("the role that answers for it")),
            ("until", day),
        ],
    );
    object(
        &["waivers"],
        [("waivers", list(waiver, "exceptions from the gate"))],
    )
}

fn definition() -> Value {
    let commands = Command::ALL.map(Command::name);
    let names = |description: &str| json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "description": description});
    let proof = json!({
        "type": "object",
        "properties": {
            "scenarios": names("these scenarios pass"),
            "checks": names("these checks find nothing in the repository"),
            "files": names("these files or folders are there"),
            "command": {"enum": commands, "description": "this command says yes"},
            "expect": reference("expectation"),
        },
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    });
    let proofs =
        json!({"type": "array", "items": reference("proof"), "description": "what shows it, all of it"});
    let mut part = object(
        &["title", "proofs"],
        [("title", string("what must be so")), ("proofs", proofs)],
    );
    if let Some(proofs) = part
        .pointer_mut("/properties/proofs")
        .and_then(Value::as_object_mut)
    {
        proofs.insert("minItems".into(), json!(1));
    }
    let whole = object(
        &["title", "items"],
        [
            ("title", string("what must be so")),
            (
                "items",
                json!({"type": "array", "items": reference("part"), "minItems": 1}),
            ),
        ],
    );
    let later = object(
        &["title", "story"],
        [
            ("title", string("what is not part of this story")),
            ("story", string("number of the story that shows it")),
        ],
    );
    let mut schema = object(
        &["story", "owner", "manifests", "done"],
        [
            ("story", string("number of the story")),
            ("owner", string("the role that answers for it")),
            (
                "requires",
                list(string("number"), "stories that must be done before"),
            ),
            (
                "manifests",
                list(
                    string("path"),
                    "files and folders that the story makes or changes",
                ),
            ),
            (
                "done",
                json!({
                    "type": "array",
                    "items": {"anyOf": [reference("part"), reference("whole")]},
                    "minItems": 1,
                    "description": "what must be shown",
                }),
            ),
            ("later", list(later, "what another story shows")),
        ],
    );
    if let Some(root) = schema.as_object_mut() {
        let mut definitions = design::expectations();
        for (name, schema) in [("proof", proof), ("part", part), ("whole", whole)] {
            definitions.insert(name.into(), schema);
        }
        root.insert("$defs".into(), Value::Object(definitions));
    }
    schema
}

/// A mapping with these fields and no others.
fn object<const N: usize>(required: &[&str], properties: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn string(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// A string that says something.
fn words(description: &str) -> Value {
    json!({"type": "string", "pattern": "\\S", "description": description})
}

fn list(items: impl Into<Value>, description: &str) -> Value {
    let items = items.into();
    json!({"type": "array", "items": items, "description": description})
}

fn reference(definition: &str) -> Value {
    json!({"$ref": format!("#/$defs/{definition}")})
}
