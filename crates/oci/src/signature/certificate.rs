//! A keyless signature's certificate: whose it is, and whether it fits the identities that a source asks for.
//!
//! Issuer and names are read as cosign reads them: Fulcio's extensions
//! (<https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>) and the subject alternative names.

use std::time::Duration;

use regex::Regex;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_cert::Certificate as X509;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

use super::Identity;
use super::key::{Fit, fit};
use crate::failure::quote;

/// The issuer as DER.
const ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
/// The issuer as bare bytes, in older certificates.
const ISSUER_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// The type of a name that is neither address nor URI.
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// What a certificate says.
#[derive(Debug)]
pub(super) struct Certificate {
    /// Its subject alternative names.
    pub(super) subjects: Vec<String>,
    /// Who vouched for them; empty where that is not said.
    pub(super) issuer: String,
    /// The start of its validity, counted from 1970.
    pub(super) not_before: Duration,
    /// It may be used to sign code.
    pub(super) signs_code: bool,
}

impl Certificate {
    /// Reads a certificate's DER; none where it is none.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let certificate = X509::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        let extension = |wanted: ObjectIdentifier| {
            let all = body.extensions()?;
            let found = all.iter().find(|extension| extension.extn_id == wanted)?;
            Some(found.extn_value.as_bytes())
        };
        let issuer = match (extension(ISSUER), extension(ISSUER_BARE)) {
            (Some(der), _) => Utf8StringRef::from_der(der).ok()?.as_str().to_owned(),
            (None, Some(bare)) => String::from_utf8_lossy(bare).into_owned(),
            (None, None) => String::new(),
        };
        let names = body.get_extension::<SubjectAltName>().ok()?;
        let names = names.map(|(_, names)| names.0).unwrap_or_default();
        let usage = body.get_extension::<ExtendedKeyUsage>().ok()?;
        Some(Self {
            signs_code: usage.is_some_and(|(_, usage)| usage.0.contains(&CODE_SIGNING)),
            subjects: names.iter().filter_map(name).collect(),
            issuer,
            not_before: body.validity().not_before.to_unix_duration(),
        })
    }

    /// Whether one of the identities is this certificate's; a reason where an expression cannot be read here.
    pub(super) fn matches(&self, identities: &[Identity]) -> Result<bool, String> {
        for identity in identities {
            let issuer = expression(&identity.issuer)?;
            let subject = expression(&identity.subject)?;
            let subject_fits =
                identity.subject.is_empty() || self.subjects.iter().any(|name| subject.is_match(name));
            if subject_fits && issuer.is_match(&self.issuer) {
                return Ok(true);
            }
        }
        Ok(identities.is_empty())
    }

    /// Its names and issuer, in words.
    pub(super) fn words(&self) -> String {
        let names: Vec<String> = self
            .subjects
            .iter()
            .map(|name| format!("`{}`", quote(name)))
            .collect();
        format!("subject {} of issuer `{}`", names.join(", "), quote(&self.issuer))
    }
}

/// Whether a signature was made with a certificate's key.
pub(super) fn fits(der: &[u8], message: &[u8], signature: &[u8]) -> Fit {
    let der = CertificateDer::from(der);
    match EndEntityCert::try_from(&der) {
        Ok(certificate) => fit(|algorithm| certificate.verify_signature(algorithm, message, signature)),
        Err(_) => Fit::CannotTell,
    }
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Rfc822Name(text)
        | GeneralName::DnsName(text)
        | GeneralName::UniformResourceIdentifier(text) => Some(text.to_string()),
        GeneralName::OtherName(other) if other.type_id == USER_NAME => {
            let der = other.value.to_der().ok()?;
            Some(Utf8StringRef::from_der(&der).ok()?.as_str().to_owned())
        }
        _ => None,
    }
}

/// Go's expressions and ours differ in rare syntax, so one that does not parse here may well parse there.
fn expression(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|_| format!("`{text}` is no regular expression that can be read here"))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SigningKey as _};

    use super::*;

    #[test]
    fn a_certificate_with_any_byte_changed_ends_no_run() {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["demo.example.org".to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let signature = key.sign(b"payload").unwrap();
        assert_eq!(fits(&der, b"payload", &signature), Fit::Yes);
        let whole = Certificate::read(&der).unwrap();
        assert_eq!(
            (whole.subjects, whole.signs_code),
            (vec!["demo.example.org".to_owned()], false)
        );
        for at in 0..der.len() {
            assert!(Certificate::read(&der[..at]).is_none());
            for change in [0x01, 0x80, 0xff] {
                let mut broken = der.clone();
                broken[at] ^= change;
                if let Some(certificate) = Certificate::read(&broken) {
                    assert!(certificate.matches(&[]).is_ok());
                }
                let _ = fits(&broken, b"payload", &signature);
            }
        }
    }
}
