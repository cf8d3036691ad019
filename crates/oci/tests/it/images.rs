//! Images: there with which platforms, missing, or unknown.

use oci::{ImageRequest, ImageVerdict, Options};

use crate::chart::{Chart, options, registry, sha256};
use crate::liar::{Liar, Reply};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn ask(reference: &str, options: &Options) -> ImageVerdict {
    let reference = reference.to_owned();
    oci::images(&[ImageRequest { reference }], options).remove(0)
}

/// An image's config and manifest.
fn image(architecture: &str) -> (String, String) {
    let config = format!(r#"{{"os":"linux","architecture":"{architecture}","variant":"v8","rootfs":{{}}}}"#);
    let part = |media_type: &str, bytes: &str| serde_json::json!({"mediaType": media_type, "digest": sha256(bytes.as_bytes()), "size": bytes.len()});
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": part("application/vnd.oci.image.config.v1+json", &config),
        "layers": [part("application/vnd.oci.image.layer.v1.tar+gzip", "a layer")],
    });
    (config, manifest.to_string())
}

/// An index over three platforms and an attestation.
fn index() -> String {
    let entry = |os: &str, architecture: &str| serde_json::json!({"mediaType": MANIFEST, "digest": sha256(architecture.as_bytes()), "size": 3, "platform": {"os": os, "architecture": architecture}});
    let entries = [
        entry("linux", "s390x"),
        entry("linux", "amd64"),
        entry("linux", "arm64"),
        entry("unknown", "unknown"),
    ];
    serde_json::json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}).to_string()
}

/// `org/app` with `single`, `multi` and two versions, and where `single` was before.
fn app() -> Liar {
    let (config, single) = image("arm64");
    let index = index();
    Liar::start(move |request| {
        let path = request.path.split('?').next().unwrap_or_default();
        let Some(rest) = path.strip_prefix("/v2/org/app/") else {
            return Reply::missing();
        };
        let named = |names: &[&str], text: &String| {
            let known = names.iter().any(|name| rest == format!("manifests/{name}"));
            (known || rest == format!("manifests/{}", sha256(text.as_bytes())))
                .then(|| Reply::ok(text.clone()))
        };
        if rest == "tags/list" {
            return Reply::ok(r#"{"tags":["1.0.0","1.1.0","multi","single"]}"#);
        }
        if rest == format!("blobs/{}", sha256(config.as_bytes())) {
            return Reply::ok(config.clone());
        }
        let found = named(&["single", "1.0.0"], &single).or_else(|| named(&["multi", "1.1.0"], &index));
        found.unwrap_or_else(Reply::missing)
    })
}

#[test]
fn names_digest_and_platforms() {
    let liar = app();
    let host = liar.host();
    let (_, single) = image("arm64");
    let there = |text: &str, platforms: &[&str]| ImageVerdict::There {
        digest: sha256(text.as_bytes()),
        platforms: platforms.iter().map(|name| (*name).to_owned()).collect(),
        tag: None,
    };
    let multi = there(&index(), &["linux/amd64", "linux/arm64", "linux/s390x"]);
    assert_eq!(ask(&format!("{host}/org/app:multi"), &options()), multi);
    let single = there(&single, &["linux/arm64/v8"]);
    assert_eq!(ask(&format!("{host}/org/app:single"), &options()), single);
    let through_mirror = Options {
        mirrors: vec![("quay.io".to_owned(), host.clone())],
        ..options()
    };
    assert_eq!(ask("quay.io/org/app:single", &through_mirror), single);
    assert_eq!(liar.count(&sha256(b"a layer")), 0, "layers are not looked at");
}

#[test]
fn tells_a_tag_that_is_not_there_from_a_repository_that_is_not() {
    let liar = app();
    let ImageVerdict::Missing { reason, nearest } =
        ask(&format!("{}/org/app:1.0.5", liar.host()), &options())
    else {
        panic!("there")
    };
    assert_eq!(reason, format!("`{}/org/app` has no tag `1.0.5`", liar.host()));
    assert_eq!(nearest, ["1.0.0", "1.1.0"]);
    let missing = |reference: &str| match ask(reference, &options()) {
        ImageVerdict::Missing { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert!(missing(&format!("{}/org/other", liar.host())).starts_with("no repository"));
    assert_eq!(
        missing("nginx:${TAG}"),
        "`nginx:${TAG}` is no image reference: invalid reference format"
    );
}

#[test]
fn compares_a_tag_with_the_digest_beside_it() {
    let liar = app();
    let digest = sha256(image("arm64").1.as_bytes());
    let tag = |tag: &str| match ask(&format!("{}/org/app:{tag}@{digest}", liar.host()), &options()) {
        ImageVerdict::There {
            digest: found, tag, ..
        } => {
            assert_eq!(found, digest);
            tag
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(tag("single"), None);
    let moved = format!("the tag `multi` leads to `{}`", sha256(index().as_bytes()));
    assert_eq!(tag("multi"), Some(moved));
    assert_eq!(
        tag("gone"),
        Some(format!("`{}/org/app` has no tag `gone`", liar.host()))
    );
}

#[test]
fn finds_what_is_no_image_or_another_one() {
    let chart = registry(|_, _| None);
    let verdict = ask(&format!("{}/charts/demo:1.2.3", chart.host()), &options());
    assert!(
        format!("{verdict:?}").contains("holds a helm chart, no image"),
        "{verdict:?}"
    );
    let pinned = sha256(b"the one that was reviewed");
    let liar = registry(|_, chart| Some(Reply::ok(Chart::new("1").manifest).with("X", sha256(&chart.layer))));
    let verdict = ask(&format!("{}/a@{pinned}", liar.host()), &options());
    assert!(
        matches!(&verdict, ImageVerdict::Missing { reason, .. } if reason.contains(&pinned)),
        "{verdict:?}"
    );
}

#[test]
fn cannot_tell_without_access_or_a_network() {
    let liar = Liar::start(|_| Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""));
    let reference = format!("{}/org/app", liar.host());
    let verdict = ask(&reference, &options());
    assert!(
        matches!(&verdict, ImageVerdict::Unknown { reason } if reason.contains("(401)")),
        "{verdict:?}"
    );
    let seen = liar.requests().len();
    let offline = Options {
        offline: true,
        ..options()
    };
    assert!(matches!(ask(&reference, &offline), ImageVerdict::Unknown { .. }));
    assert_eq!(liar.requests().len(), seen);
}
