//! The certificate authorities of a `trusted_root.json`, and whether a certificate comes from one of them.
//!
//! The format is sigstore's TrustedRoot as JSON: <https://github.com/sigstore/protobuf-specs>.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, UnixTime};
use serde::Deserialize;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// `1.3.6.1.5.5.7.3.3`, code signing, as it stands in DER.
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrustedRoot {
    #[serde(default)]
    certificate_authorities: Vec<Authority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authority {
    cert_chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    raw_bytes: String,
}

/// Certificate authorities that sign the certificates of keyless signatures.
#[derive(Debug)]
pub(super) struct Authorities {
    roots: Vec<CertificateDer<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads a `trusted_root.json`; a reason where it holds no authority.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let root: TrustedRoot = serde_json::from_str(text)
            .map_err(|_| "`trusted_root.json` is no trusted root of sigstore".to_owned())?;
        let mut authorities = Self {
            roots: Vec::new(),
            intermediates: Vec::new(),
        };
        for authority in root.certificate_authorities {
            let certificates: Vec<_> = authority
                .cert_chain
                .certificates
                .iter()
                .filter_map(|raw| STANDARD.decode(&raw.raw_bytes).ok())
                .map(CertificateDer::from)
                .collect();
            // The root comes last.
            if let Some((root, intermediates)) = certificates.split_last() {
                authorities.roots.push(root.clone());
                authorities.intermediates.extend(intermediates.iter().cloned());
            }
        }
        if authorities.roots.is_empty() {
            return Err("`trusted_root.json` holds no certificate authority".to_owned());
        }
        Ok(authorities)
    }

    /// Whether a certificate leads to one of the roots, at a time counted from 1970.
    pub(super) fn issued(&self, der: &[u8], chain: &[Vec<u8>], at: Duration) -> bool {
        let der = CertificateDer::from(der);
        let Ok(certificate) = EndEntityCert::try_from(&der) else {
            return false;
        };
        let anchors: Vec<_> = self
            .roots
            .iter()
            .filter_map(|root| anchor_from_trusted_cert(root).ok())
            .collect();
        let sent = chain.iter().map(|der| CertificateDer::from(der.as_slice()));
        let intermediates: Vec<_> = self.intermediates.iter().cloned().chain(sent).collect();
        certificate
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                &intermediates,
                UnixTime::since_unix_epoch(at),
                // Authorities need not say what they sign; the certificate itself is asked elsewhere.
                KeyUsage::required_if_present(CODE_SIGNING),
                None,
                None,
            )
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_authority_is_no_trusted_root() {
        for (text, part) in [
            ("", "no trusted root"),
            ("[1]", "no trusted root"),
            ("{}", "no certificate authority"),
            (
                r#"{"certificateAuthorities":[{"certChain":{"certificates":[]}}]}"#,
                "no certificate authority",
            ),
            (
                r#"{"certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"!"}]}}]}"#,
                "no certificate authority",
            ),
        ] {
            let error = Authorities::read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
