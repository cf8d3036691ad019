//! What a check may look at, and what a check is.

use ::flux::ClusterBuild;
use ::helm::install::ClusterInstall;
use ::schema::Store;
use diag::{CheckMeta, Finding, Findings, Span};
use model::config::Config;
use model::tree::Tree;
use rayon::prelude::*;

use crate::cluster_view::ClusterView;

/// Everything that the checks look at.
pub struct Context<'a> {
    /// The files.
    pub tree: &'a Tree,
    /// What Flux would apply, cluster by cluster.
    pub clusters: &'a [ClusterBuild],
    /// The known kinds, with those of the repository's CRDs.
    pub schemas: &'a Store,
    /// The project's settings.
    pub config: &'a Config,
    /// The day, `YYYY-MM-DD`: suppressions end.
    pub today: &'a str,
    pub(crate) views: Vec<ClusterView<'a>>,
    pub(crate) blame: Option<&'a Blame<'a>>,
}

/// Finds the value of a HelmRelease, its path and its place, that causes a finding about an object which its chart installs.
pub type Blame<'a> = dyn Fn(&Finding) -> Option<(String, Span)> + Sync + 'a;

impl<'a> Context<'a> {
    /// Indexes and judges every object once, for all checks.
    pub fn new(
        tree: &'a Tree,
        clusters: &'a [ClusterBuild],
        installs: &'a [ClusterInstall<'a>],
        schemas: &'a Store,
        config: &'a Config,
        today: &'a str,
    ) -> Self {
        let views = clusters
            .par_iter()
            .map(|cluster| {
                let is_own = |install: &&ClusterInstall<'_>| std::ptr::eq(install.cluster, cluster);
                ClusterView::new(cluster, installs.iter().find(is_own), schemas)
            })
            .collect();
        Self {
            tree,
            clusters,
            schemas,
            config,
            today,
            views,
            blame: None,
        }
    }

    /// Points findings about installed objects at values by rendering charts again.
    #[must_use]
    pub fn with_blame(mut self, blame: &'a Blame<'a>) -> Self {
        self.blame = Some(blame);
        self
    }

    /// Whether some build of some cluster read a file.
    pub(crate) fn is_read(&self, file: &str) -> bool {
        self.views.iter().any(|view| view.reads(file))
    }
}

/// A rule.
#[derive(Debug)]
pub struct Check {
    /// Id, level, docs.
    pub meta: CheckMeta,
    /// Looks, and adds what it finds.
    pub run: fn(&Context<'_>, &mut Findings),
}
