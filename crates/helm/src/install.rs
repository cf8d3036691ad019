//! The installed stage: what the HelmReleases of a cluster install, as far as charts and helm are at hand.
//!
//! Three things can be had without helm: the chart, the values that the release gives it, and the values that nothing reads.
//! The objects need helm; without it, or without the chart, the release is deferred with the reason.

mod blame;
mod capabilities;
mod manifest;
mod renderer;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diag::Span;
use flux::{BuiltObject, ClusterBuild, Reference};
use model::object;
use model::tree::Tree;
use model::yaml::Node;
use oci::ChartRequest;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::chart::Chart;
use crate::source::{Release, Source, releases};
use crate::values::{Merged, values};

pub use blame::Culprit;
pub use manifest::is_rendered;
pub use renderer::Renderer;

/// A chart's archive as the cache holds it.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Where helm can read it.
    pub path: std::path::PathBuf,
    /// Its bytes, verified.
    pub bytes: Arc<[u8]>,
}

/// Finds the archive of what a registry is asked for; the reason when it is not at hand.
pub type Archives<'a> = dyn Fn(&ChartRequest) -> Result<Archive, String> + Sync + 'a;

/// The HelmReleases of one cluster.
#[derive(Debug)]
pub struct ClusterInstall<'a> {
    /// The cluster.
    pub cluster: &'a ClusterBuild,
    /// Its HelmReleases, in the order of the builds.
    pub releases: Vec<Install<'a>>,
}

/// One HelmRelease with its chart, its values and its objects.
#[derive(Debug)]
pub struct Install<'a> {
    /// The HelmRelease and where its chart comes from.
    pub release: Release<'a>,
    /// The chart; the reason when it is not at hand.
    pub chart: Result<Arc<Loaded>, String>,
    /// What the release gives the chart.
    pub values: Merged,
    /// What `.Capabilities.APIVersions` has beyond Kubernetes' own, where the chart asks.
    pub(crate) api_versions: Arc<[String]>,
    /// What comes out.
    pub outcome: Outcome,
}

/// A chart that was read, with where helm finds it.
#[derive(Debug)]
pub struct Loaded {
    /// The chart.
    pub chart: Chart,
    pub(crate) files: ChartFiles,
    /// Whether its templates ask which APIs the cluster has.
    asks_for_apis: bool,
}

/// Where helm reads a chart.
#[derive(Debug)]
pub(crate) enum ChartFiles {
    /// An archive on the disk.
    Archive {
        path: std::path::PathBuf,
        digest: [u8; 32],
    },
    /// A folder of the tree: path inside the chart and content.
    Folder {
        files: Vec<(String, Vec<u8>)>,
        digest: [u8; 32],
    },
}

/// What a HelmRelease installs.
#[derive(Debug)]
pub enum Outcome {
    /// These objects, with spans in their rendered text.
    Installed(Vec<BuiltObject>),
    /// helm, or what Flux does with helm's output, fails: Flux would say InstallFailed.
    Failed(Failure),
    /// Nobody can tell from here; the reason.
    Deferred(String),
}

/// Why an install fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One line.
    pub message: String,
    /// The place in the HelmRelease, where the failure names one.
    pub span: Span,
}

impl Loaded {
    fn new(chart: Chart, files: ChartFiles) -> Self {
        Self {
            asks_for_apis: capabilities::asks(&chart),
            chart,
            files,
        }
    }
}

impl ClusterInstall<'_> {
    /// The CRDs that the charts bring: those that are rendered, and of charts that are not those below `crds/`. Nodes of the
    /// latter point nowhere.
    pub fn crds(&self) -> Vec<Cow<'_, Node>> {
        let mut crds = Vec::new();
        for install in &self.releases {
            match (&install.outcome, &install.chart) {
                (Outcome::Installed(objects), _) => {
                    let nodes = objects.iter().map(|object| &object.node);
                    crds.extend(nodes.filter(|node| is_crd(node)).map(Cow::Borrowed));
                }
                (_, Ok(loaded)) => crds.extend(capabilities::crds(&loaded.chart).map(Cow::Owned)),
                _ => {}
            }
        }
        crds
    }

    /// Everything that releases of the cluster install, with its release.
    pub fn objects(&self) -> impl Iterator<Item = (&Install<'_>, &BuiltObject)> {
        self.releases
            .iter()
            .flat_map(|install| install.objects().iter().map(move |object| (install, object)))
    }
}

impl Install<'_> {
    /// The HelmRelease.
    pub fn node(&self) -> &Node {
        &self.release.object.node
    }

    /// Why nobody knows what it installs; none where its objects are known.
    pub fn silence(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Installed(_) => None,
            Outcome::Failed(_) => Some("its chart does not render"),
            Outcome::Deferred(reason) => Some(reason),
        }
    }

    /// What it installs; nothing unless that is known.
    pub fn objects(&self) -> &[BuiltObject] {
        if let Outcome::Installed(objects) = &self.outcome {
            objects
        } else {
            &[]
        }
    }

    /// The namespace that objects without one go to: `spec.targetNamespace`, else its own.
    pub fn namespace(&self) -> &str {
        let target = self.node().str_at(&["spec", "targetNamespace"]);
        target.unwrap_or_else(|| object::namespace(self.node()))
    }

    /// Name of the Helm release: `spec.releaseName`, else `[targetNamespace-]name`, shortened to 53 characters as
    /// helm-controller's `release.ShortenName` does.
    pub fn release_name(&self) -> String {
        const MAX: usize = 53;
        const HASH: usize = 12;
        let own = object::name(self.node());
        let name = match (
            self.node().str_at(&["spec", "releaseName"]),
            self.node().str_at(&["spec", "targetNamespace"]),
        ) {
            (Some(name), _) if !name.is_empty() => name.to_owned(),
            (_, Some(target)) if !target.is_empty() => format!("{target}-{own}"),
            _ => own.to_owned(),
        };
        if name.len() <= MAX {
            return name;
        }
        let digest = hex(&Sha256::digest(name.as_bytes()));
        let head = name.get(..MAX - HASH - 1).unwrap_or(&name);
        format!("{head}-{}", digest.get(..HASH).unwrap_or_default())
    }

    /// Why it is not known here what the release gives its chart, or whether it is installed at all.
    pub fn unsettled(&self) -> Option<String> {
        let object = self.release.object;
        if self.node().at(&["spec", "suspend"]).and_then(Node::as_bool) == Some(true) {
            return Some("it is suspended".to_owned());
        }
        if let Some(problem) = object.problems.first() {
            return Some(format!("its substitution fails: {}", problem.message));
        }
        if !object.unknown.is_empty() {
            return Some("it holds variables whose content nobody here knows".to_owned());
        }
        if let Some(problem) = self.values.problems.first() {
            return Some(format!("its values cannot be put together: {}", problem.message));
        }
        self.values.unknown.first().cloned()
    }

    fn asks_for_apis(&self) -> bool {
        matches!(&self.chart, Ok(loaded) if loaded.asks_for_apis)
    }

    /// Where the values are written, else the release itself: the place of what no single value causes.
    pub fn values_span(&self) -> Span {
        let spec = self.node().get("spec").and_then(Node::as_map);
        let at = |key: &str| spec.and_then(|spec| spec.entry(key)).map(|entry| entry.key_span);
        at("values")
            .or_else(|| at("valuesFrom"))
            .filter(|span| !span.is_none())
            .unwrap_or_else(|| object::span(self.node()))
    }
}

/// Reads the chart of every HelmRelease, merges its values, and renders it unless `renderer` is the reason why not.
/// Rendered objects get spans in texts that are added to the sources of `tree`.
pub fn install<'a>(
    tree: &Tree,
    clusters: &'a [ClusterBuild],
    archives: &Archives<'_>,
    renderer: Result<&Renderer<'_>, &String>,
) -> Vec<ClusterInstall<'a>> {
    let mut installs: Vec<ClusterInstall<'a>> = clusters
        .iter()
        .map(|cluster| ClusterInstall {
            cluster,
            releases: releases(cluster)
                .into_iter()
                .map(|release| prepared(cluster, release))
                .collect(),
        })
        .collect();
    load(tree, &mut installs, archives);
    match renderer {
        Ok(renderer) => render(tree, &mut installs, renderer),
        Err(reason) => for_each(&mut installs, &|install| {
            if install.chart.is_ok() {
                install.outcome = Outcome::Deferred(reason.clone());
            }
        }),
    }
    installs
}

fn prepared<'a>(cluster: &'a ClusterBuild, release: Release<'a>) -> Install<'a> {
    let lookup = |kind: &str, namespace: &str, name: &str| {
        cluster.pool.get(&Reference {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            optional: false,
            span: Span::NONE,
        })
    };
    let values = values(&release.object.node, &lookup);
    Install {
        release,
        chart: Err("the chart was not looked for".to_owned()),
        values,
        api_versions: Arc::from([]),
        outcome: Outcome::Deferred("helm was not asked".to_owned()),
    }
}

/// Loads each chart once, however many releases and sources name it.
fn load(tree: &Tree, installs: &mut [ClusterInstall<'_>], archives: &Archives<'_>) {
    let releases = || installs.iter().flat_map(|cluster| &cluster.releases);
    let all: BTreeSet<Wanted> = releases()
        .filter_map(|install| wanted(&install.release.source).ok())
        .collect();
    let found: BTreeMap<Wanted, Result<Arc<Loaded>, String>> = all
        .into_par_iter()
        .map(|wanted| {
            let loaded = open(tree, &wanted, archives);
            (wanted, loaded.map(Arc::new))
        })
        .collect();
    for install in installs.iter_mut().flat_map(|cluster| &mut cluster.releases) {
        let looked_for = |wanted: Wanted| {
            let found = found.get(&wanted).cloned();
            found.unwrap_or_else(|| Err("the chart was not looked for".to_owned()))
        };
        install.chart = wanted(&install.release.source).and_then(looked_for);
        if let Err(reason) = &install.chart {
            install.outcome = Outcome::Deferred(reason.clone());
        }
    }
}

/// A chart that can be looked for: sources that name the same one share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Archive(ChartRequest),
    Folder(String),
}

/// The chart of a source; the reason where it cannot be looked for.
fn wanted(source: &Source) -> Result<Wanted, String> {
    match source {
        Source::Registry { request, .. } => Ok(Wanted::Archive(request.clone())),
        Source::Folder(folder) => Ok(Wanted::Folder(folder.clone())),
        Source::Elsewhere(reason) => Err(reason.clone()),
    }
}

fn open(tree: &Tree, wanted: &Wanted, archives: &Archives<'_>) -> Result<Loaded, String> {
    match wanted {
        Wanted::Archive(request) => {
            let archive = archives(request)?;
            let chart = Chart::from_archive(&archive.bytes).map_err(|error| error.to_string())?;
            let digest = Sha256::digest(&archive.bytes).into();
            let path = archive.path;
            Ok(Loaded::new(chart, ChartFiles::Archive { path, digest }))
        }
        Wanted::Folder(folder) => {
            let chart = Chart::from_tree(tree, folder).map_err(|error| error.to_string())?;
            let files = folder_files(tree, folder);
            Ok(Loaded::new(chart, files))
        }
    }
}

fn folder_files(tree: &Tree, folder: &str) -> ChartFiles {
    let mut digest = Sha256::new();
    let mut files = Vec::new();
    for path in tree.files_below(folder) {
        let Ok(content) = tree.read_bytes(path) else {
            continue;
        };
        let inside = path
            .strip_prefix(folder)
            .unwrap_or(path)
            .trim_start_matches('/')
            .to_owned();
        digest.update(inside.as_bytes());
        digest.update([0]);
        digest.update(content.len().to_le_bytes());
        digest.update(&content);
        files.push((inside, content));
    }
    ChartFiles::Folder {
        files,
        digest: digest.finalize().into(),
    }
}

fn render(tree: &Tree, installs: &mut [ClusterInstall<'_>], renderer: &Renderer<'_>) {
    let sources = tree.sources();
    let mut known = capabilities::of_charts(installs);
    give(installs, &known);
    for_each(installs, &|install| {
        install.outcome = renderer.outcome(install, sources);
    });
    // A chart may ask whether the APIs are there that another chart renders.
    if known.learn(capabilities::of_objects(installs)) {
        give(installs, &known);
        for_each(installs, &|install| {
            if install.asks_for_apis() {
                install.outcome = renderer.outcome(install, sources);
            }
        });
    }
}

/// Tells the charts that ask which APIs their cluster has.
fn give(installs: &mut [ClusterInstall<'_>], known: &capabilities::ApiVersions) {
    for cluster in installs {
        let versions: Arc<[String]> = known.of_cluster(&cluster.cluster.cluster.name).into();
        for install in cluster
            .releases
            .iter_mut()
            .filter(|install| install.asks_for_apis())
        {
            install.api_versions = versions.clone();
        }
    }
}

fn for_each(installs: &mut [ClusterInstall<'_>], work: &(dyn Fn(&mut Install<'_>) + Sync)) {
    let all: Vec<&mut Install<'_>> = installs
        .iter_mut()
        .flat_map(|cluster| &mut cluster.releases)
        .collect();
    all.into_par_iter().for_each(work);
}

fn is_crd(node: &Node) -> bool {
    object::kind(node) == "CustomResourceDefinition"
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
