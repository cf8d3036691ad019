//! The project's own settings: `.config/xtask.yaml` at the repository's root. Every field may be left out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::tree::{Tree, path};

/// Where the settings lie, relative to the root.
pub const PATH: &str = ".config/xtask.yaml";

/// The settings of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// `major.minor` of the Flux that reconciles the repository; 2.9 when absent.
    pub flux_version: Option<String>,
    /// `major.minor` of the clusters' Kubernetes; 1.37 when absent.
    pub kubernetes_version: Option<String>,
    /// Name and entrypoint folder of each cluster; found by looking around when absent.
    pub clusters: BTreeMap<String, String>,
    /// Hosts, or hosts with a path, that charts may come from; no check when empty.
    pub approved_registries: Vec<String>,
    /// Registries and what to ask in their place: `ghcr.io: [http://|https://]127.0.0.1:5000[/prefix]`.
    pub mirrors: BTreeMap<String, String>,
    /// Names of the settings that carry networks.
    pub networks: Networks,
    /// Level of a check by its id: `error`, `warning`, `note` or `off`.
    pub levels: BTreeMap<String, ConfiguredLevel>,
    /// Findings that are known and accepted for a while.
    pub suppress: Vec<Suppression>,
    /// Whether the manifests come from this program's own typed specs, so that `validate` looks for drift.
    pub generated: bool,
    /// Path of the lock file of charts; see [`Config::lock_path`].
    pub lock: Option<String>,
    /// Path of a program by its name, for those that are not on PATH.
    pub tools: BTreeMap<String, PathBuf>,
}

/// Names of variables, in the settings `ConfigMap`s, that carry a cluster's networks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Networks {
    /// Service networks: a CIDR, several separated by commas, or a JSON list in a string.
    pub services: Vec<String>,
    /// Pod networks, in the same forms.
    pub pods: Vec<String>,
}

impl Default for Networks {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            services: names(&[
                "SERVICE_CIDR",
                "SERVICE_CIDRS",
                "CLUSTER_SERVICE_CIDR",
                "SVC_CIDR",
            ]),
            pods: names(&["POD_CIDR", "POD_CIDRS", "CLUSTER_POD_CIDR", "POD_CIDR_STRING"]),
        }
    }
}

/// A check's level as the settings give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfiguredLevel {
    /// Exit code 1.
    Error,
    /// Reported; exit code 1 with `--fail-on warning`.
    Warning,
    /// Reported.
    Note,
    /// Not run for the verdict; its findings are dropped.
    Off,
}

/// An exception with its reason and its end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Suppression {
    /// Id of the check.
    pub check: String,
    /// File of the finding; any when absent.
    #[serde(default)]
    pub file: Option<String>,
    /// `Kind/namespace/name` of the object; any when absent.
    #[serde(default)]
    pub object: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: String,
}

impl Config {
    /// Reads settings from their text.
    ///
    /// # Errors
    /// Line, column and cause when the text is no YAML, a field is unknown or has another type.
    pub fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_yaml::from_str(text)
    }
}

impl Config {
    /// Where the lock file of charts lies, relative to the root: as configured, else in the `kubernetes` folder, else at the root.
    pub fn lock_path(&self, tree: &Tree) -> String {
        let default = if tree.is_folder("kubernetes") {
            "kubernetes/charts.lock.yaml"
        } else {
            "charts.lock.yaml"
        };
        self.lock
            .as_ref()
            .map_or_else(|| default.to_owned(), |path| path::normalize(path))
    }
}

/// `major` and `minor` of a version text such as `2.9`, `v2.9.5` or `1.37.2`.
pub fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_refused_with_their_place() {
        let error = Config::parse("fluxVersion: '2.9'\nfluxversion: x\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("fluxversion") && error.contains("line 2"),
            "{error}"
        );
        assert_eq!(Config::parse("").unwrap(), Config::default());
        assert_eq!(
            Config::parse("levels: {a/b: off}").unwrap().levels["a/b"],
            ConfiguredLevel::Off
        );
        assert_eq!(
            Config::parse("mirrors: {ghcr.io: '127.0.0.1:5000/ghcr'}")
                .unwrap()
                .mirrors["ghcr.io"],
            "127.0.0.1:5000/ghcr"
        );
    }

    #[test]
    fn the_lock_lies_beside_the_manifests() {
        let path = |lock: Option<&str>, file: &str| {
            let config = Config {
                lock: lock.map(str::to_owned),
                ..Config::default()
            };
            config.lock_path(&Tree::from_files([(file, "")]))
        };
        assert_eq!(path(None, "kubernetes/a.yaml"), "kubernetes/charts.lock.yaml");
        assert_eq!(path(None, "clusters/a.yaml"), "charts.lock.yaml");
        assert_eq!(
            path(Some("./locks/charts.yaml"), "kubernetes/a.yaml"),
            "locks/charts.yaml"
        );
    }

    #[test]
    fn versions_are_read_with_and_without_a_v() {
        assert_eq!(major_minor("v2.9.5"), Some((2, 9)));
        assert_eq!(major_minor("1.37"), Some((1, 37)));
        assert_eq!(major_minor("x"), None);
    }
}
