//! The release page of a story: the checklist for people, the evidence for `release verify`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Context;
use report::markdown::{code, prose};
use scenarios::{Answer, Command, Decision, Line, State, Story};
use serde::{Deserialize, Serialize};

use super::Standing;

/// The folder of the release pages.
pub(super) const FOLDER: &str = "docs/releases";

const OPENS: &str = "```yaml\n";
const CLOSES: &str = "```\n";

/// What a release rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evidence {
    pub(super) story: String,
    /// The commit that was checked out; the page is part of a later one.
    pub(super) commit: String,
    pub(super) branch: String,
    pub(super) gate: Decision,
    /// Digest of everything that the scenarios look at.
    pub(super) inputs: String,
    /// Digest of what has become of each scenario.
    pub(super) report: String,
    pub(super) versions: BTreeMap<String, String>,
    pub(super) commands: BTreeMap<String, Answer>,
    /// State of each item by its number.
    pub(super) items: BTreeMap<String, State>,
}

/// Path of a story's page.
pub(super) fn path(story: &Story) -> String {
    format!("{FOLDER}/{}.md", story.folder())
}

/// What a story's release rests on.
pub(super) fn evidence(standing: &Standing) -> Evidence {
    let gate = &standing.gate;
    let named = |(command, answer): (&Command, &Answer)| (command.name().to_owned(), answer.clone());
    let numbered = standing.lines.iter().filter(|line| !line.number.is_empty());
    Evidence {
        story: standing.story.story.clone(),
        commit: standing.git.commit.clone(),
        branch: standing.git.branch.clone(),
        gate: gate.gate,
        inputs: gate.evidence.inputs.clone(),
        report: gate.evidence.report.clone(),
        versions: gate.evidence.versions.clone(),
        commands: standing.commands.iter().map(named).collect(),
        items: numbered.map(|line| (line.number.clone(), line.state)).collect(),
    }
}

/// The evidence in a page; an error says what is wrong with it.
pub(super) fn read(text: &str) -> anyhow::Result<Evidence> {
    let (_, rest) = text
        .split_once(OPENS)
        .context("there is no block of evidence, wanted one that opens with three backticks and `yaml`")?;
    let (body, _) = rest
        .split_once(CLOSES)
        .context("the block of evidence does not end")?;
    serde_yaml::from_str(body).context("the evidence cannot be read")
}

/// The whole page.
pub(super) fn render(standing: &Standing) -> anyhow::Result<String> {
    let evidence = serde_yaml::to_string(&evidence(standing)).context("the evidence cannot be written")?;
    let path = path(&standing.story);
    Ok(format!(
        "<!-- Written by `cargo xtask release --story {} --write`; do not edit. -->\n{}\n## Evidence\n\n\
         `cargo xtask release verify {path}` holds this against the tree.\n\n{OPENS}{evidence}{CLOSES}",
        standing.story.story,
        checklist(standing)
    ))
}

/// The checklist, for a page or a pull request.
pub(super) fn checklist(standing: &Standing) -> String {
    let story = &standing.story;
    let gate = &standing.gate;
    let mut text = format!(
        "# Story {}: {}\n\nGate **{}**; {}.\n\n",
        prose(&story.story),
        prose(&story.title),
        gate.gate,
        standing.sentence()
    );
    for line in standing.lines.iter().filter(|line| line.state != State::Later) {
        text += &item(line);
    }
    text += "\nNot part of it:\n\n";
    for line in standing.lines.iter().filter(|line| line.state == State::Later) {
        let _ = writeln!(text, "- {} ({})", prose(&line.title), prose(&line.why.join(", ")));
    }
    text += "\n| command | | what it says |\n|---|---|---|\n";
    for (command, answer) in &standing.commands {
        let cells = [
            code(command.name()),
            answer.state.words().to_owned(),
            prose(&answer.said),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// One line of the list: a box, ticked where it is done, and what shows it or what is missing.
fn item(line: &Line) -> String {
    let tick = if line.state == State::Done { "x" } else { " " };
    let indent = if line.number.contains('.') { "  " } else { "" };
    let number = if line.number.is_empty() {
        String::new()
    } else {
        format!("{} ", line.number)
    };
    let mut text = format!("{indent}- [{tick}] {number}{}", prose(&line.title));
    match line.state {
        State::Done if !line.by.is_empty() => {
            let by: Vec<String> = line.by.iter().map(|by| prose(by)).collect();
            let _ = write!(text, " ({})", by.join(", "));
        }
        State::Done => {}
        state => {
            let why: Vec<String> = line.why.iter().map(|why| prose(why)).collect();
            let _ = write!(text, ": **{}**", state.words());
            if !why.is_empty() {
                let _ = write!(text, " {}", why.join("; "));
            }
        }
    }
    text.push('\n');
    text
}
