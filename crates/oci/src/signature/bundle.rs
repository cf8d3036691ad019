//! A sigstore bundle: the JSON in which cosign 3 keeps a signature, `application/vnd.dev.sigstore.bundle.v0.3+json`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::artifact::{Signed, Signer};
use super::claim;

/// What all versions' media types begin with.
pub(super) const MEDIA_TYPE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
const STATEMENT: &str = "application/vnd.in-toto+json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    #[serde(default)]
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(default)]
    certificate: Option<Certificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    sig: String,
}

/// Reads a bundle; none for what cosign passes over: no bundle, or one of a version before 0.3.
pub(super) fn read(place: &str, bytes: &[u8]) -> Option<Result<Signed, String>> {
    let bundle: Bundle = serde_json::from_slice(bytes).ok()?;
    let old = ["0.1", "0.2"]
        .iter()
        .any(|version| bundle.media_type.ends_with(&format!("version={version}")));
    if old || !bundle.media_type.starts_with(MEDIA_TYPE_PREFIX) {
        return None;
    }
    Some(signed(place, bundle))
}

fn signed(place: &str, bundle: Bundle) -> Result<Signed, String> {
    let envelope = bundle
        .dsse_envelope
        .ok_or("it holds no DSSE envelope, and Flux takes no other content")?;
    let [signature] = envelope.signatures.as_slice() else {
        let count = envelope.signatures.len();
        return Err(format!("its envelope has {count} signatures, wanted 1"));
    };
    let bytes = |what: &str, text: &str| {
        STANDARD
            .decode(text)
            .map_err(|_| format!("its {what} is no base64"))
    };
    let payload = bytes("payload", &envelope.payload)?;
    let claims = if envelope.payload_type == STATEMENT {
        claim::statement(&payload)?
    } else {
        return Err(format!("its payload is no `{STATEMENT}`"));
    };
    let signer = match bundle.verification_material.certificate {
        Some(certificate) => Signer::Certificate {
            der: bytes("certificate", &certificate.raw_bytes)?,
            chain: Vec::new(),
        },
        None => Signer::Key,
    };
    Ok(Signed {
        place: place.to_owned(),
        message: pre_authentication(&envelope.payload_type, &payload),
        signature: bytes("signature", &signature.sig)?,
        claims,
        signer,
        bundle: true,
    })
}

/// The bytes that a DSSE signature covers: <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(media_type: &str, envelope: &str) -> String {
        format!(
            r#"{{"mediaType":"{media_type}","verificationMaterial":{{"publicKey":{{"hint":"x"}},"tlogEntries":[]}},{envelope}}}"#
        )
    }

    const V3: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

    #[test]
    fn covers_type_and_payload_as_dsse_says() {
        // The protocol's own test vector.
        assert_eq!(
            pre_authentication("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn passes_over_what_cosign_passes_over() {
        let old = "application/vnd.dev.sigstore.bundle+json;version=0.2";
        assert!(read("p", bundle(old, r#""x":1"#).as_bytes()).is_none());
        assert!(read("p", b"{}").is_none());
        assert!(read("p", b"no json").is_none());
        assert!(read("p", bundle("application/json", r#""x":1"#).as_bytes()).is_none());
    }

    #[test]
    fn says_why_a_bundle_cannot_count() {
        let why = |envelope: &str| read("p", bundle(V3, envelope).as_bytes()).unwrap().unwrap_err();
        assert!(why(r#""messageSignature":{}"#).contains("no DSSE envelope"));
        let envelope = |kind: &str, payload: &str, signatures: &str| {
            format!(
                r#""dsseEnvelope":{{"payload":"{payload}","payloadType":"{kind}","signatures":[{signatures}]}}"#
            )
        };
        assert!(why(&envelope(STATEMENT, "e30=", "")).contains("0 signatures"));
        assert!(why(&envelope(STATEMENT, "!", r#"{"sig":""}"#)).contains("payload is no base64"));
        assert!(
            why(&envelope("text/plain", "e30=", r#"{"sig":""}"#)).contains("no `application/vnd.in-toto")
        );
        assert!(why(&envelope(STATEMENT, "e30=", r#"{"sig":""}"#)).contains("no in-toto statement"));
    }
}
