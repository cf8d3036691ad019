//! The checklist for people at a terminal, and as JSON.

use std::fmt::Write;

use report::color::{Paint, Tone};
use report::table::{Cell, Table};
use scenarios::State;
use serde_json::json;

use super::{Standing, page};

/// The checklist with what the commands say.
pub(super) fn render(standing: &Standing, paint: Paint) -> String {
    let mut table = Table::new(["item", "", "state", "why"]);
    for line in &standing.lines {
        let indent = if line.number.contains('.') { "  " } else { "" };
        table.row([
            Cell::from(line.number.clone()),
            Cell::from(format!("{indent}{}", line.title)),
            Cell::new(tone(line.state), line.state.words()),
            Cell::from(line.why.join("; ")),
        ]);
    }
    let mut commands = Table::new(["command", "state", "what it says"]);
    for (command, answer) in &standing.commands {
        commands.row([
            Cell::from(command.name()),
            Cell::new(tone(answer.state), answer.state.words()),
            Cell::from(answer.said.clone()),
        ]);
    }
    let mut text = format!("{}\n{}", table.render(paint), commands.render(paint));
    let _ = writeln!(
        text,
        "\nstory {}, gate {}: {}",
        standing.story.story,
        standing.gate.gate,
        standing.sentence()
    );
    text
}

fn tone(state: State) -> Tone {
    match state {
        State::Done => Tone::Good,
        State::Deferred => Tone::Doubtful,
        State::Later => Tone::Dim,
        State::Open => Tone::Bad,
    }
}

/// One JSON document.
pub(super) fn json(standing: &Standing) -> String {
    report::json::document(&json!({
        "apiVersion": report::API_VERSION,
        "kind": "Release",
        "tool": report::Tool::THIS,
        "story": standing.story.story,
        "title": standing.story.title,
        "checklist": standing.lines,
        "evidence": page::evidence(standing),
    }))
}
