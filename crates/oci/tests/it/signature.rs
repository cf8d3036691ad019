//! Signatures by keys, in both of cosign's forms, and notation's: each one that counts has its forgeries.

use oci::signature::{Key, Policy, SignatureVerdict, preflight_signed};
use oci::{Options, Verdict};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;

use crate::chart::{assert_there, options, request, sha256, tag};
use crate::liar::{Liar, Reply};
use crate::signature_shelf::{
    BUNDLE, Shelf, ask, assert_open, assert_refused, assert_verified, bundle, hint, key, payload, signed,
    statement,
};

fn pair() -> KeyPair {
    KeyPair::generate().unwrap()
}

#[test]
fn a_signature_behind_the_tag_counts_when_its_key_is_asked_for() {
    let (ours, theirs) = (pair(), pair());
    let shelf = || {
        let mut shelf = Shelf::new();
        let payload = payload(&shelf.digest);
        shelf.tagged(&[signed(&ours, &payload)]);
        shelf
    };
    assert_verified(&shelf().ask(&key(&ours)));
    assert_refused(
        &shelf().ask(&key(&theirs)),
        "was not made with the key of `cosign.pub`",
    );
    let mut old = shelf();
    old.referrers_api = false;
    assert_verified(&old.ask(&key(&ours)));
}

#[test]
fn a_signature_of_another_chart_does_not_count() {
    let ours = pair();
    let mut shelf = Shelf::new();
    let other = sha256(b"a chart that was signed once");
    shelf.tagged(&[signed(&ours, &payload(&other))]);
    assert_refused(
        &shelf.ask(&key(&ours)),
        &format!("is one of `{other}`, not of `sha256:"),
    );
}

#[test]
fn a_payload_changed_after_signing_does_not_count() {
    let ours = pair();
    let mut shelf = Shelf::new();
    let (_, annotations) = signed(&ours, &payload(&sha256(b"other")));
    let forged = payload(&shelf.digest);
    shelf.tagged(&[(forged, annotations)]);
    assert_refused(&shelf.ask(&key(&ours)), "was not made with the key");
}

#[test]
fn a_chart_without_a_signature_is_refused_by_name_of_the_tag() {
    let shelf = Shelf::new();
    let wanted = format!("no signature: neither a tag `{}`", shelf.signature_tag());
    assert_refused(&shelf.ask(&key(&pair())), &wanted);
}

#[test]
fn one_good_signature_among_bad_ones_is_enough_and_any_key_may_have_made_it() {
    let (ours, theirs, old) = (pair(), pair(), KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let mut shelf = Shelf::new();
    let payload = payload(&shelf.digest);
    shelf.tagged(&[
        ("no json".to_owned(), json!({})),
        signed(&theirs, &payload),
        (
            payload.clone(),
            json!({"dev.cosignproject.cosign/signature": "!"}),
        ),
        signed(&ours, &payload),
    ]);
    let liar = shelf.serve();
    let named = |name: &str, pair: &KeyPair| Key {
        name: name.to_owned(),
        pem: pair.public_key_pem(),
    };
    assert_verified(&ask(
        &liar,
        &Policy::Keys(vec![named("old.pub", &old), named("cosign.pub", &ours)]),
    ));
    let verdict = ask(&liar, &Policy::Keys(vec![named("old.pub", &old)]));
    assert_refused(&verdict, "signature 1 of `sha256-");
    assert_refused(&verdict, "is no base64");
}

#[test]
fn a_bundle_counts_and_hides_what_lies_behind_the_tag() {
    let (ours, theirs) = (pair(), pair());
    let shelf = |signer: &KeyPair, about: Option<String>| {
        let mut shelf = Shelf::new();
        let payload = payload(&shelf.digest);
        let statement = statement(&about.unwrap_or_else(|| shelf.digest.clone()));
        shelf.referrer(BUNDLE, &bundle(signer, &statement, &hint()).to_string());
        shelf.tagged(&[signed(&ours, &payload)]);
        shelf
    };
    assert_verified(&shelf(&ours, None).ask(&key(&ours)));
    let mut tagged = shelf(&ours, None);
    tagged.referrers_api = false;
    tagged.referrers[0]["artifactType"] = json!("application/vnd.oci.empty.v1+json");
    assert_verified(&tagged.ask(&key(&ours)));
    // Flux looks at bundles alone where there are some.
    assert_refused(
        &shelf(&theirs, None).ask(&key(&ours)),
        "was not made with the key",
    );
    let other = sha256(b"other");
    assert_refused(
        &shelf(&ours, Some(other.clone())).ask(&key(&ours)),
        &format!("is one of `{other}`"),
    );
}

#[test]
fn a_bundle_changed_after_signing_does_not_count() {
    let ours = pair();
    let mut shelf = Shelf::new();
    let good = bundle(&ours, &statement(&shelf.digest), &hint());
    let mut forged = bundle(&ours, &statement(&sha256(b"other")), &hint());
    forged["dsseEnvelope"]["payload"] = good["dsseEnvelope"]["payload"].clone();
    shelf.referrer(BUNDLE, &forged.to_string());
    assert_refused(&shelf.ask(&key(&ours)), "was not made with the key");
}

#[test]
fn other_referrers_do_not_hide_the_tag() {
    let ours = pair();
    let mut shelf = Shelf::new();
    let payload = payload(&shelf.digest);
    shelf.referrer("application/spdx+json", "{}");
    shelf.referrer(
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "no bundle at all",
    );
    let old = json!({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1", "verificationMaterial": {}});
    shelf.referrer(
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        &old.to_string(),
    );
    shelf.tagged(&[signed(&ours, &payload)]);
    assert_verified(&shelf.ask(&key(&ours)));
}

#[test]
fn notation_is_found_and_never_green() {
    let mut shelf = Shelf::new();
    shelf.referrer("application/vnd.cncf.notary.signature", "{}");
    assert_open(
        &shelf.ask(&Policy::Notation),
        "is there; notation's signatures are not verified here",
    );
    assert_refused(&Shelf::new().ask(&Policy::Notation), "has no notation signature");
}

#[test]
fn policies_that_cannot_be_read_are_open_and_empty_ones_refused() {
    let unreadable = Policy::Unreadable("the Secret is encrypted".to_owned());
    assert_open(&Shelf::new().ask(&unreadable), "the Secret is encrypted");
    assert_refused(&Shelf::new().ask(&Policy::Keys(Vec::new())), "ends in `.pub`");
    let broken = Policy::Keys(vec![Key {
        name: "cosign.pub".to_owned(),
        pem: "secret text".to_owned(),
    }]);
    let verdict = Shelf::new().ask(&broken);
    assert_open(&verdict, "`cosign.pub` is no PEM public key");
    assert!(!format!("{verdict:?}").contains("secret text"));
}

#[test]
fn a_registry_that_lies_about_signatures_convinces_nobody() {
    let ours = pair();
    let served = |lie: fn(&mut Shelf, String)| {
        let mut shelf = Shelf::new();
        let payload = payload(&shelf.digest);
        shelf.tagged(&[signed(&ours, &payload)]);
        let blob = format!("blobs/{}", sha256(payload.as_bytes()));
        lie(&mut shelf, blob);
        shelf.ask(&key(&ours))
    };
    let other = served(|shelf, blob| {
        let length = shelf.content[&blob].len();
        shelf.content.insert(blob, vec![b'x'; length]);
    });
    assert_refused(&other, "serves content with the digest");
    let lost = served(|shelf, blob| drop(shelf.content.remove(&blob)));
    assert_refused(&lost, "the registry lacks `sha256:");
    let html = served(|shelf, _| {
        let tag = shelf.signature_tag();
        shelf.manifest(&tag, b"<html>".to_vec());
    });
    assert_refused(&html, "what is there is no image manifest");
    let trick = served(|shelf, _| {
        let tag = shelf.signature_tag();
        let bytes = shelf.content.remove(&format!("manifests/{tag}")).unwrap();
        let text = String::from_utf8(bytes)
            .unwrap()
            .replace("sha256:", "sha256:/../");
        shelf.manifest(&tag, text.into_bytes());
    });
    assert_refused(&trick, "which is no digest");
}

#[test]
fn a_registry_that_does_not_answer_leaves_it_open() {
    let ours = pair();
    for part in ["/referrers/", ".sig"] {
        let chart = crate::chart::Chart::new("1.2.3");
        let liar = Liar::start(move |request| {
            if request.path.contains(part) {
                Reply::new(403, "")
            } else {
                chart.answer("1.2.3", request)
            }
        });
        assert_open(&ask(&liar, &key(&ours)), "refuses access");
    }
    let chart = crate::chart::Chart::new("1.2.3");
    let liar = Liar::start(move |request| {
        if request.path.contains("/referrers/") {
            let next = format!("<{}>; rel=\"next\"", request.path);
            Reply::ok(r#"{"manifests":[]}"#).with("Link", next)
        } else {
            chart.answer("1.2.3", request)
        }
    });
    assert_open(&ask(&liar, &key(&ours)), "pages of referrers");
}

#[test]
fn charts_and_signatures_are_asked_for_in_one_run() {
    let ours = pair();
    let mut shelf = Shelf::new();
    let payload = payload(&shelf.digest);
    shelf.tagged(&[signed(&ours, &payload)]);
    let liar = shelf.serve();
    let chart = request(&liar.host(), tag("1.2.3"));
    let asked = [
        (chart.clone(), None),
        (chart.clone(), Some(key(&ours))),
        (chart.clone(), Some(key(&pair()))),
        (request(&liar.host(), tag("9.9.9")), Some(key(&ours))),
    ];
    let results = preflight_signed(&asked, &options());
    assert_there(&results[0].chart.verdict, "1.2.3");
    assert_eq!(results[0].signature, None);
    assert_verified(results[1].signature.as_ref().unwrap());
    assert!(matches!(
        results[2].signature,
        Some(SignatureVerdict::NotVerified { .. })
    ));
    assert!(matches!(results[3].chart.verdict, Verdict::Missing { .. }));
    assert_open(results[3].signature.as_ref().unwrap(), "the chart was not found");
    assert_eq!(liar.count("manifests/1.2.3"), 1, "the chart is asked for once");
    let offline = Options {
        offline: true,
        ..options()
    };
    let before = liar.requests().len();
    let results = preflight_signed(&asked, &offline);
    assert!(
        results
            .iter()
            .all(|result| matches!(result.chart.verdict, Verdict::Unknown { .. }))
    );
    assert_eq!(liar.requests().len(), before);
}

#[test]
fn the_metadata_is_what_the_chart_says() {
    let liar = Shelf::new().serve();
    let shown = oci::signature::chart_yaml(&request(&liar.host(), tag("1.2.3")), &options()).unwrap();
    assert_eq!(shown["appVersion"], "3.1");
    let error = oci::signature::chart_yaml(&request(&liar.host(), tag("9.9.9")), &options()).unwrap_err();
    assert!(error.contains("9.9.9"), "{error}");
}
