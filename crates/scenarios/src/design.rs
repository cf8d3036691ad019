//! A test design as data: a story, its criteria and its scenarios.

pub(crate) mod raw;

use std::fmt;

use diag::Stage;
use model::tree::path;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json_path::JsonPath;

use crate::claim::Claim;
use crate::done::Definition;
use crate::evidence::Need;
use crate::mutate::Mutation;
use crate::placed;
use crate::risk::Risk;
use crate::waiver::Waiver;

/// One story's test design with its risks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Story {
    /// The file that it was read from.
    #[serde(skip)]
    pub file: String,
    /// Number of the story: `04`.
    pub story: String,
    /// What the story is about.
    pub title: String,
    /// The ConfigMap that holds each cluster's settings.
    pub settings: ObjectName,
    /// The clusters that the story is promised for.
    pub clusters: Clusters,
    /// The acceptance criteria.
    pub criteria: Vec<Criterion>,
    /// The scenarios, in the order of the file.
    pub scenarios: Vec<Scenario>,
    /// The risks, from the file beside the design.
    #[serde(skip)]
    pub risks: Vec<Risk>,
    /// What is let through, from the file beside the design; empty without one.
    #[serde(skip)]
    pub waivers: Vec<Waiver>,
    /// The Definition of Done, from the file beside the design.
    #[serde(skip)]
    pub definition: Option<Definition>,
    /// Digest of the design and its risks: `sha256:` and hexadecimal digits.
    #[serde(skip)]
    pub digest: String,
}

impl Story {
    /// Whether somebody lets a scenario through, for however long.
    pub fn waives(&self, scenario: &str) -> bool {
        self.waivers.iter().any(|waiver| waiver.about == scenario)
    }

    /// Name of the story's folder: `04-dns-coredns-base`.
    pub fn folder(&self) -> &str {
        path::file_name(path::parent(&self.file))
    }
}

/// An acceptance criterion of a story.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// `AC1`.
    pub id: String,
    /// What it asks for.
    pub title: String,
}

/// One promise, and how to look whether it is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// `04.DNS-INT-001`.
    pub id: String,
    /// How much it matters.
    pub priority: Priority,
    /// Level of the test.
    pub level: Level,
    /// Id of the acceptance criterion that it proves.
    #[serde(default)]
    pub criterion: Option<String>,
    /// Ids of the risks that it covers.
    #[serde(default)]
    pub risks: Vec<String>,
    /// The promise.
    pub title: String,
    /// The clusters that it is promised for; those of the story when absent.
    #[serde(default)]
    pub clusters: Option<Clusters>,
    /// What must be there to look at all of it. A scenario without needs never defers.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
    /// What must turn it red.
    pub mutations: Vec<Mutation>,
}

/// How much a scenario matters, P0 most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum Priority {
    /// The story is not done without it.
    P0,
    /// It should hold.
    P1,
    /// It is good to have.
    P2,
}

impl Priority {
    /// All of them, the most important first.
    pub const ALL: [Self; 3] = [Self::P0, Self::P1, Self::P2];

    /// `P0`, `P1` or `P2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
        }
    }
}

impl std::str::FromStr for Priority {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let same = |priority: &Self| priority.name().eq_ignore_ascii_case(text);
        Self::ALL
            .into_iter()
            .find(same)
            .ok_or_else(|| format!("`{text}` is no priority, wanted P0, P1 or P2"))
    }
}

/// Level of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// One part.
    Unit,
    /// The parts together, without a cluster.
    Integration,
    /// A running cluster.
    E2e,
}

/// Claims about one subject at one stage.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// Where to look.
    pub stage: Stage,
    /// What to look at.
    pub subject: Subject,
    /// The values inside it; the whole subject when absent.
    pub path: Option<JsonPath>,
    /// What must hold, at least one.
    pub claims: Vec<Claim>,
    /// Why it is asked for; shown when it does not hold.
    pub why: String,
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        placed::read::<D, raw::Raw, Self>(deserializer)
    }
}

/// What claims are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An object that the cluster gets.
    Object(ObjectName),
    /// Everything that a flux::Kustomization applies.
    AppliedBy(KustomizationName),
    /// The documents of a file of the tree.
    File(String),
    /// A folder of the tree.
    Folder(String),
}

impl Subject {
    /// What evidence calls it: a flux::Kustomization by its namespace and name alone.
    pub(crate) fn evidence_name(&self) -> String {
        match self {
            Self::AppliedBy(name) => name.to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Subject {
    /// `HelmRelease/kube-system/coredns`, `Kustomization flux-system/coredns`, or a path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(name) => name.fmt(f),
            Self::AppliedBy(name) => write!(f, "Kustomization {name}"),
            Self::File(path) | Self::Folder(path) => f.write_str(path),
        }
    }
}

/// Kind, namespace and name of an object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectName {
    /// Kind; `Kustomization` is Flux's.
    pub kind: String,
    /// Namespace; empty for objects that have none.
    #[serde(default)]
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    /// `Kind/namespace/name`, or `Kind/name` without a namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            namespace,
            name,
        } = self;
        if namespace.is_empty() {
            write!(f, "{kind}/{name}")
        } else {
            write!(f, "{kind}/{namespace}/{name}")
        }
    }
}

/// Namespace and name of a flux::Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KustomizationName {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl fmt::Display for KustomizationName {
    /// `namespace/name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The clusters of a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clusters {
    /// Every cluster of the repository.
    All,
    /// These, and they must be there.
    Named(Vec<String>),
}

impl<'de> Deserialize<'de> for Clusters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Clusters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all` or a list of cluster names")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Clusters, E> {
                if text == "all" {
                    Ok(Clusters::All)
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Clusters, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                if names.is_empty() {
                    return Err(de::Error::invalid_length(0, &self));
                }
                Ok(Clusters::Named(names))
            }
        }
        deserializer.deserialize_any(Names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_all_or_named() {
        assert_eq!(serde_yaml::from_str::<Clusters>("all").unwrap(), Clusters::All);
        assert_eq!(
            serde_yaml::from_str::<Clusters>("[infra]").unwrap(),
            Clusters::Named(vec!["infra".into()])
        );
        for wrong in ["infra", "[]", "1"] {
            let error = serde_yaml::from_str::<Clusters>(wrong).unwrap_err().to_string();
            assert!(error.contains("`all` or a list of cluster names"), "{error}");
        }
    }
}
