//! The committed file of a gate: the decision with its evidence, byte for byte the same for the same inputs.
//!
//! The commit is told, not judged: the file is itself part of the commit that comes after. What ties it to the tree is the
//! digest of the inputs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::coverage::coverage;
use crate::design::{Priority, Story};
use crate::digest;
use crate::evidence::{Evidence, Need};
use crate::gate::{Decision, Facts, Gate, Reason, gate};
use crate::outcome::{Outcome, Status};
use crate::settle::{Promise, Record, observed, settle};
use crate::totals::Totals;
use crate::trace::{self, Traced};
use crate::waiver::Waiver;

/// The folder of the gate files.
pub const FOLDER: &str = "docs/qa/gates";

const HEAD: &str = "# Written by `cargo xtask scenarios --write-gate`; do not edit. `--check-gate` tells whether it is fresh.\n";

/// The content of a gate file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateFile {
    /// Number of the story.
    pub story: String,
    /// What the story is about.
    pub title: String,
    /// What the gate says.
    pub gate: Decision,
    /// Why.
    pub because: Vec<Reason>,
    /// How many scenarios passed, by priority.
    pub scenarios: BTreeMap<Priority, Totals>,
    /// The criteria, with their scenarios.
    pub criteria: Vec<Traced>,
    /// The risks, with their scenarios, the heaviest first.
    pub risks: Vec<Traced>,
    /// What could not be looked at.
    pub deferred: Vec<Waiting>,
    /// What somebody lets through.
    pub waivers: Vec<Waiver>,
    /// What needs more than the tree and was seen to hold, for these inputs.
    pub records: Vec<Record>,
    /// What the decision rests on.
    pub evidence: Proven,
}

/// A scenario that is not proven yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// The scenario.
    pub scenario: String,
    /// What it still needs.
    pub needs: Vec<Need>,
}

/// What a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    /// The commit that was checked out when these inputs were judged first; empty where there is no git.
    pub commit: String,
    /// Digest of everything that the scenarios look at.
    pub inputs: String,
    /// Digest of what has become of each scenario.
    pub report: String,
    /// Versions: this program's, and those of Flux and Kubernetes that were assumed.
    pub versions: BTreeMap<String, String>,
}

/// What a gate file is made from.
#[derive(Debug, Clone, Copy)]
pub struct Making<'a> {
    /// The story.
    pub story: &'a Story,
    /// What has become of all its scenarios.
    pub outcomes: &'a [Outcome],
    /// [`crate::digest_of_inputs`].
    pub inputs: &'a str,
    /// What registries and real programs said in this run.
    pub evidence: &'a [Evidence],
    /// What gives the word on needs of which evidence does not speak, with its version.
    pub by: &'a BTreeMap<Need, String>,
    /// Versions for [`Proven::versions`].
    pub versions: &'a BTreeMap<String, String>,
    /// The commit that is checked out; empty where there is no git.
    pub commit: &'a str,
    /// Today, `YYYY-MM-DD`.
    pub today: &'a str,
}

impl GateFile {
    /// Path of a story's gate file.
    pub fn path(story: &Story) -> String {
        format!("{FOLDER}/{}.yaml", story.folder())
    }

    /// Reads a gate file.
    ///
    /// # Errors
    /// One line with the place when it is no gate file.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// The file's text.
    ///
    /// # Errors
    /// None for any value of this type; what the library says otherwise.
    pub fn text(&self) -> Result<String, String> {
        let body = serde_yaml::to_string(self).map_err(|error| error.to_string())?;
        Ok(format!("{HEAD}{body}"))
    }

    /// What the committed file must be, were nothing looked at but the tree: records count as far as the file holds them
    /// for these very inputs, and its commit is taken over.
    pub fn expected(making: Making<'_>, committed: Option<&Self>) -> Self {
        let records = standing(making, committed);
        let commit = committed.map_or(making.commit, |file| &file.evidence.commit);
        compose(making, records, commit)
    }

    /// What is to be written: the records that still hold and those of this run. The commit stays while the inputs do.
    pub fn renewed(making: Making<'_>, committed: Option<&Self>) -> Self {
        let mut records = standing(making, committed);
        for record in observed(making.story, making.outcomes, making.evidence, making.by) {
            let same = |other: &Record| {
                (&other.scenario, &other.cluster, &other.stage)
                    == (&record.scenario, &record.cluster, &record.stage)
            };
            if !records.iter().any(same) {
                records.push(record);
            }
        }
        records.sort();
        let kept = committed.filter(|file| file.evidence.inputs == making.inputs);
        let commit = kept.map_or(making.commit, |file| &file.evidence.commit);
        compose(making, records, commit)
    }
}

/// The committed records that hold for these inputs, without those that nothing asks for any more.
fn standing(making: Making<'_>, committed: Option<&GateFile>) -> Vec<Record> {
    let Some(file) = committed.filter(|file| file.evidence.inputs == making.inputs) else {
        return Vec::new();
    };
    let is_asked = |record: &&Record| {
        making.outcomes.iter().any(|outcome| {
            outcome.id == record.scenario
                && outcome.cluster == record.cluster
                && outcome
                    .stages
                    .iter()
                    .any(|result| result.stage.name() == record.stage)
        })
    };
    file.records.iter().filter(is_asked).cloned().collect()
}

fn compose(making: Making<'_>, records: Vec<Record>, commit: &str) -> GateFile {
    let story = making.story;
    let promises = settle(story, making.outcomes, &records);
    let Gate { decision, because } = gate(Facts {
        promises: &promises,
        risks: &story.risks,
        coverage: &coverage(story),
        waivers: &story.waivers,
        today: making.today,
    });
    let deferred = promises
        .iter()
        .filter(|promise| promise.status == Status::Deferred);
    GateFile {
        story: story.story.clone(),
        title: story.title.clone(),
        gate: decision,
        because,
        scenarios: counted(&promises),
        criteria: trace::criteria(story, &promises),
        risks: trace::risks(story, &promises),
        deferred: deferred
            .map(|promise| Waiting {
                scenario: promise.id.clone(),
                needs: promise.needs.clone(),
            })
            .collect(),
        waivers: story.waivers.clone(),
        records,
        evidence: Proven {
            commit: commit.to_owned(),
            inputs: making.inputs.to_owned(),
            report: report(&promises),
            versions: making.versions.clone(),
        },
    }
}

fn counted(promises: &[Promise]) -> BTreeMap<Priority, Totals> {
    let mut totals: BTreeMap<Priority, Totals> = BTreeMap::new();
    for promise in promises {
        totals.entry(promise.priority).or_default().count(promise.status);
    }
    totals
}

/// The digest of what has become of each scenario.
fn report(promises: &[Promise]) -> String {
    let line = |promise: &Promise| {
        let needs: Vec<&str> = promise.needs.iter().map(|need| need.name()).collect();
        let status = promise.status.name();
        (
            promise.id.clone(),
            format!("{status}\n{}\n{}", needs.join(","), promise.failures.join("\n")),
        )
    };
    let lines: Vec<(String, String)> = promises.iter().map(line).collect();
    digest::of_parts(lines.iter().map(|(id, text)| (id.as_str(), text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Clusters;
    use crate::evidence::Proof;
    use crate::testing::{digest, run_story, story, tree};

    const APP: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {x: '1'}\n";
    const NEEDY: &str =
        "stage: built, appliedBy: {namespace: flux-system, name: app}, kubeconformPasses: true";

    /// A run on one machine: with kubeconform in some version, or without.
    fn file(
        app: &str,
        kubeconform: Option<&str>,
        commit: &str,
        renew: bool,
        committed: Option<&GateFile>,
    ) -> GateFile {
        let mut story = story(&[NEEDY]);
        story.clusters = Clusters::Named(vec!["a".into()]);
        story.scenarios[0].criterion = Some("AC1".into());
        let tree = tree(app);
        let evidence: Vec<Evidence> = kubeconform
            .iter()
            .map(|version| Evidence {
                need: Need::Kubeconform,
                cluster: "a".into(),
                subject: "flux-system/app".into(),
                proof: Proof::Passed,
                by: (*version).to_owned(),
            })
            .collect();
        let making = Making {
            story: &story,
            outcomes: &run_story(&tree, &story, &evidence),
            inputs: &digest(&tree, &story),
            evidence: &evidence,
            by: &BTreeMap::new(),
            versions: &BTreeMap::new(),
            commit,
            today: "2026-11-27",
        };
        if renew {
            GateFile::renewed(making, committed)
        } else {
            GateFile::expected(making, committed)
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_bytes_on_every_machine() {
        let laptop = file(APP, None, "c1", true, None);
        assert_eq!(laptop.gate, Decision::Concerns);
        assert_eq!(file(APP, Some("0.7"), "c2", false, Some(&laptop)), laptop);
        let written = file(APP, Some("0.7"), "c2", true, Some(&laptop));
        assert_eq!((written.gate, written.records.len()), (Decision::Pass, 1));
        assert_eq!(written.evidence.commit, "c1", "the inputs are those of c1");
        for (machine, renew) in [
            (None, false),
            (None, true),
            (Some("0.8"), false),
            (Some("0.8"), true),
        ] {
            let again = file(APP, machine, "c3", renew, Some(&written));
            assert_eq!(
                again.text().unwrap(),
                written.text().unwrap(),
                "{machine:?} {renew}"
            );
        }
        assert_eq!(GateFile::parse(&written.text().unwrap()).unwrap(), written);
    }

    #[test]
    fn a_record_ends_with_its_inputs() {
        let written = file(APP, Some("0.7"), "c1", true, None);
        let edited = APP.replace("'1'", "'2'");
        let expected = file(&edited, None, "c2", false, Some(&written));
        assert_eq!((expected.gate, expected.records.len()), (Decision::Concerns, 0));
        assert_ne!(expected.text().unwrap(), written.text().unwrap());
        let renewed = file(&edited, None, "c2", true, Some(&written));
        assert_eq!(renewed.evidence.commit, "c2");
        let comment = APP.replace("\ndata:", "\n# a comment\ndata:");
        assert_eq!(file(&comment, None, "c2", false, Some(&written)), written);
    }
}
