//! Slow, broken, busy and boundless registries: nobody can tell, and nobody waits beyond the deadline.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use oci::Options;

use crate::chart::{
    ask, ask_tag, assert_there, assert_unknown, options, registry, request, semver, sha256, tag,
};
use crate::liar::Reply;

fn quick(per_request: u64, deadline: u64) -> Options {
    Options {
        per_request_timeout: Duration::from_millis(per_request),
        deadline: Duration::from_millis(deadline),
        ..options()
    }
}

#[track_caller]
fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(
        start.elapsed() < limit,
        "took {:?}, wanted less than {limit:?}",
        start.elapsed()
    );
    result
}

#[test]
fn gives_up_on_a_silent_registry() {
    let liar = registry(|_, _| Some(Reply::silent()));
    let verdict = within(Duration::from_secs(3), || {
        ask(&request(&liar.host(), tag("1.2.3")), &quick(300, 60_000))
    });
    assert_unknown(&verdict, "no answer from `127.0.0.1");
    assert_unknown(&verdict, "within 0.3 s");
}

#[test]
fn gives_up_on_one_byte_at_a_time() {
    let slow = |body: Vec<u8>| Some(Reply::ok(body).slow(Duration::from_millis(30)));
    let liar = registry(move |_, chart| slow(chart.manifest.clone()));
    let ask = || ask(&request(&liar.host(), tag("1.2.3")), &quick(400, 60_000));
    assert_unknown(&within(Duration::from_secs(3), ask), "within 0.4 s");
}

#[test]
fn ends_with_the_deadline_however_many_charts_hang() {
    let liar = registry(|_, _| Some(Reply::silent()));
    let requests: Vec<_> = (0..40)
        .map(|n| request(&liar.host(), tag(&format!("1.0.{n}"))))
        .collect();
    let results = within(Duration::from_secs(4), || {
        oci::preflight(&requests, &quick(60_000, 700))
    });
    assert_eq!(results.len(), 40);
    for result in &results {
        assert_unknown(&result.verdict, "the run's deadline of 0.7 s passed");
    }
    let bound = Options::default().parallelism;
    assert!(bound < requests.len(), "{bound} are no bound here");
    assert!(
        liar.requests().len() <= bound,
        "asked {} at once",
        liar.requests().len()
    );
}

#[test]
fn tries_again_after_a_broken_connection() {
    let tries = AtomicUsize::new(0);
    let liar = registry(move |request, chart| {
        let first = request.path.ends_with("manifests/1.2.3") && tries.fetch_add(1, Ordering::SeqCst) == 0;
        first.then(|| Reply::ok(chart.manifest.clone()).length(9999))
    });
    assert_there(&ask_tag(&liar), "1.2.3");
    assert_eq!(liar.count("/manifests/"), 2);
}

#[test]
fn cannot_tell_where_the_connection_always_breaks() {
    let liar = registry(|_, chart| Some(Reply::ok(chart.manifest.clone()).length(9999)));
    assert_unknown(&ask_tag(&liar), "broke off");
    let liar = registry(|request, chart| {
        let cut = Reply::ok(chart.config.clone()).length(9999);
        request.path.ends_with(&sha256(&chart.config)).then_some(cut)
    });
    assert_unknown(&ask_tag(&liar), "broke off");
}

#[test]
fn waits_as_long_as_the_registry_asks() {
    let tries = AtomicUsize::new(0);
    let liar = registry(move |_, _| {
        (tries.fetch_add(1, Ordering::SeqCst) == 0)
            .then(|| Reply::new(429, "slow down").with("Retry-After", "1"))
    });
    let start = Instant::now();
    assert_there(&ask_tag(&liar), "1.2.3");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn cannot_tell_where_the_registry_stays_busy() {
    let liar = registry(|_, _| {
        Some(Reply::new(
            429,
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]}"#,
        ))
    });
    assert_unknown(&ask_tag(&liar), "answers 429, too many requests: later (4 tries)");
    assert_eq!(liar.requests().len(), 4);
    let liar = registry(|_, _| Some(Reply::new(502, "<html>bad gateway</html>")));
    assert_unknown(&ask_tag(&liar), "answers 502 (4 tries)");
    let liar = registry(|request, chart| {
        request
            .path
            .ends_with(&sha256(&chart.config))
            .then(|| Reply::new(503, "<html>"))
    });
    assert_unknown(&ask_tag(&liar), "answers 503 (4 tries)");
}

#[test]
fn does_not_wait_beyond_the_deadline() {
    let liar = registry(|_, _| Some(Reply::new(429, "").with("Retry-After", "3600")));
    let verdict = within(Duration::from_secs(3), || ask_tag(&liar));
    assert_unknown(&verdict, "another try would pass the deadline of 8 s");
    assert_eq!(liar.requests().len(), 1);
}

#[test]
fn stops_reading_what_has_no_end() {
    let endless = || Reply::ok(vec![b' '; 64 * 1024]).endless();
    let liar = registry(move |_, _| Some(endless()));
    assert_unknown(&ask_tag(&liar), "more than 4194304 bytes");
    assert_unknown(
        &ask(&request(&liar.host(), semver("1.x")), &options()),
        "more than 4194304 bytes",
    );
    let liar = registry(move |request, chart| request.path.ends_with(&sha256(&chart.config)).then(endless));
    assert_unknown(&ask_tag(&liar), "more than 1048576 bytes");
}

#[test]
fn stops_paging_through_tags_without_end() {
    let page = |tag: String| {
        let next = format!("</v2/charts/demo/tags/list?last={tag}>; rel=\"next\"");
        Reply::ok(format!(r#"{{"tags":["{tag}"]}}"#)).with("Link", next)
    };
    let liar = registry(move |_, _| Some(page("1.0.0".to_owned())));
    assert_unknown(
        &ask(&request(&liar.host(), semver("1.x")), &options()),
        "pages of tags without new ones",
    );
    let count = AtomicUsize::new(0);
    let liar = registry(move |_, _| Some(page(format!("1.0.{}", count.fetch_add(1, Ordering::SeqCst)))));
    assert_unknown(
        &ask(&request(&liar.host(), semver("1.x")), &options()),
        "more than 100 pages",
    );
}

#[test]
fn cannot_tell_without_a_network() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let verdict = ask(&request(&format!("127.0.0.1:{port}"), tag("1.2.3")), &options());
    assert_unknown(&verdict, "no connection to `127.0.0.1");
    let verdict = within(Duration::from_secs(6), || {
        ask(&request("registry.invalid", tag("1.2.3")), &options())
    });
    // A resolver that does not answer at all looks like a registry that does not.
    let words = [
        "no network: cannot resolve `registry.invalid`",
        "no answer from `registry.invalid`",
    ];
    assert!(
        words.iter().any(|word| format!("{verdict:?}").contains(word)),
        "{verdict:?}"
    );
}

#[test]
fn names_a_scheme_that_does_not_fit() {
    let liar = registry(|_, _| None);
    let mut options = options();
    options.mirrors = vec![("ghcr.io".to_owned(), format!("https://{}", liar.host()))];
    assert_unknown(
        &ask(&request("ghcr.io", tag("1.2.3")), &options),
        "speaks plain http, asked over https",
    );
}
