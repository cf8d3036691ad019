//! What is wrong with an entry of a lock file that somebody edited, and where an entry stands.

use super::Entry;
use crate::digest::is_digest;
use crate::range::Range;
use crate::reference::OciUrl;
use crate::tag::loose_version;

/// What is wrong with an entry, as the end of a sentence about it; none where a preflight could have written it.
pub(super) fn of(entry: &Entry) -> Option<String> {
    if let Err(error) = OciUrl::parse(&entry.url) {
        return Some(format!("has no usable URL: {error}"));
    }
    if let Err(error) = entry.wanted.target(true) {
        return Some(format!("asks for what no registry can have: {error}"));
    }
    for (field, digest) in [("digest", &entry.digest), ("archive", &entry.archive)] {
        if !is_digest(digest) {
            return Some(format!(
                "has the {field} `{digest}`, wanted `sha256:` and 64 hex digits"
            ));
        }
    }
    let Some(version) = loose_version(&entry.version) else {
        let found = &entry.version;
        return Some(format!("has the version `{found}`, wanted a semantic version"));
    };
    if !is_time(&entry.when) {
        let found = &entry.when;
        return Some(format!("has the time `{found}`, wanted `YYYY-MM-DDThh:mm:ssZ`"));
    }
    let wanted = &entry.wanted;
    let found = &entry.version;
    let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
    if let Some(digest) = given(&wanted.digest) {
        let found = &entry.digest;
        return (digest != *found).then(|| format!("has the digest `{found}`, and asks for `{digest}`"));
    }
    if let Some(range) = given(&wanted.semver) {
        let fits = Range::parse(&range).is_ok_and(|range| range.matches(&version));
        return (!fits).then(|| format!("has the version `{found}`, which is not in `{range}`"));
    }
    let tag = given(&wanted.tag)?;
    let tagged = loose_version(&tag.replace('_', "+"))?;
    tagged
        .cmp_precedence(&version)
        .is_ne()
        .then(|| format!("has the version `{found}`, and asks for the tag `{tag}`"))
}

/// Whether this is a time of RFC 3339 in UTC, to the second.
fn is_time(text: &str) -> bool {
    text.len() == 20
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            19 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        })
}

/// The line on which the entry of an index starts, from 1; 0 where the list is written in another form than ours.
pub(super) fn line_of_entry(text: &str, index: usize) -> usize {
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("- "))
        .nth(index)
        .map_or(0, |(at, _)| at + 1)
}
