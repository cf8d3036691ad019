//! Sources: where Flux gets the git tree and the charts from (`source.toolkit.fluxcd.io/v1`).

use model::yaml::Node;
use serde::Serialize;

use super::object::{self, Metadata, Object};
use super::{ExactVersion, Interval, OciUrl, SpecError};

const API_VERSION: &str = "source.toolkit.fluxcd.io/v1";

/// `OCIRepository`: a chart in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OCIRepository {
    /// `metadata`.
    pub metadata: Metadata,
    /// `spec`.
    pub spec: OCIRepositorySpec,
}

/// `OCIRepository.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OCIRepositorySpec {
    /// `interval`: how often the registry is asked.
    pub interval: Interval,
    /// `url`: the chart's repository, chart name included.
    pub url: OciUrl,
    /// `ref`: the version.
    pub r#ref: OCIRepositoryRef,
    /// `layerSelector`: which layer of the artifact is kept, and how.
    pub layer_selector: LayerSelector,
}

/// `OCIRepository.spec.ref`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OCIRepositoryRef {
    /// `semver`: a constraint that one version alone fulfills.
    pub semver: ExactVersion,
}

/// `OCIRepository.spec.layerSelector` for charts: the archive as it was pushed, not unpacked and packed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerSelector {
    media_type: &'static str,
    operation: &'static str,
}

impl LayerSelector {
    /// Keeps the layer that holds a Helm chart.
    pub const HELM_CHART: Self = Self {
        media_type: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        operation: "copy",
    };
}

impl OCIRepository {
    /// One version of a Helm chart, looked for twice a day.
    pub fn chart(metadata: Metadata, url: &str, version: &str) -> Result<Self, SpecError> {
        Ok(Self {
            metadata,
            spec: OCIRepositorySpec {
                interval: Interval::hours(12),
                url: OciUrl::new(url)?,
                r#ref: OCIRepositoryRef {
                    semver: ExactVersion::new(version)?,
                },
                layer_selector: LayerSelector::HELM_CHART,
            },
        })
    }
}

impl Object for OCIRepository {
    fn node(&self) -> Result<Node, SpecError> {
        object::node(
            API_VERSION,
            "OCIRepository",
            Some(&self.metadata),
            "spec",
            &self.spec,
        )
    }
}

/// `GitRepository`: this repository, as the clusters see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRepository {
    /// `metadata`.
    pub metadata: Metadata,
    /// `spec`.
    pub spec: GitRepositorySpec,
}

/// `GitRepository.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GitRepositorySpec {
    /// `interval`: how often the branch is looked at.
    pub interval: Interval,
    /// `ref`: the branch.
    pub r#ref: GitRepositoryRef,
    /// `url`.
    pub url: GitUrl,
}

/// `GitRepository.spec.ref`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GitRepositoryRef {
    /// `branch`.
    pub branch: &'static str,
}

/// A git URL that source-controller takes: `https://` or `ssh://` with host and path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct GitUrl(String);

impl GitUrl {
    /// The URL. `http://`, which the CRD takes too, is refused: what the clusters run would travel unsigned and in clear.
    pub fn new(url: &str) -> Result<Self, SpecError> {
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("ssh://"));
        let has_path = rest
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(host, path)| !host.is_empty() && !path.is_empty());
        if has_path && !url.contains(['<', '>', '$', '{', '}', ' ']) {
            Ok(Self(url.to_owned()))
        } else {
            Err(SpecError::GitUrl(url.to_owned()))
        }
    }
}

impl Object for GitRepository {
    fn node(&self) -> Result<Node, SpecError> {
        object::node(
            API_VERSION,
            "GitRepository",
            Some(&self.metadata),
            "spec",
            &self.spec,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::yaml::{Style, emit};

    #[test]
    fn a_chart_keeps_its_own_layer() {
        let metadata = Metadata::new("coredns-charts", "flux-system").unwrap();
        let chart = OCIRepository::chart(metadata, "oci://ghcr.io/coredns/charts/coredns", "1.38.0").unwrap();
        let wanted = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n  name: coredns-charts\n  \
                      namespace: flux-system\nspec:\n  interval: 12h\n  url: oci://ghcr.io/coredns/charts/coredns\n  ref:\n    \
                      semver: 1.38.0\n  layerSelector:\n    \
                      mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip\n    operation: copy\n";
        assert_eq!(emit(&chart.node().unwrap(), Style::Readable), wanted);
    }

    #[test]
    fn a_range_or_a_placeholder_makes_no_chart() {
        let metadata = || Metadata::new("x", "flux-system").unwrap();
        assert!(OCIRepository::chart(metadata(), "oci://ghcr.io/a/b", ">=1.0.0").is_err());
        assert!(OCIRepository::chart(metadata(), "oci://<APPROVED_REGISTRY>/coredns", "1.38.0").is_err());
    }

    #[test]
    fn git_urls_are_https_or_ssh() {
        assert!(GitUrl::new("https://github.com/org/repo").is_ok());
        assert!(GitUrl::new("ssh://git@github.com/org/repo").is_ok());
        for url in [
            "http://github.com/a/b",
            "git@github.com:a/b",
            "https://github.com",
            "https://<HOST>/a",
        ] {
            assert!(GitUrl::new(url).is_err(), "{url}");
        }
    }
}
