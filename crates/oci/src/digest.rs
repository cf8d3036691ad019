//! Content digests: their syntax, and whether bytes have them.

use ring::digest::{Context, SHA256, SHA512};

/// Reads bytes piece by piece and says their digest.
pub(crate) struct Hasher {
    algorithm: &'static str,
    context: Context,
}

impl Hasher {
    /// In the algorithm of `like`; sha256 where `like` names none that is known.
    pub(crate) fn like(like: &str) -> Self {
        let (algorithm, context) = if like.starts_with("sha512:") {
            ("sha512", Context::new(&SHA512))
        } else {
            ("sha256", Context::new(&SHA256))
        };
        Self { algorithm, context }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(crate) fn finish(self) -> String {
        format!("{}:{}", self.algorithm, hex(self.context.finish().as_ref()))
    }
}

/// Whether this is a digest that can be checked: `sha256:` or `sha512:` and lower-case hex of the right length.
///
/// Digests of a manifest become parts of URLs, so nothing else may pass.
pub fn is_digest(text: &str) -> bool {
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
    let mut hasher = Hasher::like(like);
    hasher.update(bytes);
    hasher.finish()
}

/// The sha256 digest of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest_like("sha256:", bytes)
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
