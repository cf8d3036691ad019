//! Helm releases (`helm.toolkit.fluxcd.io/v2`).

use model::yaml::Node;
use serde::Serialize;
use serde_json::Value;

use super::object::{self, Metadata, Object};
use super::{ExactVersion, Interval, Name, SpecError};

/// API version of [`HelmRelease`], as health checks name it.
pub const API_VERSION: &str = "helm.toolkit.fluxcd.io/v2";

/// `HelmRelease`.
#[derive(Debug, Clone, PartialEq)]
pub struct HelmRelease {
    /// `metadata`; without `targetNamespace` the release has the same name and namespace.
    pub metadata: Metadata,
    /// `spec`.
    pub spec: HelmReleaseSpec,
}

/// `HelmRelease.spec`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmReleaseSpec {
    /// `interval`: how often the release is compared with its spec.
    pub interval: Interval,
    /// `chart` or `chartRef`.
    #[serde(flatten)]
    pub source: ChartSource,
    /// `install`.
    pub install: Install,
    /// `upgrade`.
    pub upgrade: Upgrade,
    /// `values`.
    pub values: Value,
}

/// Where the chart comes from. The CRD takes exactly one of the two fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChartSource {
    /// `chart`: a chart looked up in a repository.
    Chart(HelmChartTemplate),
    /// `chartRef`: a source that is itself the chart; it decides the version.
    ChartRef(ChartRef),
}

/// `HelmRelease.spec.chartRef`: an `OCIRepository` by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChartRef {
    kind: &'static str,
    name: Name,
    namespace: Name,
}

/// `HelmRelease.spec.chart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmChartTemplate {
    /// `spec`.
    pub spec: HelmChartTemplateSpec,
}

/// `HelmRelease.spec.chart.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmChartTemplateSpec {
    /// `chart`: the chart's name, or its path in a git tree or bucket.
    pub chart: String,
    /// `version`.
    pub version: ExactVersion,
    /// `sourceRef`.
    pub source_ref: ChartSourceRef,
}

/// `HelmRelease.spec.chart.spec.sourceRef`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChartSourceRef {
    /// `kind`.
    pub kind: ChartSourceKind,
    /// `name`.
    pub name: Name,
    /// `namespace`.
    pub namespace: Name,
}

/// The kinds that `chart.spec.sourceRef` may name. `OCIRepository` is none of them: it goes into [`ChartRef`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ChartSourceKind {
    /// A Helm repository.
    HelmRepository,
    /// A git tree.
    GitRepository,
    /// An object store.
    Bucket,
}

impl ChartSource {
    /// The chart that an `OCIRepository` holds.
    pub fn oci(repository: &super::source::OCIRepository) -> Self {
        Self::ChartRef(ChartRef {
            kind: "OCIRepository",
            name: repository.metadata.name.clone(),
            namespace: repository.metadata.namespace.clone(),
        })
    }
}

/// `HelmRelease.spec.install`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Install {
    /// `remediation`.
    pub remediation: Remediation,
}

/// `HelmRelease.spec.upgrade`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Upgrade {
    /// `cleanupOnFail`: objects that a failed upgrade made are deleted.
    pub cleanup_on_fail: bool,
    /// `remediation`.
    pub remediation: Remediation,
}

/// `install.remediation` and `upgrade.remediation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remediation {
    /// `retries`.
    pub retries: u8,
}

impl HelmRelease {
    /// A release compared every half hour, tried three times, cleaned up after a failed upgrade.
    pub fn new(metadata: Metadata, source: ChartSource, values: &impl Serialize) -> Result<Self, SpecError> {
        let values = serde_json::to_value(values).map_err(|source| SpecError::Serialize {
            what: format!("values of HelmRelease `{}`", metadata.name),
            source,
        })?;
        Ok(Self {
            metadata,
            spec: HelmReleaseSpec {
                interval: Interval::minutes(30),
                source,
                install: Install {
                    remediation: Remediation { retries: 3 },
                },
                upgrade: Upgrade {
                    cleanup_on_fail: true,
                    remediation: Remediation { retries: 3 },
                },
                values,
            },
        })
    }
}

impl Object for HelmRelease {
    fn node(&self) -> Result<Node, SpecError> {
        object::node(
            API_VERSION,
            "HelmRelease",
            Some(&self.metadata),
            "spec",
            &self.spec,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::source::OCIRepository;

    #[test]
    fn has_exactly_one_source() {
        let metadata = || Metadata::new("coredns", "kube-system").unwrap();
        let repository = OCIRepository::chart(metadata(), "oci://ghcr.io/a/b", "1.0.0").unwrap();
        let chart = ChartSource::Chart(HelmChartTemplate {
            spec: HelmChartTemplateSpec {
                chart: "coredns".to_owned(),
                version: ExactVersion::new("1.0.0").unwrap(),
                source_ref: ChartSourceRef {
                    kind: ChartSourceKind::HelmRepository,
                    name: Name::new("coredns").unwrap(),
                    namespace: Name::new("flux-system").unwrap(),
                },
            },
        });
        for (source, has, has_not) in [
            (ChartSource::oci(&repository), "chartRef", "chart"),
            (chart, "chart", "chartRef"),
        ] {
            let node = HelmRelease::new(metadata(), source, &()).unwrap().node().unwrap();
            assert!(node.at(&["spec", has]).is_some());
            assert!(node.at(&["spec", has_not]).is_none());
        }
    }
}
