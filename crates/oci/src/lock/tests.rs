//! The lock file's text, its updates, and what is refused.

use super::*;

fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

fn request(url: &str, tag: &str) -> ChartRequest {
    ChartRequest {
        url: url.to_owned(),
        wanted: Wanted {
            tag: Some(tag.to_owned()),
            ..Wanted::default()
        },
        insecure: false,
        layer_media_type: None,
    }
}

fn there(version: &str, manifest: &str) -> Verdict {
    Verdict::There {
        version: version.to_owned(),
        digest: digest(manifest),
        archive: digest("a"),
        media_type: crate::CHART_LAYER_MEDIA_TYPE.to_owned(),
        size: 4711,
        app_version: Some("1.10".to_owned()),
        name: "demo".to_owned(),
        deprecated: false,
        kube_version: None,
        fetched: false,
        not_fetched: None,
        from_cache: None,
    }
}

const URL: &str = "oci://ghcr.io/a/demo";
const EARLY: &str = "2026-11-23T10:00:00Z";
const LATE: &str = "2026-11-24T10:00:00Z";

fn example() -> Lock {
    let mut lock = Lock::default();
    lock.update(
        &request("oci://quay.io/b/other", "2.0.0"),
        &there("2.0.0", "2"),
        EARLY,
    );
    lock.update(&request(URL, "1.0.0"), &there("1.0.0", "1"), EARLY);
    lock
}

#[test]
fn the_file_is_sorted_and_reads_back() {
    let text = example().render();
    let wanted = format!(
        "- url: oci://ghcr.io/a/demo
  wanted:
    tag: 1.0.0
  version: 1.0.0
  digest: {}
  archive: {}
  mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
  size: 4711
  appVersion: '1.10'
  when: 2026-11-23T10:00:00Z
- url: oci://quay.io/b/other
",
        digest("1"),
        digest("a")
    );
    let (header, body) = text.split_once('\n').unwrap();
    assert!(header.ends_with("do not edit."), "{header}");
    assert!(body.starts_with(&wanted), "{body}");
    assert_eq!(parse(&text).unwrap(), example());
    assert_eq!(parse(&Lock::default().render()).unwrap(), Lock::default());
    assert_eq!(parse(HEADER).unwrap(), Lock::default());
}

#[test]
fn an_update_without_news_changes_nothing() {
    let mut lock = example();
    let asked = request(URL, "1.0.0");
    assert_eq!(lock.update(&asked, &there("1.0.0", "1"), LATE), Change::Kept);
    assert_eq!(lock, example());
    assert_eq!(
        lock.update(&asked, &Verdict::unknown("no network"), LATE),
        Change::NotFound
    );
    assert_eq!(lock, example());
    assert_eq!(lock.update(&asked, &there("1.0.0", "f"), LATE), Change::Changed);
    assert_eq!(lock.entry(&asked).unwrap().when, LATE);
    assert_eq!(
        lock.update(&request(URL, "1.1.0"), &there("1.1.0", "1"), LATE),
        Change::Added
    );
}

#[test]
fn entries_that_nothing_asks_for_are_dropped() {
    let mut lock = example();
    let dropped = lock.retain(&[request(URL, "1.0.0"), request(URL, "9.0.0")]);
    assert_eq!(dropped.len(), 1);
    assert_eq!(dropped[0].url, "oci://quay.io/b/other");
    assert_eq!(lock.entries().count(), 1);
}

#[track_caller]
fn refused(from: &str, to: &str) -> (usize, String) {
    let text = example().render();
    assert!(text.contains(from), "{text}");
    let error = parse(&text.replacen(from, to, 1)).unwrap_err();
    (error.line(), error.to_string())
}

#[test]
fn hand_damage_is_named_with_its_line() {
    for (from, to, line, part) in [
        ("  size: 4711", "  sise: 4711", 9, "unknown field `sise`"),
        ("  size: 4711", "  size: much", 9, "expected u64"),
        ("  size: 4711\n", "", 2, "missing field `size`"),
        ("    tag: 1.0.0", "    tga: 1.0.0", 4, "unknown field `tga`"),
        ("    tag: 1.0.0", "    tag: 1.2.0", 2, "asks for the tag `1.2.0`"),
        ("    tag: 1.0.0", "    semver: ^2", 2, "which is not in `^2`"),
        ("    tag: 1.0.0", "    semver: newest", 2, "no version range"),
        (
            "  version: 1.0.0",
            "  version: one",
            2,
            "wanted a semantic version",
        ),
        (
            "digest: sha256:1",
            "digest: sha256:x",
            2,
            "has the digest `sha256:x",
        ),
        (
            "archive: sha256:a",
            "archive: sha256:",
            2,
            "has the archive `sha256:",
        ),
        ("T10:00:00Z", "T10:00:00+01:00", 2, "has the time"),
        ("oci://ghcr.io/a/demo", "ghcr.io/a/demo", 2, "has no usable URL"),
        ("oci://ghcr.io/a/demo", "\"", 22, "quoted scalar"),
    ] {
        let (found, message) = refused(from, to);
        assert!(message.contains(part), "{to}: {message}");
        assert_eq!(found, line, "{to}: {message}");
    }
}

#[test]
fn a_merge_that_kept_both_sides_is_refused() {
    let text = example().render();
    let (_, body) = text.split_once('\n').unwrap();
    let error = parse(&format!("{text}{body}")).unwrap_err();
    assert_eq!(error.line(), 22);
    assert_eq!(
        error.to_string(),
        format!("there are two entries of `{URL}` with tag `1.0.0`")
    );
    let conflict = format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n");
    assert!(parse(&conflict).is_err());
    for text in ["a: 1", "- 1", "[[[", "\u{0}", "&a [*a]"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_file_cut_anywhere_is_read_or_refused() {
    let text = example().render();
    let whole = (0..text.len() - 1).filter(|end| parse(&text[..*end]).is_ok_and(|lock| lock == example()));
    assert_eq!(whole.count(), 0, "only the whole file is the whole lock");
}
