//! Everything that scenarios look at, made of one tree.

use flux::ClusterBuild;
use kustomize::Builder;
use scenarios::{Evidence, Inputs};
use schema::Store;

use crate::clock;
use crate::project::Project;

/// What is made of a project's tree.
pub(crate) struct World {
    pub(crate) clusters: Vec<ClusterBuild>,
    pub(crate) schemas: Store,
    pub(crate) checked: checks::Outcome,
}

impl World {
    /// Builds every cluster and runs the checks.
    pub(crate) fn build(project: &Project) -> anyhow::Result<Self> {
        let builder = Builder::new(&project.tree);
        let clusters = project.build(&builder)?;
        let (schemas, _) = Project::schemas(&clusters);
        let today = clock::today();
        let context = checks::Context::new(&project.tree, &clusters, &schemas, &project.config, &today);
        let checked = checks::run(&context);
        Ok(Self {
            clusters,
            schemas,
            checked,
        })
    }

    /// What scenarios look at.
    pub(crate) fn inputs<'a>(&'a self, project: &'a Project, evidence: &'a [Evidence]) -> Inputs<'a> {
        Inputs {
            tree: &project.tree,
            clusters: &self.clusters,
            schemas: &self.schemas,
            config: &project.config,
            checked: &self.checked,
            evidence,
        }
    }
}
