//! Registries whose content is not what they say: such a chart is missing, since Flux refuses it.

use oci::{Verdict, Wanted};

use crate::chart::{
    Chart, ask, ask_tag, assert_missing, assert_there, options, registry, request, sha256, tag,
};
use crate::liar::{Liar, Reply};

#[test]
fn tells_what_an_honest_registry_has() {
    let liar = registry(|_, _| None);
    let chart = Chart::new("1.2.3");
    let there = Verdict::There {
        version: "1.2.3".to_owned(),
        digest: sha256(&chart.manifest),
        media_type: oci::CHART_LAYER_MEDIA_TYPE.to_owned(),
        size: 17,
        app_version: Some("3.1".to_owned()),
        name: "demo".to_owned(),
        deprecated: false,
        kube_version: Some(">=1.30.0-0".to_owned()),
        archive: sha256(&chart.layer),
        fetched: false,
        not_fetched: None,
        from_cache: None,
    };
    assert_eq!(ask_tag(&liar), there);
    let digest = Wanted {
        digest: Some(sha256(&chart.manifest)),
        ..tag("other")
    };
    assert_eq!(ask(&request(&liar.host(), digest), &options()), there);
    assert_eq!(liar.requests().len(), 6, "manifest, config, layer; twice");
    assert!(
        liar.requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn finds_a_manifest_with_another_digest() {
    let liar = registry(|request, chart| {
        let lie = Reply::ok(chart.manifest.clone()).with("Docker-Content-Digest", sha256(b"other"));
        request.path.ends_with("manifests/1.2.3").then_some(lie)
    });
    assert_missing(&ask_tag(&liar), "serves a manifest with the digest");
}

#[test]
fn finds_another_manifest_behind_a_pinned_digest() {
    let pinned = sha256(b"the one that was reviewed");
    let liar = registry(|request, chart| {
        request
            .path
            .contains("/manifests/")
            .then(|| Reply::ok(chart.manifest.clone()))
    });
    let wanted = Wanted {
        digest: Some(pinned.clone()),
        ..Wanted::default()
    };
    assert_missing(
        &ask(&request(&liar.host(), wanted), &options()),
        &format!("wanted `{pinned}`"),
    );
}

#[test]
fn finds_another_config() {
    let liar = registry(|request, chart| {
        let lie = Reply::ok(Chart::new("1.2.4").config);
        request.path.ends_with(&sha256(&chart.config)).then_some(lie)
    });
    assert_missing(&ask_tag(&liar), "serves content with the digest");
}

#[test]
fn finds_a_layer_of_another_length_and_a_lost_one() {
    let liar = registry(|request, _| (request.method == "HEAD").then(|| Reply::ok("").length(4711)));
    assert_missing(&ask_tag(&liar), "has a layer of 4711 bytes, the manifest says 17");
    let liar = registry(|request, _| (request.method == "HEAD").then(Reply::missing));
    assert_missing(&ask_tag(&liar), "lacks the chart archive");
    let liar = registry(|request, chart| {
        request
            .path
            .ends_with(&sha256(&chart.config))
            .then(Reply::missing)
    });
    assert_missing(&ask_tag(&liar), "lacks the config");
}

#[test]
fn finds_a_manifest_cut_short_by_its_length() {
    let liar = registry(|request, chart| {
        let lie = Reply::ok(chart.manifest.clone())
            .with("Docker-Content-Digest", sha256(&chart.manifest))
            .length(20);
        request.path.ends_with("manifests/1.2.3").then_some(lie)
    });
    assert_missing(&ask_tag(&liar), "serves a manifest with the digest");
}

#[test]
fn finds_what_is_no_chart_or_another_version() {
    let image = |request: &crate::liar::Request, chart: &Chart| {
        let manifest =
            String::from_utf8_lossy(&chart.manifest).replace("cncf.helm.config", "oci.image.config");
        request
            .path
            .ends_with("manifests/1.2.3")
            .then(|| Reply::ok(manifest))
    };
    assert_missing(&ask_tag(&registry(image)), "no helm chart");
    let other = Chart::new("1.3.0");
    let liar = Liar::start(move |request| other.answer("1.2.3", request));
    assert_missing(&ask_tag(&liar), "the tag `1.2.3` holds the chart version `1.3.0`");
    let liar = registry(|request, _| {
        request
            .path
            .ends_with("manifests/1.2.3")
            .then(|| Reply::ok("<html>"))
    });
    assert_missing(&ask_tag(&liar), "no OCI manifest");
}

#[test]
fn follows_one_index_but_no_second() {
    let index = |digest: &str| {
        let entry = format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":1}}"#
        );
        format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#)
    };
    let liar = registry(move |request, chart| {
        request
            .path
            .ends_with("manifests/1.2.3")
            .then(|| Reply::ok(index(&sha256(&chart.manifest))))
    });
    assert_there(&ask_tag(&liar), "1.2.3");
    let inner = index(&sha256(b"x"));
    let outer = index(&sha256(inner.as_bytes()));
    let liar = registry(move |request, _| {
        let body = if request.path.ends_with("manifests/1.2.3") {
            outer.clone()
        } else {
            inner.clone()
        };
        request.path.contains("/manifests/").then(|| Reply::ok(body))
    });
    assert_missing(&ask_tag(&liar), "an index in an index");
}
