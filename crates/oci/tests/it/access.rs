//! Logging in, and never telling how.

use std::fs;
use std::path::PathBuf;

use oci::{Options, Verdict};
use tempfile::TempDir;

use crate::chart::{Chart, ask, assert_there, assert_unknown, options, registry, request, sha256, tag};
use crate::liar::{Liar, Reply, Request};

const PASSWORD: &str = "hunter2-is-secret";
/// `demo:hunter2-is-secret`
const BASIC: &str = "Basic ZGVtbzpodW50ZXIyLWlzLXNlY3JldA==";
const TOKEN: &str = "token-that-nobody-may-see";

/// Options with credentials for one host.
fn logged_in(host: &str) -> (TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let auth = BASIC.trim_start_matches("Basic ");
    fs::write(&file, format!(r#"{{"auths":{{"{host}":{{"auth":"{auth}"}}}}}}"#)).unwrap();
    (
        folder,
        Options {
            registry_config: Some(file),
            ..options()
        },
    )
}

#[track_caller]
fn assert_discreet(verdict: &Verdict) {
    let text = format!("{verdict:?}");
    for secret in [PASSWORD, BASIC.trim_start_matches("Basic "), TOKEN] {
        assert!(!text.contains(secret), "{text}");
    }
}

fn basic_registry() -> Liar {
    registry(|request, _| {
        let denied = Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\"");
        (request.header("authorization") != Some(BASIC)).then_some(denied)
    })
}

/// A registry that wants a token, and the answer of its token service, which is the same server.
fn token_registry(service: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Liar {
    registry(move |request, _| {
        if request.path.starts_with("/token?") {
            return Some(service(request));
        }
        let host = request.header("host").unwrap_or_default();
        let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"r\"");
        let denied = Reply::new(401, "").with("WWW-Authenticate", challenge);
        (request.header("authorization") != Some(&format!("Bearer {TOKEN}"))).then_some(denied)
    })
}

#[test]
fn logs_in_with_a_password() {
    let liar = basic_registry();
    let (_folder, options) = logged_in(&liar.host());
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options), "1.2.3");
}

#[test]
fn names_the_credentials_that_were_refused() {
    let liar = registry(|_, _| Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\"")));
    let (folder, options) = logged_in(&liar.host());
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
    assert_unknown(
        &verdict,
        "refuses access to `charts/demo` (401) with the credentials of `",
    );
    assert_unknown(&verdict, folder.path().to_str().unwrap());
    assert_discreet(&verdict);
    assert!(
        liar.requests().len() <= 4,
        "a loop of {} requests",
        liar.requests().len()
    );
}

#[test]
fn names_the_files_without_credentials() {
    let liar = basic_registry();
    let (_folder, options) = logged_in("other.example");
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
    assert_unknown(
        &verdict,
        &format!("(401) without credentials, none for `{}` in `", liar.host()),
    );
}

#[test]
fn fetches_a_token_for_the_repository() {
    let liar = token_registry(|_| Reply::ok(format!(r#"{{"token":"{TOKEN}"}}"#)));
    let (_folder, options) = logged_in(&liar.host());
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options), "1.2.3");
    let requests = liar.requests();
    let tokens: Vec<_> = requests
        .iter()
        .filter(|request| request.path.starts_with("/token?"))
        .collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].header("authorization"), Some(BASIC));
    assert!(
        tokens[0].path.contains("scope=repository%3Acharts%2Fdemo%3Apull"),
        "{}",
        tokens[0].path
    );
}

#[test]
fn is_discreet_about_a_token_service_that_is_not() {
    let echo = |request: &Request| format!("{:?} {PASSWORD}", request.header("authorization"));
    for status in [401, 500] {
        let liar = token_registry(move |request| Reply::new(status, echo(request)));
        let (_folder, options) = logged_in(&liar.host());
        let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
        assert_unknown(&verdict, "with the credentials of");
        assert_discreet(&verdict);
    }
    for body in ["no json".to_owned(), format!(r#"{{"token":"a\n{TOKEN}"}}"#)] {
        let liar = token_registry(move |_| Reply::ok(body.clone()));
        let (_folder, options) = logged_in(&liar.host());
        let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
        assert_unknown(&verdict, "token service");
        assert_discreet(&verdict);
    }
}

#[test]
fn is_discreet_about_a_registry_that_repeats_secrets() {
    let liar = registry(|request, _| match request.header("authorization") {
        None => Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\"")),
        Some(header) => {
            let message = format!("{header} is {PASSWORD}");
            Some(Reply::new(
                400,
                format!(r#"{{"errors":[{{"code":"UNSUPPORTED","message":"{message}"}}]}}"#),
            ))
        }
    });
    let (_folder, options) = logged_in(&liar.host());
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options);
    assert_unknown(&verdict, "answers 400, wanted 200: Basic *** is ***");
    assert_discreet(&verdict);
}

#[test]
fn takes_no_credentials_to_another_host() {
    let chart = Chart::new("1.2.3");
    let store = Liar::start(move |request| chart.answer("1.2.3", request));
    let target = format!("http://{}", store.host());
    let liar = registry(move |request, _| {
        if request.header("authorization") != Some(BASIC) {
            return Some(Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""));
        }
        Some(Reply::new(307, "").with(
            "Location",
            format!("{target}{}?X-Amz-Signature=abc", request.path),
        ))
    });
    let (_folder, options) = logged_in(&liar.host());
    assert_there(&ask(&request(&liar.host(), tag("1.2.3")), &options), "1.2.3");
    assert!(store.count("/blobs/") >= 1 && store.count("/manifests/") == 1);
    assert!(
        store
            .requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
    assert!(
        store.requests().iter().all(|request| request.method == "GET"),
        "the archive is not fetched elsewhere"
    );
}

#[test]
fn stops_after_a_few_redirects() {
    let liar = registry(|request, _| Some(Reply::new(302, "").with("Location", request.path.clone())));
    assert_unknown(
        &ask(&request(&liar.host(), tag("1.2.3")), &options()),
        "redirects more than 5 times",
    );
    let liar = registry(|_, _| Some(Reply::new(302, "")));
    assert_unknown(
        &ask(&request(&liar.host(), tag("1.2.3")), &options()),
        "redirects to nowhere",
    );
}

#[test]
fn ignores_other_addresses_of_a_config() {
    let trap = Liar::start(|_| Reply::ok("{}"));
    let url = format!("http://{}/stolen", trap.host());
    let liar = registry(move |request, chart| {
        let mut manifest: serde_json::Value = serde_json::from_slice(&chart.manifest).unwrap();
        manifest["config"]["urls"] = serde_json::json!([url]);
        let lie = Reply::ok(manifest.to_string());
        if request.path.ends_with(&sha256(&chart.config)) {
            return Some(Reply::missing());
        }
        request.path.ends_with("manifests/1.2.3").then_some(lie)
    });
    let verdict = ask(&request(&liar.host(), tag("1.2.3")), &options());
    assert!(matches!(verdict, Verdict::Missing { .. }), "{verdict:?}");
    assert!(trap.requests().is_empty());
}

#[test]
fn says_which_authority_file_is_unusable() {
    let liar = registry(|_, _| None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let mut options = options();
    options.ca_files = vec![PathBuf::from("/nowhere/ca.pem")];
    assert_unknown(
        &ask(&request(&liar.host(), tag("1.2.3")), &options),
        "CA file `/nowhere/ca.pem` cannot be read",
    );
    fs::write(&file, "-----BEGIN NOTHING-----").unwrap();
    options.ca_files = vec![file];
    assert_unknown(
        &ask(&request(&liar.host(), tag("1.2.3")), &options),
        "holds no usable PEM certificate",
    );
}
