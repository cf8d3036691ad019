//! What signed bytes speak of: the digests in a simple-signing payload and in an in-toto statement.

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct SimpleSigning {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: Map<String, Value>,
}

/// The digest in a payload of cosign's older signatures.
pub(super) fn simple_signing(payload: &[u8]) -> Result<Vec<String>, String> {
    serde_json::from_slice::<SimpleSigning>(payload)
        .map(|signed| vec![signed.critical.image.digest])
        .map_err(|_| "its payload is no simple-signing document with a manifest digest".to_owned())
}

/// The digests of an in-toto statement's subjects.
pub(super) fn statement(payload: &[u8]) -> Result<Vec<String>, String> {
    let statement: Option<Statement> = serde_json::from_slice(payload).ok();
    let statement = statement
        .filter(|statement| statement.kind.starts_with("https://in-toto.io/Statement/"))
        .ok_or("its payload is no in-toto statement with subjects")?;
    let digests = statement.subject.iter().flat_map(|subject| &subject.digest);
    Ok(digests
        .filter_map(|(algorithm, hex)| Some(format!("{algorithm}:{}", hex.as_str()?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_name_their_digest() {
        let payload = br#"{"critical":{"identity":{"docker-reference":"x"},"image":{"docker-manifest-digest":"sha256:ab"},"type":"cosign container image signature"},"optional":null}"#;
        assert_eq!(simple_signing(payload).unwrap(), ["sha256:ab"]);
        for other in [
            &b"{}"[..],
            b"[]",
            b"\xff",
            br#"{"critical":{"image":"sha256:ab"}}"#,
        ] {
            assert!(simple_signing(other).is_err());
        }
    }

    #[test]
    fn statements_name_those_of_their_subjects() {
        let text = br#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://sigstore.dev/cosign/sign/v1","subject":[{"digest":{"sha256":"ab","sha512":"cd","odd":1}}]}"#;
        assert_eq!(statement(text).unwrap(), ["sha256:ab", "sha512:cd"]);
        assert!(statement(br#"{"_type":"https://example.org","subject":[]}"#).is_err());
        assert!(statement(b"{}").is_err());
    }
}
