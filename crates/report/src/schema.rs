//! The JSON Schema of the report, built from the same words that a reader finds in it.

use serde_json::{Map, Value, json};

use crate::{API_VERSION, Engine};

/// JSON Schema 2020-12 of [`crate::Report`]; committed as `docs/reference/report.schema.json`.
pub fn json_schema() -> Value {
    let mut schema = object([
        ("apiVersion", json!({"const": API_VERSION})),
        ("kind", json!({"const": "Report"})),
        (
            "tool",
            object([
                ("name", string("the program")),
                ("version", string("its version")),
            ]),
        ),
        (
            "engine",
            names(&Engine::VALUES.map(Engine::name), "what built the manifests"),
        ),
        ("fluxVersion", string("Flux version whose behavior was assumed")),
        (
            "kubernetesVersion",
            string("Kubernetes version whose schemas were used"),
        ),
        ("path", string("the repository's root as the user gave it")),
        (
            "clusters",
            list("cluster", "the clusters that were built, by name"),
        ),
        ("coverage", reference("coverage")),
        ("findings", list("finding", "defects, by place")),
        (
            "deferred",
            list("deferred", "what could not be checked; never counts as passed"),
        ),
        (
            "suppressed",
            list("suppressed", "findings that somebody accepted for a time"),
        ),
        ("summary", reference("summary")),
    ]);
    if let Some(root) = schema.as_object_mut() {
        root.shift_insert(
            0,
            "$schema".into(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        root.shift_insert(1, "title".into(), json!(format!("Report of {API_VERSION}")));
        root.insert("$defs".into(), definitions());
    }
    schema
}

fn definitions() -> Value {
    json!({
        "cluster": object([
            ("name", string("name")),
            ("entrypoint", string("the folder that its Flux is pointed at, relative to the root")),
            ("kustomizations", count("Flux Kustomizations")),
            ("objects", count("objects they apply")),
        ]),
        "coverage": object([
            ("files", count("manifest files in the tree")),
            ("filesReached", count("those that some cluster uses")),
            ("objects", count("objects of all clusters")),
            ("schemaChecked", count("those that were checked against a schema")),
            ("releases", count("HelmReleases of all clusters")),
            ("releasesRendered", count("those whose chart was at hand and rendered")),
            ("installed", count("objects that these install")),
            ("installedSchemaChecked", count("those of them that were checked against a schema")),
            ("excused", list("excused", "why the others were not")),
        ]),
        "excused": object([("reason", string("why")), ("count", count("how often"))]),
        "finding": finding(),
        "object": object([
            ("apiVersion", string("`group/version`, or `version`")),
            ("kind", string("kind")),
            ("namespace", string("namespace; empty where none is written")),
            ("name", string("name")),
        ]),
        "related": object([
            ("file", string("file relative to the root; empty when no file holds it")),
            ("line", count("from 1; 0 without a file")),
            ("column", count("in characters from 1; 0 without a file")),
            ("message", string("what is to be seen there")),
        ]),
        "hop": object([
            ("what", string("a Flux Kustomization, a kustomization.yaml, a patch or a variable")),
            ("file", string("file relative to the root; empty when no file holds it")),
            ("line", count("from 1; 0 without a file")),
        ]),
        "deferred": object([
            ("check", string("id of the check that would have looked")),
            ("subject", string("what it would have looked at")),
            ("reason", string("why it could not")),
        ]),
        "suppressed": object([
            ("check", string("id of the check")),
            ("file", string("file of the finding")),
            ("line", count("line of the finding")),
            ("reason", string("why it is accepted")),
            ("until", string("until when: a date, a version, or empty")),
        ]),
        "summary": object([
            ("errors", count("findings of level error")),
            ("warnings", count("findings of level warning")),
            ("notes", count("findings of level note")),
            ("deferred", count("what could not be checked")),
            ("suppressed", count("what was accepted")),
        ]),
    })
}

fn finding() -> Value {
    let nothing_or_object = json!({
        "description": "the object that carries the defect",
        "anyOf": [{"type": "null"}, reference("object")],
    });
    object([
        ("check", string("id of the check")),
        ("level", names(&["error", "warning", "note"], "how bad")),
        ("message", string("what was found and what was wanted")),
        (
            "file",
            string("the file to edit, relative to the root; empty when no file holds the defect"),
        ),
        ("line", count("from 1; 0 without a file")),
        ("column", count("in characters from 1; 0 without a file")),
        ("endLine", count("last line")),
        ("endColumn", count("one past the last character")),
        (
            "stage",
            names(
                &["written", "built", "installed", "live"],
                "where the defect shows",
            ),
        ),
        (
            "cluster",
            string("the first cluster that shows it, by name; empty when it belongs to none"),
        ),
        ("object", nothing_or_object),
        (
            "path",
            string("the field inside the object, such as `spec.rules[0].expr`"),
        ),
        (
            "related",
            list("related", "other places, and the other clusters that show it"),
        ),
        (
            "origin",
            list(
                "hop",
                "the way from the cluster's entrypoint to the line, outermost first",
            ),
        ),
        ("why", string("why it matters; may be empty")),
        ("help", string("what to do; may be empty")),
        ("docs", string("the page of the check, relative to the root")),
    ])
}

/// All keys are written always, and no others.
fn object<const N: usize>(properties: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let required = json!(required);
    let properties: Map<String, Value> = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn string(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

fn names(names: &[&str], description: &str) -> Value {
    json!({"enum": names, "description": description})
}

fn list(definition: &str, description: &str) -> Value {
    json!({"type": "array", "items": reference(definition), "description": description})
}

fn reference(definition: &str) -> Value {
    json!({"$ref": format!("#/$defs/{definition}")})
}
