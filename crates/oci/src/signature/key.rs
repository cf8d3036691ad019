//! Whether a signature fits a public key.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::{Error, RawPublicKeyEntity, ring as algorithms};

use super::Key;

/// How cosign signs with the keys that it makes and accepts; it hashes with SHA-256 whatever the curve, and newer ones with the curve's own.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
];

/// Whether a signature was made with a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    /// The key is of a kind that is not known here.
    CannotTell,
}

/// A key that can be asked.
#[derive(Debug)]
pub(super) struct PublicKey(SubjectPublicKeyInfoDer<'static>);

impl PublicKey {
    /// Reads a key's PEM; a reason where that cannot be done.
    pub(super) fn read(key: &Key) -> Result<Self, String> {
        SubjectPublicKeyInfoDer::from_pem_slice(key.pem.as_bytes())
            .ok()
            .filter(|der| RawPublicKeyEntity::try_from(der).is_ok())
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "`{}` is no PEM public key, wanted `-----BEGIN PUBLIC KEY-----`",
                    key.name
                )
            })
    }

    pub(super) fn fits(&self, message: &[u8], signature: &[u8]) -> Fit {
        match RawPublicKeyEntity::try_from(&self.0) {
            Ok(key) => fit(|algorithm| key.verify_signature(algorithm, message, signature)),
            Err(_) => Fit::CannotTell,
        }
    }
}

/// Asks with every algorithm; those for other kinds of keys say nothing.
pub(super) fn fit(verify: impl Fn(&dyn SignatureVerificationAlgorithm) -> Result<(), Error>) -> Fit {
    let mut fit = Fit::CannotTell;
    for algorithm in ALGORITHMS {
        match verify(*algorithm) {
            Ok(()) => return Fit::Yes,
            Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
            Err(_) => fit = Fit::No,
        }
    }
    fit
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SigningKey as _};

    use super::*;

    fn public(pair: &KeyPair) -> PublicKey {
        PublicKey::read(&Key {
            name: "cosign.pub".to_owned(),
            pem: pair.public_key_pem(),
        })
        .unwrap()
    }

    #[test]
    fn signatures_fit_the_key_that_made_them_and_no_other() {
        for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            let pair = KeyPair::generate_for(algorithm).unwrap();
            let other = KeyPair::generate_for(algorithm).unwrap();
            let signature = pair.sign(b"payload").unwrap();
            assert_eq!(public(&pair).fits(b"payload", &signature), Fit::Yes);
            assert_eq!(public(&pair).fits(b"payloae", &signature), Fit::No);
            assert_eq!(public(&pair).fits(b"payload", &signature[1..]), Fit::No);
            assert_eq!(public(&other).fits(b"payload", &signature), Fit::No);
        }
    }

    #[test]
    fn what_is_no_key_says_so() {
        // A certificate, an empty file, a curve's key cut short.
        for pem in [
            "",
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
        ] {
            let key = Key {
                name: "a.pub".to_owned(),
                pem: pem.to_owned(),
            };
            let error = PublicKey::read(&key).unwrap_err();
            assert!(error.starts_with("`a.pub` is no PEM public key"), "{error}");
        }
    }
}
