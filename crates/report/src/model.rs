//! The report as data: the fields, in the order, of the JSON document.
//!
//! Everything a format may say is here. [`Quote`] alone is not written to JSON: it is the text of the lines whose place
//! the document names.

use std::fmt;
use std::sync::Arc;

use diag::{Level, Stage};
use serde::{Serialize, Serializer};

use crate::Engine;

/// Version of all documents this program writes.
pub const API_VERSION: &str = "xtask.gitops/v1";

/// The whole result of a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// `Report`.
    pub kind: &'static str,
    /// The program that wrote it.
    pub tool: Tool,
    /// What built the manifests.
    pub engine: Engine,
    /// Flux version whose behavior was assumed.
    pub flux_version: String,
    /// Kubernetes version whose schemas were used.
    pub kubernetes_version: String,
    /// The repository's root as the user gave it.
    pub path: String,
    /// The clusters that were built, by name.
    pub clusters: Vec<ClusterSummary>,
    /// How much was looked at.
    pub coverage: Coverage,
    /// Defects, by place.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub deferred: Vec<Deferred>,
    /// Findings that somebody accepted for a time.
    pub suppressed: Vec<Suppressed>,
    /// The lengths of the lists above.
    pub summary: Summary,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Name.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
}

impl Tool {
    /// This program.
    pub const THIS: Self = Self {
        name: "xtask",
        version: env!("CARGO_PKG_VERSION"),
    };
}

/// One cluster of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClusterSummary {
    /// Name.
    pub name: String,
    /// The folder that its Flux is pointed at, relative to the root.
    pub entrypoint: String,
    /// Number of Flux Kustomizations.
    pub kustomizations: u32,
    /// Number of objects they apply.
    pub objects: u32,
}

/// How much of the repository was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Manifest files in the tree.
    pub files: u32,
    /// Those that some cluster uses.
    pub files_reached: u32,
    /// Objects of all clusters.
    pub objects: u32,
    /// Those that were checked against a schema.
    pub schema_checked: u32,
    /// HelmReleases of all clusters.
    pub releases: u32,
    /// Those whose chart was at hand and rendered.
    pub releases_rendered: u32,
    /// Objects that these install.
    pub installed: u32,
    /// Those of them that were checked against a schema.
    pub installed_schema_checked: u32,
    /// Why the others were not.
    pub excused: Vec<Excused>,
}

/// A reason for leaving something out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Excused {
    /// Why.
    pub reason: String,
    /// How often.
    pub count: u32,
}

/// One defect, however many clusters show it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Id of the check.
    pub check: String,
    /// How bad.
    #[serde(serialize_with = "level_name")]
    pub level: Level,
    /// What was found and what was wanted.
    pub message: String,
    /// The file to edit, relative to the root; empty when no file holds the defect.
    pub file: String,
    /// Line from 1; 0 without a file.
    pub line: u32,
    /// Column in characters from 1; 0 without a file.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// One past the last character.
    pub end_column: u32,
    /// Where the defect shows.
    #[serde(serialize_with = "stage_name")]
    pub stage: Stage,
    /// The first cluster that shows it, by name; empty when it belongs to none.
    pub cluster: String,
    /// The object that carries the defect.
    pub object: Option<Object>,
    /// The field inside the object.
    pub path: String,
    /// Other places, and the other clusters.
    pub related: Vec<Related>,
    /// The way from the entrypoint to the line.
    pub origin: Vec<Hop>,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub help: String,
    /// The page of the check.
    pub docs: String,
    /// The lines to quote.
    #[serde(skip)]
    pub quote: Option<Quote>,
}

/// The name of a Kubernetes object; parts that are not written are empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// `group/version`, or `version`.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl fmt::Display for Object {
    /// `Kind/namespace/name`, or `Kind/name` without a namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            namespace,
            name,
            ..
        } = self;
        if namespace.is_empty() {
            write!(f, "{kind}/{name}")
        } else {
            write!(f, "{kind}/{namespace}/{name}")
        }
    }
}

/// A second place that explains a finding.
#[derive(Debug, Clone, Serialize)]
pub struct Related {
    /// File relative to the root; empty when no file holds it.
    pub file: String,
    /// Line from 1; 0 without a file.
    pub line: u32,
    /// Column in characters from 1; 0 without a file.
    pub column: u32,
    /// What is to be seen there.
    pub message: String,
    /// The lines to quote; none for another cluster that shows the same defect.
    #[serde(skip)]
    pub quote: Option<Quote>,
}

/// One step of the way from a cluster's entrypoint to the line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hop {
    /// A Flux Kustomization, a kustomization.yaml, a patch or a variable.
    pub what: String,
    /// File relative to the root; empty when no file holds it.
    pub file: String,
    /// Line from 1; 0 without a file.
    pub line: u32,
}

/// Something that could not be checked. Never counts as passed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Deferred {
    /// Id of the check that would have looked.
    pub check: String,
    /// What it would have looked at.
    pub subject: String,
    /// Why it could not.
    pub reason: String,
}

/// A finding that somebody accepted, with a reason and an end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Suppressed {
    /// Id of the check.
    pub check: String,
    /// File of the finding.
    pub file: String,
    /// Line of the finding.
    pub line: u32,
    /// Why it is accepted.
    pub reason: String,
    /// Until when: a date, a version, or empty.
    pub until: String,
}

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Findings of level error.
    pub errors: u32,
    /// Findings of level warning.
    pub warnings: u32,
    /// Findings of level note.
    pub notes: u32,
    /// What could not be checked.
    pub deferred: u32,
    /// What was accepted.
    pub suppressed: u32,
}

impl Summary {
    /// Counts three lists.
    pub fn of(findings: &[Finding], deferred: &[Deferred], suppressed: &[Suppressed]) -> Self {
        let level = |level| findings.iter().filter(|finding| finding.level == level).count() as u32;
        Self {
            errors: level(Level::Error),
            warnings: level(Level::Warning),
            notes: level(Level::Note),
            deferred: deferred.len() as u32,
            suppressed: suppressed.len() as u32,
        }
    }
}

/// The text around a place, for formats that show it.
#[derive(Debug, Clone)]
pub struct Quote {
    /// The file.
    pub source: Arc<diag::Source>,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn level_name<S: Serializer>(level: &Level, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(level.name())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn stage_name<S: Serializer>(stage: &Stage, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(stage.name())
}
