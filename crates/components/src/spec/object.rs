//! What every object has, and the way from a typed spec to YAML.

use model::yaml::{self, Node};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Name, SpecError};

/// `metadata` of a namespaced object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// `metadata.name`.
    pub name: Name,
    /// `metadata.namespace`.
    pub namespace: Name,
}

impl Metadata {
    /// Name and namespace.
    pub fn new(name: &str, namespace: &str) -> Result<Self, SpecError> {
        Ok(Self {
            name: Name::new(name)?,
            namespace: Name::new(namespace)?,
        })
    }
}

/// A kind that can be written to a file.
pub trait Object {
    /// The object's tree, its fields in the order in which people read them.
    fn node(&self) -> Result<Node, SpecError>;
}

/// `v1/ConfigMap` with text only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMap {
    /// `metadata`.
    pub metadata: Metadata,
    /// `data`, in written order.
    pub data: Vec<(String, String)>,
}

impl Object for ConfigMap {
    fn node(&self) -> Result<Node, SpecError> {
        let data: Map<String, Value> = self
            .data
            .iter()
            .map(|(key, value)| (key.clone(), Value::from(value.clone())))
            .collect();
        node("v1", "ConfigMap", Some(&self.metadata), "data", &data)
    }
}

/// `v1/Namespace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// `metadata.name`.
    pub name: Name,
}

impl Namespace {
    /// A namespace by its name.
    pub fn new(name: &str) -> Result<Self, SpecError> {
        Ok(Self {
            name: Name::new(name)?,
        })
    }
}

impl Object for Namespace {
    fn node(&self) -> Result<Node, SpecError> {
        #[derive(Serialize)]
        struct ClusterScoped<'a> {
            name: &'a Name,
        }
        node(
            "v1",
            "Namespace",
            None,
            "metadata",
            &ClusterScoped { name: &self.name },
        )
    }
}

/// The tree of an object: `apiVersion`, `kind`, `metadata` and one field with everything else.
pub(super) fn node(
    api_version: &str,
    kind: &str,
    metadata: Option<&Metadata>,
    field: &str,
    content: &impl Serialize,
) -> Result<Node, SpecError> {
    let failed = |source| SpecError::Serialize {
        what: kind.to_owned(),
        source,
    };
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    if let Some(metadata) = metadata {
        object.insert(
            "metadata".to_owned(),
            serde_json::to_value(metadata).map_err(failed)?,
        );
    }
    object.insert(field.to_owned(), serde_json::to_value(content).map_err(failed)?);
    Ok(yaml::from_json(&Value::Object(object)))
}
