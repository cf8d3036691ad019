//! Scenarios as JUnit XML: a suite for each story, a case for each scenario and cluster, with priority, criterion and risks
//! as properties.

use report::junit::escape;
use scenarios::{Outcome, Status};

use super::StoryResult;

/// The document.
pub(super) fn render(results: &[StoryResult<'_>]) -> String {
    let all: Vec<&Outcome> = results.iter().flat_map(|result| &result.outcomes).collect();
    let suites: String = results.iter().map(suite).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"scenarios\" {}>\n{suites}</testsuites>\n",
        counts(&all)
    )
}

fn suite(result: &StoryResult<'_>) -> String {
    let outcomes: Vec<&Outcome> = result.outcomes.iter().collect();
    let gate = result.gate.as_ref().map_or_else(String::new, |gate| {
        format!(
            "    <properties>\n{}    </properties>\n",
            property("gate", gate.gate.name())
        )
    });
    let cases: String = outcomes.iter().map(|outcome| case(outcome)).collect();
    format!(
        "  <testsuite name=\"story {}\" {}>\n{gate}{cases}  </testsuite>\n",
        escape(&result.story.story),
        counts(&outcomes)
    )
}

fn counts(outcomes: &[&Outcome]) -> String {
    let of = |status| {
        outcomes
            .iter()
            .filter(|outcome| outcome.status() == status)
            .count()
    };
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        outcomes.len(),
        of(Status::Failed),
        of(Status::Deferred)
    )
}

fn case(outcome: &Outcome) -> String {
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{} on {}: {}\">\n",
        outcome.priority.name(),
        escape(&outcome.id),
        escape(&outcome.cluster),
        escape(&outcome.title)
    );
    let properties = [
        ("priority", outcome.priority.name().to_owned()),
        ("criterion", outcome.criterion.clone()),
        ("risks", outcome.risks.join(", ")),
    ];
    let properties: String = properties
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| property(name, value))
        .collect();
    let said = match outcome.status() {
        Status::Passed => String::new(),
        Status::Deferred => {
            let why: Vec<String> = outcome
                .deferred()
                .map(|(stage, why)| format!("{}: {why}", stage.name()))
                .collect();
            format!("      <skipped message=\"{}\"/>\n", escape(&why.join("; ")))
        }
        Status::Failed => failure(outcome),
    };
    format!("{head}      <properties>\n{properties}      </properties>\n{said}    </testcase>\n")
}

fn property(name: &str, value: &str) -> String {
    format!(
        "        <property name=\"{name}\" value=\"{}\"/>\n",
        escape(value)
    )
}

/// One element for all claims that do not hold: readers expect at most one.
fn failure(outcome: &Outcome) -> String {
    let lines: Vec<String> = outcome
        .failures()
        .map(|failure| {
            format!("{} {}", failure.place(), failure.message())
                .trim()
                .to_owned()
        })
        .collect();
    let first = lines.first().map_or("", String::as_str);
    let body = escape(&lines.join("\n")).replace("&#10;", "\n");
    format!("      <failure message=\"{}\">{body}</failure>\n", escape(first))
}
