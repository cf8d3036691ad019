//! What is heard of Flux about one mutation on one cluster.

use std::collections::BTreeSet;
use std::fmt;

use rehearse::{FluxObject, Outcome, Verdict};

use crate::rehearse::compare::FOLLOWS;

/// What Flux made of a mutation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Heard {
    /// Nothing to make anything of: it applies the same objects as before.
    SameObjects,
    /// All is Ready: it has not noticed.
    AllReady,
    /// It refuses something: `reason of Kind/namespace/name`.
    Noticed(Vec<String>),
    /// Nobody can tell here; the reason.
    Unknown(String),
}

impl Heard {
    /// What an outcome says of a mutation that touches these objects.
    pub(super) fn of(outcome: &Outcome, touched: &BTreeSet<String>) -> Self {
        let failed: Vec<&FluxObject> = outcome
            .objects
            .iter()
            .filter(|object| matches!(object.verdict, Verdict::Failed | Verdict::Waiting))
            .collect();
        let is_cause = |object: &&&FluxObject| {
            object.verdict == Verdict::Failed && !FOLLOWS.contains(&object.reason.as_str())
        };
        let causes: Vec<&FluxObject> = failed.iter().filter(is_cause).copied().collect();
        let shown = if causes.is_empty() { &failed } else { &causes };
        if !shown.is_empty() {
            let words = shown
                .iter()
                .map(|object| format!("{} of {}", object.reason, object.object));
            return Self::Noticed(words.collect());
        }
        let deferred = outcome.objects.iter().find_map(|object| match &object.verdict {
            Verdict::Deferred { why, .. } if touched.contains(&object.object) => {
                Some(format!("{}: {why}", object.object))
            }
            _ => None,
        });
        deferred.map_or(Self::AllReady, Self::Unknown)
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameObjects => f.write_str("same objects"),
            Self::AllReady => f.write_str("all Ready"),
            Self::Noticed(what) => f.write_str(&what.join(", ")),
            Self::Unknown(why) => write!(f, "deferred: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn heard(objects: &[(&str, Verdict, &str)]) -> Heard {
        let objects = objects.iter().map(|(id, verdict, reason)| FluxObject {
            object: (*id).to_owned(),
            verdict: verdict.clone(),
            reason: (*reason).to_owned(),
            message: String::new(),
            revision: String::new(),
            place: None,
            ready_after: None,
        });
        let outcome = Outcome {
            cluster: "a".to_owned(),
            kubernetes_version: "1.37.2".to_owned(),
            controllers: Vec::new(),
            elapsed: Duration::ZERO,
            timed_out: false,
            objects: objects.collect(),
            workloads: Vec::new(),
            assumed: Vec::new(),
            stand_ins: Vec::new(),
        };
        Heard::of(&outcome, &BTreeSet::from(["HelmRelease/a/a".to_owned()]))
    }

    #[test]
    fn what_follows_from_a_failure_is_not_said_again() {
        let noticed = heard(&[
            ("HelmRelease/a/a", Verdict::Failed, "UpgradeFailed"),
            ("Kustomization/f/a", Verdict::Waiting, "Progressing"),
            ("Kustomization/f/b", Verdict::Failed, "DependencyNotReady"),
        ]);
        assert_eq!(noticed.to_string(), "UpgradeFailed of HelmRelease/a/a");
        let alone = heard(&[("Kustomization/f/b", Verdict::Failed, "DependencyNotReady")]);
        assert!(matches!(alone, Heard::Noticed(_)));
    }

    #[test]
    fn what_cannot_be_had_counts_only_where_the_mutation_reaches_it() {
        let deferred = || Verdict::Deferred {
            why: "no chart".to_owned(),
            root: None,
        };
        let unknown = heard(&[("HelmRelease/a/a", deferred(), "")]);
        assert_eq!(unknown, Heard::Unknown("HelmRelease/a/a: no chart".to_owned()));
        assert_eq!(heard(&[("HelmRelease/b/b", deferred(), "")]), Heard::AllReady);
    }
}
