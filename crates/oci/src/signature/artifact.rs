//! Where a registry keeps the signatures of a manifest: its referrers, and the tag that cosign makes of its digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_distribution::manifest::{OciDescriptor, OciManifest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;

use super::{bundle, claim};
use crate::client::Registries;
use crate::digest::is_digest;
use crate::endpoint::Endpoint;
use crate::failure::{Failure, quote};

/// How many signatures of one manifest are looked at.
const MAX_SIGNATURES: usize = 50;
const MAX_PAGES: usize = 20;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const NOTATION: &str = "application/vnd.cncf.notary.signature";

/// A signature as it lies in the registry; nothing of it is verified yet.
#[derive(Debug)]
pub(super) struct Signed {
    /// Where it lies, in words.
    pub(super) place: String,
    /// The signed bytes.
    pub(super) message: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// The digests that the signed bytes name.
    pub(super) claims: Vec<String>,
    pub(super) signer: Signer,
    /// In a sigstore bundle.
    pub(super) bundle: bool,
}

/// What comes with a signature to tell who made it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Signer {
    /// Nothing: whoever verifies has the key.
    Key,
    /// A certificate and those between it and its root, in DER.
    Certificate { der: Vec<u8>, chain: Vec<Vec<u8>> },
}

/// The signatures that Flux would look at, and why others of them cannot count.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) signed: Vec<Signed>,
    pub(super) unusable: Vec<String>,
    /// There are more than are looked at.
    pub(super) cut: bool,
}

impl Found {
    fn add(&mut self, place: &str, item: Result<Signed, String>) {
        match item {
            Ok(signed) => self.signed.push(signed),
            Err(why) => self.unusable.push(format!("{place}: {why}")),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.signed.is_empty() && self.unusable.is_empty()
    }
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Referrer>,
}

/// A manifest that names another one as its subject.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referrer {
    digest: String,
    #[serde(default)]
    artifact_type: Option<String>,
}

/// The cosign signatures of a manifest: bundles, and only where there are none, those behind the tag.
pub(super) async fn cosign(
    registries: &Registries,
    endpoint: &Endpoint,
    digest: &str,
) -> Result<Found, Failure> {
    let found = bundles(registries, endpoint, digest).await?;
    if found.is_empty() {
        tagged(registries, endpoint, digest).await
    } else {
        Ok(found)
    }
}

/// The digest of a notation signature of a manifest.
pub(super) async fn notation(
    registries: &Registries,
    endpoint: &Endpoint,
    digest: &str,
) -> Result<Option<String>, Failure> {
    let mut referrers = referrers(registries, endpoint, digest).await?.into_iter();
    let found = referrers.find(|referrer| referrer.artifact_type.as_deref() == Some(NOTATION));
    Ok(found.map(|referrer| referrer.digest))
}

/// `sha256-<hex>`, under which both cosign and registries without the referrers API keep things.
pub(super) fn tag_of(digest: &str) -> String {
    digest.replacen(':', "-", 1)
}

async fn bundles(registries: &Registries, endpoint: &Endpoint, digest: &str) -> Result<Found, Failure> {
    let mut found = Found::default();
    let maybe = |referrer: &Referrer| match referrer.artifact_type.as_deref() {
        // The second is what cosign writes into the tag that stands in for the API.
        None | Some(EMPTY) => true,
        Some(artifact_type) => artifact_type.starts_with(bundle::MEDIA_TYPE_PREFIX),
    };
    let mut candidates = referrers(registries, endpoint, digest).await?;
    candidates.retain(maybe);
    found.cut = candidates.len() > MAX_SIGNATURES;
    for referrer in candidates.iter().take(MAX_SIGNATURES) {
        let place = format!("bundle `{}`", referrer.digest);
        let layers = match registries.manifest(endpoint, &referrer.digest).await {
            Err(Failure::NotFound | Failure::Wrong { .. }) => continue,
            manifest => layers(&manifest?.0),
        };
        let Some([layer]) = layers.as_deref() else {
            continue;
        };
        if !layer.media_type.starts_with(bundle::MEDIA_TYPE_PREFIX) {
            continue;
        }
        match blob(registries, endpoint, layer).await? {
            Ok(bytes) => {
                if let Some(item) = bundle::read(&place, &bytes) {
                    found.add(&place, item);
                }
            }
            Err(why) => found.add(&place, Err(why)),
        }
    }
    Ok(found)
}

async fn tagged(registries: &Registries, endpoint: &Endpoint, digest: &str) -> Result<Found, Failure> {
    let tag = format!("{}.sig", tag_of(digest));
    let mut found = Found::default();
    let manifest = match registries.manifest(endpoint, &tag).await {
        Err(Failure::NotFound) => return Ok(found),
        manifest => manifest?.0,
    };
    let Some(layers) = layers(&manifest) else {
        found.add(
            &format!("tag `{tag}`"),
            Err("what is there is no image manifest".to_owned()),
        );
        return Ok(found);
    };
    found.cut = layers.len() > MAX_SIGNATURES;
    for (at, layer) in layers.iter().take(MAX_SIGNATURES).enumerate() {
        let place = format!("signature {} of `{tag}`", at + 1);
        let item = match blob(registries, endpoint, layer).await? {
            Ok(payload) => annotated(&place, layer, payload),
            Err(why) => Err(why),
        };
        found.add(&place, item);
    }
    Ok(found)
}

/// A signature of cosign's older form: the layer is what is signed, the rest stands in its annotations.
fn annotated(place: &str, layer: &OciDescriptor, payload: Vec<u8>) -> Result<Signed, String> {
    let annotation = |name: &str| {
        layer
            .annotations
            .as_ref()?
            .get(name)
            .filter(|text| !text.is_empty())
    };
    let signature = annotation(SIGNATURE).ok_or_else(|| format!("it has no annotation `{SIGNATURE}`"))?;
    let certificates = |pem: &str| {
        CertificateDer::pem_slice_iter(pem.as_bytes())
            .map(|der| der.map(|der| der.to_vec()))
            .collect::<Result<Vec<_>, _>>()
    };
    let unreadable = |name: &str| format!("its annotation `{name}` holds no PEM certificate");
    let signer = match annotation(CERTIFICATE) {
        None => Signer::Key,
        Some(pem) => Signer::Certificate {
            der: certificates(pem)
                .ok()
                .and_then(|all| all.into_iter().next())
                .ok_or_else(|| unreadable(CERTIFICATE))?,
            chain: match annotation(CHAIN) {
                Some(pem) => certificates(pem).map_err(|_| unreadable(CHAIN))?,
                None => Vec::new(),
            },
        },
    };
    Ok(Signed {
        place: place.to_owned(),
        claims: claim::simple_signing(&payload)?,
        message: payload,
        signature: STANDARD
            .decode(signature)
            .map_err(|_| format!("its annotation `{SIGNATURE}` is no base64"))?,
        signer,
        bundle: false,
    })
}

/// A small blob, checked against its digest; inside, why a registry's own fault makes it unusable.
async fn blob(
    registries: &Registries,
    endpoint: &Endpoint,
    descriptor: &OciDescriptor,
) -> Result<Result<Vec<u8>, String>, Failure> {
    if !is_digest(&descriptor.digest) {
        return Ok(Err(format!(
            "it names `{}`, which is no digest",
            quote(&descriptor.digest)
        )));
    }
    match registries.config(endpoint, descriptor).await {
        Ok(bytes) => Ok(Ok(bytes)),
        Err(Failure::NotFound) => Ok(Err(format!("the registry lacks `{}`", descriptor.digest))),
        Err(Failure::Wrong { why }) => Ok(Err(why)),
        Err(failure) => Err(failure),
    }
}

fn layers(manifest: &[u8]) -> Option<Vec<OciDescriptor>> {
    match serde_json::from_slice(manifest) {
        Ok(OciManifest::Image(image)) => Some(image.layers),
        _ => None,
    }
}

/// What names a manifest as its subject: asked of the API, or of the tag that stands in for it.
async fn referrers(
    registries: &Registries,
    endpoint: &Endpoint,
    digest: &str,
) -> Result<Vec<Referrer>, Failure> {
    let host = &endpoint.registry;
    let mut all = Vec::new();
    let mut url = endpoint.url(&format!("referrers/{digest}"));
    for page in 0..MAX_PAGES {
        let answer = match registries.get(endpoint, &url, INDEX).await {
            Err(Failure::NotFound) if page == 0 => return fallback(registries, endpoint, digest).await,
            answer => answer?,
        };
        let index: Index = serde_json::from_slice(&answer.body)
            .map_err(|_| Failure::unclear(format!("`{host}` sends a list of referrers that is no index")))?;
        all.extend(index.manifests);
        match answer.next {
            Some(next) => url = next,
            None => return Ok(usable(all)),
        }
    }
    Err(Failure::unclear(format!(
        "`{host}` sends more than {MAX_PAGES} pages of referrers"
    )))
}

async fn fallback(
    registries: &Registries,
    endpoint: &Endpoint,
    digest: &str,
) -> Result<Vec<Referrer>, Failure> {
    match registries.manifest(endpoint, &tag_of(digest)).await {
        Err(Failure::NotFound) => Ok(Vec::new()),
        Err(failure) => Err(failure),
        Ok((bytes, _)) => {
            let index: Option<Index> = serde_json::from_slice(&bytes).ok();
            Ok(usable(index.map(|index| index.manifests).unwrap_or_default()))
        }
    }
}

/// Digests become parts of URLs, so nothing else may pass.
fn usable(mut referrers: Vec<Referrer>) -> Vec<Referrer> {
    referrers.retain(|referrer| is_digest(&referrer.digest));
    referrers
}
