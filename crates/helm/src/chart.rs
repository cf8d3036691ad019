//! A chart as helm loads it.

use std::sync::Arc;

use model::yaml::Node;
use serde::Deserialize;

/// A chart with its subcharts.
#[derive(Debug, Clone)]
pub struct Chart {
    /// `Chart.yaml`.
    pub metadata: Metadata,
    /// `values.yaml`; an empty mapping when there is none.
    pub values: Node,
    /// `values.schema.json`.
    pub schema: Option<serde_json::Value>,
    /// Files below `templates/`, partials and notes included, sorted by path.
    pub templates: Vec<File>,
    /// Files below `crds/`, sorted by path.
    pub crds: Vec<File>,
    /// Every other file, which templates read as `.Files`.
    pub files: Vec<File>,
    /// The charts below `charts/`, folders and archives alike.
    pub subcharts: Vec<Self>,
}

/// A file of a chart.
#[derive(Debug, Clone)]
pub struct File {
    /// Path relative to the chart's own root, such as `templates/service.yaml`.
    pub path: String,
    /// Its bytes.
    pub data: Arc<[u8]>,
}

/// The fields of `Chart.yaml` that count here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Name of the chart.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Version of what it installs.
    pub app_version: Option<String>,
    /// Range of Kubernetes versions.
    pub kube_version: Option<String>,
    /// `application`, which is the default, or `library`.
    #[serde(rename = "type")]
    pub chart_type: Option<String>,
    /// The chart calls itself deprecated.
    pub deprecated: bool,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// An entry of `dependencies` in `Chart.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Dependency {
    /// Name of the subchart.
    pub name: String,
    /// Range of its versions.
    pub version: String,
    /// The name by which the parent's values call it, in place of its own.
    pub alias: Option<String>,
    /// Paths of values, separated by commas: the first one that is a boolean switches the subchart.
    pub condition: Option<String>,
    /// Entries of the values' `tags` that switch the subchart where no condition does.
    pub tags: Vec<String>,
    /// What the parent takes over from the subchart's values: names below `exports`, or `{child, parent}` paths.
    pub import_values: Vec<serde_json::Value>,
}
