//! Everything that scenarios look at, made of one tree.

use flux::ClusterBuild;
use helm::install::ClusterInstall;
use kustomize::Builder;
use scenarios::{Evidence, Inputs};
use schema::Store;

use crate::charts::Charts;
use crate::project::Project;

/// What is made of a project's tree.
pub(crate) struct World<'c> {
    pub(crate) clusters: &'c [ClusterBuild],
    pub(crate) installs: Vec<ClusterInstall<'c>>,
    pub(crate) schemas: Store,
    pub(crate) checked: checks::Outcome,
}

impl<'c> World<'c> {
    /// What Flux would apply, cluster by cluster: what a world is made of.
    pub(crate) fn clusters(project: &Project) -> anyhow::Result<Vec<ClusterBuild>> {
        project.build(&Builder::new(&project.tree))
    }

    /// Renders the charts that are at hand and runs the checks.
    pub(crate) fn build(charts: &Charts<'_>, clusters: &'c [ClusterBuild]) -> Self {
        let installs = charts.install(clusters);
        let (schemas, _) = Project::schemas(clusters, &installs);
        let checked = charts.check(clusters, &installs, &schemas);
        Self {
            clusters,
            installs,
            schemas,
            checked,
        }
    }

    /// What scenarios look at.
    pub(crate) fn inputs<'a>(&'a self, project: &'a Project, evidence: &'a [Evidence]) -> Inputs<'a> {
        Inputs {
            tree: &project.tree,
            clusters: self.clusters,
            installs: &self.installs,
            schemas: &self.schemas,
            config: &project.config,
            checked: &self.checked,
            evidence,
        }
    }
}
