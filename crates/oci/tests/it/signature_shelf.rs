//! A registry with chart 1.2.3 in `charts/demo` and whatever signatures a test lays beside it, made as cosign makes them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci::signature::{Key, Policy, SignatureVerdict, preflight_signed};
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};

use crate::chart::{Chart, options, request, sha256, tag};
use crate::liar::{Liar, Reply, Request};

pub(crate) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const STATEMENT: &str = "application/vnd.in-toto+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// What the registry holds, by the end of its path: `manifests/1.2.3`, `blobs/sha256:..`, `referrers/sha256:..`.
pub(crate) struct Shelf {
    pub(crate) content: BTreeMap<String, Vec<u8>>,
    /// The digest of the chart's manifest.
    pub(crate) digest: String,
    /// Whether the referrers API is there; else they lie behind a tag.
    pub(crate) referrers_api: bool,
    /// The entries of the index of referrers.
    pub(crate) referrers: Vec<Value>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let chart = Chart::new("1.2.3");
        let mut shelf = Self {
            content: BTreeMap::new(),
            digest: sha256(&chart.manifest),
            referrers_api: true,
            referrers: Vec::new(),
        };
        shelf.blob(&chart.config);
        shelf.blob(&chart.layer);
        shelf.manifest("1.2.3", chart.manifest);
        shelf
    }

    pub(crate) fn blob(&mut self, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        self.content.insert(format!("blobs/{digest}"), bytes.to_vec());
        digest
    }

    pub(crate) fn manifest(&mut self, tag: &str, bytes: Vec<u8>) {
        self.content
            .insert(format!("manifests/{}", sha256(&bytes)), bytes.clone());
        self.content.insert(format!("manifests/{tag}"), bytes);
    }

    /// The tag of cosign's older signatures.
    pub(crate) fn signature_tag(&self) -> String {
        format!("{}.sig", self.digest.replace(':', "-"))
    }

    /// Signatures behind the tag: payload and annotations each.
    pub(crate) fn tagged(&mut self, signatures: &[(String, Value)]) {
        let layers: Vec<Value> = signatures
            .iter()
            .map(|(payload, annotations)| {
                let mut layer = self.descriptor(
                    "application/vnd.dev.cosign.simplesigning.v1+json",
                    payload.as_bytes(),
                );
                layer["annotations"] = annotations.clone();
                layer
            })
            .collect();
        let config = self.descriptor("application/vnd.oci.image.config.v1+json", b"{}");
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers});
        self.manifest(&self.signature_tag(), manifest.to_string().into_bytes());
    }

    /// An artifact that names the chart's manifest as its subject.
    pub(crate) fn referrer(&mut self, artifact_type: &str, content: &str) {
        let layer = self.descriptor(artifact_type, content.as_bytes());
        let config = self.descriptor("application/vnd.oci.empty.v1+json", b"{}");
        let manifest = json!({
            "schemaVersion": 2, "mediaType": IMAGE, "artifactType": artifact_type, "config": config, "layers": [layer],
            "subject": {"mediaType": IMAGE, "digest": self.digest, "size": 1},
        });
        let bytes = manifest.to_string().into_bytes();
        let digest = sha256(&bytes);
        self.referrers.push(
            json!({"mediaType": IMAGE, "digest": digest, "size": bytes.len(), "artifactType": artifact_type}),
        );
        self.content.insert(format!("manifests/{digest}"), bytes);
    }

    fn descriptor(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        json!({"mediaType": media_type, "digest": self.blob(bytes), "size": bytes.len()})
    }

    /// The registry, running; what is not there is answered with 404.
    pub(crate) fn serve(mut self) -> Liar {
        let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": self.referrers});
        let place = if self.referrers_api {
            format!("referrers/{}", self.digest)
        } else {
            format!("manifests/{}", self.digest.replace(':', "-"))
        };
        if self.referrers_api || !self.referrers.is_empty() {
            self.content.insert(place, index.to_string().into_bytes());
        }
        let content = self.content;
        Liar::start(move |request: &Request| {
            let path = request.path.strip_prefix("/v2/charts/demo/");
            match path.and_then(|path| content.get(path)) {
                Some(bytes) => Reply::ok(bytes.clone()),
                None => Reply::missing(),
            }
        })
    }

    /// The verdict on the signature under a policy.
    pub(crate) fn ask(self, policy: &Policy) -> SignatureVerdict {
        ask(&self.serve(), policy)
    }
}

pub(crate) fn ask(liar: &Liar, policy: &Policy) -> SignatureVerdict {
    let asked = [(request(&liar.host(), tag("1.2.3")), Some(policy.clone()))];
    preflight_signed(&asked, &options()).remove(0).signature.unwrap()
}

pub(crate) fn key(pair: &KeyPair) -> Policy {
    Policy::Keys(vec![Key {
        name: "cosign.pub".to_owned(),
        pem: pair.public_key_pem(),
    }])
}

/// cosign's older payload for a digest.
pub(crate) fn payload(digest: &str) -> String {
    let image = json!({"docker-manifest-digest": digest});
    let identity = json!({"docker-reference": "localhost/charts/demo"});
    json!({"critical": {"identity": identity, "image": image, "type": "cosign container image signature"}, "optional": null})
        .to_string()
}

pub(crate) fn sign(pair: &KeyPair, message: &[u8]) -> String {
    STANDARD.encode(pair.sign(message).unwrap())
}

/// A layer of the signature artifact.
pub(crate) fn signed(pair: &KeyPair, payload: &str) -> (String, Value) {
    let annotations = json!({"dev.cosignproject.cosign/signature": sign(pair, payload.as_bytes())});
    (payload.to_owned(), annotations)
}

/// cosign 3's statement about a digest.
pub(crate) fn statement(digest: &str) -> String {
    let (algorithm, hex) = digest.split_once(':').unwrap();
    json!({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "subject": [{"digest": {algorithm: hex}}], "predicate": {},
    })
    .to_string()
}

/// A bundle with a signed statement; the material says who signed.
pub(crate) fn bundle(pair: &KeyPair, statement: &str, material: &Value) -> Value {
    let message = format!(
        "DSSEv1 {} {STATEMENT} {} {statement}",
        STATEMENT.len(),
        statement.len()
    );
    json!({
        "mediaType": BUNDLE, "verificationMaterial": material,
        "dsseEnvelope": {
            "payload": STANDARD.encode(statement), "payloadType": STATEMENT,
            "signatures": [{"sig": sign(pair, message.as_bytes())}],
        },
    })
}

/// The material of a bundle that a key signed.
pub(crate) fn hint() -> Value {
    json!({"publicKey": {"hint": "demo"}, "tlogEntries": []})
}

#[track_caller]
pub(crate) fn assert_refused(verdict: &SignatureVerdict, part: &str) {
    assert!(
        matches!(verdict, SignatureVerdict::NotVerified { reason } if reason.contains(part)),
        "{verdict:?}"
    );
}

#[track_caller]
pub(crate) fn assert_open(verdict: &SignatureVerdict, part: &str) {
    assert!(
        matches!(verdict, SignatureVerdict::Unknown { reason } if reason.contains(part)),
        "{verdict:?}"
    );
}

#[track_caller]
pub(crate) fn assert_verified(verdict: &SignatureVerdict) {
    let by = "cosign.pub".to_owned();
    assert_eq!(*verdict, SignatureVerdict::Verified { by });
}
