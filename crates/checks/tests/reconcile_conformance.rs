//! What the real Flux did with 44 small repositories, and what the checks say of them.
//!
//! A repository that works must give no error and no warning. One that does not work, and whose defect the repository shows,
//! must give one; the list of those that are missed is exact.

#![expect(clippy::unwrap_used, reason = "a case that cannot be read ends the test")]

use diag::{Findings, Level};
use flux::ClusterBuild;
use model::config::Config;
use model::tree::Tree;
use serde_json::Value;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/conformance/reconcile/cases.jsonl"
);

/// Cases whose defect the repository shows and which the checks do not find, with the reason.
const MISSED: &[(&str, &str)] = &[];

fn findings(case: &Value) -> Findings {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let files = case["files"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, content)| (path.clone(), text(content)));
    let tree = Tree::from_files(files);
    let entry = [("infra".to_owned(), text(&case["entry"]))];
    let builder = kustomize::Builder::new(&tree);
    let options = flux::Options::for_version(2, 9);
    let clusters: Vec<ClusterBuild> = flux::discover(&tree, &entry)
        .iter()
        .map(|cluster| flux::build(&tree, &builder, cluster, options))
        .collect();
    let config = Config::default();
    let cx = checks::Context::new(&tree, &clusters, &[], &SCHEMAS, &config, "2026-11-23");
    checks::run(&cx).findings
}

static SCHEMAS: std::sync::LazyLock<schema::Store> = std::sync::LazyLock::new(schema::Store::bundled);

#[test]
fn agrees_with_the_real_flux() {
    let Ok(cases) = std::fs::read_to_string(CASES) else {
        println!("skipped: {CASES} is not there");
        return;
    };
    let (mut caught, mut clean, mut later) = (0, 0, 0);
    let (mut false_alarms, mut missed) = (Vec::new(), Vec::new());
    for case in cases
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
    {
        let name = case["name"].as_str().unwrap().to_owned();
        let findings = findings(&case);
        let loud: Vec<String> = findings
            .found
            .iter()
            .filter(|finding| finding.level != Level::Note)
            .map(|finding| format!("{} {}", finding.check, finding.message))
            .collect();
        println!(
            "{name}: {}",
            if loud.is_empty() {
                "nothing".to_owned()
            } else {
                loud.join(" | ")
            }
        );
        for deferred in &findings.deferred {
            println!(
                "    deferred {}: {}: {}",
                deferred.check, deferred.subject, deferred.reason
            );
        }
        match (case["works"].as_bool().unwrap(), case["needs"].as_str().unwrap()) {
            (true, _) if loud.is_empty() => clean += 1,
            (true, _) => false_alarms.push(format!("{name}: {}", loud.join(" | "))),
            (false, "nothing") if loud.is_empty() => missed.push(name),
            (false, "nothing") => caught += 1,
            (false, _) => later += 1,
        }
    }
    println!(
        "caught {caught}, clean {clean}, needs more than the repository {later}, missed {}",
        missed.len()
    );
    assert!(false_alarms.is_empty(), "false alarms: {false_alarms:#?}");
    let known: Vec<&str> = MISSED.iter().map(|(name, _)| *name).collect();
    assert_eq!(missed, known, "the list of missed cases is not exact");
}
