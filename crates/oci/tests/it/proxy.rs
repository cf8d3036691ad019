//! Requests through a proxy, and those that go past it.

use oci::{Environment, Options};

use crate::chart::{Chart, ask, assert_there, assert_unknown, options, registry, request, tag};
use crate::liar::{Liar, Reply};

fn through(variables: &[(&str, &str)]) -> Options {
    Options {
        environment: Environment::of(variables.iter().copied()),
        ..options()
    }
}

/// A proxy behind which `plain.example` has chart 1.2.3.
fn proxy() -> Liar {
    let chart = Chart::new("1.2.3");
    Liar::start(move |request| {
        let mut request = request.clone();
        match request.path.strip_prefix("http://plain.example") {
            Some(path) => request.path = path.to_owned(),
            None => return Reply::new(502, ""),
        }
        chart.answer("1.2.3", &request)
    })
}

#[test]
fn asks_through_the_proxy_of_the_environment() {
    let proxy = proxy();
    let mut wanted = request("plain.example", tag("1.2.3"));
    wanted.insecure = true;
    let address = format!("http://me:hunter2@{}", proxy.host());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        assert_there(&ask(&wanted, &through(&[(name, &address)])), "1.2.3");
    }
    // `me:hunter2`
    let asked = proxy.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.header("proxy-authorization") == Some("Basic bWU6aHVudGVyMg=="))
    );
}

#[test]
fn goes_past_the_proxy_where_the_environment_says_so_and_to_this_machine() {
    let proxy = proxy();
    let address = format!("http://{}", proxy.host());
    let mut wanted = request("plain.example", tag("1.2.3"));
    wanted.insecure = true;
    let verdict = ask(
        &wanted,
        &through(&[
            ("HTTP_PROXY", &address),
            ("NO_PROXY", "other.example,plain.example"),
        ]),
    );
    assert_unknown(&verdict, "`plain.example`");
    let liar = registry(|_, _| None);
    assert_there(
        &ask(
            &request(&liar.host(), tag("1.2.3")),
            &through(&[("ALL_PROXY", &address)]),
        ),
        "1.2.3",
    );
    assert!(proxy.requests().is_empty());
}

#[test]
fn names_an_unusable_proxy_without_its_password() {
    let verdict = ask(
        &request("plain.example", tag("1.2.3")),
        &through(&[("HTTPS_PROXY", "http://me:hunter2@[")]),
    );
    assert_unknown(&verdict, "the proxy in `HTTPS_PROXY` is no URL");
    assert!(!format!("{verdict:?}").contains("hunter2"));
}

#[test]
fn asks_for_a_tunnel_and_says_when_there_is_none() {
    let proxy = proxy();
    let address = format!("http://{}", proxy.host());
    let verdict = ask(
        &request("tls.example", tag("1.2.3")),
        &through(&[("HTTPS_PROXY", &address)]),
    );
    assert_unknown(&verdict, "no connection to `tls.example`");
    let asked = proxy.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.method == "CONNECT" && request.path == "tls.example:443")
    );
    assert!(!asked.is_empty());
}
