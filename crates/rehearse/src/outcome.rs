//! What became of a rehearsal: data only.

use std::time::Duration;

use serde::Serialize;

/// What became of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The cluster.
    pub cluster: String,
    /// The Kubernetes that was there.
    pub kubernetes_version: String,
    /// The controllers of Flux that were there.
    pub controllers: Vec<Controller>,
    /// From the first program's start to the last look, in seconds.
    #[serde(serialize_with = "seconds")]
    pub elapsed: Duration,
    /// The time was over before everything had come to rest.
    pub timed_out: bool,
    /// Every Flux object, by kind, namespace and name.
    pub objects: Vec<FluxObject>,
    /// What runs, as the API server sees it.
    pub workloads: Vec<Workload>,
    /// Kinds that somebody else was assumed to have installed.
    pub assumed: Vec<Assumed>,
    /// `namespace/name` of Secrets that somebody else makes and that an invented one stood in for.
    pub stand_ins: Vec<String>,
}

/// A controller of Flux.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Controller {
    /// `source-controller`, ...
    pub name: &'static str,
    /// Its version, where that can be told.
    pub version: Option<String>,
}

impl Controller {
    /// The release of Flux that it belongs to: `2.9`. Minor versions of the controllers follow those of Flux; helm-controller began
    /// three releases later.
    pub fn flux(&self) -> Option<String> {
        let mut numbers = self.version.as_deref()?.split('.');
        let minor: u32 = match (numbers.next()?, numbers.next()?.parse()) {
            ("1", Ok(minor)) => minor,
            _ => return None,
        };
        let minor = match self.name {
            "helm-controller" => minor + 3,
            _ => minor,
        };
        Some(format!("2.{minor}"))
    }
}

/// What became of a Flux object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FluxObject {
    /// `Kind/namespace/name`.
    pub object: String,
    /// Ours, from what Flux says.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The reason of its Ready condition.
    pub reason: String,
    /// The message of its Ready condition, or of what goes on.
    pub message: String,
    /// What was applied or fetched.
    pub revision: String,
    /// Where to edit, or where it is written.
    pub place: Option<Place>,
    /// From the start of the rehearsal until it was Ready, in seconds.
    #[serde(serialize_with = "maybe_seconds")]
    pub ready_after: Option<Duration>,
}

/// What Flux's word means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    /// Ready.
    Ready,
    /// Not Ready, and Flux says why.
    Failed,
    /// Not Ready, nothing moved any more, and Flux was still waiting.
    Waiting,
    /// Nobody can tell here.
    Deferred {
        /// Why.
        why: String,
        /// `Kind/namespace/name` of what cannot be had, where that is another object than this one.
        root: Option<String>,
    },
}

/// A place in a file of the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Relative to the root of the tree.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// A Deployment, StatefulSet or DaemonSet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Workload {
    /// `Kind/namespace/name`.
    pub object: String,
    /// Pods that are ready.
    pub ready: u64,
    /// Pods that are wanted.
    pub wanted: u64,
}

/// A kind whose CRD the repository does not install.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Assumed {
    /// `Kind.group`.
    pub kind: String,
    /// Whether its fields were checked: the bundle has its schema. Otherwise everything is accepted.
    pub is_checked: bool,
}

impl Outcome {
    /// Whether something is not Ready that should be.
    pub fn failed(&self) -> bool {
        let bad = |object: &FluxObject| matches!(object.verdict, Verdict::Failed | Verdict::Waiting);
        self.objects.iter().any(bad) || !self.objects.iter().any(|object| object.verdict == Verdict::Ready)
    }
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 10.0).round() / 10.0)
}

#[expect(clippy::ref_option, reason = "serde hands over fields by reference")]
fn maybe_seconds<S: serde::Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => seconds(time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_belong_to_a_release_of_flux() {
        for (name, version, flux) in [
            ("source-controller", Some("1.9.4"), Some("2.9")),
            ("kustomize-controller", Some("1.7.3"), Some("2.7")),
            ("helm-controller", Some("1.6.3"), Some("2.9")),
            ("helm-controller", Some("0.37.4"), None),
            ("source-controller", None, None),
        ] {
            let version = version.map(str::to_owned);
            assert_eq!(Controller { name, version }.flux().as_deref(), flux, "{name}");
        }
    }
}
