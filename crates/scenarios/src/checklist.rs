//! The Definition of Done as a checklist: a pure function from what is known to done, not done, deferred, not part of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::done::{Command, Definition, Item, Numbered, Proof, expectation_id};
use crate::outcome::Status;
use crate::settle::Promise;

/// Whether an item is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was shown.
    Done,
    /// It could not be shown yet.
    Deferred,
    /// It is shown by another story.
    Later,
    /// It does not hold.
    Open,
}

impl State {
    /// The word that people read.
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Deferred => "deferred",
            Self::Later => "not part of it",
            Self::Open => "not done",
        }
    }
}

/// What something says about a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What it shows.
    pub state: State,
    /// Why it is not done, or until when it is deferred; what was seen otherwise.
    pub said: String,
}

impl Answer {
    /// It was shown.
    pub fn yes(said: impl Into<String>) -> Self {
        Self {
            state: State::Done,
            said: said.into(),
        }
    }

    /// It does not hold.
    pub fn no(said: impl Into<String>) -> Self {
        Self {
            state: State::Open,
            said: said.into(),
        }
    }

    /// It could not be shown; says until when.
    pub fn deferred(said: impl Into<String>) -> Self {
        Self {
            state: State::Deferred,
            said: said.into(),
        }
    }
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `2`, `2.3`; empty for what another story shows.
    pub number: String,
    /// What must be so.
    pub title: String,
    /// Whether it is.
    pub state: State,
    /// What shows it.
    pub by: Vec<String>,
    /// Why it is not done, until when it is deferred, which story shows it; empty when it is done.
    pub why: Vec<String>,
}

/// What is known when a checklist is made.
pub struct Knowledge<'a> {
    /// The story's scenarios and [`Definition::as_scenarios`], as they are counted.
    pub promises: &'a [Promise],
    /// Ids that a waiver lets through, with the day until which it does.
    pub waived: &'a BTreeMap<String, String>,
    /// What the gate of each required story says, by the story's number.
    pub required: &'a BTreeMap<String, Answer>,
    /// What each command says.
    pub commands: &'a BTreeMap<Command, Answer>,
    /// What a check says of the whole repository, by its id.
    pub check: &'a dyn Fn(&str) -> Answer,
    /// Whether a file or folder is there.
    pub is_there: &'a dyn Fn(&str) -> bool,
}

/// The checklist of a story: the stories that it requires, its Definition of Done in its order, what comes later.
pub fn checklist(definition: &Definition, knowledge: &Knowledge<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for Numbered { number, item } in definition.numbered() {
        let mut line = Line {
            number: number.clone(),
            title: item.title.clone(),
            state: State::Done,
            by: Vec::new(),
            why: Vec::new(),
        };
        for (index, proof) in item.proofs.iter().enumerate() {
            for (by, answer) in shown(&expectation_id(&number, index), proof, knowledge) {
                line.by.push(by);
                line.state = line.state.max(answer.state);
                if answer.state != State::Done && !line.why.contains(&answer.said) {
                    line.why.push(answer.said);
                }
            }
        }
        lines.push(line);
    }
    of_parts(definition, &mut lines);
    let required = definition.requires.iter().map(|story| {
        let missing = Answer::no(format!("nobody knows story {story}"));
        let answer = knowledge.required.get(story).cloned().unwrap_or(missing);
        Line {
            number: String::new(),
            title: format!("story {story} is done"),
            state: answer.state,
            by: vec![format!("gate of story {story}")],
            why: if answer.state == State::Done {
                Vec::new()
            } else {
                vec![answer.said]
            },
        }
    });
    let mut lines: Vec<Line> = required.chain(lines).collect();
    lines.extend(definition.later.iter().map(|later| Line {
        number: String::new(),
        title: later.title.clone(),
        state: State::Later,
        by: Vec::new(),
        why: vec![format!("story {}", later.story)],
    }));
    lines
}

/// An item with parts is as far as the part that is least so.
fn of_parts(definition: &Definition, lines: &mut [Line]) {
    let mut at = 0;
    for Item { items, .. } in &definition.done {
        let end = at + 1 + items.len();
        let parts = lines.get(at + 1..end).unwrap_or_default();
        let worst = parts.iter().map(|part| part.state).max();
        if let (Some(worst), Some(line)) = (worst, lines.get_mut(at)) {
            line.state = line.state.max(worst);
        }
        at = end;
    }
}

fn shown(id: &str, proof: &Proof, knowledge: &Knowledge<'_>) -> Vec<(String, Answer)> {
    match proof {
        Proof::Scenarios(ids) => ids
            .iter()
            .map(|id| (format!("scenario {id}"), promise(id, knowledge)))
            .collect(),
        Proof::Checks(ids) => ids
            .iter()
            .map(|id| (format!("check {id}"), (knowledge.check)(id)))
            .collect(),
        Proof::Files(paths) => paths.iter().map(|path| file(path, knowledge)).collect(),
        Proof::Command(command) => {
            let missing = || Answer::deferred(format!("`{}` was not run", command.name()));
            let answer = knowledge.commands.get(command).cloned();
            vec![(format!("`{}`", command.name()), answer.unwrap_or_else(missing))]
        }
        Proof::Expect(_) => vec![("this list's own expectation".to_owned(), promise(id, knowledge))],
    }
}

fn file(path: &str, knowledge: &Knowledge<'_>) -> (String, Answer) {
    let answer = if (knowledge.is_there)(path) {
        Answer::yes("")
    } else {
        Answer::no(format!("`{path}` does not exist"))
    };
    (path.to_owned(), answer)
}

fn promise(id: &str, knowledge: &Knowledge<'_>) -> Answer {
    let Some(promise) = knowledge.promises.iter().find(|promise| promise.id == id) else {
        return Answer::no(format!("`{id}` was not run"));
    };
    match promise.status {
        Status::Passed => Answer::yes(""),
        status => {
            if let Some(until) = knowledge.waived.get(id) {
                return Answer::deferred(format!("`{id}` is waived until {until}"));
            }
            if status == Status::Failed {
                let first = promise.failures.first().map_or("", String::as_str);
                return Answer::no(first);
            }
            let until: Vec<&str> = promise.needs.iter().map(|need| need.until()).collect();
            Answer::deferred(until.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Priority;
    use crate::evidence::Need;

    fn promise(id: &str, status: Status) -> Promise {
        Promise {
            id: id.into(),
            priority: Priority::P0,
            criterion: String::new(),
            risks: Vec::new(),
            status,
            needs: vec![Need::Network],
            failures: vec!["a:1:1 wanted a, found b".into()],
        }
    }

    fn lines(done: &str) -> Vec<String> {
        lines_of("", done)
    }

    fn lines_of(requires: &str, done: &str) -> Vec<String> {
        let text = format!(
            "{{story: '01', owner: o, requires: [{requires}], manifests: [], done: [{done}], later: [{{title: l, story: '45'}}]}}"
        );
        let definition: Definition = serde_yaml::from_str(&text).unwrap();
        let mut promises = vec![
            promise("good", Status::Passed),
            promise("bad", Status::Failed),
            promise("unknown", Status::Deferred),
            promise("excused", Status::Failed),
        ];
        for scenario in definition.as_scenarios() {
            promises.push(promise(&scenario.id, Status::Failed));
        }
        let knowledge = Knowledge {
            promises: &promises,
            waived: &BTreeMap::from([("excused".to_owned(), "2026-12-31".to_owned())]),
            required: &BTreeMap::from([("00".to_owned(), Answer::yes("the gate is PASS"))]),
            commands: &BTreeMap::from([
                (Command::Git, Answer::no("`x` is not committed")),
                (Command::Validate, Answer::yes("0 errors")),
            ]),
            check: &|id| {
                if id == "a/loud" {
                    Answer::no("a finding")
                } else {
                    Answer::yes("")
                }
            },
            is_there: &|path| path == "here",
        };
        checklist(&definition, &knowledge)
            .iter()
            .map(|line| format!("{} {}: {}", line.number, line.state.words(), line.why.join("; ")))
            .collect()
    }

    #[test]
    fn an_item_is_as_far_as_its_worst_proof() {
        let cases = [
            ("scenarios: [good]", "1 done: "),
            ("scenarios: [good, bad]", "1 not done: a:1:1 wanted a, found b"),
            (
                "scenarios: [good, unknown]",
                "1 deferred: until the registry is asked (`--preflight`)",
            ),
            (
                "scenarios: [excused]",
                "1 deferred: `excused` is waived until 2026-12-31",
            ),
            ("scenarios: [gone]", "1 not done: `gone` was not run"),
            ("checks: [a/quiet]", "1 done: "),
            ("checks: [a/quiet, a/loud]", "1 not done: a finding"),
            ("files: [here]", "1 done: "),
            ("files: [here, there]", "1 not done: `there` does not exist"),
            ("command: validate", "1 done: "),
            ("command: git", "1 not done: `x` is not committed"),
            ("command: gate", "1 deferred: `gate` was not run"),
            (
                "expect: {stage: built, file: a, exists: true}",
                "1 not done: a:1:1 wanted a, found b",
            ),
        ];
        for (proof, wanted) in cases {
            let found = lines(&format!("{{title: t, proofs: [{{{proof}}}]}}"));
            assert_eq!(found, [wanted, " not part of it: story 45"], "{proof}");
        }
        let both = lines("{title: t, proofs: [{scenarios: [unknown]}, {command: git}]}");
        assert_eq!(
            both[0],
            "1 not done: until the registry is asked (`--preflight`); `x` is not committed"
        );
    }

    #[test]
    fn required_stories_come_first() {
        let found = lines_of("'00', '03'", "{title: t, proofs: [{scenarios: [good]}]}");
        assert_eq!(found[..2], [" done: ", " not done: nobody knows story 03"]);
    }

    #[test]
    fn an_item_is_as_far_as_its_worst_part() {
        let part = |id: &str| format!("{{title: t, proofs: [{{scenarios: [{id}]}}]}}");
        let found = lines(&format!(
            "{{title: t, items: [{}, {}]}}, {}",
            part("good"),
            part("bad"),
            part("good")
        ));
        let wanted = [
            "1 not done: ",
            "1.1 done: ",
            "1.2 not done: a:1:1 wanted a, found b",
            "2 done: ",
        ];
        assert_eq!(found[..4], wanted);
    }
}
