//! A story's Definition of Done as data: what must be shown, what shows it, and what another story shows.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::design::{Expectation, Level, Priority, Scenario};
use crate::placed;

/// The file of a story's Definition of Done, beside its test design; without it the story cannot be released.
pub(crate) const FILE_NAME: &str = "story.yaml";

/// The story as it is planned.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Number of the story.
    pub story: String,
    /// The role that answers for it.
    pub owner: String,
    /// Numbers of the stories that must be done before.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Files and folders that the story makes or changes; they must be committed.
    pub manifests: Vec<String>,
    /// What must be shown.
    pub done: Vec<Item>,
    /// What is shown by another story.
    #[serde(default)]
    pub later: Vec<Later>,
}

/// One item of the list.
#[derive(Debug, Clone)]
pub struct Item {
    /// What must be so.
    pub title: String,
    /// What shows it: all of it must.
    pub proofs: Vec<Proof>,
    /// Its parts. An item has parts or proofs.
    pub items: Vec<Item>,
}

/// What shows that an item is done.
#[derive(Debug, Clone)]
pub enum Proof {
    /// These scenarios pass.
    Scenarios(Vec<String>),
    /// These checks find nothing in the whole repository.
    Checks(Vec<String>),
    /// These files or folders are there.
    Files(Vec<String>),
    /// This command says yes.
    Command(Command),
    /// This holds on every cluster of the story; for what no scenario looks at.
    Expect(Box<Expectation>),
}

/// An item, or a part of one, with its number: `2`, `2.3`.
#[derive(Debug, Clone)]
pub(crate) struct Numbered<'a> {
    pub(crate) number: String,
    pub(crate) item: &'a Item,
}

impl Definition {
    /// Every item, each followed by its parts.
    pub(crate) fn numbered(&self) -> Vec<Numbered<'_>> {
        let mut all = Vec::new();
        for (index, item) in self.done.iter().enumerate() {
            let number = format!("{}", index + 1);
            let parts = item.items.iter().enumerate().map(|(at, item)| Numbered {
                number: format!("{number}.{}", at + 1),
                item,
            });
            let parts: Vec<Numbered<'_>> = parts.collect();
            all.push(Numbered { number, item });
            all.extend(parts);
        }
        all
    }

    /// The expectations of the list as scenarios, so that they run as those do. Their ids are those of [`expectation_id`].
    pub fn as_scenarios(&self) -> Vec<Scenario> {
        let mut scenarios = Vec::new();
        for Numbered { number, item } in self.numbered() {
            for (index, proof) in item.proofs.iter().enumerate() {
                let Proof::Expect(expectation) = proof else {
                    continue;
                };
                scenarios.push(Scenario {
                    id: expectation_id(&number, index),
                    priority: Priority::P0,
                    level: Level::Integration,
                    criterion: None,
                    risks: Vec::new(),
                    title: item.title.clone(),
                    clusters: None,
                    needs: Vec::new(),
                    expectations: vec![(**expectation).clone()],
                    mutations: Vec::new(),
                });
            }
        }
        scenarios
    }
}

/// Id of an expectation by the number of its item and its place among the item's proofs.
pub(crate) fn expectation_id(number: &str, index: usize) -> String {
    format!("done {number} proof {}", index + 1)
}

/// A command of this program that shows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// `validate`: no finding of level error.
    Validate,
    /// `generate --check`: no drift.
    Generate,
    /// `scenarios --story`: none fails.
    Scenarios,
    /// The gate of the story is neither FAIL nor stale.
    Gate,
    /// `preflight`: the registries have the charts.
    Preflight,
    /// The manifests are committed, the work tree is clean, and a branch is checked out.
    Git,
}

impl Command {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 6] = [
        Self::Validate,
        Self::Generate,
        Self::Scenarios,
        Self::Gate,
        Self::Preflight,
        Self::Git,
    ];

    /// The name that the data use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Generate => "generate",
            Self::Scenarios => "scenarios",
            Self::Gate => "gate",
            Self::Preflight => "preflight",
            Self::Git => "git",
        }
    }
}

/// What another story shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// What is not part of this story.
    pub title: String,
    /// Number of the story that shows it.
    pub story: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    title: String,
    #[serde(default)]
    proofs: Vec<Proof>,
    #[serde(default)]
    items: Vec<Item>,
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        placed::read::<D, RawItem, Self>(deserializer)
    }
}

impl TryFrom<RawItem> for Item {
    type Error = String;

    fn try_from(raw: RawItem) -> Result<Self, String> {
        let RawItem { title, proofs, items } = raw;
        if proofs.is_empty() == items.is_empty() {
            return Err(format!("`{title}` needs `proofs` or `items`, and not both"));
        }
        if items.iter().any(|item| !item.items.is_empty()) {
            return Err(format!("the items of `{title}` have items of their own"));
        }
        Ok(Self { title, proofs, items })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProof {
    scenarios: Option<Vec<String>>,
    checks: Option<Vec<String>>,
    files: Option<Vec<String>>,
    command: Option<Command>,
    expect: Option<Expectation>,
}

impl<'de> Deserialize<'de> for Proof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        placed::read::<D, RawProof, Self>(deserializer)
    }
}

impl TryFrom<RawProof> for Proof {
    type Error = &'static str;

    fn try_from(raw: RawProof) -> Result<Self, &'static str> {
        let lists = [
            raw.scenarios.map(Self::Scenarios),
            raw.checks.map(Self::Checks),
            raw.files.map(Self::Files),
            raw.command.map(Self::Command),
            raw.expect.map(|expectation| Self::Expect(Box::new(expectation))),
        ];
        let mut given = lists.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(Self::Scenarios(ids) | Self::Checks(ids) | Self::Files(ids)), None) if ids.is_empty() => {
                Err("a proof that names nothing")
            }
            (Some(proof), None) => Ok(proof),
            _ => Err("a proof is one of `scenarios`, `checks`, `files`, `command` and `expect`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(done: &str) -> String {
        let text = format!("story: '01'\nowner: o\nmanifests: []\ndone:\n  - {done}\n");
        serde_yaml::from_str::<Definition>(&text).unwrap_err().to_string()
    }

    #[test]
    fn an_item_is_shown_by_something() {
        let cases = [
            ("{title: t}", "`t` needs `proofs` or `items`"),
            (
                "{title: t, proofs: [{command: git}], items: [{title: u, proofs: [{command: git}]}]}",
                "and not both",
            ),
            ("{title: t, proofs: [{}]}", "a proof is one of"),
            (
                "{title: t, proofs: [{command: git, files: [a]}]}",
                "a proof is one of",
            ),
            ("{title: t, proofs: [{checks: []}]}", "a proof that names nothing"),
            (
                "{title: t, proofs: [{command: push}]}",
                "unknown variant `push`, expected one of",
            ),
            (
                "{title: t, items: [{title: u, items: [{title: v, proofs: [{command: git}]}]}]}",
                "have items of their own",
            ),
        ];
        for (done, wanted) in cases {
            let found = error(done);
            assert!(
                found.contains(wanted) && found.contains("line 5"),
                "{done}: {found}"
            );
        }
    }
}
