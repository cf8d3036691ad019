//! What must have come to rest: the first start, or a commit that was pushed to a cluster that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::observe::{Live, Ready, Snapshot};

/// Nothing moves when nothing has moved for this long, where all that is left has failed: at the start, when much is still to
/// come that could be missing, and after a push to a cluster where everything was there.
const QUIET_FIRST: Duration = Duration::from_secs(6);
const QUIET_PUSHED: Duration = Duration::from_secs(2);
/// Reasons of Kustomizations that have not come to the source's revision, or have none.
const BEFORE_REVISION: [&str; 3] = ["ArtifactFailed", "DependencyNotReady", "AccessDenied"];

/// What is waited for.
#[derive(Debug, Clone)]
pub(crate) enum Goal {
    /// Everything Ready, whatever its revision.
    First,
    /// Everything Ready at this commit of the cluster's own source.
    Commit {
        /// In hexadecimal digits.
        commit: String,
        /// `Kind/namespace/name` of the sources that hold it.
        own: BTreeSet<String>,
        looks: Looks,
    },
}

/// How often Flux has to find that all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Once.
    Once,
    /// Once more when all is Ready, as it would look again after its intervals: what it has pruned may be missed only then.
    Twice,
}

impl Goal {
    /// The time without a movement after which what has failed counts as failed.
    pub(crate) fn quiet(&self) -> Duration {
        match self {
            Self::First => QUIET_FIRST,
            Self::Commit { .. } => QUIET_PUSHED,
        }
    }

    /// Whether Flux is asked to look again where all is Ready.
    pub(crate) fn looks_again(&self) -> bool {
        matches!(
            self,
            Self::Commit {
                looks: Looks::Twice,
                ..
            }
        )
    }

    /// Takes a release at its word that has failed twice in the same way: after a push nothing is still to come that could
    /// make the third time another one. While Flux tries on, its conditions change with each step.
    pub(crate) fn decide(&self, snapshot: &mut Snapshot) {
        if matches!(self, Self::First) {
            return;
        }
        let releases = snapshot.objects.iter_mut();
        for live in releases.filter(|live| live.has_failed_twice() && live.ready != Ready::Yes) {
            (live.reason, live.message) = live.failed.clone();
            live.ready = Ready::No;
            live.is_at_work = false;
        }
    }

    /// Whether an object is where it must be.
    pub(crate) fn is_reached(&self, live: &Live, by_id: &BTreeMap<String, &Live>) -> bool {
        live.ready == Ready::Yes && !live.is_going && !self.is_behind(live, by_id)
    }

    /// Whether a Kustomization is behind its own source, which has come to the commit.
    pub(crate) fn is_untold(&self, live: &Live, by_id: &BTreeMap<String, &Live>) -> bool {
        let source = live
            .reference("/sourceRef")
            .and_then(|id| by_id.get(&id).copied());
        live.kind == "Kustomization"
            && self.is_behind(live, by_id)
            && source.is_some_and(|source| source.ready == Ready::Yes && !self.is_behind(source, by_id))
    }

    /// Whether what an object says is of another state than the one that is waited for: Flux has not come to it yet.
    pub(crate) fn is_behind(&self, live: &Live, by_id: &BTreeMap<String, &Live>) -> bool {
        let Self::Commit { commit, own, .. } = self else {
            return false;
        };
        match live.kind {
            "GitRepository" => {
                own.contains(&live.id())
                    && live.ready != Ready::No
                    && !live.revision.contains(commit.as_str())
            }
            "Kustomization" => {
                let is_own = live.reference("/sourceRef").is_some_and(|id| own.contains(&id));
                let has_come = match live.ready {
                    Ready::Yes => live.revision.contains(commit.as_str()),
                    Ready::No if BEFORE_REVISION.contains(&live.reason.as_str()) => true,
                    Ready::No | Ready::Unknown => live.attempted.contains(commit.as_str()),
                };
                is_own && !live.is_suspended && !has_come
            }
            // The chart may have changed without the release.
            "HelmRelease" if live.ready == Ready::Yes => chart_has_moved(live, by_id),
            "HelmRelease" => live.ready == Ready::No && !live.is_current && !live.has_failed_twice(),
            _ => false,
        }
    }
}

/// Whether the source of a release has another chart than the one that was installed.
fn chart_has_moved(live: &Live, by_id: &BTreeMap<String, &Live>) -> bool {
    let source = live.reference("/chartRef").and_then(|id| by_id.get(&id).copied());
    let digest = source.and_then(|source| source.revision.split_once('@'));
    digest.is_some_and(|(_, digest)| !live.attempted.is_empty() && live.attempted != digest)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::observe;

    fn object(kind: &'static str, name: &str, ready: &str, reason: &str, status: &Json, spec: &Json) -> Live {
        let mut status = status.clone();
        status["observedGeneration"] = 1.into();
        status["conditions"] = json!([{"type": "Ready", "status": ready, "reason": reason, "message": ""}]);
        let metadata = json!({"name": name, "namespace": "f", "generation": 1});
        observe::live(
            "",
            kind,
            &json!({"metadata": metadata, "spec": spec, "status": status}),
        )
    }

    fn goal() -> Goal {
        Goal::Commit {
            commit: "abc".to_owned(),
            own: BTreeSet::from(["GitRepository/f/tree".to_owned()]),
            looks: Looks::Once,
        }
    }

    /// Whether a Kustomization has come to the commit, by its Ready condition and the revisions that it has begun and applied.
    fn has_come(ready: &str, reason: &str, attempted: &str, applied: &str) -> bool {
        let spec = json!({"sourceRef": {"kind": "GitRepository", "name": "tree"}});
        let status = json!({
            "lastAttemptedRevision": format!("b@sha1:{attempted}"), "lastAppliedRevision": format!("b@sha1:{applied}"),
        });
        let live = object("Kustomization", "k", ready, reason, &status, &spec);
        !goal().is_behind(&live, &BTreeMap::new())
    }

    #[test]
    fn what_is_said_of_an_older_commit_does_not_count() {
        assert!(has_come("True", "ReconciliationSucceeded", "abc", "abc"));
        assert!(!has_come("True", "ReconciliationSucceeded", "123", "123"));
        assert!(!has_come("False", "BuildFailed", "123", "123"));
        assert!(has_come("False", "BuildFailed", "abc", "123"));
        assert!(has_come("False", "DependencyNotReady", "123", "123"));
        assert!(!has_come("Unknown", "Progressing", "123", "123"));
        let first = Goal::First;
        let old = object("Kustomization", "k", "True", "", &json!({}), &json!({}));
        assert!(first.is_reached(&old, &BTreeMap::new()));
    }

    #[test]
    fn who_was_not_told_of_the_commit_is_behind_a_source_that_has_it() {
        let untold = |revision: &str, applied: &str| {
            let status = json!({"artifact": {"revision": format!("b@sha1:{revision}")}});
            let source = object("GitRepository", "tree", "True", "", &status, &json!({}));
            let spec = json!({"sourceRef": {"kind": "GitRepository", "name": "tree"}});
            let status = json!({"lastAppliedRevision": format!("b@sha1:{applied}")});
            let live = object("Kustomization", "k", "True", "", &status, &spec);
            let by_id = BTreeMap::from([(source.id(), &source)]);
            goal().is_untold(&live, &by_id)
        };
        assert!(untold("abc", "123"));
        assert!(!untold("abc", "abc"));
        assert!(!untold("123", "123"), "the source has not come to it");
    }

    #[test]
    fn a_release_is_behind_while_its_source_has_another_chart() {
        let spec = json!({"chartRef": {"kind": "OCIRepository", "name": "chart"}});
        let behind = |digest: &str| {
            let status = json!({"artifact": {"revision": format!("1.0.0@{digest}")}});
            let source = object("OCIRepository", "chart", "True", "", &status, &json!({}));
            let status = json!({"lastAttemptedRevisionDigest": "sha256:1"});
            let release = object("HelmRelease", "r", "True", "", &status, &spec);
            let by_id = BTreeMap::from([(source.id(), &source)]);
            goal().is_behind(&release, &by_id)
        };
        assert!(!behind("sha256:1"));
        assert!(behind("sha256:2"));
    }

    #[test]
    fn a_release_that_failed_twice_has_failed_whatever_it_does_now() {
        let status = |failures: u64| json!({"failures": failures, "lastAttemptedGeneration": 1});
        let decided = |failures: u64| {
            let mut release = object(
                "HelmRelease",
                "r",
                "Unknown",
                "Progressing",
                &status(failures),
                &json!({}),
            );
            release.failed = ("UpgradeFailed".to_owned(), "refused".to_owned());
            let mut snapshot = Snapshot {
                objects: vec![release],
                ..Snapshot::default()
            };
            goal().decide(&mut snapshot);
            let release = snapshot.objects.remove(0);
            (release.ready, release.reason)
        };
        assert_eq!(decided(1), (Ready::Unknown, "Progressing".to_owned()));
        assert_eq!(decided(2), (Ready::No, "UpgradeFailed".to_owned()));
    }
}
