//! The verdict on a manifest's signatures.

use super::artifact::{self, Found, Signed, Signer, tag_of};
use super::certificate::{self, Certificate};
use super::key::{Fit, PublicKey};
use super::root::Authorities;
use super::{Identity, Key, Policy, Roots, SignatureVerdict};
use crate::client::Registries;
use crate::endpoint::Endpoint;
use crate::failure::Failure;

/// How many refused signatures are named in a reason.
const NAMED: usize = 3;
/// What nobody verifies here about a keyless signature, beside its chain.
const LOG: &str = "that the signature stands in the transparency log (Rekor), and so was made while the certificate was valid";
const TIMESTAMP: &str = "that the certificate stands in the certificate transparency log";

/// What a single signature is worth.
enum Worth {
    By(String),
    Partly {
        verified: Vec<String>,
        unverified: Vec<String>,
    },
    Nothing(String),
    CannotTell(String),
}

/// Looks for the signatures of a manifest and judges them.
pub(crate) async fn check(
    registries: &Registries,
    endpoint: &Endpoint,
    digest: &str,
    policy: &Policy,
) -> SignatureVerdict {
    let mut endpoint = endpoint.clone();
    let mut judged = judge(registries, &endpoint, digest, policy).await;
    if endpoint.plain && matches!(judged, Err(Failure::SpeaksTls { .. })) {
        endpoint.plain = false;
        judged = judge(registries, &endpoint, digest, policy).await;
    }
    judged.unwrap_or_else(|failure| SignatureVerdict::unknown(registries.why(&endpoint, &failure)))
}

async fn judge(
    registries: &Registries,
    endpoint: &Endpoint,
    digest: &str,
    policy: &Policy,
) -> Result<SignatureVerdict, Failure> {
    match policy {
        Policy::Unreadable(reason) => Ok(SignatureVerdict::unknown(reason)),
        Policy::Notation => Ok(match artifact::notation(registries, endpoint, digest).await? {
            Some(found) => SignatureVerdict::unknown(format!(
                "the notation signature `{found}` is there; notation's signatures are not verified here"
            )),
            None => SignatureVerdict::not_verified(format!("`{digest}` has no notation signature")),
        }),
        Policy::Keys(keys) => match read_keys(keys) {
            Err(verdict) => Ok(verdict),
            Ok(keys) => {
                let found = artifact::cosign(registries, endpoint, digest).await?;
                Ok(verdict(&found, digest, |signed| by_key(signed, &keys)))
            }
        },
        Policy::Identities { any_of, roots } => {
            let authorities = match roots {
                Roots::Given(text) => match Authorities::read(text) {
                    Ok(authorities) => Ok(authorities),
                    Err(why) => return Ok(SignatureVerdict::not_verified(why)),
                },
                Roots::Public => Err(
                    "that the certificate comes from sigstore's Fulcio, whose roots are not known here"
                        .to_owned(),
                ),
                Roots::Unreadable(reason) => Err(format!("where the certificate comes from: {reason}")),
            };
            let found = artifact::cosign(registries, endpoint, digest).await?;
            Ok(verdict(&found, digest, |signed| {
                by_identity(signed, any_of, authorities.as_ref().map_err(String::as_str))
            }))
        }
    }
}

fn read_keys(keys: &[Key]) -> Result<Vec<(&str, PublicKey)>, SignatureVerdict> {
    if keys.is_empty() {
        return Err(SignatureVerdict::not_verified(
            "the Secret holds no entry that ends in `.pub`, so no signature can match",
        ));
    }
    let read = |key| PublicKey::read(key).map(|public| (key.name.as_str(), public));
    let keys = keys.iter().map(read).collect::<Result<_, _>>();
    // Flux stops at such an entry, or reads a form of key that is not known here.
    keys.map_err(SignatureVerdict::unknown)
}

fn verdict(found: &Found, digest: &str, worth: impl Fn(&Signed) -> Worth) -> SignatureVerdict {
    let mut refused = found.unusable.clone();
    let mut doubts = Vec::new();
    let mut partly = None;
    for signed in &found.signed {
        if !signed.claims.iter().any(|claim| claim == digest) {
            let claims = signed.claims.first().map_or("nothing", String::as_str);
            let place = &signed.place;
            refused.push(format!(
                "{place} is one of `{}`, not of `{digest}`",
                crate::failure::quote(claims)
            ));
            continue;
        }
        match worth(signed) {
            Worth::By(by) => return SignatureVerdict::Verified { by },
            Worth::Partly { verified, unverified } => partly = partly.or(Some((verified, unverified))),
            Worth::Nothing(why) => refused.push(format!("{} {why}", signed.place)),
            Worth::CannotTell(why) => doubts.push(format!("{} {why}", signed.place)),
        }
    }
    if let Some((verified, unverified)) = partly {
        return SignatureVerdict::PartlyVerified { verified, unverified };
    }
    if found.cut {
        doubts.push(format!("`{digest}` has more signatures than are looked at"));
    }
    if !doubts.is_empty() {
        doubts.truncate(NAMED);
        return SignatureVerdict::unknown(doubts.join("; "));
    }
    if refused.is_empty() {
        let tag = tag_of(digest);
        return SignatureVerdict::not_verified(format!(
            "no signature: neither a tag `{tag}.sig` nor a sigstore bundle among the referrers of `{digest}`"
        ));
    }
    refused.truncate(NAMED);
    SignatureVerdict::not_verified(refused.join("; "))
}

fn by_key(signed: &Signed, keys: &[(&str, PublicKey)]) -> Worth {
    if signed.bundle && signed.signer != Signer::Key {
        return Worth::Nothing("was made with a certificate, wanted one by a key".to_owned());
    }
    let mut doubt = None;
    for (name, key) in keys {
        match key.fits(&signed.message, &signed.signature) {
            Fit::Yes => return Worth::By((*name).to_owned()),
            Fit::No => {}
            Fit::CannotTell => {
                doubt = Some(format!(
                    "cannot be held against `{name}`, a kind of key that is not known here"
                ));
            }
        }
    }
    let names: Vec<String> = keys.iter().map(|(name, _)| format!("`{name}`")).collect();
    doubt.map_or_else(
        || Worth::Nothing(format!("was not made with the key of {}", names.join(", "))),
        Worth::CannotTell,
    )
}

fn by_identity(signed: &Signed, any_of: &[Identity], authorities: Result<&Authorities, &str>) -> Worth {
    let Signer::Certificate { der, chain } = &signed.signer else {
        return Worth::Nothing("has no certificate, wanted a keyless one".to_owned());
    };
    let Some(certificate) = Certificate::read(der) else {
        return Worth::Nothing("has a certificate that cannot be read".to_owned());
    };
    match certificate::fits(der, &signed.message, &signed.signature) {
        Fit::Yes => {}
        Fit::No => return Worth::Nothing("was not made with the key of its certificate".to_owned()),
        Fit::CannotTell => {
            return Worth::CannotTell(
                "has a certificate with a kind of key that is not known here".to_owned(),
            );
        }
    }
    let whose = certificate.words();
    if !certificate.signs_code {
        return Worth::Nothing(format!(
            "is by {whose}, whose certificate is not for signing code"
        ));
    }
    match certificate.matches(any_of) {
        Ok(true) => {}
        Ok(false) => {
            return Worth::Nothing(format!("is by {whose}, which `matchOIDCIdentity` does not match"));
        }
        Err(why) => return Worth::CannotTell(format!("is by {whose}: {why}")),
    }
    let mut verified = vec![
        "the signature names the manifest's digest and fits the certificate's key".to_owned(),
        if any_of.is_empty() {
            format!(
                "the certificate is of {whose}; `matchOIDCIdentity` asks for nobody, so anybody may have signed"
            )
        } else {
            format!("the certificate is of {whose}, as `matchOIDCIdentity` asks")
        },
    ];
    let mut unverified = Vec::new();
    match authorities {
        Ok(authorities) if authorities.issued(der, chain, certificate.not_before) => {
            verified.push("the certificate leads to a root of `trusted_root.json`".to_owned());
        }
        Ok(_) => {
            return Worth::Nothing(format!(
                "is by {whose}, and its certificate leads to no root of `trusted_root.json`"
            ));
        }
        Err(why) => unverified.push(why.to_owned()),
    }
    unverified.extend([LOG.to_owned(), TIMESTAMP.to_owned()]);
    if signed.bundle && any_of.len() > 1 {
        unverified.push(
            "that Flux takes it at all: its cosign refuses bundles where several identities are given"
                .to_owned(),
        );
    }
    Worth::Partly { verified, unverified }
}
