//! Which of a repository's tags is wanted, decided as source-controller decides it.

use regex::Regex;
use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::is_digest;
use crate::range::{Range, RangeError};
use crate::tag::{is_tag, loose_version, strict_version};

/// How many existing versions are named where the wanted one is missing.
const NEAREST: usize = 5;

/// An `OCIRepository`'s `spec.ref`; digest wins over semver, semver over tag, and nothing means `latest`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wanted {
    /// `ref.tag`, taken literally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// `ref.semver`: a range over the repository's tags, the highest wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// `ref.semverFilter`: a regular expression that tags must match before the range is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver_filter: Option<String>,
    /// `ref.digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Why a `ref` can never be resolved, whatever the registry holds.
#[derive(Debug, Error)]
pub enum WantedError {
    /// Not `sha256:` and 64 hex digits.
    #[error("`{digest}` is no digest, wanted `sha256:` and 64 lower-case hex digits")]
    Digest {
        /// The digest as given.
        digest: String,
    },
    /// Characters that no tag may have.
    #[error("`{tag}` is no tag, wanted at most 128 characters of `A-Z a-z 0-9 _ . -`{hint}")]
    Tag {
        /// The tag as given.
        tag: String,
        /// What to write instead, where that is known.
        hint: String,
    },
    /// The range does not parse.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The regular expression does not parse.
    #[error("semverFilter `{filter}` is no regular expression")]
    Filter {
        /// The expression as given.
        filter: String,
    },
}

/// What to ask the registry for.
#[derive(Debug)]
pub(crate) enum Target {
    /// A manifest by its tag.
    Tag(String),
    /// A manifest by its digest.
    Digest(String),
    /// The highest tag in a range.
    Highest(Selection),
}

/// A range and a filter over tags.
#[derive(Debug)]
pub(crate) struct Selection {
    range: Range,
    filter: Option<Regex>,
    /// helm writes a version's `+` as `_`; source-controller undoes it only for the chart layer's media type.
    underscore: bool,
}

impl Wanted {
    /// What to ask for; `chart_tags` says whether a tag's `_` stands for `+`.
    pub(crate) fn target(&self, chart_tags: bool) -> Result<Target, WantedError> {
        let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        if let Some(digest) = given(&self.digest) {
            if !is_digest(&digest) {
                return Err(WantedError::Digest { digest });
            }
            return Ok(Target::Digest(digest));
        }
        if let Some(range) = given(&self.semver) {
            let filter = match given(&self.semver_filter) {
                Some(filter) => Some(Regex::new(&filter).map_err(|_| WantedError::Filter { filter })?),
                None => None,
            };
            return Ok(Target::Highest(Selection {
                range: Range::parse(&range)?,
                filter,
                underscore: chart_tags,
            }));
        }
        let tag = given(&self.tag).unwrap_or_else(|| "latest".to_owned());
        if is_tag(&tag) {
            return Ok(Target::Tag(tag));
        }
        let written = tag.replace('+', "_");
        let hint = if is_tag(&written) {
            format!("; the registry has it as `{written}`")
        } else {
            String::new()
        };
        Err(WantedError::Tag { tag, hint })
    }

    /// The wanted thing in words, such as ``tag `1.38.0` ``.
    pub fn words(&self) -> String {
        let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        if let Some(digest) = given(&self.digest) {
            format!("digest `{digest}`")
        } else if let Some(range) = given(&self.semver) {
            match given(&self.semver_filter) {
                Some(filter) => format!("semver `{range}` with semverFilter `{filter}`"),
                None => format!("semver `{range}`"),
            }
        } else {
            format!("tag `{}`", given(&self.tag).as_deref().unwrap_or("latest"))
        }
    }
}

impl Selection {
    /// The tag that source-controller would take.
    pub(crate) fn highest<'a>(&self, tags: &'a [String]) -> Option<&'a str> {
        let mut best: Option<(Version, &str)> = None;
        for tag in tags {
            if self.filter.as_ref().is_some_and(|filter| !filter.is_match(tag)) {
                continue;
            }
            let Some(version) = self.version(tag).filter(|version| self.range.matches(version)) else {
                continue;
            };
            // Go's sort leaves equal versions in no order; the larger tag keeps the answer stable.
            let better = best.as_ref().is_none_or(|(found, name)| {
                version
                    .cmp_precedence(found)
                    .then_with(|| tag.as_str().cmp(name))
                    .is_gt()
            });
            if better {
                best = Some((version, tag));
            }
        }
        best.map(|(_, tag)| tag)
    }

    fn version(&self, tag: &str) -> Option<Version> {
        strict_version(&if self.underscore {
            tag.replace('_', "+")
        } else {
            tag.to_owned()
        })
    }
}

/// The versions next to the wanted one, or the highest ones, lowest first.
pub(crate) fn nearest(tags: &[String], wanted: &Wanted) -> Vec<String> {
    let mut versions: Vec<(Version, &String)> = tags
        .iter()
        .filter_map(|tag| Some((strict_version(&tag.replace('_', "+"))?, tag)))
        .collect();
    versions.sort_by(|(a, x), (b, y)| a.cmp_precedence(b).then_with(|| x.cmp(y)));
    if versions.is_empty() {
        let mut named: Vec<String> = tags.to_vec();
        named.sort();
        named.truncate(NEAREST);
        return named;
    }
    let text = wanted.semver.as_ref().or(wanted.tag.as_ref());
    let at = text
        .and_then(|text| loose_version(&text.replace('_', "+")))
        .map_or(versions.len(), |version| {
            versions.partition_point(|(found, _)| found.cmp_precedence(&version).is_lt())
        });
    let start = at
        .saturating_sub(NEAREST / 2 + 1)
        .min(versions.len().saturating_sub(NEAREST));
    versions
        .iter()
        .skip(start)
        .take(NEAREST)
        .map(|(_, tag)| (*tag).clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn highest(semver: &str, filter: Option<&str>, all: &str, chart_tags: bool) -> Option<String> {
        let wanted = Wanted {
            semver: Some(semver.to_owned()),
            semver_filter: filter.map(str::to_owned),
            ..Wanted::default()
        };
        let Target::Highest(selection) = wanted.target(chart_tags).unwrap() else {
            panic!("no range")
        };
        selection.highest(&tags(all)).map(str::to_owned)
    }

    #[test]
    fn takes_the_highest_tag_of_the_range() {
        for (semver, filter, all, found) in [
            ("*", None, "1.0.0 1.10.0 1.9.0 latest 2.0", Some("1.10.0")),
            ("1.x", None, "v1.2.0 v1.10.0 v2.0.0", Some("v1.10.0")),
            (">=1.0.0-0", None, "1.0.0 1.1.0-rc.1", Some("1.1.0-rc.1")),
            ("*", Some("-debian$"), "1.0.0-debian 2.0.0", None),
            (
                ">=1.0.0-0",
                Some("-debian$"),
                "1.0.0-debian 2.0.0",
                Some("1.0.0-debian"),
            ),
            ("^3", None, "1.0.0 2.0.0", None),
        ] {
            assert_eq!(
                highest(semver, filter, all, true).as_deref(),
                found,
                "{semver} over {all}"
            );
        }
    }

    #[test]
    fn reads_an_underscore_as_plus_only_for_chart_layers() {
        assert_eq!(
            highest("*", None, "1.0.0 1.1.0_b.5", true).as_deref(),
            Some("1.1.0_b.5")
        );
        assert_eq!(
            highest("*", None, "1.0.0 1.1.0_b.5", false).as_deref(),
            Some("1.0.0")
        );
    }

    #[test]
    fn digest_wins_over_semver_over_tag_over_latest() {
        let mut wanted = Wanted {
            tag: Some("1.0.0".to_owned()),
            semver: Some("1.x".to_owned()),
            semver_filter: None,
            digest: Some(format!("sha256:{}", "0".repeat(64))),
        };
        assert!(matches!(wanted.target(true).unwrap(), Target::Digest(_)));
        wanted.digest = None;
        assert!(matches!(wanted.target(true).unwrap(), Target::Highest(_)));
        wanted.semver = Some(String::new());
        assert!(matches!(wanted.target(true).unwrap(), Target::Tag(tag) if tag == "1.0.0"));
        wanted.tag = None;
        assert!(matches!(wanted.target(true).unwrap(), Target::Tag(tag) if tag == "latest"));
        assert_eq!(wanted.words(), "tag `latest`");
    }

    #[test]
    fn refuses_what_no_registry_can_hold() {
        let tag = |tag: &str| Wanted {
            tag: Some(tag.to_owned()),
            ..Wanted::default()
        };
        let error = tag("1.0.0+b.5").target(true).unwrap_err().to_string();
        assert!(error.ends_with("the registry has it as `1.0.0_b.5`"), "{error}");
        assert!(tag("${VERSION}").target(true).is_err());
        let digest = Wanted {
            digest: Some("sha256:abc".to_owned()),
            ..Wanted::default()
        };
        assert!(
            digest
                .target(true)
                .unwrap_err()
                .to_string()
                .contains("64 lower-case hex digits")
        );
    }

    #[test]
    fn names_the_versions_around_the_wanted_one() {
        let all = tags("1.0.0 1.1.0 1.2.0 1.3.0 1.4.0 1.5.0 1.6.0 latest");
        let near = |tag: &str| {
            nearest(
                &all,
                &Wanted {
                    tag: Some(tag.to_owned()),
                    ..Wanted::default()
                },
            )
            .join(" ")
        };
        assert_eq!(near("1.2.5"), "1.0.0 1.1.0 1.2.0 1.3.0 1.4.0");
        assert_eq!(near("1.4"), "1.1.0 1.2.0 1.3.0 1.4.0 1.5.0");
        assert_eq!(near("9.0.0"), "1.2.0 1.3.0 1.4.0 1.5.0 1.6.0");
        assert_eq!(near("main"), "1.2.0 1.3.0 1.4.0 1.5.0 1.6.0");
        assert_eq!(nearest(&tags("main dev"), &Wanted::default()), ["dev", "main"]);
    }
}
