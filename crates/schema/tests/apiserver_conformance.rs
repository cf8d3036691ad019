//! What a real API server answered (2,021 objects, one mutation of a healthy object each) against what we answer.

use std::collections::BTreeMap;

use model::object::Gvk;
use model::yaml::from_json;
use schema::Store;
use serde_json::Value as Json;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/conformance/apiserver/cases.jsonl"
);

/// The share of refused objects that we refuse too, in per mille; it may only rise.
const FLOOR: usize = 1000;

struct Case {
    json: Json,
    violations: Vec<String>,
}

impl Case {
    fn text(&self, key: &str) -> &str {
        self.json.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    fn cause(&self) -> String {
        let cause = |key: &str| {
            self.json
                .pointer(&format!("/causes/0/{key}"))
                .and_then(Json::as_str)
        };
        let field = cause("field").unwrap_or_default();
        let message = cause("message").unwrap_or_else(|| self.text("message"));
        format!("{field}: {}", message.chars().take(140).collect::<String>())
    }
}

/// The cases of kinds that the bundle knows; none where the folder is absent.
fn cases() -> Option<Vec<Case>> {
    let text = std::fs::read_to_string(CASES).ok()?;
    let store = Store::bundled();
    let known = text.lines().filter_map(|line| {
        let json: Json = serde_json::from_str(line).ok()?;
        let object = from_json(json.get("object")?);
        let gvk = Gvk::new(json.get("apiVersion")?.as_str()?, json.get("kind")?.as_str()?);
        let verdict = store.lookup(&gvk)?.validate(&object);
        let violations = verdict
            .violations
            .iter()
            .map(|v| format!("{}: {}", v.path, v.message))
            .collect();
        Some(Case { json, violations })
    });
    Some(known.collect())
}

#[test]
fn agrees_with_the_api_server() {
    let Some(cases) = cases() else {
        println!("skipped: {CASES} is absent");
        return;
    };
    let mut alarms = Vec::new();
    let mut by_mutation: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for case in &cases {
        let mutation = case.text("mutation");
        if case.text("verdict") == "accepted" {
            if !case.violations.is_empty() {
                let found = case.violations.join("; ");
                alarms.push(format!(
                    "{} {mutation} {}: {found}",
                    case.text("kind"),
                    case.text("path")
                ));
            }
            continue;
        }
        let share = by_mutation.entry(mutation).or_default();
        share.1 += 1;
        if case.violations.is_empty() {
            missed.push(format!(
                "{} {mutation} {}: {}",
                case.text("kind"),
                case.text("path"),
                case.cause()
            ));
        } else {
            share.0 += 1;
        }
    }
    missed.sort();
    for (mutation, (refused, of)) in &by_mutation {
        println!("{mutation}: {refused} of {of} refused");
    }
    let (refused, of) = by_mutation
        .values()
        .fold((0, 0), |sum, share| (sum.0 + share.0, sum.1 + share.1));
    assert!(cases.len() > 1_500, "{} cases are of known kinds", cases.len());
    println!("{refused} of {of} refused; missed:\n{}", missed.join("\n"));
    assert!(
        alarms.is_empty(),
        "{} false alarms:\n{}",
        alarms.len(),
        alarms.join("\n")
    );
    assert!(
        refused * 1000 >= of * FLOOR,
        "{refused} of {of} refused, wanted {FLOOR} per mille"
    );
}
