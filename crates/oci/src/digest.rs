//! Content digests: their syntax, and whether bytes have them.

use sha2::{Digest as _, Sha256, Sha512};

/// Whether this is a digest that can be checked: `sha256:` or `sha512:` and lower-case hex of the right length.
///
/// Digests of a manifest become parts of URLs, so nothing else may pass.
pub(crate) fn is_digest(text: &str) -> bool {
    let digits = match text.split_once(':') {
        Some(("sha256", digits)) if digits.len() == 64 => digits,
        Some(("sha512", digits)) if digits.len() == 128 => digits,
        _ => return false,
    };
    digits
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The digest of `bytes` in the algorithm of `like`; sha256 where `like` names none that is known.
pub(crate) fn digest_like(like: &str, bytes: &[u8]) -> String {
    if like.starts_with("sha512:") {
        format!("sha512:{}", hex(&Sha512::digest(bytes)))
    } else {
        sha256(bytes)
    }
}

/// The sha256 digest of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 0xf] {
            text.push(
                DIGITS
                    .get(usize::from(half))
                    .map_or('0', |digit| char::from(*digit)),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_digests_and_refuses_path_tricks() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        assert!(is_digest(empty));
        assert!(is_digest(&digest_like("sha512:", b"a")));
        for text in [
            "",
            "sha256:",
            "sha256:x/../../manifests/1",
            "md5:00",
            &empty.to_uppercase(),
            &empty[..70],
        ] {
            assert!(!is_digest(text), "{text}");
        }
    }
}
