//! How many scenarios passed, counted: a scenario is as good as its worst cluster.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::design::Priority;
use crate::outcome::{Outcome, Status};

/// Numbers of scenarios.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// All of them.
    pub scenarios: usize,
    /// Those that passed on every cluster.
    pub passed: usize,
    /// Those that hold as far as could be looked at.
    pub deferred: usize,
    /// Those that failed on some cluster.
    pub failed: usize,
}

impl Totals {
    /// Counts one more scenario.
    pub(crate) fn count(&mut self, status: Status) {
        self.scenarios += 1;
        match status {
            Status::Passed => self.passed += 1,
            Status::Deferred => self.deferred += 1,
            Status::Failed => self.failed += 1,
        }
    }
}

/// The numbers by priority, every priority named.
pub fn totals(outcomes: &[Outcome]) -> BTreeMap<Priority, Totals> {
    let mut worst: BTreeMap<(Priority, &str), Status> = BTreeMap::new();
    for outcome in outcomes {
        let status = worst
            .entry((outcome.priority, &outcome.id))
            .or_insert(Status::Passed);
        *status = (*status).max(outcome.status());
    }
    let mut totals: BTreeMap<Priority, Totals> = Priority::ALL
        .into_iter()
        .map(|priority| (priority, Totals::default()))
        .collect();
    for ((priority, _), status) in worst {
        totals.entry(priority).or_default().count(status);
    }
    totals
}

#[cfg(test)]
mod tests {
    use diag::Stage;

    use super::*;
    use crate::outcome::StageResult;

    #[test]
    fn a_scenario_is_as_good_as_its_worst_cluster() {
        let outcome = |id: &str, priority, evaluated, deferred: usize| Outcome {
            id: id.to_owned(),
            priority,
            criterion: String::new(),
            risks: Vec::new(),
            title: String::new(),
            cluster: String::new(),
            stages: vec![StageResult {
                evaluated,
                deferred: vec![String::new(); deferred],
                ..StageResult::new(Stage::Built)
            }],
        };
        let outcomes = [
            outcome("A", Priority::P0, 1, 0),
            outcome("A", Priority::P0, 1, 1),
            outcome("B", Priority::P0, 1, 0),
            outcome("C", Priority::P2, 0, 0),
        ];
        let totals = totals(&outcomes);
        assert_eq!(
            totals[&Priority::P0],
            Totals {
                scenarios: 2,
                passed: 1,
                deferred: 1,
                failed: 0
            }
        );
        assert_eq!(totals[&Priority::P1], Totals::default());
        assert_eq!(
            totals[&Priority::P2],
            Totals {
                scenarios: 1,
                passed: 0,
                deferred: 0,
                failed: 1
            }
        );
    }
}
