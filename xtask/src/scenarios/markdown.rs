//! Scenarios as Markdown, for a step summary or a pull request.

use std::fmt::Write;

use report::markdown::{code, prose};
use scenarios::{GateFile, Status};

use super::{StoryResult, text};

/// As much as GitHub takes in one comment, in bytes, of which there are at least as many as characters.
const END: usize = 63_000;

/// The document: for each story its gate with the reasons, its risks, and the scenarios that have not passed. What is too
/// long for a comment is cut at a line, and says so.
pub(super) fn render(results: &[StoryResult<'_>]) -> String {
    let whole = results.iter().map(story).collect::<Vec<_>>().join("\n");
    let mut text = String::new();
    for line in whole.split_inclusive('\n') {
        if text.len() + line.len() > END {
            return text + "\ncut to keep this short; `-o json=FILE` has all of it\n";
        }
        text.push_str(line);
    }
    text
}

fn story(result: &StoryResult<'_>) -> String {
    let story = result.story;
    let gate = result
        .gate
        .as_ref()
        .map_or_else(String::new, |gate| format!(": {}", gate.gate));
    let mut text = format!(
        "## Story {}{gate}\n\n{}\n\n",
        prose(&story.story),
        prose(&story.title)
    );
    if let Some(gate) = &result.gate {
        for reason in &gate.because {
            let waived = if reason.waived { " (waived)" } else { "" };
            let _ = writeln!(text, "- {}{waived}", prose(&reason.why));
        }
        if !gate.because.is_empty() {
            text.push('\n');
        }
        text += &risks(gate);
    }
    let _ = writeln!(text, "{}\n", text::totals(&result.outcomes));
    let mut rows = result
        .outcomes
        .iter()
        .zip(scenarios::rows(&result.outcomes))
        .filter(|(outcome, _)| outcome.status() != Status::Passed)
        .peekable();
    if rows.peek().is_some() {
        text += "| scenario | priority | criterion | cluster | outcome | where and why |\n|---|---|---|---|---|---|\n";
    }
    for (_, [id, priority, criterion, cluster, _, outcome, why]) in rows {
        let cells = [
            code(&id),
            priority,
            prose(&criterion),
            prose(&cluster),
            outcome,
            prose(&why),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

fn risks(gate: &GateFile) -> String {
    let mut text = "| risk or criterion | score | standing | scenarios |\n|---|---|---|---|\n".to_owned();
    for traced in gate.risks.iter().chain(&gate.criteria) {
        let score = traced.score.map_or_else(String::new, |score| score.to_string());
        let scenarios: Vec<String> = traced.scenarios.iter().map(|id| code(id)).collect();
        let _ = writeln!(
            text,
            "| {} | {score} | {} | {} |",
            code(&traced.id),
            traced.standing.name(),
            scenarios.join(", ")
        );
    }
    text.push('\n');
    text
}
