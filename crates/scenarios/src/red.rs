//! Whether a mutation turned its scenario red where it must, and nowhere else.

use crate::design::{Clusters, Expectation, Scenario};
use crate::mutate::Mutation;
use crate::outcome::{Outcome, Status};

/// What a mutation did to its scenario on one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redness {
    /// Red where it must be; with what the failure says.
    Red(String),
    /// As before where it must stay so.
    Untouched,
    /// It survived: not red where it must be.
    Survived(String),
    /// It cannot be judged, or did what it must not.
    Wrong(String),
}

impl Redness {
    /// Whether the mutation did what it must on this cluster.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Red(_) | Self::Untouched)
    }
}

/// Compares a scenario's outcomes before and after a mutation, cluster by cluster in the order of `before`. Both lists are
/// of the same scenario on the same clusters.
pub fn redness(mutation: &Mutation, before: &[Outcome], after: &[Outcome]) -> Vec<(String, Redness)> {
    let judged = before.iter().map(|was| {
        let is = after.iter().find(|is| is.cluster == was.cluster);
        (was.cluster.clone(), on_cluster(mutation, was, is))
    });
    judged.collect()
}

/// The scenario once for each of its claims, with that claim alone, and how to call it: a claim that no mutation breaks might
/// as well not be there.
pub fn each_claim_alone(scenario: &Scenario) -> Vec<(String, Scenario)> {
    let mut alone = Vec::new();
    for (index, expectation) in scenario.expectations.iter().enumerate() {
        for claim in &expectation.claims {
            let name = format!("expectation {}: `{}`", index + 1, claim.name());
            let expectation = Expectation {
                claims: vec![claim.clone()],
                ..expectation.clone()
            };
            let scenario = Scenario {
                expectations: vec![expectation],
                ..scenario.clone()
            };
            alone.push((name, scenario));
        }
    }
    alone
}

fn on_cluster(mutation: &Mutation, was: &Outcome, is: Option<&Outcome>) -> Redness {
    let Some(is) = is else {
        return Redness::Wrong("the scenario did not run with the mutation".to_owned());
    };
    if was.status() == Status::Failed {
        return Redness::Wrong("the scenario is red without the mutation".to_owned());
    }
    let (was, status) = (was.status(), is.status());
    let said = is.failures().next().map(|failure| {
        format!("{} {}", failure.place(), failure.message())
            .trim()
            .to_owned()
    });
    match (must_be_red(mutation, &is.cluster), status) {
        (true, Status::Failed) => Redness::Red(said.unwrap_or_default()),
        (true, status) => Redness::Survived(format!("the scenario is {} with it", status.name())),
        (false, status) if status == was => Redness::Untouched,
        (false, status) => Redness::Wrong(format!(
            "the scenario must stay {} here and is {}{}",
            was.name(),
            status.name(),
            said.map(|said| format!(": {said}")).unwrap_or_default()
        )),
    }
}

fn must_be_red(mutation: &Mutation, cluster: &str) -> bool {
    match &mutation.clusters {
        Some(Clusters::Named(names)) => names.iter().any(|name| name == cluster),
        Some(Clusters::All) | None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{outcome, story, tree};

    const APP: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {x: '1'}\n";
    const CLAIM: &str =
        "stage: built, object: {kind: ConfigMap, namespace: web, name: a}, path: $.data.x, equals: '1'";

    fn judge(clusters: &str, before: &str, after: &str) -> Redness {
        let mutation: Mutation = serde_yaml::from_str(&format!("{{title: t, edits: []{clusters}}}")).unwrap();
        let run = |app: &str| [outcome(&tree(app), &[CLAIM], &[])];
        redness(&mutation, &run(before), &run(after)).remove(0).1
    }

    #[test]
    fn claims_are_taken_one_by_one() {
        let two = "stage: built, object: {kind: A, name: a}, path: $.x, type: integer, equals: 1";
        let scenario = story(&[two, CLAIM]).scenarios.remove(0);
        let names: Vec<String> = each_claim_alone(&scenario)
            .into_iter()
            .map(|(name, alone)| {
                assert_eq!(
                    (alone.expectations.len(), alone.expectations[0].claims.len()),
                    (1, 1)
                );
                name
            })
            .collect();
        assert_eq!(
            names,
            [
                "expectation 1: `type`",
                "expectation 1: `equals`",
                "expectation 2: `equals`"
            ]
        );
    }

    #[test]
    fn a_mutation_must_be_seen_where_it_says_and_nowhere_else() {
        let broken = APP.replace("'1'", "'2'");
        let red = judge("", APP, &broken);
        assert_eq!(
            red,
            Redness::Red("app/app.yaml:4:11 `data.x`: wanted the string `1`, found the string `2`".into())
        );
        assert_eq!(
            judge("", APP, APP),
            Redness::Survived("the scenario is passed with it".into())
        );
        assert_eq!(judge(", clusters: [b]", APP, APP), Redness::Untouched);
        let elsewhere = judge(", clusters: [b]", APP, &broken);
        assert!(
            matches!(&elsewhere, Redness::Wrong(why) if why.starts_with("the scenario must stay passed here and is failed: app/")),
            "{elsewhere:?}"
        );
        assert_eq!(
            judge("", &broken, &broken),
            Redness::Wrong("the scenario is red without the mutation".into())
        );
    }
}
