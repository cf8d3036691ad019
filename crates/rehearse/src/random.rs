//! Tokens that nobody can guess, and the key that service accounts are signed with.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

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

/// A fresh private key, PKCS #8 in PEM.
pub(crate) fn signing_key() -> Result<String, RehearseError> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
        .map_err(|_| none())?;
    let text = STANDARD.encode(key.as_ref());
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    Ok(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    ))
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
        let key = signing_key().unwrap();
        assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n") && key.lines().all(|line| line.len() <= 64));
    }
}
