//! An expectation as it is written: flat, one key for the subject and one for each claim.

use std::collections::BTreeMap;

use diag::Stage;
use model::tree::path;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value as Json;
use serde_json_path::JsonPath;

use super::{Expectation, KustomizationName, ObjectName, Subject};
use crate::claim::{Claim, JsonType, NamedTool, Pattern};

/// What a claim that has nothing to say but itself is set to.
const TRUE_ONLY: &str = "it can only be claimed (`true`); leave it out otherwise";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Raw {
    stage: RawStage,
    object: Option<ObjectName>,
    applied_by: Option<KustomizationName>,
    file: Option<String>,
    folder: Option<String>,
    #[serde(default, deserialize_with = "json_path")]
    path: Option<JsonPath>,
    #[serde(default)]
    why: String,
    equals: Option<Json>,
    equals_per_cluster: Option<BTreeMap<String, Json>>,
    equals_setting: Option<String>,
    r#type: Option<JsonType>,
    matches: Option<Pattern>,
    contains: Option<Json>,
    exists: Option<bool>,
    count: Option<usize>,
    values_are: Option<Vec<Json>>,
    in_network_of: Option<String>,
    not_reserved_in: Option<String>,
    #[serde(default, deserialize_with = "claimed")]
    address_used_once: Option<()>,
    #[serde(default, deserialize_with = "claimed")]
    on_approved_registry: Option<()>,
    selects_pods_of: Option<ObjectName>,
    #[serde(default, deserialize_with = "claimed")]
    valid_against_schema: Option<()>,
    checks_silent: Option<Vec<String>>,
    #[serde(default, deserialize_with = "claimed")]
    build_succeeds: Option<()>,
    #[serde(default, deserialize_with = "claimed")]
    lists_every_manifest: Option<()>,
    applies: Option<ObjectName>,
    #[serde(default, deserialize_with = "claimed")]
    no_placeholders: Option<()>,
    #[serde(default, deserialize_with = "claimed")]
    preflight_passes: Option<()>,
    #[serde(default, deserialize_with = "claimed")]
    kubeconform_passes: Option<()>,
    command_succeeds: Option<NamedTool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawStage {
    Written,
    Built,
    Installed,
    Live,
}

fn json_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<JsonPath>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let why = |error| D::Error::custom(format!("`{text}` is no JSONPath of RFC 9535: {error}"));
    JsonPath::parse(&text).map(Some).map_err(why)
}

pub(crate) fn claimed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<()>, D::Error> {
    if bool::deserialize(deserializer)? {
        Ok(Some(()))
    } else {
        Err(D::Error::custom(TRUE_ONLY))
    }
}

impl TryFrom<Raw> for Expectation {
    type Error = String;

    fn try_from(mut raw: Raw) -> Result<Self, String> {
        let subject = raw.subject()?;
        let claims = raw.claims();
        if claims.is_empty() {
            return Err(
                "an expectation without a claim, such as `equals`, `exists` or `checksSilent`".to_owned(),
            );
        }
        for claim in &claims {
            let name = claim.name();
            if !claim.fits(&subject) {
                let key = key_of(&subject);
                return Err(format!(
                    "`{name}` cannot be claimed of a subject with the key `{key}`"
                ));
            }
            if raw.path.is_some() && !claim.takes_path() {
                return Err(format!("`{name}` is about the whole subject and takes no `path`"));
            }
            if matches!(claim, Claim::ChecksSilent(ids) if ids.is_empty()) {
                return Err("`checksSilent` names no check".to_owned());
            }
        }
        let stage = match raw.stage {
            RawStage::Written => Stage::Written,
            RawStage::Built => Stage::Built,
            RawStage::Installed => Stage::Installed,
            RawStage::Live => Stage::Live,
        };
        Ok(Self {
            stage,
            subject,
            path: raw.path,
            claims,
            why: raw.why,
        })
    }
}

fn key_of(subject: &Subject) -> &'static str {
    match subject {
        Subject::Object(_) => "object",
        Subject::AppliedBy(_) => "appliedBy",
        Subject::File(_) => "file",
        Subject::Folder(_) => "folder",
    }
}

impl Raw {
    fn subject(&mut self) -> Result<Subject, String> {
        let given = [
            self.object.take().map(Subject::Object),
            self.applied_by.take().map(Subject::AppliedBy),
            self.file.take().map(|at| Subject::File(path::normalize(&at))),
            self.folder.take().map(|at| Subject::Folder(path::normalize(&at))),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(subject), None) => Ok(subject),
            (None, _) => Err("an expectation without `object`, `appliedBy`, `file` or `folder`".to_owned()),
            (Some(one), Some(other)) => Err(format!(
                "an expectation with both `{}` and `{}`",
                key_of(&one),
                key_of(&other)
            )),
        }
    }

    fn claims(&mut self) -> Vec<Claim> {
        let given = [
            self.exists.map(Claim::Exists),
            self.count.map(Claim::Count),
            self.r#type.map(Claim::Type),
            self.equals.take().map(Claim::Equals),
            self.equals_per_cluster.take().map(Claim::EqualsPerCluster),
            self.equals_setting.take().map(Claim::EqualsSetting),
            self.matches.take().map(Claim::Matches),
            self.contains.take().map(Claim::Contains),
            self.values_are.take().map(Claim::ValuesAre),
            self.in_network_of.take().map(Claim::InNetworkOf),
            self.not_reserved_in.take().map(Claim::NotReservedIn),
            self.address_used_once.map(|()| Claim::AddressUsedOnce),
            self.on_approved_registry.map(|()| Claim::OnApprovedRegistry),
            self.selects_pods_of.take().map(Claim::SelectsPodsOf),
            self.build_succeeds.map(|()| Claim::BuildSucceeds),
            self.lists_every_manifest.map(|()| Claim::ListsEveryManifest),
            self.valid_against_schema.map(|()| Claim::ValidAgainstSchema),
            self.no_placeholders.map(|()| Claim::NoPlaceholders),
            self.applies.take().map(Claim::Applies),
            self.checks_silent.take().map(Claim::ChecksSilent),
            self.preflight_passes.map(|()| Claim::PreflightPasses),
            self.kubeconform_passes.map(|()| Claim::KubeconformPasses),
            self.command_succeeds.map(Claim::CommandSucceeds),
        ];
        given.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        serde_yaml::from_str::<Vec<Expectation>>(&format!("- {text}\n"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn several_claims_may_share_a_subject() {
        let text =
            "- {stage: built, object: {kind: A, name: a}, path: $.x, type: integer, equalsSetting: N}\n";
        let read: Vec<Expectation> = serde_yaml::from_str(text).unwrap();
        let names: Vec<&str> = read[0].claims.iter().map(Claim::name).collect();
        assert_eq!(names, ["type", "equalsSetting"]);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let object = "stage: built, object: {kind: A, name: a}";
        let cases = [
            (format!("{{{object}, equal: 1}}"), "unknown field `equal`"),
            (format!("{{{object}}}"), "an expectation without a claim"),
            (
                "{stage: built, exists: true}".to_owned(),
                "without `object`, `appliedBy`, `file` or `folder`",
            ),
            (
                format!("{{{object}, file: a, exists: true}}"),
                "with both `object` and `file`",
            ),
            (
                format!("{{{object}, path: x, exists: true}}"),
                "`x` is no JSONPath of RFC 9535",
            ),
            (
                format!("{{{object}, matches: '('}}"),
                "`(` is no regular expression: unclosed group",
            ),
            (
                format!("{{{object}, noPlaceholders: true}}"),
                "`noPlaceholders` cannot be claimed",
            ),
            (
                format!("{{{object}, path: $.a, validAgainstSchema: true}}"),
                "takes no `path`",
            ),
            (
                format!("{{{object}, validAgainstSchema: false}}"),
                "it can only be claimed",
            ),
            (
                format!("{{{object}, type: int}}"),
                "unknown variant `int`, expected one of `null`",
            ),
            (
                "{stage: alive, file: a, exists: true}".to_owned(),
                "unknown variant `alive`",
            ),
        ];
        for (text, wanted) in cases {
            let found = error(&text);
            assert!(
                found.contains(wanted) && found.contains("line 1"),
                "{text}: {found}"
            );
        }
    }
}
