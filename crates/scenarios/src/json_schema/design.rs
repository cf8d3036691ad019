//! The schema of a test design.

use serde_json::{Map, Value, json};

use super::{list, object, reference, string};
use crate::design::Priority;
use crate::evidence::Need;

/// A claim as the schema describes it.
pub(super) struct ClaimForm {
    pub(super) name: &'static str,
    pub(super) value: Value,
    /// Keys of the subjects that it can be claimed of.
    pub(super) subjects: &'static [&'static str],
    /// Whether a `path` may stand beside it.
    pub(super) takes_path: bool,
}

const ANY: &[&str] = &["object", "appliedBy", "file", "folder"];
const VALUES: &[&str] = &["object", "file"];

/// Every claim.
#[rustfmt::skip]
pub(super) fn claims() -> Vec<ClaimForm> {
    let form = |name, subjects, takes_path, value| ClaimForm { name, value, subjects, takes_path };
    let on_values = |name, value| form(name, VALUES, true, value);
    let whole = |name, subjects, value| form(name, subjects, false, value);
    let claimed = |description: &str| json!({"const": true, "description": description});
    let count = json!({"type": "integer", "minimum": 0, "description": "how many values the path selects"});
    let types = ["null", "boolean", "integer", "number", "string", "array", "object"];
    let command = |tools: &[&str]| json!({"enum": tools, "description": "the program whose command succeeds on the subject"});
    let exists = "whether the path selects anything; without a path, whether the subject is there";
    let ids = json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "ids of checks that find nothing about the subject"});
    vec![
        on_values("equals", json!({"not": {"type": "null"}, "description": "the value, with its type"})),
        on_values("equalsPerCluster", json!({"type": "object", "description": "the value of each cluster by its name"})),
        on_values("equalsSetting", string("the setting of the cluster whose text the value is")),
        on_values("type", json!({"enum": types, "description": "the value's type"})),
        on_values("matches", json!({"type": "string", "format": "regex", "description": "a pattern that the string matches"})),
        on_values("contains", json!({"not": {"type": "null"}, "description": "an element of the list, a part of the string, entries of the mapping"})),
        form("exists", &["object", "file", "folder"], true, json!({"type": "boolean", "description": exists})),
        on_values("count", count),
        on_values("valuesAre", json!({"type": "array", "description": "all values that the path selects, in their order"})),
        on_values("inNetworkOf", string("the setting whose networks hold the address")),
        on_values("notReservedIn", string("the setting whose networks do not reserve the address")),
        on_values("addressUsedOnce", claimed("no other object asks for the address")),
        on_values("onApprovedRegistry", claimed("the URL is one of a registry that the settings approve")),
        on_values("selectsPodsOf", reference("objectName")),
        whole("validAgainstSchema", &["object", "appliedBy"], claimed("the schema of the kind allows it")),
        whole("checksSilent", ANY, ids),
        whole("buildSucceeds", &["appliedBy", "folder"], claimed("it builds")),
        whole("listsEveryManifest", &["folder"], claimed("its kustomization.yaml leads to every manifest")),
        whole("applies", &["appliedBy"], reference("objectName")),
        whole("noPlaceholders", &["appliedBy"], claimed("no `${` is left")),
        whole("preflightPasses", &["object"], claimed("the registry has the chart of this source")),
        whole("kubeconformPasses", &["appliedBy"], claimed("kubeconform accepts what is applied")),
        whole("commandSucceeds", &["folder"], command(&["kustomize"])),
        whole("commandSucceeds", &["appliedBy"], command(&["flux", "kubeconform"])),
        whole("commandSucceeds", &["object"], command(&["promtool"])),
    ]
}

/// The schema.
pub(super) fn schema() -> Value {
    let mut schema = object(
        &["story", "title", "settings", "clusters", "criteria", "scenarios"],
        [
            ("story", string("number of the story, a string: \"04\"")),
            ("title", string("what the story is about")),
            ("settings", reference("objectName")),
            ("clusters", reference("clusters")),
            (
                "criteria",
                list(
                    object(
                        &["id", "title"],
                        [("id", string("`AC1`")), ("title", string("what it asks for"))],
                    ),
                    "the acceptance criteria",
                ),
            ),
            ("scenarios", list(reference("scenario"), "the promises")),
        ],
    );
    if let Some(root) = schema.as_object_mut() {
        root.insert("$defs".into(), definitions());
    }
    schema
}

fn definitions() -> Value {
    let clusters = json!({
        "description": "`all`, or the clusters by name",
        "anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    });
    let mut definitions = expectations();
    definitions.insert("clusters".into(), clusters);
    definitions.insert("scenario".into(), scenario());
    definitions.insert("mutation".into(), mutation());
    Value::Object(definitions)
}

/// The definitions that an expectation takes.
pub(super) fn expectations() -> Map<String, Value> {
    let object_name = object(
        &["kind", "name"],
        [
            ("kind", string("kind; `Kustomization` is Flux's")),
            ("namespace", string("namespace, where the kind has one")),
            ("name", string("name")),
        ],
    );
    let kustomization_name = object(
        &["namespace", "name"],
        [("namespace", string("namespace")), ("name", string("name"))],
    );
    let mut definitions = Map::new();
    let subjects = [
        ("object", reference("objectName")),
        ("appliedBy", reference("kustomizationName")),
        ("file", string("a file of the tree")),
        ("folder", string("a folder of the tree")),
    ];
    let names: Vec<Value> = subjects
        .iter()
        .map(|(key, _)| reference(&format!("of-{key}")))
        .collect();
    definitions.insert("objectName".into(), object_name);
    definitions.insert("kustomizationName".into(), kustomization_name);
    definitions.insert("expectation".into(), json!({ "oneOf": names }));
    for (key, subject) in subjects {
        definitions.insert(format!("of-{key}"), expectation(key, subject));
    }
    definitions
}

fn scenario() -> Value {
    let needs = Need::ALL.map(Need::name);
    let some = |name: &str, description: &str| json!({"type": "array", "items": reference(name), "minItems": 1, "description": description});
    object(
        &["id", "priority", "level", "title", "expectations", "mutations"],
        [
            ("id", string("`04.DNS-INT-001`")),
            ("priority", json!({"enum": Priority::ALL.map(Priority::name)})),
            ("level", json!({"enum": ["unit", "integration", "e2e"]})),
            ("criterion", string("id of the criterion that it proves")),
            (
                "risks",
                list(json!({"type": "string"}), "ids of the risks that it covers"),
            ),
            ("title", string("the promise")),
            ("clusters", reference("clusters")),
            (
                "needs",
                list(
                    json!({ "enum": needs }),
                    "what is not always there; only such a scenario may be deferred",
                ),
            ),
            ("expectations", some("expectation", "what must hold")),
            ("mutations", some("mutation", "what must turn it red")),
        ],
    )
}

fn mutation() -> Value {
    let file = || string("the file");
    let one_of = json!([
        object(
            &["file", "find", "replace"],
            [
                ("file", file()),
                (
                    "find",
                    json!({"type": "string", "minLength": 1, "description": "the exact text"})
                ),
                ("replace", string("what stands there then")),
            ],
        ),
        object(
            &["file", "patch"],
            [
                ("file", file()),
                (
                    "document",
                    json!({"type": "integer", "minimum": 0, "description": "which of its documents, from 0"})
                ),
                (
                    "patch",
                    json!({"type": "array", "items": operation(), "minItems": 1, "description": "a JSON patch, RFC 6902"})
                ),
            ],
        ),
        object(
            &["file", "delete"],
            [("file", file()), ("delete", json!({"const": true}))]
        ),
        object(
            &["file", "create"],
            [("file", file()), ("create", string("the text"))]
        ),
    ]);
    let edits = json!({"type": "array", "items": {"oneOf": one_of}, "minItems": 1, "description": "what is changed, in this order"});
    object(
        &["title", "edits"],
        [
            ("title", string("what goes wrong")),
            ("clusters", reference("clusters")),
            ("edits", edits),
        ],
    )
}

fn operation() -> Value {
    let pointer = || json!({"type": "string", "pattern": "^(/|$)"});
    json!({
        "type": "object",
        "properties": {"op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]}, "path": pointer(), "from": pointer()},
        "required": ["op", "path"],
        "allOf": [
            {"if": {"properties": {"op": {"enum": ["add", "replace", "test"]}}}, "then": {"required": ["value"]}},
            {"if": {"properties": {"op": {"enum": ["move", "copy"]}}}, "then": {"required": ["from"]}},
        ],
    })
}

/// An expectation about one kind of subject: its claims, at least one, and no path beside those that take none.
fn expectation(key: &str, subject: Value) -> Value {
    let mut properties = Map::new();
    properties.insert(
        "stage".into(),
        json!({"enum": ["written", "built", "installed", "live"]}),
    );
    properties.insert(key.into(), subject);
    properties.insert(
        "path".into(),
        json!({"type": "string", "pattern": "^\\$", "description": "a JSONPath, RFC 9535"}),
    );
    properties.insert("why".into(), string("why it is asked for"));
    let claims: Vec<ClaimForm> = claims()
        .into_iter()
        .filter(|form| form.subjects.contains(&key))
        .collect();
    let some: Vec<Value> = claims
        .iter()
        .map(|form| json!({"required": [form.name]}))
        .collect();
    let without_path: Map<String, Value> = claims
        .iter()
        .filter(|form| !form.takes_path)
        .map(|form| (form.name.to_owned(), json!(false)))
        .collect();
    for form in claims {
        properties.insert(form.name.into(), form.value);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": ["stage", key],
        "additionalProperties": false,
        "anyOf": some,
        "dependentSchemas": {"path": {"properties": without_path}},
    })
}
