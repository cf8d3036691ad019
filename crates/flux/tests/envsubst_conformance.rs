//! Substitution answers what `fluxcd/pkg/envsubst` answers, for the cases recorded from that library.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use flux::envsubst::{Strictness, expand};
use serde_json::Value;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/conformance/envsubst/cases.jsonl"
);

#[test]
fn envsubst_agrees_with_the_library_of_flux() {
    if !Path::new(CASES).exists() {
        println!("skipped: envsubst_agrees_with_the_library_of_flux: ../shared is absent");
        return;
    }
    let text = fs::read_to_string(CASES).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (first, cases) = lines.split_first().unwrap();
    assert!(!cases.is_empty());

    let variables: HashMap<String, String> = serde_json::from_value(first["variables"].clone()).unwrap();
    let disagreements: Vec<String> = cases
        .iter()
        .filter_map(|case| disagreement(case, &variables))
        .collect();
    println!(
        "{} of {} cases agree",
        cases.len() - disagreements.len(),
        cases.len()
    );
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

/// Says what is wrong with the answer to `case`, if anything; a case without a template is wrong as well.
fn disagreement(case: &Value, variables: &HashMap<String, String>) -> Option<String> {
    let (Some(template), Some(strict)) = (case["template"].as_str(), case["strict"].as_bool()) else {
        return Some(format!("not a case: {case}"));
    };
    let strictness = if strict {
        Strictness::Strict
    } else {
        Strictness::Lax
    };
    let actual = expand(template, strictness, &|name| {
        variables.get(name).map(String::as_str)
    });
    let agrees = match (case["output"].as_str(), &actual) {
        (Some(expected), Ok(actual)) => expected == actual,
        (None, Err(_)) => true,
        _ => false,
    };
    (!agrees).then(|| format!("{case}: got {actual:?}"))
}
