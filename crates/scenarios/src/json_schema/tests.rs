//! The published schemas and the loader take and refuse the same examples.

use model::tree::Tree;
use serde_json::Value;

use super::{design, json_schemas};
use crate::load::load;

/// A valid expectation, so that a case is about one thing.
const HOLDS: &str = "{stage: built, file: a, exists: true}";

fn schema_takes(file: &str, text: &str) -> bool {
    let schemas = json_schemas();
    let schema = &schemas.iter().find(|schema| schema.file == file).unwrap().schema;
    let instance: Value = serde_yaml::from_str(text).unwrap();
    jsonschema::validator_for(schema).unwrap().is_valid(&instance)
}

fn loader_says(file: &str, text: &str) -> String {
    let folder = "docs/qa/01-x/";
    let mut files = vec![
        ("test-design.yaml", design_with(&scenario("", &[HOLDS], EDIT))),
        ("risks.yaml", "risks: []\n".to_owned()),
    ];
    files.retain(|(name, _)| *name != file);
    files.push((file, text.to_owned()));
    let (_, errors) = load(&Tree::from_files(
        files
            .iter()
            .map(|(name, text)| (format!("{folder}{name}"), text.as_str())),
    ));
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[track_caller]
fn agree(file: &str, text: &str, good: bool) {
    let said = loader_says(file, text);
    assert_eq!(said.is_empty(), good, "the loader says {said:?} of\n{text}");
    assert_eq!(
        schema_takes(file, text),
        good,
        "the schema disagrees about\n{text}"
    );
}

const EDIT: &str = "{file: a, delete: true}";

fn scenario(rest: &str, expectations: &[&str], edit: &str) -> String {
    format!(
        "{{id: S, priority: P0, level: integration, title: t, {rest} expectations: [{}], mutations: [{{title: t, edits: [{edit}]}}]}}",
        expectations.join(", ")
    )
}

fn design_with(scenario: &str) -> String {
    format!(
        "{{story: '01', title: t, settings: {{kind: ConfigMap, namespace: flux-system, name: s}}, clusters: [a], criteria: [], scenarios: [{scenario}]}}"
    )
}

#[track_caller]
fn design(scenario: &str, good: bool) {
    agree("test-design.yaml", &design_with(scenario), good);
}

/// A valid value of each claim, as YAML.
fn value_of(form: &design::ClaimForm) -> &str {
    match form.name {
        "commandSucceeds" => form.value["enum"][0].as_str().unwrap(),
        "equals" | "count" => "1",
        "equalsPerCluster" => "{a: 1}",
        "equalsSetting" | "inNetworkOf" | "notReservedIn" => "NAME",
        "type" => "integer",
        "matches" => "'^a'",
        "contains" | "valuesAre" => "[1]",
        "selectsPodsOf" | "applies" => "{kind: A, name: a}",
        "checksSilent" => "[policy/placeholder]",
        _ => "true",
    }
}

fn needs(claim: &str, value: &str, stage: &str) -> String {
    let mut needs = Vec::new();
    match stage {
        "installed" => needs.push("chart"),
        "live" => needs.push("cluster"),
        _ => {}
    }
    match claim {
        "preflightPasses" => needs.push("network"),
        "kubeconformPasses" => needs.push("kubeconform"),
        "commandSucceeds" => needs.push(value),
        _ => {}
    }
    format!("needs: [{}],", needs.join(", "))
}

#[test]
fn every_claim_fits_the_same_subjects_and_paths() {
    let subjects = [
        ("object", "{kind: A, namespace: b, name: a}"),
        ("appliedBy", "{namespace: b, name: a}"),
        ("file", "a"),
        ("folder", "a"),
    ];
    let mut taken = 0;
    for form in design::claims() {
        for (key, subject) in subjects {
            for path in ["", "path: $.a, "] {
                let (name, value) = (form.name, value_of(&form));
                let good = form.subjects.contains(&key) && (path.is_empty() || form.takes_path);
                let expectation = format!("{{stage: built, {key}: {subject}, {path}{name}: {value}}}");
                design(
                    &scenario(&needs(name, value, "built"), &[&expectation], EDIT),
                    good,
                );
                taken += usize::from(good);
            }
        }
    }
    assert!(taken > 40, "{taken}");
}

#[test]
fn stages_and_forms_of_an_expectation() {
    for (stage, good) in [
        ("written", true),
        ("built", true),
        ("installed", true),
        ("live", true),
        ("alive", false),
    ] {
        let expectation = format!("{{stage: {stage}, file: a, exists: true}}");
        design(
            &scenario(&needs("exists", "true", stage), &[&expectation], EDIT),
            good,
        );
    }
    let bad = [
        "{stage: built, exists: true}",
        "{stage: built, file: a}",
        "{stage: built, file: a, folder: b, exists: true}",
        "{file: a, exists: true}",
        "{stage: built, file: a, exist: true}",
        "{stage: built, file: a, exists: maybe}",
        "{stage: built, file: a, count: -1}",
        "{stage: built, file: a, type: int}",
        "{stage: built, file: a, addressUsedOnce: false}",
        "{stage: built, file: a, checksSilent: []}",
        "{stage: built, file: a, path: a.b, exists: true}",
        "{stage: built, object: {kind: A}, exists: true}",
        "{stage: built, object: {kind: A, name: a, nam: b}, exists: true}",
        "{stage: built, object: {kind: A, name: a}, equals: null}",
    ];
    for expectation in bad {
        design(&scenario("", &[expectation], EDIT), false);
    }
}

#[test]
fn scenarios_and_mutations() {
    let edits = [
        ("{file: a, find: b, replace: c}", true),
        ("{file: a, create: c}", true),
        ("{file: a, patch: [{op: replace, path: /b, value: 1}]}", true),
        (
            "{file: a, document: 1, patch: [{op: move, from: /a, path: /b}]}",
            true,
        ),
        ("{file: a, find: b}", false),
        ("{file: a, find: '', replace: c}", false),
        ("{file: a, delete: false}", false),
        ("{file: a, delete: true, create: c}", false),
        ("{file: a, patch: []}", false),
        ("{file: a, patch: [{op: replace, path: /b}]}", false),
        ("{file: a, patch: [{op: copy, path: /b}]}", false),
        ("{file: a, patch: [{op: swap, path: /b}]}", false),
        ("{file: a, patch: [{op: remove, path: b}]}", false),
        ("{file: a, document: 1, delete: true}", false),
        ("{file: a}", false),
        ("{delete: true}", false),
    ];
    for (edit, good) in edits {
        design(&scenario("", &[HOLDS], edit), good);
    }
    let scenarios = [
        (scenario("clusters: all,", &[HOLDS], EDIT), true),
        (scenario("clusters: [],", &[HOLDS], EDIT), false),
        (scenario("clusters: infra,", &[HOLDS], EDIT), false),
        (scenario("need: [],", &[HOLDS], EDIT), false),
        (scenario("needs: [luck],", &[HOLDS], EDIT), false),
        (scenario("", &[], EDIT), false),
        (scenario("", &[HOLDS], EDIT).replace("P0", "P9"), false),
        (
            scenario("", &[HOLDS], EDIT).replace("integration", "system"),
            false,
        ),
        (scenario("", &[HOLDS], EDIT).replace(EDIT, ""), false),
        (scenario("", &[HOLDS], EDIT).replace("id: S,", ""), false),
    ];
    for (scenario, good) in scenarios {
        design(&scenario, good);
    }
}

#[test]
fn risks_and_waivers() {
    let risk = "id: R, category: OPS, title: t, mitigation: m, owner: o";
    let weighed = "probability: 2, impact: 3, score: 6";
    let waiver = "for: S, reason: r, approver: a";
    let cases = [
        ("risks.yaml", format!("{{risks: [{{{risk}}}]}}"), true),
        ("risks.yaml", format!("{{risks: [{{{risk}, {weighed}}}]}}"), true),
        ("risks.yaml", format!("{{risks: [{{{risk}, score: 6}}]}}"), false),
        (
            "risks.yaml",
            format!("{{risks: [{{{risk}, {}}}]}}", weighed.replace('2', "4")),
            false,
        ),
        ("risks.yaml", format!("{{risks: [{{{risk}, weight: 1}}]}}"), false),
        ("risks.yaml", "{risk: []}".to_owned(), false),
        (
            "waivers.yaml",
            format!("{{waivers: [{{{waiver}, until: 2026-12-31}}]}}"),
            true,
        ),
        (
            "waivers.yaml",
            format!("{{waivers: [{{{waiver}, until: 2026-13-31}}]}}"),
            false,
        ),
        ("waivers.yaml", format!("{{waivers: [{{{waiver}}}]}}"), false),
        (
            "waivers.yaml",
            format!(
                "{{waivers: [{{{}, until: 2026-12-31}}]}}",
                waiver.replace("approver: a", "approver: ' '")
            ),
            false,
        ),
    ];
    for (file, text, good) in cases {
        agree(file, &text, good);
    }
}

#[test]
fn definitions_of_done() {
    let done = "{title: t, proofs: [{command: git}]}";
    let definition = |done: &str| format!("{{story: '01', owner: o, manifests: [a], done: [{done}]}}");
    let cases = [
        ("story.yaml", definition(done), true),
        (
            "story.yaml",
            definition("{title: t, items: [{title: u, proofs: [{files: [a]}, {scenarios: [S]}]}]}"),
            true,
        ),
        ("story.yaml", definition("{title: t}"), false),
        (
            "story.yaml",
            definition("{title: t, proofs: [{expect: {stage: built, file: a, exists: true}}]}"),
            true,
        ),
        (
            "story.yaml",
            definition("{title: t, proofs: [{expect: {stage: built, file: a}}]}"),
            false,
        ),
        ("story.yaml", definition("{title: t, proofs: []}"), false),
        (
            "story.yaml",
            definition("{title: t, proofs: [{command: push}]}"),
            false,
        ),
        (
            "story.yaml",
            definition("{title: t, proofs: [{files: []}]}"),
            false,
        ),
        (
            "story.yaml",
            definition("{title: t, proofs: [{files: [a], command: git}]}"),
            false,
        ),
        ("story.yaml", definition(""), false),
        ("story.yaml", definition(done).replace("owner: o, ", ""), false),
        (
            "story.yaml",
            definition(done).replace("owner: o", "owner: o, later: [{title: t, story: '45'}]"),
            true,
        ),
        (
            "story.yaml",
            definition(done).replace("owner: o", "owner: o, later: [{title: t}]"),
            false,
        ),
    ];
    for (file, text, good) in cases {
        agree(file, &text, good);
    }
}

#[test]
fn the_designs_of_this_repository_are_valid() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let tree = Tree::from_disk(
        root,
        model::tree::DiskOptions {
            keep_source_ignored: true,
        },
    )
    .unwrap();
    let mut seen = 0;
    for schema in json_schemas() {
        let validator = jsonschema::validator_for(&schema.schema).unwrap();
        for file in tree
            .files_below("docs/qa")
            .filter(|file| file.ends_with(&format!("/{}", schema.file)))
        {
            let instance: Value = serde_yaml::from_str(&tree.read(file).unwrap().text).unwrap();
            let wrong: Vec<String> = validator
                .iter_errors(&instance)
                .map(|error| error.to_string())
                .collect();
            assert_eq!(wrong, Vec::<String>::new(), "{file}");
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}
