//! What scenarios need from outside, and what the caller can bring: the word of a registry or of a real program.

use serde::{Deserialize, Serialize};

/// Something that is not always there. A scenario that may defer declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// The rendered chart.
    Chart,
    /// A registry that answers.
    Network,
    /// The program kubeconform.
    Kubeconform,
    /// The program kustomize.
    Kustomize,
    /// The program flux.
    Flux,
    /// The program promtool.
    Promtool,
    /// A running cluster.
    Cluster,
}

impl Need {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Chart,
        Self::Network,
        Self::Kubeconform,
        Self::Kustomize,
        Self::Flux,
        Self::Promtool,
        Self::Cluster,
    ];

    /// The name that test designs use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Network => "network",
            Self::Kubeconform => "kubeconform",
            Self::Kustomize => "kustomize",
            Self::Flux => "flux",
            Self::Promtool => "promtool",
            Self::Cluster => "cluster",
        }
    }

    /// Why a claim that has this need could not be looked at.
    pub(crate) fn missing(self) -> &'static str {
        match self {
            Self::Chart => "the charts were not rendered",
            Self::Network => "the chart preflight was not run",
            Self::Kubeconform => "kubeconform was not run",
            Self::Kustomize => "kustomize was not run",
            Self::Flux => "flux was not run",
            Self::Promtool => "promtool was not run",
            Self::Cluster => "no running cluster is looked at",
        }
    }

    /// When it can be looked at; the same words on every machine.
    pub fn until(self) -> &'static str {
        match self {
            Self::Chart => "until helm and the chart are at hand",
            Self::Network => "until the registry is asked (`--preflight`)",
            Self::Kubeconform => "until kubeconform is on PATH",
            Self::Kustomize => "until kustomize is on PATH",
            Self::Flux => "until flux is on PATH",
            Self::Promtool => "until promtool is on PATH",
            Self::Cluster => "until the clusters run",
        }
    }
}

/// What a registry or a program said of one subject on one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What said it.
    pub need: Need,
    /// Name of the cluster.
    pub cluster: String,
    /// `OCIRepository/flux-system/coredns-charts` for the network and other objects, `flux-system/coredns` for a
    /// flux::Kustomization whose objects were looked at, the path of a folder.
    pub subject: String,
    /// What it said.
    pub proof: Proof,
    /// What said it, for the record: a program with its version, a chart with its digest.
    pub by: String,
}

/// The word of a registry or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// All is well.
    Passed,
    /// It is not, and why.
    Failed(String),
    /// Nobody can tell, and why: the registry did not answer, the program does not start.
    Unknown(String),
}
