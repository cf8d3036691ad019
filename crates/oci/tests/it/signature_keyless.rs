//! Keyless signatures: certificates of a stand-in for Fulcio, and everything that does not fit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci::signature::{Identity, Policy, Roots, SignatureVerdict};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use serde_json::{Value, json};

use crate::chart::sha256;
use crate::signature_shelf::{
    BUNDLE, Shelf, assert_open, assert_refused, bundle, payload, signed, statement,
};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const SUBJECT: &str = "https://github.com/coredns/helm/.github/workflows/release.yaml@refs/heads/master";

/// A certificate authority with one intermediate, as Fulcio has it.
struct Authority {
    root: Certificate,
    intermediate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn ca() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Authority {
    fn new() -> Self {
        let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let root = ca().self_signed(&root_key).unwrap();
        let mut params = ca();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "intermediate");
        let intermediate = params.signed_by(&key, &Issuer::new(ca(), root_key)).unwrap();
        Self {
            root,
            intermediate,
            issuer: Issuer::new(params, key),
        }
    }

    fn trusted_root(&self) -> String {
        let raw = |certificate: &Certificate| json!({"rawBytes": STANDARD.encode(certificate.der())});
        let chain = json!({"certificates": [raw(&self.intermediate), raw(&self.root)]});
        json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "certificateAuthorities": [{"certChain": chain}]})
            .to_string()
    }

    /// A certificate that was valid for ten minutes, some years ago.
    fn certificate(&self, key: &KeyPair, edit: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.not_before = rcgen::date_time_ymd(2024, 5, 1);
        params.not_after = rcgen::date_time_ymd(2024, 5, 2);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(SUBJECT).unwrap())];
        params.custom_extensions = vec![issuer(ISSUER)];
        edit(&mut params);
        params.signed_by(key, &self.issuer).unwrap()
    }
}

/// The extension 1.3.6.1.4.1.57264.1.8: a UTF8String in DER.
fn issuer(text: &str) -> CustomExtension {
    let der = [&[0x0c, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 8], der)
}

fn policy(issuer: &str, subject: &str, roots: Roots) -> Policy {
    Policy::Identities {
        any_of: vec![Identity {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        }],
        roots,
    }
}

fn ours() -> Policy {
    policy(
        "^https://token\\.actions\\.githubusercontent\\.com$",
        "coredns/helm/",
        Roots::Public,
    )
}

/// A signature behind the tag, with its certificate in PEM.
fn tagged(key: &KeyPair, certificate: &Certificate) -> Shelf {
    let mut shelf = Shelf::new();
    let (payload, mut annotations) = signed(key, &payload(&shelf.digest));
    annotations["dev.sigstore.cosign/certificate"] = Value::String(certificate.pem());
    shelf.tagged(&[(payload, annotations)]);
    shelf
}

#[track_caller]
fn partly(verdict: &SignatureVerdict) -> (String, String) {
    let SignatureVerdict::PartlyVerified { verified, unverified } = verdict else {
        panic!("{verdict:?}")
    };
    (verified.join("\n"), unverified.join("\n"))
}

#[test]
fn an_identity_that_matches_is_partly_verified_and_says_what_is_open() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let certificate = authority.certificate(&key, |_| {});
    let (verified, unverified) = partly(&tagged(&key, &certificate).ask(&ours()));
    assert!(
        verified.contains(SUBJECT) && verified.contains(ISSUER),
        "{verified}"
    );
    assert!(
        unverified.contains("Fulcio") && unverified.contains("Rekor"),
        "{unverified}"
    );
    let rooted = policy("", "", Roots::Given(authority.trusted_root()));
    let (verified, unverified) = partly(&tagged(&key, &certificate).ask(&rooted));
    assert!(
        verified.contains("leads to a root of `trusted_root.json`"),
        "{verified}"
    );
    assert!(
        !unverified.contains("Fulcio") && unverified.contains("Rekor"),
        "{unverified}"
    );
}

#[test]
fn other_identities_are_refused_by_name() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let certificate = authority.certificate(&key, |_| {});
    for (issuer, subject) in [
        ("^https://accounts\\.google\\.com$", "coredns/helm/"),
        ("", "^https://github\\.com/coredns/coredns/"),
        ("githubusercontent\\.org", ""),
    ] {
        let verdict = tagged(&key, &certificate).ask(&policy(issuer, subject, Roots::Public));
        assert_refused(&verdict, "which `matchOIDCIdentity` does not match");
        assert_refused(&verdict, SUBJECT);
    }
    let both = Policy::Identities {
        any_of: ["nobody", "coredns"]
            .map(|subject| Identity {
                issuer: String::new(),
                subject: subject.to_owned(),
            })
            .to_vec(),
        roots: Roots::Public,
    };
    partly(&tagged(&key, &certificate).ask(&both));
    let go = policy("", "\\Qcoredns\\E", Roots::Public);
    assert_open(
        &tagged(&key, &certificate).ask(&go),
        "no regular expression that can be read here",
    );
}

#[test]
fn a_certificate_without_issuer_or_names_matches_only_who_asks_for_nobody() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let bare = authority.certificate(&key, |params| {
        params.custom_extensions.clear();
        params.subject_alt_names.clear();
    });
    assert_refused(&tagged(&key, &bare).ask(&ours()), "does not match");
    let anybody = Policy::Identities {
        any_of: Vec::new(),
        roots: Roots::Public,
    };
    let (verified, _) = partly(&tagged(&key, &bare).ask(&anybody));
    assert!(verified.contains("anybody may have signed"), "{verified}");
}

#[test]
fn the_issuer_of_older_certificates_is_read_too() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let old = authority.certificate(&key, |params| {
        let bare =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 1], ISSUER.as_bytes().to_vec());
        params.custom_extensions = vec![bare];
        params.subject_alt_names = vec![SanType::Rfc822Name(
            Ia5String::try_from("coredns/helm/@example.org").unwrap(),
        )];
    });
    partly(&tagged(&key, &old).ask(&ours()));
}

#[test]
fn somebody_elses_certificate_does_not_count() {
    let authority = Authority::new();
    let (key, thief) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = authority.certificate(&key, |_| {});
    assert_refused(
        &tagged(&thief, &certificate).ask(&ours()),
        "was not made with the key of its certificate",
    );
    let mut shelf = Shelf::new();
    let (payload, mut annotations) = signed(&key, &payload(&sha256(b"other")));
    annotations["dev.sigstore.cosign/certificate"] = Value::String(certificate.pem());
    shelf.tagged(&[(payload, annotations)]);
    assert_refused(&shelf.ask(&ours()), "is one of `sha256:");
    let mut shelf = Shelf::new();
    let payload = crate::signature_shelf::payload(&shelf.digest);
    shelf.tagged(&[signed(&key, &payload)]);
    assert_refused(&shelf.ask(&ours()), "has no certificate");
}

#[test]
fn another_root_is_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    let key = KeyPair::generate().unwrap();
    let certificate = authority.certificate(&key, |_| {});
    let rooted = |authority: &Authority| policy("", "", Roots::Given(authority.trusted_root()));
    partly(&tagged(&key, &certificate).ask(&rooted(&authority)));
    assert_refused(
        &tagged(&key, &certificate).ask(&rooted(&other)),
        "leads to no root",
    );
    let server = authority.certificate(&key, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert_refused(
        &tagged(&key, &server).ask(&rooted(&authority)),
        "is not for signing code",
    );
    let unreadable = policy("", "", Roots::Unreadable("the Secret is encrypted".to_owned()));
    let (_, unverified) = partly(&tagged(&key, &certificate).ask(&unreadable));
    assert!(unverified.contains("the Secret is encrypted"), "{unverified}");
    assert_refused(
        &tagged(&key, &certificate).ask(&policy("", "", Roots::Given("{}".to_owned()))),
        "holds no certificate authority",
    );
}

#[test]
fn bundles_carry_certificates_too() {
    let authority = Authority::new();
    let (key, thief) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = authority.certificate(&key, |_| {});
    let material =
        json!({"certificate": {"rawBytes": STANDARD.encode(certificate.der())}, "tlogEntries": []});
    let shelf = |signer: &KeyPair| {
        let mut shelf = Shelf::new();
        let statement = statement(&shelf.digest);
        shelf.referrer(BUNDLE, &bundle(signer, &statement, &material).to_string());
        shelf
    };
    partly(&shelf(&key).ask(&ours()));
    assert_refused(
        &shelf(&thief).ask(&ours()),
        "was not made with the key of its certificate",
    );
    assert_refused(
        &shelf(&key).ask(&crate::signature_shelf::key(&key)),
        "was made with a certificate, wanted one by a key",
    );
}
