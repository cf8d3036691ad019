//! The cases of kustomize's own test-suite, answered by the real library; read from the shared folder.

#![expect(clippy::unwrap_used, reason = "a broken case file may stop the test")]

use std::collections::{BTreeMap, BTreeSet};

use kustomize::{Builder, LoadRestrictor, Mode, Options, Order, ProblemKind, RootOverlay};
use model::tree::Tree;
use model::yaml::{Dialect, Style, emit_stream, parse};
use serde_json::Value;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/conformance/kustomize/cases.jsonl"
);

/// Cases that disagree, and why. One that agrees must be taken off the list.
const DISAGREEING: &[(&str, &str)] = &[];

/// The fields that may be refused; a refusal of anything else is a disagreement.
const REFUSED: &[&str] = &[
    "vars",
    "openapi",
    "crds",
    "generators",
    "transformers",
    "validators",
    "helmCharts",
];

/// How a case came out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Byte for byte.
    Same,
    /// The same data in the same order.
    SameData,
    /// Both fail.
    BothFail,
    /// A feature that we refuse by name.
    Refused(String),
    /// Anything else.
    Differs(String),
}

fn run(case: &Value) -> Outcome {
    let files = case["files"].as_object().unwrap();
    let tree = Tree::from_files(
        files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str().unwrap())),
    );
    let restrictor = match case["load_restrictor"].as_str() {
        Some("None") => LoadRestrictor::None,
        _ => LoadRestrictor::RootOnly,
    };
    let order = if case["reorder"] == "none" {
        Order::Fifo
    } else {
        Order::Legacy
    };
    let options = Options {
        mode: Mode::Kustomize,
        restrictor,
        order,
        overlay: RootOverlay::default(),
    };
    let build = Builder::new(&tree).build(case["path"].as_str().unwrap(), &options);
    let unsupported = build
        .problems
        .iter()
        .find(|problem| problem.kind == ProblemKind::Unsupported);
    let Some(wanted) = case["output"].as_str() else {
        return match unsupported {
            _ if build.failed() => Outcome::BothFail,
            _ => Outcome::Differs("built what the real one refuses".to_owned()),
        };
    };
    if let Some(problem) = unsupported {
        let is_known = REFUSED
            .iter()
            .any(|field| problem.message.starts_with(&format!("`{field}` ")));
        if !is_known {
            return Outcome::Differs(format!("refused: {}", problem.message));
        }
        return Outcome::Refused(problem.message.clone());
    }
    if build.failed() {
        let messages: Vec<_> = build
            .problems
            .iter()
            .filter(|p| p.kind.fails())
            .map(|p| p.message.as_str())
            .collect();
        return Outcome::Differs(messages.join("; "));
    }
    let found = emit_stream(build.objects.iter().map(|object| &object.node), Style::Kustomize);
    if found == wanted {
        return Outcome::Same;
    }
    let read = |text: &str| parse(diag::SourceId::NONE, text, Dialect::Kustomize).documents;
    let (a, b) = (read(&found), read(wanted));
    let same = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.same_data(b));
    if same {
        Outcome::SameData
    } else {
        Outcome::Differs(format!("--- found\n{found}\n--- wanted\n{wanted}"))
    }
}

#[test]
fn kustomize_conformance() {
    let Ok(text) = std::fs::read_to_string(CASES) else {
        println!("skipped: kustomize_conformance: ../shared is absent");
        return;
    };
    let cases: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let known: BTreeMap<&str, &str> = DISAGREEING.iter().copied().collect();
    let (mut same, mut same_data, mut both_fail, mut refused) = (0, 0, 0, 0);
    let mut differing = BTreeSet::new();
    let verbose = std::env::var("CASE").ok();
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        if verbose.as_ref().is_some_and(|only| only != id) {
            continue;
        }
        match run(case) {
            Outcome::Same => same += 1,
            Outcome::SameData => same_data += 1,
            Outcome::BothFail => both_fail += 1,
            Outcome::Refused(why) => {
                refused += 1;
                println!("refused: {id}: {why}");
            }
            Outcome::Differs(how) => {
                println!("differs: {id}: {how}");
                differing.insert(id);
            }
        }
    }
    println!(
        "{} cases: {same} agree byte for byte, {same_data} as data, {both_fail} fail in both, {refused} refused by \
         name, {} disagree",
        cases.len(),
        differing.len()
    );
    if verbose.is_some() {
        return;
    }
    let unlisted: Vec<_> = differing.iter().filter(|id| !known.contains_key(*id)).collect();
    assert!(
        unlisted.is_empty(),
        "disagree and are not on the list: {unlisted:?}"
    );
    let stale: Vec<_> = known.keys().filter(|id| !differing.contains(*id)).collect();
    assert!(stale.is_empty(), "agree now, take them off the list: {stale:?}");
}
