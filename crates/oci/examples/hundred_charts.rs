//! Times a preflight of 100 charts in a local docker-registry beside 100 calls of `helm show chart`.
//!
//! `cargo run -p oci --example hundred_charts`; helm and docker-registry are looked for as the tests do it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement by hand, and the tests' own registry"
)]

use std::time::{Duration, Instant};

use oci::{Cache, ChartRequest, Environment, Options, Verdict, Wanted};

#[path = "../tests/it/docker.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod docker;

const CHARTS: usize = 100;
const ROUNDS: usize = 3;

fn main() {
    let Some([registry, helm]) = docker::programs("hundred_charts", ["docker-registry", "helm"]) else {
        return;
    };
    let registry = docker::Registry::start(&registry, docker::plain);
    let url = |n: usize| format!("oci://{}/team-{n}/demo", registry.host);
    let run_helm = |arguments: &[&str]| registry.run_helm(&helm, arguments);
    run_helm(&["create", "demo"]);
    for n in 0..CHARTS {
        // No two have the same content.
        let app = format!("1.{n}");
        run_helm(&["package", "demo", "--version", "0.1.0", "--app-version", &app]);
        let target = format!("oci://{}/team-{n}", registry.host);
        run_helm(&["push", "demo-0.1.0.tgz", &target, "--plain-http"]);
    }
    let requests: Vec<ChartRequest> = (0..CHARTS)
        .map(|n| ChartRequest {
            url: url(n),
            wanted: Wanted {
                tag: Some("0.1.0".to_owned()),
                ..Wanted::default()
            },
            insecure: false,
            layer_media_type: Some(oci::CHART_LAYER_MEDIA_TYPE.to_owned()),
        })
        .collect();
    let options = |name: &str| Options {
        cache: Some(Cache::at(registry.folder.path().join(name))),
        environment: Environment::default(),
        ..Options::default()
    };
    // Each round has connections and a cache of its own; the first also warms the registry up, which helm then finds warm.
    let mut first = Duration::MAX;
    let mut again = Duration::MAX;
    for round in 0..ROUNDS {
        let options = options(&format!("cache-{round}"));
        let ask = || all_there(&requests, &options);
        first = first.min(time("preflight for the first time", ask));
        again = again.min(time("preflight again", ask));
    }
    let fetching = Options {
        fetch: true,
        now: "2026-01-02T03:04:05Z".to_owned(),
        ..options("archives")
    };
    time("preflight that fetches", || all_there(&requests, &fetching));
    let offline = Options {
        offline: true,
        ..fetching
    };
    time("preflight offline", || all_there(&requests, &offline));
    let shown = time("helm show chart, one after the other", || {
        for n in 0..CHARTS {
            run_helm(&["show", "chart", &url(n), "--version", "0.1.0", "--plain-http"]);
        }
    });
    let times = |took: Duration| shown.as_secs_f64() / took.as_secs_f64();
    println!(
        "least of {ROUNDS} rounds beside helm: {:.0} times faster for the first time, {:.0} again",
        times(first),
        times(again)
    );
}

fn all_there(requests: &[ChartRequest], options: &Options) {
    for result in oci::preflight(requests, options) {
        assert!(matches!(result.verdict, Verdict::There { .. }), "{result:?}");
    }
}

fn time(what: &str, work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    println!("{CHARTS} charts, {what}: {:?}", start.elapsed());
    start.elapsed()
}
