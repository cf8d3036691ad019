//! Outcomes as a gate counts them: the same on every machine.
//!
//! Whether kubeconform is on PATH, a registry answers or a chart is at hand must not move a gate. What needs more than the
//! tree counts as passed only where the gate's file holds a record of it that was made for the same inputs; a failure
//! counts wherever it shows.

use std::collections::BTreeMap;

use diag::Stage;
use serde::{Deserialize, Serialize};

use crate::design::{Priority, Scenario, Story};
use crate::evidence::{Evidence, Need};
use crate::judge;
use crate::outcome::{Outcome, StageResult, Status};

/// That a stage of a scenario, which needs more than the tree, was seen to hold on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The scenario.
    pub scenario: String,
    /// The cluster.
    pub cluster: String,
    /// `built`, `installed` or `live`.
    pub stage: String,
    /// What said so: programs with their versions.
    pub by: Vec<String>,
}

/// A scenario as a gate counts it: as good as its worst cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The scenario.
    pub id: String,
    /// How much it matters.
    pub priority: Priority,
    /// Id of its criterion; empty without one.
    pub criterion: String,
    /// Ids of its risks.
    pub risks: Vec<String>,
    /// What has become of it.
    pub status: Status,
    /// What it still needs where it is deferred.
    pub needs: Vec<Need>,
    /// Where it fails, one line for each claim, each once.
    pub failures: Vec<String>,
}

/// What was observed in this run of stages that need more than the tree. `by` tells what said so where no evidence does.
pub fn observed(
    story: &Story,
    outcomes: &[Outcome],
    evidence: &[Evidence],
    by: &BTreeMap<Need, String>,
) -> Vec<Record> {
    let mut records = Vec::new();
    for (scenario, outcome) in pairs(story, outcomes) {
        for result in &outcome.stages {
            let needs = needs_at(scenario, result.stage);
            if needs.is_empty() || result.status() != Status::Passed {
                continue;
            }
            records.push(Record {
                scenario: outcome.id.clone(),
                cluster: outcome.cluster.clone(),
                stage: result.stage.name().to_owned(),
                by: witnesses(scenario, outcome, result.stage, evidence, by),
            });
        }
    }
    records.sort();
    records
}

/// What said that a stage of a scenario holds, each once.
fn witnesses(
    scenario: &Scenario,
    outcome: &Outcome,
    stage: Stage,
    evidence: &[Evidence],
    by: &BTreeMap<Need, String>,
) -> Vec<String> {
    let mut witnesses: Vec<String> = Vec::new();
    let at_stage = scenario
        .expectations
        .iter()
        .filter(|expectation| expectation.stage == stage);
    for expectation in at_stage {
        let subject = expectation.subject.evidence_name();
        for need in judge::needs(expectation) {
            let said = evidence
                .iter()
                .find(|said| said.need == need && said.cluster == outcome.cluster && said.subject == subject);
            let who = said.map(|said| &said.by).or_else(|| by.get(&need));
            witnesses.extend(who.cloned());
        }
    }
    witnesses.sort();
    witnesses.dedup();
    witnesses
}

/// The story's scenarios as a gate counts them, in the order of the design. Scenarios without an outcome are left out.
pub fn settle(story: &Story, outcomes: &[Outcome], records: &[Record]) -> Vec<Promise> {
    let mut promises: Vec<Promise> = Vec::new();
    for (scenario, outcome) in pairs(story, outcomes) {
        let mut status = if outcome.stages.is_empty() {
            Status::Failed
        } else {
            Status::Passed
        };
        let mut needs = Vec::new();
        for result in &outcome.stages {
            let (worth, missing) = stage(scenario, outcome, result, records);
            status = status.max(worth);
            needs.extend(missing);
        }
        let failures = outcome.failures().map(|failure| {
            format!("{} {}", failure.place(), failure.message())
                .trim()
                .to_owned()
        });
        if promises.last().is_none_or(|promise| promise.id != scenario.id) {
            promises.push(Promise {
                id: scenario.id.clone(),
                priority: scenario.priority,
                criterion: scenario.criterion.clone().unwrap_or_default(),
                risks: scenario.risks.clone(),
                status: Status::Passed,
                needs: Vec::new(),
                failures: Vec::new(),
            });
        }
        if let Some(promise) = promises.last_mut() {
            promise.status = promise.status.max(status);
            promise.needs.extend(needs);
            promise.needs.sort_unstable();
            promise.needs.dedup();
            for failure in failures {
                if !promise.failures.contains(&failure) {
                    promise.failures.push(failure);
                }
            }
        }
    }
    promises
}

fn pairs<'a>(story: &'a Story, outcomes: &'a [Outcome]) -> impl Iterator<Item = (&'a Scenario, &'a Outcome)> {
    story.scenarios.iter().flat_map(|scenario| {
        let own = outcomes.iter().filter(|outcome| outcome.id == scenario.id);
        own.map(move |outcome| (scenario, outcome))
    })
}

fn stage(
    scenario: &Scenario,
    outcome: &Outcome,
    result: &StageResult,
    records: &[Record],
) -> (Status, Vec<Need>) {
    let needs = needs_at(scenario, result.stage);
    match result.status() {
        Status::Failed => (Status::Failed, Vec::new()),
        Status::Passed if needs.is_empty() => (Status::Passed, Vec::new()),
        Status::Deferred if needs.is_empty() => (Status::Deferred, Vec::new()),
        Status::Passed | Status::Deferred => {
            let is_recorded = records.iter().any(|record| {
                record.scenario == scenario.id
                    && record.cluster == outcome.cluster
                    && record.stage == result.stage.name()
            });
            if is_recorded {
                (Status::Passed, Vec::new())
            } else {
                (Status::Deferred, needs)
            }
        }
    }
}

fn needs_at(scenario: &Scenario, stage: Stage) -> Vec<Need> {
    let at_stage = scenario
        .expectations
        .iter()
        .filter(|expectation| expectation.stage == stage);
    let mut needs: Vec<Need> = at_stage.flat_map(judge::needs).collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Clusters;
    use crate::evidence::Proof;
    use crate::testing::{run_story, story, tree};

    const APP: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {x: '1'}\n";
    const NEEDY: &str =
        "stage: built, appliedBy: {namespace: flux-system, name: app}, kubeconformPasses: true";

    fn said(proof: Proof) -> Evidence {
        Evidence {
            need: Need::Kubeconform,
            cluster: "a".into(),
            subject: "flux-system/app".into(),
            proof,
            by: "kubeconform 0.7.0".into(),
        }
    }

    fn run(proof: Option<Proof>) -> (Story, Vec<Outcome>) {
        let evidence: Vec<Evidence> = proof.map(said).into_iter().collect();
        let mut story = story(&[NEEDY]);
        story.clusters = Clusters::Named(vec!["a".into()]);
        let outcomes = run_story(&tree(APP), &story, &evidence);
        (story, outcomes)
    }

    fn status(said: Option<Proof>, records: &[Record]) -> Status {
        let (story, outcomes) = run(said);
        settle(&story, &outcomes, records)[0].status
    }

    #[test]
    fn a_tool_that_is_here_moves_no_gate_and_a_failure_does() {
        let evidence = [said(Proof::Passed)];
        let none = BTreeMap::new();
        let (story, outcomes) = run(Some(Proof::Passed));
        let records = observed(&story, &outcomes, &evidence, &none);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].by, ["kubeconform 0.7.0"]);
        assert_eq!(observed(&story, &run(None).1, &[], &none), []);
        for said in [None, Some(Proof::Passed), Some(Proof::Unknown("x".into()))] {
            assert_eq!(status(said.clone(), &[]), Status::Deferred);
            assert_eq!(status(said, &records), Status::Passed);
        }
        assert_eq!(status(Some(Proof::Failed("x".into())), &records), Status::Failed);
    }
}
