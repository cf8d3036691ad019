//! Scenarios as one JSON document.

use scenarios::Outcome;
use serde_json::{Value, json};

use super::StoryResult;

/// The document: the outcomes, and each story with its coverage and its gate.
pub(super) fn render(path: &str, results: &[StoryResult<'_>]) -> String {
    let outcomes: Vec<Outcome> = results
        .iter()
        .flat_map(|result| result.outcomes.iter().cloned())
        .collect();
    report::json::document(&json!({
        "apiVersion": report::API_VERSION,
        "kind": "Scenarios",
        "tool": report::Tool::THIS,
        "path": path,
        "scenarios": scenarios::entries(&outcomes),
        "stories": results.iter().map(story).collect::<Vec<Value>>(),
    }))
}

fn story(result: &StoryResult<'_>) -> Value {
    let coverage = scenarios::coverage(result.story);
    let totals: serde_json::Map<String, Value> = scenarios::totals(&result.outcomes)
        .into_iter()
        .map(|(priority, totals)| (priority.name().to_owned(), json!(totals)))
        .collect();
    json!({
        "story": result.story.story,
        "title": result.story.title,
        "totals": totals,
        "coverage": {
            "criteriaWithoutScenario": coverage.criteria_without_scenario,
            "risksWithoutScenario": coverage.risks_without_scenario,
            "scenariosWithoutCriterion": coverage.scenarios_without_criterion,
        },
        "gate": result.gate,
    })
}
