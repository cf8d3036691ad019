//! Token services, identity tokens and credential helpers.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use oci::{Environment, Options, Verdict};
use tempfile::TempDir;

use crate::chart::{ask, assert_there, assert_unknown, options, registry, request, semver, tag};
use crate::liar::{Liar, Reply, Request};

/// `demo:hunter2-is-secret`
const BASIC: &str = "Basic ZGVtbzpodW50ZXIyLWlzLXNlY3JldA==";
const PASSWORD: &str = "hunter2-is-secret";

/// Options with this credential file.
fn with_config(config: &str) -> (TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    fs::write(&file, config).unwrap();
    let options = Options {
        registry_config: Some(file),
        ..options()
    };
    (folder, options)
}

fn logged_in(host: &str) -> (TempDir, Options) {
    let auth = BASIC.trim_start_matches("Basic ");
    with_config(&format!(r#"{{"auths":{{"{host}":{{"auth":"{auth}"}}}}}}"#))
}

/// A registry that takes these tokens and sends everybody to `realm` for one.
fn guarded(realm: String, fits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Liar {
    registry(move |request, _| {
        let token = request
            .header("authorization")
            .and_then(|header| header.strip_prefix("Bearer "));
        let challenge = format!("Bearer realm=\"{realm}\",service=\"the registry\"");
        (!token.is_some_and(&fits)).then(|| Reply::new(401, "").with("WWW-Authenticate", challenge))
    })
}

fn token(text: &str) -> Reply {
    Reply::ok(format!(r#"{{"access_token":"{text}","expires_in":300}}"#))
}

#[test]
fn gets_a_token_from_another_host_and_takes_it_nowhere_else() {
    let service = Liar::start(|request| match request.header("authorization") {
        Some(BASIC) => token("granted"),
        _ => Reply::new(401, ""),
    });
    let liar = guarded(format!("http://{}/auth?account=x", service.host()), |token| {
        token == "granted"
    });
    let (_folder, options) = logged_in(&liar.host());
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options), "1.2.3");
    let asked = service.requests();
    assert_eq!(asked.len(), 1, "one token for manifest, config and archive");
    assert_eq!(
        asked[0].path,
        "/auth?account=x&scope=repository%3Acharts%2Fdemo%3Apull&service=the+registry"
    );
    let seen = liar.requests();
    assert!(
        seen.iter()
            .all(|request| request.header("authorization") != Some(BASIC))
    );
}

#[test]
fn asks_for_one_token_however_many_charts_wait_for_it() {
    let service = Liar::start(|_| token("granted"));
    let liar = guarded(format!("http://{}", service.host()), |token| token == "granted");
    let wanted: Vec<_> = (0..20)
        .map(|n| request(&liar.host(), tag(&format!("0.0.{n}"))))
        .collect();
    let results = oci::preflight(&wanted, &options());
    assert!(
        results
            .iter()
            .all(|result| matches!(result.verdict, Verdict::Missing { .. })),
        "{results:?}"
    );
    assert_eq!(service.requests().len(), 1);
}

#[test]
fn gets_another_token_when_one_has_ended() {
    let issued = AtomicUsize::new(0);
    let service = Liar::start(move |_| token(&format!("t{}", issued.fetch_add(1, Ordering::SeqCst))));
    let uses = AtomicUsize::new(0);
    // The first token is good for one request.
    let liar = guarded(format!("http://{}", service.host()), move |token| {
        token == "t1" || (token == "t0" && uses.fetch_add(1, Ordering::SeqCst) == 0)
    });
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options()), "1.2.3");
    assert_eq!(service.requests().len(), 2);
}

#[test]
fn does_not_run_in_circles_where_no_token_helps() {
    let service = Liar::start(|_| token("useless"));
    let liar = guarded(format!("http://{}", service.host()), |_| false);
    let verdict = ask(&request(&liar.host(), semver("1.x")), &options());
    assert_unknown(&verdict, "refuses access to `charts/demo` (401)");
    assert_eq!((liar.requests().len(), service.requests().len()), (2, 1));
    assert!(!format!("{verdict:?}").contains("useless"));
}

#[test]
fn gives_up_on_a_token_service_that_never_answers_or_has_no_end() {
    let service = Liar::start(|_| Reply::silent());
    let liar = guarded(format!("http://{}", service.host()), |_| false);
    let quick = Options {
        per_request_timeout: Duration::from_millis(300),
        ..options()
    };
    let start = Instant::now();
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &quick);
    assert_unknown(
        &verdict,
        &format!("no answer from `{}` within 0.3 s", service.host()),
    );
    assert!(start.elapsed() < Duration::from_secs(3));
    let service = Liar::start(|_| Reply::ok(vec![b' '; 64 * 1024]).endless());
    let liar = guarded(format!("http://{}", service.host()), |_| false);
    assert_unknown(
        &ask(&request(&liar.host(), tag("1.2.3")), &options()),
        "more than 262144 bytes",
    );
}

#[test]
fn follows_no_token_service_elsewhere() {
    let trap = Liar::start(|_| token("granted"));
    let target = format!("http://{}/", trap.host());
    let service = Liar::start(move |_| Reply::new(307, "").with("Location", target.clone()));
    let liar = guarded(format!("http://{}", service.host()), |token| token == "granted");
    let (_folder, options) = logged_in(&liar.host());
    assert_unknown(
        &ask(&request(&liar.host(), tag("1.2.3")), &options),
        "answers 307, asked with the credentials of",
    );
    assert!(trap.requests().is_empty());
}

#[test]
fn exchanges_an_identity_token() {
    let service = Liar::start(|request| {
        let fits = request.method == "POST"
            && request.body
                == "scope=repository%3Acharts%2Fdemo%3Apull&service=the+registry&grant_type=refresh_token\
                    &client_id=xtask&refresh_token=identity%2Btoken";
        if fits {
            token("granted")
        } else {
            Reply::new(400, "")
        }
    });
    let liar = guarded(format!("http://{}/token", service.host()), |token| {
        token == "granted"
    });
    let (_folder, options) = with_config(&format!(
        r#"{{"auths":{{"{}":{{"identitytoken":"identity+token"}}}}}}"#,
        liar.host()
    ));
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options), "1.2.3");
    assert!(
        service
            .requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
    assert!(
        liar.requests()
            .iter()
            .all(|request| !format!("{request:?}").contains("identity+token"))
    );
}

#[test]
fn asks_for_the_action_that_azure_lists_tags_with() {
    let service = Liar::start(|request| {
        let listing = request.path.contains("metadata_read%2Cpull");
        token(if listing { "lists" } else { "pulls" })
    });
    let realm = format!("http://{}", service.host());
    let liar = registry(move |request: &Request, _| {
        let action = if request.path.contains("/tags/") {
            "metadata_read"
        } else {
            "pull"
        };
        let challenge = format!("Bearer realm=\"{realm}\",scope=\"repository:charts/demo:{action}\"");
        let known = request.header("authorization");
        let fits = known == Some("Bearer lists") || (action == "pull" && known == Some("Bearer pulls"));
        (!fits).then(|| Reply::new(401, "").with("WWW-Authenticate", challenge))
    });
    let verdict = ask(&request(&liar.host(), tag("1.2.4")), &options());
    assert!(
        matches!(&verdict, Verdict::Missing { nearest, .. } if nearest == &["1.2.3"]),
        "{verdict:?}"
    );
}

/// A folder with `docker-credential-fake`, and the file in which it counts its calls.
fn helper(script: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker-credential-fake");
    // A child writes it: a file that this process has open for writing cannot be started while another test forks.
    tools::Invocation::new("/bin/sh")
        .args(["-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(&path)
        .stdin(format!(
            "#!/bin/sh\necho called >> \"$0.calls\"\nread server\n{script}\n"
        ))
        .run()
        .unwrap();
    folder
}

fn calls(folder: &Path) -> usize {
    let text = fs::read_to_string(folder.join("docker-credential-fake.calls"));
    text.map_or(0, |text| text.lines().count())
}

fn basic_registry() -> Liar {
    registry(|request, _| {
        let denied = Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\"");
        (request.header("authorization") != Some(BASIC)).then_some(denied)
    })
}

#[test]
fn asks_a_credential_helper_once() {
    let liar = Arc::new(basic_registry());
    let host = liar.host();
    let folder = helper(&format!(
        "[ \"$server\" = {host} ] && echo '{{\"Username\":\"demo\",\"Secret\":\"{PASSWORD}\"}}'"
    ));
    for config in [
        format!(r#"{{"credHelpers":{{"{host}":"fake"}}}}"#),
        r#"{"auths":{},"credsStore":"fake"}"#.to_owned(),
    ] {
        let before = calls(folder.path());
        let (_config, mut options) = with_config(&config);
        options.environment = Environment::of([("PATH", folder.path())]);
        let mut wanted = vec![request(&host, tag("1.2.3")), request(&host, semver("1.x"))];
        // Another repository is another login.
        wanted.push(request(&host, tag("1.2.3")));
        wanted[2].url = format!("oci://{host}/charts/other");
        let results = oci::preflight(&wanted, &options);
        assert_there(&results[0].verdict, "1.2.3");
        assert_there(&results[1].verdict, "1.2.3");
        assert!(
            matches!(results[2].verdict, Verdict::Missing { .. }),
            "{results:?}"
        );
        assert_eq!(calls(folder.path()) - before, 1);
        options.credential_helpers = false;
        let verdict = ask(&wanted[0], &options);
        assert_unknown(&verdict, "helper `docker-credential-fake` of `");
        assert_unknown(&verdict, "was not run, helpers are not allowed");
        assert_eq!(calls(folder.path()) - before, 1);
    }
}

#[test]
fn says_what_a_credential_helper_did_without_repeating_it() {
    let liar = basic_registry();
    for (script, why) in [
        (
            format!("echo {PASSWORD}; echo {PASSWORD} >&2; exit 1"),
            "failed with exit status 1",
        ),
        (format!("echo {PASSWORD}"), "printed no credentials"),
        (
            "echo credentials not found in native keychain; exit 1".to_owned(),
            "has none",
        ),
        (
            "echo '{\"Username\":\"demo\",\"Secret\":\"wrong-secret\"}'".to_owned(),
            "(401) with the credentials of helper",
        ),
    ] {
        let folder = helper(&script);
        let (_config, mut options) = with_config(r#"{"credsStore":"fake"}"#);
        options.environment = Environment::of([("PATH", folder.path())]);
        let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
        assert_unknown(&verdict, why);
        let text = format!("{verdict:?}");
        assert!(
            !text.contains(PASSWORD) && !text.contains("wrong-secret"),
            "{text}"
        );
    }
}
