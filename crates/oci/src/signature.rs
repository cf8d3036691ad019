//! Signatures of charts: what `spec.verify` demands, and whether what lies in the registry fulfills it.
//!
//! Read as source-controller reads it (its `internal/oci/cosign`, which calls cosign 3): sigstore bundles among the
//! manifest's referrers first, and where there are none, the artifact behind the tag `sha256-<hex>.sig`. Stricter in one
//! point: a signature counts only when the signed bytes name the manifest's digest.

mod artifact;
mod bundle;
mod certificate;
mod check;
mod claim;
mod key;
mod root;
mod run;

use serde::Serialize;

pub(crate) use check::check;
pub use run::{SignedResult, chart_yaml, preflight_signed};

/// What a source's `spec.verify` demands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Provider cosign with `secretRef`: a signature by any of these keys.
    Keys(Vec<Key>),
    /// Provider cosign without `secretRef`: a signature with a certificate of one of these identities; any where there are none.
    Identities {
        /// `matchOIDCIdentity`.
        any_of: Vec<Identity>,
        /// Whom the certificate must come from.
        roots: Roots,
    },
    /// Provider notation.
    Notation,
    /// It cannot be told what is demanded, such as keys in an encrypted Secret; the reason.
    Unreadable(String),
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What a verdict calls it, such as the Secret's entry `cosign.pub`.
    pub name: String,
    /// PEM: `-----BEGIN PUBLIC KEY-----`.
    pub pem: String,
}

/// Who may have signed: regular expressions that need not match from end to end; an empty one matches everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Over the issuer of the identity.
    pub issuer: String,
    /// Over the certificate's subject alternative names, one of which must match.
    pub subject: String,
}

/// The certificate authorities of keyless signatures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Roots {
    /// Sigstore's public ones, which are not known here.
    Public,
    /// The text of a `trusted_root.json`.
    Given(String),
    /// `trustedRootSecretRef` names what cannot be read; the reason.
    Unreadable(String),
}

/// Whether a chart is signed as its source demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SignatureVerdict {
    /// A key of the policy signed the manifest's digest.
    Verified {
        /// The key's name.
        by: String,
    },
    /// A signature fits the policy as far as it can be looked at here. Flux looks at the rest, too.
    PartlyVerified {
        /// What was verified, in words.
        verified: Vec<String>,
        /// What was not, in words.
        unverified: Vec<String>,
    },
    /// Flux refuses the chart.
    NotVerified {
        /// Why, in words.
        reason: String,
    },
    /// Nobody can tell from here.
    Unknown {
        /// Why, in words.
        reason: String,
    },
}

impl SignatureVerdict {
    fn not_verified(reason: impl Into<String>) -> Self {
        Self::NotVerified {
            reason: reason.into(),
        }
    }

    fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown {
            reason: reason.into(),
        }
    }
}
