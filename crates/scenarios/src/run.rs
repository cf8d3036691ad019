//! Running scenarios: every claim of every scenario on every cluster that it is promised for.

use diag::Stage;
use flux::ClusterBuild;
use helm::install::ClusterInstall;
use model::config::Config;
use model::tree::Tree;
use rayon::prelude::*;
use schema::Store;

use crate::design::{Clusters, Priority, Scenario, Story};
use crate::evidence::Evidence;
use crate::failure::Failure;
use crate::judge::{Verdict, judge};
use crate::miss::Miss;
use crate::outcome::{Outcome, StageResult};
use crate::subject::View;

/// Everything that scenarios look at.
pub struct Inputs<'a> {
    /// The files that Flux sees.
    pub tree: &'a Tree,
    /// What Flux would apply, cluster by cluster.
    pub clusters: &'a [ClusterBuild],
    /// What the charts install, cluster by cluster; a cluster without an entry is not known.
    pub installs: &'a [ClusterInstall<'a>],
    /// The known kinds, with those of the repository's CRDs.
    pub schemas: &'a Store,
    /// The project's settings.
    pub config: &'a Config,
    /// What the checks found. A finding that is suppressed breaks a promise all the same.
    pub checked: &'a checks::Outcome,
    /// What registries and real programs said; none of it when they were not asked.
    pub evidence: &'a [Evidence],
}

/// Which scenarios are run; what is empty lets everything through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Ids of scenarios.
    pub ids: Vec<String>,
    /// Priorities.
    pub priorities: Vec<Priority>,
    /// Ids of risks: a scenario is taken when it covers one of them.
    pub risks: Vec<String>,
    /// Names of clusters.
    pub clusters: Vec<String>,
}

impl Filter {
    /// Whether every scenario is taken on every cluster.
    pub fn is_everything(&self) -> bool {
        self.ids.is_empty() && self.priorities.is_empty() && self.risks.is_empty() && self.clusters.is_empty()
    }

    /// Whether a scenario is taken, on whichever cluster.
    pub fn takes(&self, scenario: &Scenario) -> bool {
        (self.ids.is_empty() || self.ids.contains(&scenario.id))
            && (self.priorities.is_empty() || self.priorities.contains(&scenario.priority))
            && (self.risks.is_empty() || scenario.risks.iter().any(|risk| self.risks.contains(risk)))
    }

    fn takes_cluster(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|name| name == cluster)
    }
}

/// Runs a story's scenarios. The outcomes are in the order of the test design, then of the clusters.
pub fn run(inputs: &Inputs<'_>, story: &Story, filter: &Filter) -> Vec<Outcome> {
    let taken = story.scenarios.iter().filter(|scenario| filter.takes(scenario));
    let pairs = taken.flat_map(|scenario| {
        let clusters = clusters_of(inputs, story, scenario).into_iter();
        clusters
            .filter(|cluster| filter.takes_cluster(cluster))
            .map(move |cluster| (scenario, cluster))
    });
    let pairs: Vec<(&Scenario, String)> = pairs.collect();
    pairs
        .into_par_iter()
        .map(|(scenario, cluster)| run_one(inputs, story, scenario, cluster))
        .collect()
}

/// The clusters of a scenario; one without a name when it is promised for all and there is none.
fn clusters_of(inputs: &Inputs<'_>, story: &Story, scenario: &Scenario) -> Vec<String> {
    match scenario.clusters.as_ref().unwrap_or(&story.clusters) {
        Clusters::Named(names) => names.clone(),
        Clusters::All if inputs.clusters.is_empty() => vec![String::new()],
        Clusters::All => inputs
            .clusters
            .iter()
            .map(|build| build.cluster.name.clone())
            .collect(),
    }
}

fn run_one(inputs: &Inputs<'_>, story: &Story, scenario: &Scenario, cluster: String) -> Outcome {
    let build = inputs.clusters.iter().find(|build| build.cluster.name == cluster);
    let stages = match build {
        Some(cluster) => stages(
            View {
                inputs,
                story,
                cluster,
                stage: Stage::Built,
            },
            scenario,
        ),
        None => vec![no_cluster(inputs, &cluster)],
    };
    Outcome {
        id: scenario.id.clone(),
        priority: scenario.priority,
        criterion: scenario.criterion.clone().unwrap_or_default(),
        risks: scenario.risks.clone(),
        title: scenario.title.clone(),
        cluster,
        stages,
    }
}

fn no_cluster(inputs: &Inputs<'_>, wanted: &str) -> StageResult {
    let there: Vec<&str> = inputs
        .clusters
        .iter()
        .map(|build| build.cluster.name.as_str())
        .collect();
    let found = if there.is_empty() {
        "no cluster".to_owned()
    } else {
        format!("`{}`", there.join("`, `"))
    };
    let wanted = if wanted.is_empty() {
        "a cluster".to_owned()
    } else {
        format!("a cluster `{wanted}`")
    };
    let mut result = StageResult::new(Stage::Written);
    let miss = Miss::new(wanted, found);
    result
        .failures
        .push(Failure::settle(miss, "", inputs.tree.sources()));
    result
}

fn stages(view: View<'_>, scenario: &Scenario) -> Vec<StageResult> {
    let sources = view.inputs.tree.sources();
    let mut results: Vec<StageResult> = Vec::new();
    for stage in [Stage::Written, Stage::Built, Stage::Installed, Stage::Live] {
        let mut result = StageResult::new(stage);
        let mut any = false;
        for expectation in scenario
            .expectations
            .iter()
            .filter(|expectation| expectation.stage == stage)
        {
            any = true;
            for claim in &expectation.claims {
                match judge(view, expectation, claim) {
                    Verdict::Holds => result.evaluated += 1,
                    Verdict::Fails(misses) => {
                        result.evaluated += 1;
                        let settle = |miss| Failure::settle(miss, &expectation.why, sources);
                        result.failures.extend(misses.into_iter().map(settle));
                    }
                    Verdict::Deferred(reason) if result.deferred.contains(&reason) => {}
                    Verdict::Deferred(reason) => result.deferred.push(reason),
                }
            }
        }
        if any {
            results.push(result);
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use model::tree::Tree;

    use crate::outcome::Status;
    use crate::testing::{outcome, wrong};

    const EXPECTATION: &str = "stage: built, file: a.yaml, exists: true";

    #[test]
    fn without_a_cluster_nothing_has_passed() {
        let tree = Tree::from_files([("a.yaml", "a: 1\n")]);
        assert_eq!(outcome(&tree, &[EXPECTATION], &[]).status(), Status::Failed);
        assert_eq!(wrong(&tree, EXPECTATION), [" wanted a cluster, found no cluster"]);
    }
}
