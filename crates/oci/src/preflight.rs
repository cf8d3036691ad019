//! The preflight: one verdict per chart, all of them within one deadline.

use serde::Serialize;

use crate::options::Options;
use crate::signature::preflight_signed;
use crate::version::Wanted;

/// A chart that a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartRequest {
    /// `oci://host/path/chart`, after substitution.
    pub url: String,
    /// Which version.
    pub wanted: Wanted,
    /// Plain HTTP is allowed, as `spec.insecure` says.
    pub insecure: bool,
    /// `spec.layerSelector.mediaType`; without it source-controller takes the first layer.
    pub layer_media_type: Option<String>,
}

/// The answer to a [`ChartRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChartResult {
    /// There, missing or unknown.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Whether a chart is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Verdict {
    /// Flux can fetch it: manifest and config are verified, the archive exists, and is verified where it was fetched.
    There {
        /// The chart's version, from its metadata.
        version: String,
        /// The digest of the manifest that the tag or digest leads to.
        digest: String,
        /// The media type of the chart's layer.
        media_type: String,
        /// The size of the chart's archive, in bytes, as the manifest says.
        size: u64,
        /// The chart's `appVersion`.
        app_version: Option<String>,
        /// The chart's name; Flux does not compare it with the URL, nor does the verdict.
        name: String,
        /// The chart calls itself deprecated.
        deprecated: bool,
        /// The chart's `kubeVersion`, a range.
        kube_version: Option<String>,
        /// The digest of the chart's layer, its archive.
        archive: String,
        /// Whether the archive is in the cache, its bytes compared with the digest in this run.
        fetched: bool,
        /// Why the archive is not in the cache although it was to be fetched, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        not_fetched: Option<String>,
        /// Nobody was asked: the day, `YYYY-MM-DD`, on which a registry led to what the cache holds. What a range or a
        /// tag leads to today may be something else.
        #[serde(skip_serializing_if = "Option::is_none")]
        from_cache: Option<String>,
    },
    /// Flux cannot fetch it: not in the registry, no chart, or not what its digest says.
    Missing {
        /// Why, in words.
        reason: String,
        /// Existing tags next to the wanted version, lowest first.
        nearest: Vec<String>,
    },
    /// Nobody can tell from here: no network, no access, no time.
    Unknown {
        /// Why, in words, with the credentials that were tried where access was refused; never with a secret.
        reason: String,
    },
}

impl Verdict {
    pub(crate) fn missing(reason: impl Into<String>) -> Self {
        Self::Missing {
            reason: reason.into(),
            nearest: Vec::new(),
        }
    }

    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown {
            reason: reason.into(),
        }
    }
}

/// Gives each request its verdict, in the order of the requests; equal requests are asked once.
pub fn preflight(requests: &[ChartRequest], options: &Options) -> Vec<ChartResult> {
    let unsigned: Vec<_> = requests.iter().map(|request| (request.clone(), None)).collect();
    let results = preflight_signed(&unsigned, options).into_iter();
    results.map(|result| result.chart).collect()
}
