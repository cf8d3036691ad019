//! Flux Kustomizations (`kustomize.toolkit.fluxcd.io/v1`): always written `flux::Kustomization`.

use model::yaml::Node;
use serde::Serialize;

use super::object::{self, Metadata, Object};
use super::{Interval, Name, SpecError, helm};

/// The namespace of Flux, of its sources and of every `flux::Kustomization` here.
pub const NAMESPACE: &str = "flux-system";

/// `flux::Kustomization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kustomization {
    /// `metadata`.
    pub metadata: Metadata,
    /// `spec`.
    pub spec: KustomizationSpec,
}

/// `flux::Kustomization.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KustomizationSpec {
    /// `interval`: how often the cluster is compared with the tree.
    pub interval: Interval,
    /// `timeout` of build, apply and health checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Interval>,
    /// `path`: a folder of the source, with a leading `./`.
    pub path: String,
    /// `prune`: what leaves the tree leaves the cluster.
    pub prune: bool,
    /// `sourceRef`.
    pub source_ref: SourceRef,
    /// `dependsOn`: Kustomizations of the same namespace that must be Ready first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<DependencyReference>,
    /// `postBuild`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_build: Option<PostBuild>,
    /// `wait` and `healthChecks`.
    #[serde(flatten)]
    pub health: Health,
}

/// `sourceRef`: the git tree by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceRef {
    kind: &'static str,
    name: Name,
}

impl SourceRef {
    /// A `GitRepository` of the same namespace.
    pub fn git(repository: &super::source::GitRepository) -> Self {
        Self {
            kind: "GitRepository",
            name: repository.metadata.name.clone(),
        }
    }
}

/// `dependsOn[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DependencyReference {
    /// `name`.
    pub name: Name,
}

/// `postBuild`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostBuild {
    /// `substituteFrom`.
    pub substitute_from: Vec<SubstituteReference>,
}

/// `postBuild.substituteFrom[]`: a ConfigMap of the Kustomization's own namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubstituteReference {
    kind: &'static str,
    name: Name,
}

impl SubstituteReference {
    /// A ConfigMap by name.
    pub fn config_map(name: Name) -> Self {
        Self {
            kind: "ConfigMap",
            name,
        }
    }
}

/// `wait` and `healthChecks`, as Flux takes them together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    wait: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    health_checks: Vec<HealthCheck>,
}

impl Health {
    /// Neither: applied is Ready.
    pub fn none() -> Self {
        Self::default()
    }

    /// `healthChecks` alone: Ready when the named objects are, also those that a controller makes.
    pub fn named(health_checks: Vec<HealthCheck>) -> Self {
        Self {
            wait: false,
            health_checks,
        }
    }

    /// `wait`: Ready when every applied object is. Flux then ignores `healthChecks`; they stay as a statement of what
    /// matters most, and take over when `wait` is taken out.
    pub fn all(health_checks: Vec<HealthCheck>) -> Self {
        Self {
            wait: true,
            health_checks,
        }
    }
}

/// `healthChecks[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheck {
    api_version: &'static str,
    kind: &'static str,
    name: Name,
    namespace: Name,
}

impl HealthCheck {
    /// A Helm release.
    pub fn helm_release(release: &helm::HelmRelease) -> Self {
        Self::of(helm::API_VERSION, "HelmRelease", release.metadata.clone())
    }

    /// A DaemonSet, of a chart for example.
    pub fn daemon_set(metadata: Metadata) -> Self {
        Self::of("apps/v1", "DaemonSet", metadata)
    }

    /// A Deployment, of a chart for example.
    pub fn deployment(metadata: Metadata) -> Self {
        Self::of("apps/v1", "Deployment", metadata)
    }

    fn of(api_version: &'static str, kind: &'static str, metadata: Metadata) -> Self {
        Self {
            api_version,
            kind,
            name: metadata.name,
            namespace: metadata.namespace,
        }
    }
}

impl Object for Kustomization {
    fn node(&self) -> Result<Node, SpecError> {
        object::node(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            Some(&self.metadata),
            "spec",
            &self.spec,
        )
    }
}
