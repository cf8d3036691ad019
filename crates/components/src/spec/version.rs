//! Chart versions.

use serde::Serialize;

use super::SpecError;

/// A semantic version without ranges: what runs in the clusters changes by a commit, never by a new tag upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ExactVersion(String);

impl ExactVersion {
    /// `x.y.z`, optionally with `-prerelease` and `+build`.
    pub fn new(version: &str) -> Result<Self, SpecError> {
        let (rest, build) = split(version, '+');
        let (core, prerelease) = split(rest, '-');
        let numbers: Vec<&str> = core.split('.').collect();
        let valid = numbers.len() == 3
            && numbers.iter().all(|number| is_number(number))
            && build.is_none_or(is_dotted)
            && prerelease.is_none_or(is_dotted);
        if valid {
            Ok(Self(version.to_owned()))
        } else {
            Err(SpecError::Version(version.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(head, tail)| (head, Some(tail)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

fn is_dotted(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_version_and_refuses_ranges() {
        for version in ["1.38.0", "0.1.2-rc.1", "1.0.0+build.5"] {
            assert_eq!(ExactVersion::new(version).unwrap().as_str(), version);
        }
        for version in [
            "1.38", "v1.38.0", ">=1.38.0", "1.38.x", "*", "", "1.38.0 ", "01.2.3", "1.2.3-", "1.2.3.4",
        ] {
            assert!(ExactVersion::new(version).is_err(), "{version:?}");
        }
        assert_eq!(
            ExactVersion::new("1.38").unwrap_err().to_string(),
            "version `1.38` is not exact, wanted `x.y.z`"
        );
    }
}
