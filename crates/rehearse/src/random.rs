//! Tokens that nobody can guess, and the key that service accounts are signed with.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use crate::error::RehearseError;

/// `bytes` random bytes as lower-case hex digits.
pub(crate) fn hex(bytes: usize) -> Result<String, RehearseError> {
    let mut buffer = vec![0; bytes];
    SystemRandom::new().fill(&mut buffer).map_err(|_| none())?;
    Ok(buffer.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// A number below `limit`.
pub(crate) fn below(limit: u16) -> Result<u16, RehearseError> {
    let mut buffer = [0; 4];
    SystemRandom::new().fill(&mut buffer).map_err(|_| none())?;
    let number = u32::from_le_bytes(buffer) % u32::from(limit.max(1));
    Ok(number as u16)
}

/// What stands before the point of a P-256 key in a SubjectPublicKeyInfo (RFC 5480).
const PUBLIC_KEY: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A fresh pair of keys in PEM, private (PKCS #8) and public.
pub(crate) fn signing_keys() -> Result<(String, String), RehearseError> {
    let random = SystemRandom::new();
    let private =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(|_| none())?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, private.as_ref(), &random)
        .map_err(|_| none())?;
    let mut public = PUBLIC_KEY.to_vec();
    public.extend(pair.public_key().as_ref());
    Ok((pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", &public)))
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN {what}-----\n{}\n-----END {what}-----\n",
        lines.join("\n")
    )
}

fn none() -> RehearseError {
    RehearseError::Spawn {
        part: "random numbers".to_owned(),
        cause: std::io::Error::other("the system gives none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_keys_are_pem() {
        assert_ne!(hex(16).unwrap(), hex(16).unwrap());
        assert_eq!(hex(16).unwrap().len(), 32);
        assert!(below(3).unwrap() < 3);
        let (key, public) = signing_keys().unwrap();
        assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\nMFkw"), "{public}");
        assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n") && key.lines().all(|line| line.len() <= 64));
    }
}
