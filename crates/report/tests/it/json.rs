//! JSON and its schema.

use report::color::Paint;
use report::diff::{Side, unified};
use report::{Format, json_schema};
use serde_json::{Value, json};

/// Reads as much of JSON Schema as ours uses, and refuses what it does not know.
fn mismatches(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let root = json_schema();
    let keyword = |(keyword, wanted): (&String, &Value)| match keyword.as_str() {
        "$schema" | "title" | "description" | "$defs" | "required" | "additionalProperties" => Vec::new(),
        "$ref" => mismatches(root.pointer(&wanted.as_str().unwrap()[1..]).unwrap(), value, at),
        "const" if wanted == value => Vec::new(),
        "enum" if wanted.as_array().unwrap().contains(value) => Vec::new(),
        "anyOf"
            if wanted
                .as_array()
                .unwrap()
                .iter()
                .any(|one| mismatches(one, value, at).is_empty()) =>
        {
            Vec::new()
        }
        "minimum" if value.as_u64() >= wanted.as_u64() => Vec::new(),
        "type" if has_type(value, wanted.as_str().unwrap()) => Vec::new(),
        "items" => items(wanted, value, at),
        "properties" => properties(schema, value, at),
        other => vec![format!("{at}: {other} {wanted}, found {value}")],
    };
    schema.as_object().unwrap().iter().flat_map(keyword).collect()
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn items(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let items = value.as_array().unwrap().iter().enumerate();
    items
        .flat_map(|(index, item)| mismatches(schema, item, &format!("{at}[{index}]")))
        .collect()
}

fn properties(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    assert_eq!(schema["additionalProperties"], false);
    let (known, found) = (
        schema["properties"].as_object().unwrap(),
        value.as_object().unwrap(),
    );
    let required = schema["required"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap());
    let missing = required
        .filter(|name| !found.contains_key(*name))
        .map(|name| format!("{at}: no {name}"));
    let checked = found.iter().flat_map(|(name, value)| match known.get(name) {
        Some(schema) => mismatches(schema, value, &format!("{at}.{name}")),
        None => vec![format!("{at}: extra {name}")],
    });
    missing.chain(checked).collect()
}

#[test]
fn the_committed_schema_is_current() {
    let committed = include_str!("../../../../docs/reference/report.schema.json");
    let current = report::json::document(&json_schema());
    let name = "docs/reference/report.schema.json";
    let (old, new) = (
        Side {
            name,
            text: committed,
        },
        Side {
            name: "report::json_schema",
            text: &current,
        },
    );
    assert_eq!(unified(old, new, Paint::Plain), "");
}

#[test]
fn reports_match_the_schema() {
    for text in crate::samples(Format::Json) {
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(mismatches(&json_schema(), &report, ""), [""; 0]);
    }
}

#[test]
fn the_schema_refuses_what_no_report_is() {
    let [.., typical, _] = crate::samples(Format::Json);
    let mut report: Value = serde_json::from_str(&typical).unwrap();
    report["findings"][1]["level"] = json!("fatal");
    report["findings"][1]["object"]["extra"] = json!(1);
    report["clusters"][0]["objects"] = json!("12");
    report["summary"].as_object_mut().unwrap().shift_remove("notes");
    let wrong = mismatches(&json_schema(), &report, "");
    assert_eq!(wrong.len(), 5, "{wrong:#?}");
}

#[test]
fn keys_come_in_the_order_of_the_contract() {
    let [clean, _, typical, _] = crate::samples(Format::Json);
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let clean: Value = serde_json::from_str(&clean).unwrap();
    let wanted = "apiVersion kind tool engine fluxVersion kubernetesVersion path clusters coverage findings deferred \
                  suppressed summary";
    assert_eq!(keys(&clean), wanted);
    let typical: Value = serde_json::from_str(&typical).unwrap();
    let wanted = "check level message file line column endLine endColumn stage cluster object path related origin why \
                  help docs";
    assert_eq!(keys(&typical["findings"][0]), wanted);
    assert_eq!(
        typical["findings"][1]["docs"],
        "docs/checks/flux/depends-on-unknown.md"
    );
}

#[test]
fn a_finding_in_no_file_has_no_place() {
    let [.., typical, _] = crate::samples(Format::Json);
    let report: Value = serde_json::from_str(&typical).unwrap();
    let found = &report["findings"][0];
    assert_eq!(
        [&found["file"], &found["line"], &found["endColumn"]],
        [&json!(""), &json!(0), &json!(0)]
    );
}

#[test]
fn escapes_what_a_terminal_would_obey() {
    let text = report::json::document(&json!({"a": "\u{9b}1m\u{202e}\u{1b}é"}));
    assert_eq!(text, "{\n  \"a\": \"\\u009b1m\\u202e\\u001bé\"\n}\n");
}
