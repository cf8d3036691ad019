//! Outcomes as other programs and people read them: entries of the JSON document, rows of a table.

use serde::Serialize;

use crate::design::Priority;
use crate::outcome::{Outcome, StageResult, Status};

/// Headings of [`rows`].
pub const COLUMNS: [&str; 7] = [
    "scenario",
    "priority",
    "criterion",
    "cluster",
    "stage",
    "outcome",
    "where and why",
];

/// One scenario on one cluster at one stage, as the JSON document holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The scenario.
    pub id: String,
    /// How much it matters.
    pub priority: Priority,
    /// The cluster; empty when the repository has none.
    pub cluster: String,
    /// `written`, `built` or `installed`.
    pub stage: &'static str,
    /// `passed`, `failed` or `deferred`.
    pub outcome: &'static str,
    /// What was wanted, of the first claim that does not hold; empty otherwise.
    pub expected: String,
    /// What was found there; empty otherwise.
    pub found: String,
    /// Why it failed or was deferred; empty when it passed.
    pub reason: String,
    /// The file to edit, relative to the root; empty when there is none.
    pub file: String,
    /// Line from 1; 0 without a file.
    pub line: u32,
    /// Id of the acceptance criterion; empty without one.
    pub criterion: String,
    /// Ids of the risks.
    pub risks: Vec<String>,
}

/// The entries of the JSON document: one for each scenario, cluster and stage, in the order of the outcomes.
pub fn entries(outcomes: &[Outcome]) -> Vec<Entry> {
    outcomes
        .iter()
        .flat_map(|outcome| outcome.stages.iter().map(move |stage| entry(outcome, stage)))
        .collect()
}

fn entry(outcome: &Outcome, result: &StageResult) -> Entry {
    let first = result.failures.first();
    Entry {
        id: outcome.id.clone(),
        priority: outcome.priority,
        cluster: outcome.cluster.clone(),
        stage: result.stage.name(),
        outcome: result.status().name(),
        expected: first.map(|failure| failure.expected.clone()).unwrap_or_default(),
        found: first.map(|failure| failure.found.clone()).unwrap_or_default(),
        reason: reasons(result).join("; "),
        file: first.map(|failure| failure.file.clone()).unwrap_or_default(),
        line: first.map_or(0, |failure| failure.line),
        criterion: outcome.criterion.clone(),
        risks: outcome.risks.clone(),
    }
}

/// Why a stage has not passed: what does not hold, else what could not be looked at.
fn reasons(result: &StageResult) -> Vec<String> {
    if result.status() != Status::Failed {
        return result.deferred.clone();
    }
    let worded = result.failures.iter().map(|failure| {
        let why = if failure.reason.is_empty() {
            String::new()
        } else {
            format!(" ({})", failure.reason)
        };
        format!("{}{why}", failure.message())
    });
    worded.collect()
}

/// The rows of a table for people, one for each scenario and cluster, under [`COLUMNS`]. Of several failures the first is
/// shown and the others are counted.
pub fn rows(outcomes: &[Outcome]) -> Vec<[String; COLUMNS.len()]> {
    outcomes.iter().map(row).collect()
}

fn row(outcome: &Outcome) -> [String; COLUMNS.len()] {
    let stages: Vec<&str> = outcome.stages.iter().map(|result| result.stage.name()).collect();
    [
        outcome.id.clone(),
        outcome.priority.name().to_owned(),
        outcome.criterion.clone(),
        outcome.cluster.clone(),
        stages.join(", "),
        outcome.status().name().to_owned(),
        remark(outcome),
    ]
}

fn remark(outcome: &Outcome) -> String {
    let mut failures = outcome.failures();
    if let Some(first) = failures.next() {
        let place = if first.file.is_empty() {
            String::new()
        } else {
            format!("{} ", first.place())
        };
        let more = match failures.count() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        return format!("{place}{}{more}", first.message());
    }
    let deferred: Vec<String> = outcome
        .deferred()
        .map(|(stage, why)| format!("{}: {why}", stage.name()))
        .collect();
    deferred.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{outcome, tree};

    const APP: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {x: '1'}\n";

    #[test]
    fn each_stage_is_an_entry_and_each_cluster_a_row() {
        let object = "object: {kind: ConfigMap, namespace: web, name: a}";
        let expectations = [
            format!("stage: written, {object}, path: $.data.x, equals: '1'"),
            format!("stage: built, {object}, path: $.data.x, equals: '2', why: it counts"),
            format!("stage: built, {object}, path: $.data.y, exists: true"),
            format!("stage: installed, {object}, exists: true"),
        ];
        let texts: Vec<&str> = expectations.iter().map(String::as_str).collect();
        let outcomes = [outcome(&tree(APP), &texts, &[])];
        let found: Vec<String> = entries(&outcomes)
            .iter()
            .map(|entry| serde_json::to_string(entry).unwrap())
            .collect();
        let written = r#"{"id":"S","priority":"P0","cluster":"a","stage":"written","outcome":"passed","expected":"","found":"","reason":"","file":"","line":0,"criterion":"","risks":[]}"#;
        assert_eq!(found[0], written);
        assert!(
            found[1].contains(r#""expected":"the string `2`","found":"the string `1`""#),
            "{}",
            found[1]
        );
        assert!(found[1].contains("(it counts); `data.y`: "), "{}", found[1]);
        assert!(
            found[1].contains(r#""file":"app/app.yaml","line":4"#),
            "{}",
            found[1]
        );
        assert!(found[2].contains(r#""outcome":"deferred""#), "{}", found[2]);
        let where_and_why =
            "app/app.yaml:4:11 `data.x`: wanted the string `2`, found the string `1` (and 1 more)";
        let row = [
            "S",
            "P0",
            "",
            "a",
            "written, built, installed",
            "failed",
            where_and_why,
        ];
        assert_eq!(rows(&outcomes), [row.map(str::to_owned)]);
        let deferred = [outcome(&tree(APP), &texts[3..], &[])];
        assert_eq!(rows(&deferred)[0][6], "installed: the charts were not rendered");
    }
}
