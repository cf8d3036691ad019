//! What became of a scenario on a cluster.

use diag::Stage;

use crate::design::Priority;
use crate::failure::Failure;

/// Whether a promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All of it was looked at, and holds.
    Passed,
    /// What was looked at holds, and something could not be looked at. Never counts as passed.
    Deferred,
    /// Something does not hold.
    Failed,
}

impl Status {
    /// `passed`, `deferred` or `failed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
        }
    }
}

/// What became of one scenario on one cluster.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The scenario.
    pub id: String,
    /// How much it matters.
    pub priority: Priority,
    /// Id of its acceptance criterion; empty without one.
    pub criterion: String,
    /// Ids of its risks.
    pub risks: Vec<String>,
    /// The promise.
    pub title: String,
    /// The cluster; empty when the repository has none.
    pub cluster: String,
    /// Stage by stage, in the order of the way from git to the cluster.
    pub stages: Vec<StageResult>,
}

/// What became of a scenario's claims about one stage.
#[derive(Debug, Clone)]
pub struct StageResult {
    /// The stage.
    pub stage: Stage,
    /// How many claims were looked at.
    pub evaluated: usize,
    /// Those that do not hold.
    pub failures: Vec<Failure>,
    /// Why others could not be looked at, each reason once.
    pub deferred: Vec<String>,
}

impl StageResult {
    /// An empty result: without claims nothing has passed.
    pub(crate) fn new(stage: Stage) -> Self {
        Self {
            stage,
            evaluated: 0,
            failures: Vec::new(),
            deferred: Vec::new(),
        }
    }

    /// The stage's own status. A stage in which nothing was looked at has not passed.
    pub fn status(&self) -> Status {
        if !self.failures.is_empty() || self.evaluated == 0 && self.deferred.is_empty() {
            Status::Failed
        } else if self.deferred.is_empty() {
            Status::Passed
        } else {
            Status::Deferred
        }
    }
}

impl Outcome {
    /// The worst of the stages: Failed over Deferred over Passed.
    pub fn status(&self) -> Status {
        self.stages
            .iter()
            .map(StageResult::status)
            .max()
            .unwrap_or(Status::Failed)
    }

    /// Every claim that does not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.stages.iter().flat_map(|stage| &stage.failures)
    }

    /// What could not be looked at, stage by stage.
    pub fn deferred(&self) -> impl Iterator<Item = (Stage, &str)> {
        self.stages.iter().flat_map(|result| {
            result
                .deferred
                .iter()
                .map(move |reason| (result.stage, reason.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use diag::Sources;

    use super::*;
    use crate::miss::Miss;

    #[test]
    fn unknown_is_never_green() {
        let failure = || Failure::settle(Miss::new("a", "b"), "", &Sources::default());
        let result = |evaluated, failures: usize, deferred: usize| StageResult {
            stage: Stage::Built,
            evaluated,
            failures: vec![failure(); failures],
            deferred: vec!["no network".to_owned(); deferred],
        };
        let cases = [
            ((1, 0, 0), Status::Passed),
            ((1, 0, 1), Status::Deferred),
            ((0, 0, 1), Status::Deferred),
            ((1, 1, 1), Status::Failed),
            ((0, 0, 0), Status::Failed),
        ];
        for ((evaluated, failures, deferred), status) in cases {
            assert_eq!(result(evaluated, failures, deferred).status(), status);
        }
    }
}
