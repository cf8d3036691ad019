//! What a component is made of: objects in one folder, the Flux Kustomization that applies it, settings per cluster.

use crate::clusters::{self, Cluster};
use crate::manifest::Draft;
use crate::spec::flux::{self, DependencyReference, Health, SubstituteReference};
use crate::spec::kustomize;
use crate::spec::{Interval, Metadata, Name, Object, Setting, SpecError};

/// One component: the same manifests in every cluster, told apart by settings.
pub struct Component {
    /// Name of its Flux Kustomization.
    pub name: Name,
    /// The Rust file that makes it, relative to the repository.
    pub source: &'static str,
    /// Its folder, relative to the repository.
    pub folder: &'static str,
    /// Its files; kustomization.yaml, which lists them, is added.
    pub files: Vec<File>,
    /// Components that must be Ready first; each is registered before this one.
    pub depends_on: Vec<&'static str>,
    /// How long Flux waits for it.
    pub timeout: Interval,
    /// When Flux calls it Ready.
    pub health: Health,
    /// What it needs to know of a cluster, beyond [`Cluster::settings`].
    pub settings: fn(&Cluster) -> Result<Vec<Setting>, SpecError>,
}

/// A file of a component with one object.
pub struct File {
    name: &'static str,
    object: Box<dyn Object>,
    comments: Vec<Comment>,
}

/// For components that need to know nothing of a cluster beyond [`Cluster::settings`].
pub fn no_settings(_cluster: &Cluster) -> Result<Vec<Setting>, SpecError> {
    Ok(Vec::new())
}

/// A line of the file, by how it starts, and what a reader should know of it.
pub type Comment = (&'static str, &'static str);

impl File {
    /// A file by its name in the component's folder.
    pub fn new(name: &'static str, object: impl Object + 'static) -> Self {
        Self {
            name,
            object: Box::new(object),
            comments: Vec::new(),
        }
    }

    /// Puts comments above the lines that they are about.
    #[must_use]
    pub fn explained(mut self, comments: &[Comment]) -> Self {
        self.comments.extend_from_slice(comments);
        self
    }
}

impl Component {
    /// The files of its folder. Every one is listed in kustomization.yaml: what is written is applied.
    pub(crate) fn drafts(&self) -> Result<Vec<Draft>, SpecError> {
        let mut drafts = Vec::new();
        for file in &self.files {
            drafts.push(Draft {
                path: format!("{}/{}", self.folder, file.name),
                source: self.source,
                documents: vec![file.object.node()?],
                comments: file.comments.clone(),
            });
        }
        let kustomization = kustomize::Kustomization {
            resources: self.files.iter().map(|file| file.name.to_owned()).collect(),
        };
        drafts.push(Draft {
            path: format!("{}/kustomization.yaml", self.folder),
            source: self.source,
            documents: vec![kustomization.node()?],
            comments: Vec::new(),
        });
        Ok(drafts)
    }

    /// What a cluster needs to apply it: the same in every cluster.
    pub(crate) fn kustomization(&self) -> Result<flux::Kustomization, SpecError> {
        let depends_on = self
            .depends_on
            .iter()
            .map(|name| Name::new(name).map(|name| DependencyReference { name }))
            .collect::<Result<_, _>>()?;
        Ok(flux::Kustomization {
            metadata: Metadata::new(self.name.as_str(), flux::NAMESPACE)?,
            spec: flux::KustomizationSpec {
                interval: Interval::minutes(10),
                timeout: Some(self.timeout),
                path: format!("./{}", self.folder),
                prune: true,
                source_ref: flux::SourceRef::git(&clusters::git_repository()?),
                depends_on,
                post_build: Some(flux::PostBuild {
                    substitute_from: vec![SubstituteReference::config_map(Name::new(clusters::SETTINGS)?)],
                }),
                health: self.health.clone(),
            },
        })
    }
}
