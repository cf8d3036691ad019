//! A chart as helm loads it.

mod error;
mod ignore;
mod load;
mod metadata;
pub(crate) mod text;

use std::sync::Arc;

use model::tree::Tree;
use model::yaml::Node;
use serde::Deserialize;

pub use error::ChartError;

use crate::archive;

/// A chart with its subcharts.
#[derive(Debug, Clone)]
pub struct Chart {
    /// `Chart.yaml`.
    pub metadata: Metadata,
    /// `values.yaml`; an empty mapping when there is none. Its spans point nowhere: [`diag::SourceId::NONE`].
    pub values: Node,
    /// `values.schema.json`.
    pub schema: Option<serde_json::Value>,
    /// Files below `templates/`, partials and notes included, sorted by path.
    pub templates: Vec<File>,
    /// Files below `crds/`, sorted by path.
    pub crds: Vec<File>,
    /// Every other file, sorted by path: what templates read as `.Files`, next to those of `crds/`.
    pub files: Vec<File>,
    /// The charts below `charts/`, folders and archives alike, sorted by the name of the folder or archive.
    pub subcharts: Vec<Self>,
}

impl Chart {
    /// Reads a `.tgz` as registries hold it. Bounded in files, bytes, charts and depth; nothing is written to disk.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, ChartError> {
        let mut budget = archive::Budget::new();
        let files = archive::unpack(bytes, &mut budget)?;
        load::chart(files, &mut budget, 0)
    }

    /// Reads a chart that lies in a folder of a tree, without the files that its `.helmignore` names.
    pub fn from_tree(tree: &Tree, folder: &str) -> Result<Self, ChartError> {
        let mut budget = archive::Budget::new();
        let files = load::files(tree, folder, &mut budget)?;
        load::chart(files, &mut budget, 0)
    }

    /// The name under which the parent's values and templates know it: an alias in what [`crate::coalesce`] returns.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }
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
    /// `v1` or `v2`; `v1` where it is left out.
    pub api_version: String,
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
