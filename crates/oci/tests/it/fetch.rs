//! Archives that are fetched into the cache, and what the cache answers alone.

use std::fs;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use oci::{Cache, Listener, Options, Progress, Verdict};
use tempfile::TempDir;

use crate::chart::{
    Chart, ask, assert_missing, assert_there, assert_unknown, options, registry, request, semver, sha256, tag,
};
use crate::liar::{Liar, Reply, Request};

/// Options that fetch into a cache of their own.
fn fetching() -> (TempDir, Cache, Options) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("cache"));
    let options = Options {
        cache: Some(cache.clone()),
        fetch: true,
        now: "2026-03-04T05:06:07Z".to_owned(),
        ..options()
    };
    (folder, cache, options)
}

fn offline(options: &Options) -> Options {
    Options {
        offline: true,
        ..options.clone()
    }
}

fn is_layer(request: &Request, chart: &Chart) -> bool {
    request.method == "GET" && request.path.ends_with(&sha256(&chart.layer))
}

/// What comes of a registry that lies about the archive; nothing of it may be kept.
fn fetch_lie(lie: impl Fn(&Chart) -> Reply + Send + Sync + 'static) -> Verdict {
    let liar = registry(move |request, chart| is_layer(request, chart).then(|| lie(chart)));
    let (_folder, cache, options) = fetching();
    let wanted = request(&liar.host(), tag("1.2.3"));
    let verdict = ask(&wanted, &options);
    let digest = sha256(&Chart::new("1.2.3").layer);
    if !matches!(verdict, Verdict::There { .. }) {
        assert!(cache.blob(&digest).is_none() && cache.resolved(&wanted).is_none());
    }
    verdict
}

#[test]
fn downloads_an_archive_once() {
    let liar = registry(|_, _| None);
    let chart = Chart::new("1.2.3");
    let (_folder, cache, options) = fetching();
    let wanted = request(&liar.host(), tag("1.2.3"));
    for _ in 0..2 {
        let verdict = ask(&wanted, &options);
        let Verdict::There {
            archive,
            fetched,
            from_cache,
            ..
        } = verdict
        else {
            panic!("{verdict:?}")
        };
        assert!(fetched && from_cache.is_none());
        assert_eq!(fs::read(cache.blob(&archive).unwrap()).unwrap(), chart.layer);
    }
    assert_eq!(liar.count(&sha256(&chart.config)), 1);
    let asked = |method: &str| {
        let all = liar.requests();
        let layer = sha256(&chart.layer);
        all.iter()
            .filter(|request| request.method == method && request.path.ends_with(&layer))
            .count()
    };
    assert_eq!(
        (asked("GET"), asked("HEAD")),
        (1, 1),
        "downloaded once, looked for the second time"
    );
    let found = cache.resolved(&wanted).unwrap();
    assert_eq!((found.version.as_str(), found.size), ("1.2.3", 17));
    assert_eq!(
        (found.digest, found.archive),
        (sha256(&chart.manifest), sha256(&chart.layer))
    );
    assert_eq!(found.when, "2026-03-04T05:06:07Z");
}

#[test]
fn without_fetch_a_config_is_asked_for_once_and_the_archive_every_time() {
    let liar = registry(|_, _| None);
    let chart = Chart::new("1.2.3");
    let (_folder, cache, fetching) = fetching();
    let options = Options {
        fetch: false,
        ..fetching
    };
    let wanted = request(&liar.host(), tag("1.2.3"));
    let asked = || {
        (
            liar.count(&sha256(&chart.config)),
            liar.count(&sha256(&chart.layer)),
        )
    };
    for round in 1..3 {
        assert_there(&ask(&wanted, &options), "1.2.3");
        assert_eq!(asked(), (1, round));
    }
    let config = cache.blob(&sha256(&chart.config)).unwrap();
    assert!(cache.resolved(&wanted).is_none());
    fs::write(config, "damaged").unwrap();
    assert_there(&ask(&wanted, &options), "1.2.3");
    assert_eq!(asked(), (2, 3), "what is damaged is asked for again");
}

#[test]
fn a_cache_that_cannot_be_written_is_no_reason_to_fail() {
    let liar = registry(|_, _| None);
    let (folder, _, fetching) = fetching();
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let options = Options {
        fetch: false,
        cache: Some(Cache::at(&in_the_way)),
        ..fetching
    };
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options), "1.2.3");
}

#[test]
fn answers_from_the_cache_when_offline_and_says_of_which_day() {
    let liar = registry(|_, _| None);
    let (_folder, cache, options) = fetching();
    let host = liar.host();
    let asked = [request(&host, tag("1.2.3")), request(&host, semver("1.x"))];
    let before = oci::preflight(&asked, &options);
    let seen = liar.requests().len();
    let after = oci::preflight(&asked, &offline(&options));
    assert_eq!(liar.requests().len(), seen, "nobody was asked");
    for (before, after) in before.into_iter().zip(&after) {
        let mut wanted = before.verdict;
        if let Verdict::There { from_cache, .. } = &mut wanted {
            *from_cache = Some("2026-03-04".to_owned());
        }
        assert_eq!(after.verdict, wanted);
        assert_eq!(serde_json::to_value(after).unwrap()["fromCache"], "2026-03-04");
    }
    let never = request(&host, tag("1.2.4"));
    assert_unknown(
        &ask(&never, &offline(&options)),
        "the cache knows nothing of tag `1.2.4`",
    );
    let archive = cache.blob(&sha256(&Chart::new("1.2.3").layer)).unwrap();
    fs::write(archive, "something else!!!").unwrap();
    assert_unknown(
        &ask(&asked[0], &offline(&options)),
        "its archive is not in the cache any more",
    );
    let bare = Options {
        cache: None,
        ..offline(&options)
    };
    assert_unknown(&ask(&asked[0], &bare), "there is no cache");
}

#[test]
fn fetches_no_archive_unless_told() {
    let liar = registry(|_, _| None);
    let (folder, cache, options) = fetching();
    let options = Options {
        fetch: false,
        ..options
    };
    let tmp = folder.path().join("cache/tmp");
    fs::create_dir_all(&tmp).unwrap();
    let left = fs::File::create(tmp.join("half-written")).unwrap();
    left.set_modified(SystemTime::now() - Duration::from_hours(48))
        .unwrap();
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
    assert!(
        matches!(
            verdict,
            Verdict::There {
                fetched: false,
                not_fetched: None,
                ..
            }
        ),
        "{verdict:?}"
    );
    let config = cache.blob(&sha256(&Chart::new("1.2.3").config)).unwrap();
    assert_eq!(
        fs::read_dir(config.parent().unwrap()).unwrap().count(),
        1,
        "the config alone"
    );
    assert_eq!(
        fs::read_dir(&tmp).unwrap().count(),
        0,
        "what was left half written goes"
    );
}

#[test]
fn refuses_archives_that_are_not_what_the_manifest_says() {
    let other = fetch_lie(|_| Reply::ok("not the real gzip"));
    assert_missing(&other, "serves content with the digest");
    let short = fetch_lie(|_| Reply::ok("short"));
    assert_missing(&short, "serves content of 5 bytes");
    let long = fetch_lie(|chart| Reply::ok([chart.layer.clone(), b"more".to_vec()].concat()));
    assert_missing(&long, "serves content of more than 17 bytes");
    let endless = fetch_lie(|_| Reply::ok(vec![0; 64 * 1024]).endless());
    assert_missing(&endless, "serves content of more than 17 bytes");
    assert_missing(&fetch_lie(|_| Reply::missing()), "lacks the chart archive");
}

#[test]
fn cannot_tell_where_an_archive_does_not_come_through() {
    let cut = fetch_lie(|chart| Reply::ok(chart.layer[..9].to_vec()).length(17));
    assert_unknown(&cut, "broke off");
    let start = Instant::now();
    let slow = fetch_lie(|chart| Reply::ok(chart.layer.clone()).slow(Duration::from_millis(400)));
    assert_unknown(&slow, "within 2 s");
    assert!(start.elapsed() < Duration::from_secs(4));
    assert_unknown(&fetch_lie(|_| Reply::silent()), "no answer from");
}

#[test]
fn gives_a_large_archive_more_time() {
    let chart = Chart::of(Chart::new("1.2.3").config, vec![7; 200_000]);
    let honest = chart.clone();
    let late = move |request: &Request| {
        if request.path.ends_with(&sha256(&honest.layer)) {
            thread::sleep(Duration::from_millis(900));
        }
        honest.answer("1.2.3", request)
    };
    let liar = Liar::start(late);
    let (_folder, _, mut options) = fetching();
    options.per_request_timeout = Duration::from_millis(500);
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options), "1.2.3");
    options.fetch = false;
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
    assert_unknown(&verdict, "within 0.5 s");
}

#[test]
fn decodes_nothing_that_comes_encoded() {
    let unasked = fetch_lie(|_| Reply::ok("\u{1f}packed").with("Content-Encoding", "gzip"));
    assert_unknown(&unasked, "with a content-encoding that nobody asked for");
    // The bytes count, whatever the header calls them.
    let right = fetch_lie(|chart| Reply::ok(chart.layer.clone()).with("Content-Encoding", "gzip"));
    assert_there(&right, "1.2.3");
    let liar = registry(|request, _| {
        let packed = Reply::ok("\u{1f}packed").with("Content-Encoding", "gzip");
        request.path.contains("/manifests/").then_some(packed)
    });
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options());
    assert_unknown(
        &verdict,
        "sends `1.2.3` with a content-encoding that nobody asked for",
    );
    let asked = liar.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.header("accept-encoding").is_none())
    );
}

#[test]
fn fetches_from_another_host_without_access() {
    let store = Liar::start(|_| Reply::ok(Chart::new("1.2.3").layer));
    let target = format!("http://{}/bucket?X-Amz-Signature=abc", store.host());
    let basic = "Basic ZGVtbzpwdw==";
    let liar = registry(move |request, chart| {
        if request.header("authorization") != Some(basic) {
            return Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""));
        }
        is_layer(request, chart).then(|| Reply::new(307, "").with("Location", target.clone()))
    });
    let (folder, _, mut options) = fetching();
    let config = folder.path().join("config.json");
    fs::write(
        &config,
        format!(r#"{{"auths":{{"{}":{{"auth":"ZGVtbzpwdw=="}}}}}}"#, liar.host()),
    )
    .unwrap();
    options.registry_config = Some(config);
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
    assert!(
        matches!(verdict, Verdict::There { fetched: true, .. }),
        "{verdict:?}"
    );
    assert_eq!(store.requests().len(), 1);
    assert!(store.requests()[0].header("authorization").is_none());
}

#[test]
fn logs_in_nowhere_for_a_host_that_it_was_sent_to() {
    let trap = Liar::start(|request| {
        let host = request.header("host").unwrap_or_default();
        let challenge = format!("Bearer realm=\"http://{host}/token\"");
        Reply::new(401, "").with("WWW-Authenticate", challenge)
    });
    let target = format!("http://{}/bucket", trap.host());
    let liar = registry(move |request, chart| {
        is_layer(request, chart).then(|| Reply::new(307, "").with("Location", target.clone()))
    });
    let (_folder, _, options) = fetching();
    assert_unknown(&ask(&request(&liar.host(), tag("1.2.3")), &options), "(401)");
    assert_eq!(trap.count("/token"), 0);
}

#[test]
fn says_why_an_archive_is_not_kept() {
    let liar = registry(|request, chart| {
        let huge = String::from_utf8_lossy(&chart.manifest).replace("\"size\":17", "\"size\":40000000");
        if request.method == "HEAD" {
            return Some(Reply::ok("").length(40_000_000));
        }
        request.path.contains("/manifests/").then(|| Reply::ok(huge))
    });
    let reason = |host: &str, options: &Options| match ask(&request(host, tag("1.2.3")), options) {
        Verdict::There {
            fetched: false,
            not_fetched: Some(why),
            ..
        } => why,
        other => panic!("{other:?}"),
    };
    let (folder, _, mut options) = fetching();
    let why = reason(&liar.host(), &options);
    assert_eq!(
        why,
        "the archive has 40000000 bytes, fetched are at most 33554432"
    );
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    options.cache = Some(Cache::at(&in_the_way));
    let honest = registry(|_, _| None);
    assert!(reason(&honest.host(), &options).contains("/file` cannot be written: "));
}

#[test]
fn shares_a_cache_with_another_run() {
    let liar = registry(|_, _| None);
    let (_folder, cache, options) = fetching();
    let wanted = request(&liar.host(), tag("1.2.3"));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_there(&ask(&wanted, &options), "1.2.3"));
        }
    });
    assert!(cache.blob(&sha256(&Chart::new("1.2.3").layer)).is_some());
    assert_there(&ask(&wanted, &offline(&options)), "1.2.3");
}

#[test]
fn tells_how_far_it_has_come() {
    let liar = registry(|_, _| None);
    let (_folder, _, mut options) = fetching();
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let heard = Arc::clone(&told);
    options.progress = Some(Listener::new(move |progress| {
        heard.lock().unwrap().push(progress.clone());
    }));
    let asked = [
        request(&liar.host(), tag("1.2.3")),
        request(&liar.host(), tag("9.9.9")),
    ];
    oci::preflight(&asked, &options);
    let told = told.lock().unwrap();
    assert_eq!(told.first().map(|first| (first.done, first.of)), Some((0, 2)));
    assert_eq!(told.last().map(|last| (last.done, last.of)), Some((2, 2)));
    assert!(told.iter().all(|progress| progress.url == asked[0].url));
    assert!(
        told.iter()
            .any(|progress| (progress.bytes, progress.size) == (17, 17))
    );
}
