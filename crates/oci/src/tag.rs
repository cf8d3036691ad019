//! Tags and the versions that they stand for.

use semver::{BuildMetadata, Prerelease, Version};

/// Whether a registry can have this tag.
pub(crate) fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// `1.2.3`, with or without `v`; nothing shorter.
pub(crate) fn strict_version(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

/// A version as Go's `semver.NewVersion` reads it: `v` in front and missing numbers are fine (`v1.2` is 1.2.0).
pub fn loose_version(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (rest, build) = text
        .split_once('+')
        .map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (numbers, pre) = rest
        .split_once('-')
        .map_or((rest, None), |(numbers, pre)| (numbers, Some(pre)));
    let mut parts = numbers.split('.').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<u64>().ok() } else { None }
    });
    let major = parts.next()??;
    let minor = parts.next().map_or(Some(0), |part| part)?;
    let patch = parts.next().map_or(Some(0), |part| part)?;
    if parts.next().is_some() || pre == Some("") || build == Some("") {
        return None;
    }
    Some(Version {
        major,
        minor,
        patch,
        pre: Prerelease::new(pre.unwrap_or("")).ok()?,
        build: BuildMetadata::new(build.unwrap_or("")).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_loose_versions_as_go_does() {
        for (text, version) in [
            ("v1.2", "1.2.0"),
            ("1", "1.0.0"),
            ("1.2.3-a.1+b", "1.2.3-a.1+b"),
            ("01.2.3", "1.2.3"),
        ] {
            assert_eq!(loose_version(text).unwrap().to_string(), version);
        }
        for text in ["", "latest", "1.2.3.4", "1.", "1.2.3-", "-1", "+1.0"] {
            assert!(loose_version(text).is_none(), "{text}");
        }
    }
}
