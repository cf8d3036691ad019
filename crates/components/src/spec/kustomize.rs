//! kustomization.yaml (`kustomize.config.k8s.io/v1beta1`): always written `kustomize::Kustomization`.

use model::yaml::Node;

use super::SpecError;
use super::object::{self, Object};

/// A kustomization.yaml that lists files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kustomization {
    /// `resources`.
    pub resources: Vec<String>,
}

impl Object for Kustomization {
    fn node(&self) -> Result<Node, SpecError> {
        object::node(
            "kustomize.config.k8s.io/v1beta1",
            "Kustomization",
            None,
            "resources",
            &self.resources,
        )
    }
}
