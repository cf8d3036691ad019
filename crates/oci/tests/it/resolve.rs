//! Which version is taken, and which are named where it is missing.

use oci::{ChartRequest, Verdict, Wanted};

use crate::chart::{
    Chart, ask, assert_missing, assert_there, assert_unknown, options, registry, request, semver, tag,
};
use crate::liar::{Liar, Reply};

/// Tags in pages of two, linked as registries do it; the chart of the tag's version behind each.
fn paged(tags: &'static [&'static str]) -> Liar {
    Liar::start(move |request| {
        if let Some((_, query)) = request.path.split_once("/tags/list?") {
            let last = query.split('&').find_map(|part| part.strip_prefix("last="));
            let start = last.map_or(0, |last| tags.iter().position(|tag| *tag == last).unwrap() + 1);
            let page = &tags[start..tags.len().min(start + 2)];
            let reply = Reply::ok(serde_json::json!({"name": "charts/demo", "tags": page}).to_string());
            return match page.last() {
                Some(last) if start + 2 < tags.len() => reply.with(
                    "Link",
                    format!("</v2/charts/demo/tags/list?n=2&last={last}>; rel=\"next\""),
                ),
                _ => reply,
            };
        }
        let found = tags
            .iter()
            .map(|tag| (tag, Chart::new(tag.replace('_', "+").trim_start_matches('v'))));
        let mut replies = found.map(|(tag, chart)| chart.answer(tag, request));
        replies
            .find(|reply| format!("{reply:?}").contains("status: 200"))
            .unwrap_or_else(Reply::missing)
    })
}

const TAGS: &[&str] = &[
    "1.0.0",
    "1.10.0",
    "1.2.0",
    "1.9.0_b.5",
    "2.0.0-rc.1",
    "latest",
    "v1.11.0",
];

#[test]
fn takes_the_highest_version_through_all_pages() {
    let liar = paged(TAGS);
    for (wanted, version) in [
        (semver("1.x"), "1.11.0"),
        (semver("~1.9"), "1.9.0+b.5"),
        (semver(">=1.0.0-0"), "2.0.0-rc.1"),
        (
            Wanted {
                semver_filter: Some("^[0-9]".to_owned()),
                ..semver("*")
            },
            "1.10.0",
        ),
        (
            Wanted {
                tag: Some("2.0.0-rc.1".to_owned()),
                ..semver("1.2.0")
            },
            "1.2.0",
        ),
        (tag("1.9.0_b.5"), "1.9.0+b.5"),
    ] {
        assert_there(&ask(&request(&liar.host(), wanted), &options()), version);
    }
}

#[test]
fn names_the_nearest_versions_where_one_is_missing() {
    let liar = paged(TAGS);
    let nearest = |wanted| match ask(&request(&liar.host(), wanted), &options()) {
        Verdict::Missing { reason, nearest } => (reason, nearest),
        other => panic!("{other:?}"),
    };
    let (reason, versions) = nearest(tag("1.9.5"));
    assert_eq!(
        reason,
        format!("`{}/charts/demo` has no tag `1.9.5`", liar.host())
    );
    assert_eq!(versions, ["1.0.0", "1.2.0", "1.9.0_b.5", "1.10.0", "v1.11.0"]);
    let (reason, versions) = nearest(semver("^3"));
    assert_eq!(
        reason,
        format!("no tag of `{}/charts/demo` matches semver `^3`", liar.host())
    );
    assert_eq!(versions.last().map(String::as_str), Some("2.0.0-rc.1"));
    let (reason, _) = nearest(tag("1.9.0+b.5"));
    assert!(reason.ends_with("the registry has it as `1.9.0_b.5`"), "{reason}");
}

#[test]
fn tells_a_missing_repository_from_a_missing_version() {
    let liar = Liar::start(|_| Reply::missing());
    assert_missing(
        &ask(&request(&liar.host(), tag("1.0.0")), &options()),
        "no repository",
    );
    assert_missing(
        &ask(&request(&liar.host(), semver("1.x")), &options()),
        "no repository",
    );
}

#[test]
fn judges_impossible_requests_without_a_registry() {
    let bad = |url: &str, wanted: Wanted| {
        let request = ChartRequest {
            url: url.to_owned(),
            ..request("127.0.0.1:9", wanted)
        };
        ask(&request, &options())
    };
    assert_missing(
        &bad("oci://ghcr.io/a/b:1.0", tag("1.0.0")),
        "must not contain a tag",
    );
    assert_missing(&bad("oci://${HOST}/a/b", tag("1.0.0")), "placeholder");
    assert_missing(&bad("oci://ghcr.io/a/b", semver("newest")), "no version range");
    let filter = Wanted {
        semver_filter: Some("(".to_owned()),
        ..semver("1.x")
    };
    assert_missing(&bad("oci://ghcr.io/a/b", filter), "no regular expression");
}

#[test]
fn asks_the_mirror_below_its_prefix_and_equal_requests_once() {
    let chart = Chart::new("1.2.3");
    let liar = Liar::start(move |request| {
        let mut request = request.clone();
        request.path = request.path.replacen("/v2/cache/ghcr/", "/v2/", 1);
        chart.answer("1.2.3", &request)
    });
    let mut options = options();
    options.mirrors = vec![("ghcr.io".to_owned(), format!("{}/cache/ghcr", liar.host()))];
    let wanted = request("ghcr.io", tag("1.2.3"));
    let results = oci::preflight(&[wanted.clone(), wanted], &options);
    assert_eq!(results.len(), 2);
    for result in &results {
        assert_there(&result.verdict, "1.2.3");
    }
    assert_eq!(liar.count("/v2/cache/ghcr/charts/demo/"), 3);
    assert_eq!(liar.requests().len(), 3);
}

#[test]
fn asks_nobody_when_offline() {
    let liar = registry(|_, _| None);
    let mut options = options();
    options.offline = true;
    assert_unknown(&ask(&request(&liar.host(), tag("1.2.3")), &options), "offline");
    assert!(liar.requests().is_empty());
}

#[test]
fn writes_verdicts_as_the_report_names_them() {
    let liar = registry(|_, _| None);
    let results = oci::preflight(&[request(&liar.host(), tag("1.2.3"))], &options());
    let json = serde_json::to_value(&results).unwrap();
    assert_eq!(json[0]["verdict"], "there");
    assert_eq!(json[0]["mediaType"], oci::CHART_LAYER_MEDIA_TYPE);
    assert_eq!(json[0]["appVersion"], "3.1");
}
