//! Charts at hand: where `validate`, `build` and `scenarios` find them, and what they install.

use std::sync::Arc;

use diag::{Finding, Span};
use flux::ClusterBuild;
use helm::install::{Archive, ClusterInstall, Renderer};
use oci::lock::{self, Lock};
use oci::{Cache, ChartRequest};
use schema::Store;
use tools::Toolbox;

use crate::clock;
use crate::project::Project;

/// The charts of one run.
pub(crate) struct Charts<'a> {
    project: &'a Project,
    cache: Option<Cache>,
    /// A damaged one is a check's finding, and here as good as none.
    lock: Option<Lock>,
    /// helm, or why nothing is rendered.
    renderer: Arc<Result<Renderer<'a>, String>>,
}

impl<'a> Charts<'a> {
    /// Nothing is read or rendered yet.
    pub(crate) fn new(project: &'a Project, toolbox: &'a Toolbox) -> Self {
        let renderer = Renderer::new(
            toolbox,
            &project.kubernetes_version,
            project.kubernetes_version_is_assumed,
        );
        Self {
            project,
            cache: Cache::default_root().map(Cache::at),
            lock: lock(project),
            renderer: Arc::new(renderer),
        }
    }

    /// The same for another state of the project: what was rendered once is not rendered again.
    pub(crate) fn of<'b>(&self, project: &'b Project) -> Charts<'b>
    where
        'a: 'b,
    {
        Charts {
            project,
            cache: self.cache.clone(),
            lock: lock(project),
            renderer: self.renderer.clone(),
        }
    }

    /// What the HelmReleases install, as far as charts and helm are at hand.
    pub(crate) fn install<'c>(&self, clusters: &'c [ClusterBuild]) -> Vec<ClusterInstall<'c>> {
        let archive = |request: &ChartRequest| self.archive(request);
        helm::install::install(
            &self.project.tree,
            clusters,
            &archive,
            self.renderer.as_ref().as_ref(),
        )
    }

    /// The archive that the lock names, else the one that the last preflight found; from the cache alone.
    fn archive(&self, request: &ChartRequest) -> Result<Archive, String> {
        let absent =
            || "the chart is not in the cache, where `cargo xtask preflight --fetch` puts it".to_owned();
        let cache = self.cache.as_ref().ok_or_else(absent)?;
        let locked = self.lock.as_ref().and_then(|lock| lock.entry(request));
        let digest = match locked {
            Some(entry) => entry.archive.clone(),
            None => cache.resolved(request).ok_or_else(absent)?.archive,
        };
        let (path, bytes) = cache.open(&digest).ok_or_else(absent)?;
        Ok(Archive {
            path,
            bytes: bytes.into(),
        })
    }

    /// Runs all checks.
    pub(crate) fn check(
        &self,
        clusters: &[ClusterBuild],
        installs: &[ClusterInstall<'_>],
        schemas: &Store,
    ) -> checks::Outcome {
        let today = clock::today();
        let blame = |finding: &Finding| self.culprit(installs, finding);
        let context = checks::Context::new(
            &self.project.tree,
            clusters,
            installs,
            schemas,
            &self.project.config,
            &today,
        );
        checks::run(&context.with_blame(&blame))
    }

    fn culprit(&self, installs: &[ClusterInstall<'_>], finding: &Finding) -> Option<(String, Span)> {
        let renderer = self.renderer.as_ref().as_ref().ok()?;
        let cluster = installs
            .iter()
            .find(|install| install.cluster.cluster.name == finding.cluster)?;
        let object = finding.object.as_ref()?;
        let culprit = renderer.culprit(cluster, object, &finding.path)?;
        Some((culprit.path, culprit.span))
    }
}

fn lock(project: &Project) -> Option<Lock> {
    let path = project.config.lock_path(&project.tree);
    let text = project.tree.read(&path).ok()?;
    lock::parse(&text.text).ok()
}
