//! Scenarios for people: a table of outcomes, the risks and criteria with their scenarios, the numbers, the gates.

use std::fmt::Write;

use report::color::{Paint, Tone};
use report::table::{Cell, Table};
use scenarios::{Decision, Outcome, Standing, Status, Traced};

use super::StoryResult;

/// Everything; with `quiet` only what has not passed, the numbers and the gates.
pub(super) fn render(results: &[StoryResult<'_>], paint: Paint, quiet: bool) -> String {
    let mut text = outcomes(results, paint, quiet);
    if !quiet {
        text += &traced(results, paint);
    }
    let all: Vec<Outcome> = results
        .iter()
        .flat_map(|result| result.outcomes.iter().cloned())
        .collect();
    let _ = writeln!(text, "\n{}", totals(&all));
    for result in results {
        text += &gate(result, paint);
    }
    text
}

fn outcomes(results: &[StoryResult<'_>], paint: Paint, quiet: bool) -> String {
    let mut table = Table::new(scenarios::COLUMNS);
    for result in results {
        for (outcome, row) in result.outcomes.iter().zip(scenarios::rows(&result.outcomes)) {
            let tone = match outcome.status() {
                Status::Passed if quiet => continue,
                Status::Passed => Tone::Good,
                Status::Deferred => Tone::Doubtful,
                Status::Failed => Tone::Bad,
            };
            let word = outcome.status().name();
            table.row(row.into_iter().map(|text| {
                if text == word {
                    Cell::new(tone, text)
                } else {
                    Cell::from(text)
                }
            }));
        }
    }
    table.render(paint)
}

fn traced(results: &[StoryResult<'_>], paint: Paint) -> String {
    let mut table = Table::new(["risk or criterion", "score", "standing", "scenarios"]);
    for gate in results.iter().filter_map(|result| result.gate.as_ref()) {
        for traced in gate.risks.iter().chain(&gate.criteria) {
            table.row(row(&gate.story, traced));
        }
    }
    let table = table.render(paint);
    if table.is_empty() {
        table
    } else {
        format!("\n{table}")
    }
}

fn row(story: &str, traced: &Traced) -> [Cell; 4] {
    let tone = match traced.standing {
        Standing::Held => Tone::Good,
        Standing::Unproven => Tone::Doubtful,
        Standing::Open | Standing::Untested => Tone::Bad,
    };
    let score = traced.score.map_or_else(String::new, |score| score.to_string());
    [
        Cell::from(format!("{story} {}", traced.id)),
        Cell::from(score),
        Cell::new(tone, traced.standing.name()),
        Cell::from(traced.scenarios.join(", ")),
    ]
}

/// The numbers by priority: `P0: 8 scenarios, 7 passed, 1 deferred, 0 failed; ...`.
pub(super) fn totals(outcomes: &[Outcome]) -> String {
    let parts = scenarios::totals(outcomes)
        .into_iter()
        .filter(|(_, totals)| totals.scenarios > 0)
        .map(|(priority, totals)| {
            format!(
                "{}: {} scenarios, {} passed, {} deferred, {} failed",
                priority.name(),
                totals.scenarios,
                totals.passed,
                totals.deferred,
                totals.failed
            )
        });
    parts.collect::<Vec<_>>().join("; ")
}

fn gate(result: &StoryResult<'_>, paint: Paint) -> String {
    let Some(gate) = &result.gate else {
        return String::new();
    };
    let tone = match gate.gate {
        Decision::Pass => Tone::Good,
        Decision::Concerns | Decision::Waived => Tone::Doubtful,
        Decision::Fail => Tone::Bad,
    };
    let mut text = format!(
        "\ngate of story {}: {}\n",
        gate.story,
        paint.apply(tone, gate.gate.name())
    );
    for reason in &gate.because {
        let waived = if reason.waived { " (waived)" } else { "" };
        let _ = writeln!(text, "  {}{waived}", report::visible(&reason.why));
    }
    text
}
