//! The live checks of a story as data.

use scenarios::{Clusters, ObjectName, Priority};
use serde::Deserialize;

/// The live checks of one story.
#[derive(Debug, Clone)]
pub struct Design {
    /// The file that they were read from.
    pub file: String,
    /// Number of the story: `04`.
    pub story: String,
    /// The ConfigMap that holds each cluster's settings, as the story's test design says.
    pub settings: ObjectName,
    /// The clusters that the story is promised for.
    pub clusters: Clusters,
    /// Programs that are started with a configuration out of the cluster, by name.
    pub programs: Vec<Program>,
    /// What nobody can show without kubelets.
    pub not_verified: Vec<NotVerified>,
    /// The scenarios, in the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// One promise about a running cluster.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `04.DNS-LIVE-001`.
    pub id: String,
    /// How much it matters.
    pub priority: Priority,
    /// Id of the acceptance criterion that it proves.
    pub criterion: Option<String>,
    /// The promise.
    pub title: String,
    /// The clusters that it is promised for; those of the story when absent.
    pub clusters: Option<Clusters>,
    /// The Flux object that brings the subject: while it is deferred, so is the scenario.
    pub from: Option<ObjectName>,
    /// The field of `from` that decides it, `spec.values.replicaCount`: where to edit.
    pub at: Option<String>,
    /// What must hold.
    pub check: Check,
}

/// What is looked at.
#[derive(Debug, Clone)]
pub enum Check {
    /// A Flux object is Ready, for its present generation.
    Ready(ObjectName),
    /// A workload has the pods that a setting says, all of them ready.
    Replicas(Replicas),
    /// No two ready pods of a workload share a node, a zone, ...
    Spread(Spread),
    /// A Service has the address that a setting says, and its endpoints are the ready pods.
    Service(Service),
    /// A PodDisruptionBudget allows so many evictions and holds the next one back.
    Disruption(Disruption),
    /// A restart of a workload keeps a pod ready all the time.
    Rollout(Rollout),
    /// A program answers as it should.
    Program {
        /// Name of the program in [`Design::programs`].
        name: String,
        /// What it is asked.
        question: Question,
    },
}

/// A workload with as many pods as a setting says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replicas {
    /// A Deployment, StatefulSet or DaemonSet.
    pub object: ObjectName,
    /// The setting that says how many.
    pub equals_setting: String,
}

/// A workload whose pods do not share nodes, zones, ...
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spread {
    /// A Deployment, StatefulSet or DaemonSet.
    pub object: ObjectName,
    /// The label of nodes whose value no two ready pods share: `kubernetes.io/hostname`.
    pub topology_key: String,
}

/// A Service at an address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// The Service.
    pub object: ObjectName,
    /// The setting that says its clusterIP; any address when absent.
    #[serde(default, rename = "clusterIPEqualsSetting")]
    pub cluster_ip_equals_setting: Option<String>,
}

/// A budget for evictions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disruption {
    /// The PodDisruptionBudget.
    pub object: ObjectName,
    /// How many evictions it allows while all pods are ready, at least one.
    pub allows: u32,
    /// The time for the pods that come in place of the evicted ones.
    #[serde(default = "timeout")]
    pub timeout_seconds: u64,
}

/// A restart, as `kubectl rollout restart` begins one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// A Deployment, StatefulSet or DaemonSet.
    pub object: ObjectName,
    /// The time that it may take.
    #[serde(default = "timeout")]
    pub timeout_seconds: u64,
}

fn timeout() -> u64 {
    120
}

/// A program that is started with a configuration out of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Name of the program.
    pub name: String,
    /// Its configuration.
    pub config: ConfigKey,
}

/// An entry of a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigKey {
    /// `ConfigMap`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Key in its data.
    pub key: String,
}

impl ConfigKey {
    /// The ConfigMap.
    pub fn object(&self) -> ObjectName {
        ObjectName {
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// What a program is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A name.
    Dns(Dns),
    /// A path.
    Http(Http),
    /// A metric that it must have.
    Metric(Metric),
    /// Whether alerts fire.
    Alerts(Alerts),
}

/// A question of the DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dns {
    /// The name.
    pub ask: String,
    /// Type of the records, `A`.
    pub record_type: String,
    /// What is answered.
    pub answer: DnsAnswer,
}

/// What the DNS answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsAnswer {
    /// These records' data, in any order.
    Are(Vec<String>),
    /// The clusterIPs of a Service, as the API server has them.
    ServiceOf(ObjectName),
    /// A response code without an answer: `NXDOMAIN`.
    Says(String),
    /// What the upstream says: the name is none of the cluster's.
    Forwards,
}

/// A question over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Http {
    /// The port, as the configuration has it.
    pub port: u16,
    /// The path.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
}

/// A metric in the form of Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metric {
    /// The port, as the configuration has it.
    pub port: u16,
    /// The path.
    pub path: String,
    /// Name of the metric.
    pub name: String,
}

/// Alerts of a rule, evaluated on what the program measures.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Alerts {
    /// The PrometheusRule.
    pub rule: ObjectName,
    /// What has become of the program.
    pub given: Given,
    /// Alerts that must fire.
    #[serde(default)]
    pub fires: Vec<String>,
    /// Alerts that must not.
    #[serde(default)]
    pub quiet: Vec<String>,
}

/// What alerts are evaluated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Given {
    /// The program runs and answers: its own metrics, for longer than any alert waits.
    Running,
    /// It does not answer: its target is known, and `up` is 0.
    Down,
    /// It is no target at all.
    Absent,
    /// It runs, and whom it asks in turn fails every question.
    UpstreamFails,
    /// It runs, and whom it asks in turn takes 1.5 seconds for each answer.
    UpstreamSlow,
}

impl Given {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Down,
        Self::Absent,
        Self::UpstreamFails,
        Self::UpstreamSlow,
    ];

    /// The word of the file: `running`, `upstreamFails`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Down => "down",
            Self::Absent => "absent",
            Self::UpstreamFails => "upstreamFails",
            Self::UpstreamSlow => "upstreamSlow",
        }
    }
}

/// What is not shown, and why not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct NotVerified {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl Check {
    /// The key that it is written with.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::Replicas(_) => "replicas",
            Self::Spread(_) => "spread",
            Self::Service(_) => "service",
            Self::Disruption(_) => "disruption",
            Self::Rollout(_) => "rollout",
            Self::Program { question, .. } => match question {
                Question::Dns(_) => "dns",
                Question::Http(_) => "http",
                Question::Metric(_) => "metric",
                Question::Alerts(_) => "alerts",
            },
        }
    }

    /// The object that is looked at; none where it is a program.
    pub fn subject(&self) -> Option<&ObjectName> {
        match self {
            Self::Ready(object) => Some(object),
            Self::Replicas(check) => Some(&check.object),
            Self::Spread(check) => Some(&check.object),
            Self::Service(check) => Some(&check.object),
            Self::Disruption(check) => Some(&check.object),
            Self::Rollout(check) => Some(&check.object),
            Self::Program { question, .. } => match question {
                Question::Alerts(alerts) => Some(&alerts.rule),
                Question::Dns(_) | Question::Http(_) | Question::Metric(_) => None,
            },
        }
    }

    /// What it does to the cluster; none for a check that only looks.
    pub fn changes(&self) -> Option<String> {
        match self {
            Self::Disruption(check) => {
                let tries = check.allows.saturating_add(1);
                Some(format!("tries to evict {tries} pods of {}", check.object))
            }
            Self::Rollout(check) => Some(format!("restarts the pods of {}", check.object)),
            Self::Ready(_)
            | Self::Replicas(_)
            | Self::Spread(_)
            | Self::Service(_)
            | Self::Program { .. } => None,
        }
    }
}
