//! A repository opened for a run: its root, settings, files and clusters.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use flux::{Cluster, ClusterBuild};
use helm::install::ClusterInstall;
use kustomize::Builder;
use model::config::{self, Config};
use model::tree::{DiskOptions, Tree};
use rayon::prelude::*;

use crate::cli::Common;

/// Versions that are assumed where neither the command line nor the settings say otherwise.
const FLUX_VERSION: &str = "2.9";
const KUBERNETES_VERSION: &str = "1.37";

/// A repository, read once.
pub(crate) struct Project {
    /// The root as the user gave it, for the report.
    pub(crate) shown: String,
    pub(crate) root: PathBuf,
    pub(crate) config: Config,
    /// What Flux sees of it.
    pub(crate) tree: Tree,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) flux_version: String,
    pub(crate) kubernetes_version: String,
    /// Nobody said which one.
    pub(crate) kubernetes_version_is_assumed: bool,
}

impl Project {
    /// Opens the repository that the arguments name.
    pub(crate) fn open(common: &Common) -> anyhow::Result<Self> {
        let root = root(common)?;
        let shown = common.path.as_ref().unwrap_or(&root).display().to_string();
        let mut config = settings(&root)?;
        let tree = Tree::from_disk(&root, DiskOptions::default())
            .with_context(|| format!("cannot open `{shown}`"))?;
        let clusters = clusters(common, &config, &tree)?;
        let or = |given: &Option<String>, set: &Option<String>, default: &str| {
            given
                .clone()
                .or_else(|| set.clone())
                .unwrap_or_else(|| default.to_owned())
        };
        let flux_version = or(&common.flux_version, &config.flux_version, FLUX_VERSION);
        let kubernetes_version = or(
            &common.kubernetes_version,
            &config.kubernetes_version,
            KUBERNETES_VERSION,
        );
        let kubernetes_version_is_assumed =
            common.kubernetes_version.is_none() && config.kubernetes_version.is_none();
        // Checks look at the settings alone: flags have been put into them.
        config.flux_version = Some(flux_version.clone());
        config.kubernetes_version = Some(kubernetes_version.clone());
        Ok(Self {
            shown,
            root,
            config,
            tree,
            clusters,
            flux_version,
            kubernetes_version,
            kubernetes_version_is_assumed,
        })
    }

    /// The same repository with other files: a mutation, another revision. Where they hold no cluster, it has none.
    pub(crate) fn with_tree(&self, common: &Common, tree: Tree) -> Self {
        Self {
            shown: self.shown.clone(),
            root: self.root.clone(),
            config: self.config.clone(),
            clusters: clusters(common, &self.config, &tree).unwrap_or_default(),
            tree,
            flux_version: self.flux_version.clone(),
            kubernetes_version: self.kubernetes_version.clone(),
            kubernetes_version_is_assumed: self.kubernetes_version_is_assumed,
        }
    }

    /// Builds every cluster, in the order of their names.
    pub(crate) fn build(&self, builder: &Builder<'_>) -> anyhow::Result<Vec<ClusterBuild>> {
        let options = self.flux_options()?;
        Ok(self
            .clusters
            .par_iter()
            .map(|cluster| flux::build(&self.tree, builder, cluster, options))
            .collect())
    }

    /// How the chosen version of Flux behaves.
    pub(crate) fn flux_options(&self) -> anyhow::Result<flux::Options> {
        let version = &self.flux_version;
        let (major, minor) = config::major_minor(version).with_context(|| {
            format!("`{version}` is no version of Flux, wanted `MAJOR.MINOR` such as `2.9`")
        })?;
        Ok(flux::Options::for_version(major, minor))
    }

    /// The schemas that come with the program and those of the CRDs that builds apply and charts install; what of these is no
    /// schema is named beside them.
    pub(crate) fn schemas(
        clusters: &[ClusterBuild],
        installs: &[ClusterInstall<'_>],
    ) -> (schema::Store, Vec<schema::CrdProblem>) {
        let installed: Vec<_> = installs.iter().flat_map(ClusterInstall::crds).collect();
        let applied = clusters
            .iter()
            .flat_map(ClusterBuild::objects)
            .map(|(_, object)| &object.node)
            .filter(|node| model::object::kind(node) == "CustomResourceDefinition");
        // helm leaves a CRD alone that is there already.
        let crds: Vec<&model::yaml::Node> = installed.iter().map(|node| &**node).chain(applied).collect();
        schema::Store::bundled().with_crds(&crds)
    }
}

/// The root that the arguments name, else the git repository around the current folder, else that folder.
pub(crate) fn root(common: &Common) -> anyhow::Result<PathBuf> {
    if let Some(path) = &common.path {
        return path
            .canonicalize()
            .with_context(|| format!("cannot open `{}`", path.display()));
    }
    let here = std::env::current_dir().context("there is no current folder")?;
    let around = here.ancestors().find(|folder| folder.join(".git").exists());
    Ok(around.unwrap_or(&here).to_owned())
}

/// The settings below a root; the defaults where there are none.
pub(crate) fn settings(root: &Path) -> anyhow::Result<Config> {
    match std::fs::read_to_string(root.join(config::PATH)) {
        Ok(text) => Config::parse(&text).with_context(|| format!("{} is wrong", config::PATH)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
        Err(cause) => Err(cause).with_context(|| format!("cannot read {}", config::PATH)),
    }
}

fn clusters(common: &Common, config: &Config, tree: &Tree) -> anyhow::Result<Vec<Cluster>> {
    let (placed, named): (Vec<&String>, Vec<&String>) =
        common.cluster.iter().partition(|text| text.contains('='));
    let mut explicit: Vec<(String, String)> = placed
        .iter()
        .filter_map(|text| text.split_once('='))
        .map(|(name, folder)| (name.to_owned(), folder.to_owned()))
        .collect();
    if explicit.is_empty() {
        explicit.extend(config.clusters.clone());
    }
    for (name, folder) in &explicit {
        if !tree.is_folder(&model::tree::path::normalize(folder)) {
            bail!("cluster `{name}` starts at `{folder}`, which is no folder of the git tree");
        }
    }
    let mut clusters = flux::discover(tree, &explicit);
    if clusters.is_empty() {
        bail!(
            "no cluster found: there is no kubernetes/clusters folder, gotk-sync.yaml or FluxInstance; \
             say where one starts with `--cluster NAME=FOLDER`"
        );
    }
    for name in &named {
        if !clusters.iter().any(|cluster| cluster.name == **name) {
            let known: Vec<String> = clusters
                .iter()
                .map(|cluster| format!("`{}`", cluster.name))
                .collect();
            bail!("there is no cluster `{name}`, wanted one of {}", known.join(", "));
        }
    }
    if !named.is_empty() {
        clusters.retain(|cluster| named.contains(&&cluster.name));
    }
    Ok(clusters)
}
