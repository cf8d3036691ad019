//! Names of objects.

use serde::Serialize;

use super::SpecError;

/// The longest DNS-1123 label.
const MAX_LABEL: usize = 63;

/// A DNS-1123 label: valid as the name of every kind and as a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// A name of at most 63 characters.
    pub fn new(name: &str) -> Result<Self, SpecError> {
        Self::at_most(name, MAX_LABEL)
    }

    /// A name of at most `limit` characters, for consumers that take fewer.
    pub fn at_most(name: &str, limit: usize) -> Result<Self, SpecError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let valid = name.len() <= limit
            && name.starts_with(plain)
            && name.ends_with(plain)
            && name.chars().all(|c| plain(c) || c == '-');
        if valid {
            Ok(Self(name.to_owned()))
        } else {
            Err(SpecError::Name {
                name: name.to_owned(),
                limit,
            })
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_the_api_server_refuses() {
        assert_eq!(Name::new("cilium-core").unwrap().as_str(), "cilium-core");
        let long = "a".repeat(64);
        for name in ["", "-a", "a-", "CoreDNS", "a.b", "a_b", "ü", long.as_str()] {
            assert!(Name::new(name).is_err(), "{name:?}");
        }
        assert!(Name::at_most("abcd", 3).is_err());
    }
}
