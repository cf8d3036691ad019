//! What an expectation may claim: a small closed set. A new kind of claim is one variant here and one arm in `judge`.

use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::design::{ObjectName, Subject};
use crate::evidence::Need;

/// One claim. Claims about values hold only when every value that the path selects, and at least one, fulfils them.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The value is this one, of this type.
    Equals(Json),
    /// The value is the one of the cluster that is looked at.
    EqualsPerCluster(BTreeMap<String, Json>),
    /// The value, as text, is that of a setting of the cluster.
    EqualsSetting(String),
    /// The value has this type.
    Type(JsonType),
    /// The value is a string that matches.
    Matches(Pattern),
    /// A list holds this element, a string this text, a mapping these entries.
    Contains(Json),
    /// Whether the path selects anything; without a path, whether the subject is there.
    Exists(bool),
    /// How many values the path selects.
    Count(usize),
    /// The values that the path selects are these, in this order.
    ValuesAre(Vec<Json>),
    /// The value is an address of one of the networks in a setting of the cluster.
    InNetworkOf(String),
    /// The value is neither the first nor the last address of those networks, nor the one of the Service `kubernetes`.
    NotReservedIn(String),
    /// No other object of the cluster asks for the same address as its clusterIP.
    AddressUsedOnce,
    /// The value is the URL of a registry that the project's settings approve.
    OnApprovedRegistry,
    /// The value is a label selector that matches the pods of a workload.
    SelectsPodsOf(ObjectName),
    /// The schema of the kind knows every field and allows every value.
    ValidAgainstSchema,
    /// These checks find nothing about the subject.
    ChecksSilent(Vec<String>),
    /// The folder, or the flux::Kustomization, builds.
    BuildSucceeds,
    /// The kustomization file of the folder leads to every manifest of the folder.
    ListsEveryManifest,
    /// The flux::Kustomization applies this object.
    Applies(ObjectName),
    /// No `${` is left in what the flux::Kustomization applies.
    NoPlaceholders,
    /// The registry has the chart of this source.
    PreflightPasses,
    /// `kubeconform -strict -ignore-missing-schemas` accepts what the flux::Kustomization applies.
    KubeconformPasses,
    /// The command of a real program succeeds on the subject.
    CommandSucceeds(NamedTool),
}

/// A real program with the command that is claimed to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NamedTool {
    /// `kustomize build` of a folder.
    Kustomize,
    /// `flux build kustomization` of a flux::Kustomization, strict where Flux is.
    Flux,
    /// `kubeconform -strict` of what a flux::Kustomization applies.
    Kubeconform,
    /// `promtool check rules` of a PrometheusRule.
    Promtool,
}

impl NamedTool {
    fn need(self) -> Need {
        match self {
            Self::Kustomize => Need::Kustomize,
            Self::Flux => Need::Flux,
            Self::Kubeconform => Need::Kubeconform,
            Self::Promtool => Need::Promtool,
        }
    }

    fn fits(self, subject: &Subject) -> bool {
        match self {
            Self::Kustomize => matches!(subject, Subject::Folder(_)),
            Self::Flux | Self::Kubeconform => matches!(subject, Subject::AppliedBy(_)),
            Self::Promtool => matches!(subject, Subject::Object(_)),
        }
    }
}

impl Claim {
    /// The name that test designs use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::EqualsPerCluster(_) => "equalsPerCluster",
            Self::EqualsSetting(_) => "equalsSetting",
            Self::Type(_) => "type",
            Self::Matches(_) => "matches",
            Self::Contains(_) => "contains",
            Self::Exists(_) => "exists",
            Self::Count(_) => "count",
            Self::ValuesAre(_) => "valuesAre",
            Self::InNetworkOf(_) => "inNetworkOf",
            Self::NotReservedIn(_) => "notReservedIn",
            Self::AddressUsedOnce => "addressUsedOnce",
            Self::OnApprovedRegistry => "onApprovedRegistry",
            Self::SelectsPodsOf(_) => "selectsPodsOf",
            Self::ValidAgainstSchema => "validAgainstSchema",
            Self::ChecksSilent(_) => "checksSilent",
            Self::BuildSucceeds => "buildSucceeds",
            Self::ListsEveryManifest => "listsEveryManifest",
            Self::Applies(_) => "applies",
            Self::NoPlaceholders => "noPlaceholders",
            Self::PreflightPasses => "preflightPasses",
            Self::KubeconformPasses => "kubeconformPasses",
            Self::CommandSucceeds(_) => "commandSucceeds",
        }
    }

    /// What must be there to look at it, besides what its stage needs.
    pub fn need(&self) -> Option<Need> {
        match self {
            Self::PreflightPasses => Some(Need::Network),
            Self::KubeconformPasses => Some(Need::Kubeconform),
            Self::CommandSucceeds(tool) => Some(tool.need()),
            _ => None,
        }
    }

    /// Whether it is about values that a path may select.
    pub(crate) fn takes_path(&self) -> bool {
        !matches!(
            self,
            Self::ValidAgainstSchema
                | Self::ChecksSilent(_)
                | Self::BuildSucceeds
                | Self::ListsEveryManifest
                | Self::Applies(_)
                | Self::NoPlaceholders
                | Self::PreflightPasses
                | Self::KubeconformPasses
                | Self::CommandSucceeds(_)
        )
    }

    /// Whether it can be claimed of such a subject.
    pub(crate) fn fits(&self, subject: &Subject) -> bool {
        match self {
            Self::ChecksSilent(_) => true,
            Self::Exists(_) => !matches!(subject, Subject::AppliedBy(_)),
            Self::ValidAgainstSchema => matches!(subject, Subject::Object(_) | Subject::AppliedBy(_)),
            Self::BuildSucceeds => matches!(subject, Subject::Folder(_) | Subject::AppliedBy(_)),
            Self::Applies(_) | Self::NoPlaceholders | Self::KubeconformPasses => {
                matches!(subject, Subject::AppliedBy(_))
            }
            Self::ListsEveryManifest => matches!(subject, Subject::Folder(_)),
            Self::PreflightPasses => matches!(subject, Subject::Object(_)),
            Self::CommandSucceeds(tool) => tool.fits(subject),
            _ => matches!(subject, Subject::Object(_) | Subject::File(_)),
        }
    }
}

/// A type of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonType {
    /// `null`.
    Null,
    /// A boolean.
    Boolean,
    /// A whole number.
    Integer,
    /// Any other number.
    Number,
    /// A string.
    String,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

impl JsonType {
    /// The name that JSON Schema uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern(pub Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let why = |error: regex::Error| {
            let lines = error.to_string();
            de::Error::custom(format!(
                "`{text}` is no regular expression: {}",
                last_line(&lines)
            ))
        };
        Regex::new(&text).map(Self).map_err(why)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// The regex crate draws a picture first and says what is wrong last.
fn last_line(text: &str) -> &str {
    let line = text.lines().last().unwrap_or(text).trim();
    line.strip_prefix("error: ").unwrap_or(line)
}
