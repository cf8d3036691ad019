//! Container images: is what a pod template names there, under which digest, and for which platforms.

use std::collections::{BTreeMap, BTreeSet};

use oci_distribution::Reference;
use oci_distribution::manifest::{OciDescriptor, OciImageIndex, OciManifest};
use serde::{Deserialize, Serialize};

use crate::CHART_CONFIG_MEDIA_TYPE;
use crate::client::MAX_CONFIG;
use crate::digest::is_digest;
use crate::endpoint::Endpoint;
use crate::failure::{Failure, quote};
use crate::options::Options;
use crate::reference::OciUrl;
use crate::runner::{Question, Run, run};
use crate::version::{Wanted, nearest};

/// The most platforms that are named.
const MAX_PLATFORMS: usize = 64;

/// An image that a container asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRequest {
    /// As in `spec.containers[].image`: `nginx`, `quay.io/a/b:1.0`, `ghcr.io/a/b:1.0@sha256:...`.
    ///
    /// Read as containerd and docker do: `docker.io` and `library/` are left out, the tag is `latest` where neither tag
    /// nor digest is given.
    pub reference: String,
}

/// Whether an image is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum ImageVerdict {
    /// A kubelet can find it: the manifest is verified; layers are not looked at.
    There {
        /// The digest of the manifest or index that the reference leads to.
        digest: String,
        /// `os/architecture[/variant]`, sorted; empty where the image does not say.
        platforms: Vec<String>,
        /// Where tag and digest stand together, the tag is not looked at by a kubelet: what it leads to instead, in
        /// words, or why that is not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
    },
    /// A kubelet cannot find it: no such reference, not in the registry, no image, or not what its digest says.
    Missing {
        /// Why, in words.
        reason: String,
        /// Existing tags next to the wanted one, lowest first.
        nearest: Vec<String>,
    },
    /// Nobody can tell from here.
    Unknown {
        /// Why, in words; never with a secret.
        reason: String,
    },
}

/// Gives each request its verdict, in the order of the requests; equal requests are asked once.
///
/// Nothing is downloaded but manifests and configs. With `offline` every verdict is unknown.
pub fn images(requests: &[ImageRequest], options: &Options) -> Vec<ImageVerdict> {
    let mut verdicts: BTreeMap<&ImageRequest, ImageVerdict> = BTreeMap::new();
    let (mut asked, mut jobs) = (Vec::new(), Vec::new());
    for request in requests {
        if verdicts.contains_key(request) {
            continue;
        }
        let verdict = match Job::new(&request.reference, options) {
            Err(reason) => missing(reason),
            Ok(_) if options.offline => unknown("offline, no registry was asked"),
            Ok(job) => {
                asked.push(request);
                jobs.push(job);
                unknown("not asked")
            }
        };
        verdicts.insert(request, verdict);
    }
    if !jobs.is_empty() {
        verdicts.extend(asked.into_iter().zip(run(jobs, options)));
    }
    requests
        .iter()
        .map(|request| {
            verdicts
                .get(request)
                .cloned()
                .unwrap_or_else(|| unknown("not asked"))
        })
        .collect()
}

/// A reference that makes sense, and whom to ask.
struct Job {
    reference: String,
    endpoint: Endpoint,
    tag: Option<String>,
    digest: Option<String>,
}

impl Job {
    fn new(text: &str, options: &Options) -> Result<Self, String> {
        let reference = Reference::try_from(text)
            .map_err(|error| format!("`{}` is no image reference: {error}", quote(text)))?;
        let digest = reference.digest().map(str::to_owned);
        if let Some(digest) = digest.as_ref().filter(|digest| !is_digest(digest)) {
            return Err(format!(
                "`{digest}` is no digest, wanted `sha256:` and 64 lower-case hex digits"
            ));
        }
        let url = format!("oci://{}/{}", reference.registry(), reference.repository());
        let url = OciUrl::parse(&url).map_err(|error| error.to_string())?;
        Ok(Self {
            endpoint: Endpoint::new(&url, false, &options.mirrors).map_err(|error| error.to_string())?,
            tag: reference.tag().map(str::to_owned),
            digest,
            reference: text.to_owned(),
        })
    }
}

impl Question for Job {
    type Verdict = ImageVerdict;

    fn url(&self) -> &str {
        &self.reference
    }

    async fn ask(&self, run: &Run) -> ImageVerdict {
        let mut endpoint = self.endpoint.clone();
        let mut found = find(run, self, &endpoint).await;
        if endpoint.plain && matches!(found, Err(Failure::SpeaksTls { .. })) {
            endpoint.plain = false;
            found = find(run, self, &endpoint).await;
        }
        match found {
            Ok(verdict) => verdict,
            Err(Failure::Wrong { why }) => missing(why),
            Err(failure) => unknown(run.registries.why(&endpoint, &failure)),
        }
    }

    fn unknown(why: String) -> ImageVerdict {
        unknown(why)
    }
}

async fn find(run: &Run, job: &Job, endpoint: &Endpoint) -> Result<ImageVerdict, Failure> {
    let name = job
        .digest
        .as_ref()
        .or(job.tag.as_ref())
        .map_or("latest", String::as_str);
    let (bytes, digest) = match run.registries.manifest(endpoint, name).await {
        Err(Failure::NotFound) => return Ok(not_there(run, job, endpoint).await),
        manifest => manifest?,
    };
    let platforms = match serde_json::from_slice(&bytes) {
        Ok(OciManifest::ImageIndex(index)) => platforms(&index),
        Ok(OciManifest::Image(image)) if image.config.media_type == CHART_CONFIG_MEDIA_TYPE => {
            return Ok(missing(format!(
                "{} holds a helm chart, no image",
                endpoint.words()
            )));
        }
        Ok(OciManifest::Image(image)) => match platform(run, endpoint, &image.config).await {
            Err(Failure::NotFound) => {
                let (words, config) = (endpoint.words(), quote(&image.config.digest));
                return Ok(missing(format!("{words} lacks the config `{config}`")));
            }
            platform => platform?.into_iter().collect(),
        },
        Err(_) => return Ok(missing("what is there is no OCI manifest")),
    };
    let tag = match (&job.digest, &job.tag) {
        (Some(digest), Some(tag)) => moved(run, endpoint, tag, digest).await,
        _ => None,
    };
    Ok(ImageVerdict::There {
        digest,
        platforms,
        tag,
    })
}

/// What a tag leads to, where that is not the digest beside it.
async fn moved(run: &Run, endpoint: &Endpoint, tag: &str, wanted: &str) -> Option<String> {
    match run.registries.manifest(endpoint, tag).await {
        Ok((_, found)) if found == wanted => None,
        Ok((_, found)) => Some(format!("the tag `{tag}` leads to `{found}`")),
        Err(Failure::NotFound) => Some(format!("{} has no tag `{tag}`", endpoint.words())),
        Err(failure) => {
            let why = run.registries.why(endpoint, &failure);
            Some(format!("what the tag `{tag}` leads to is not known: {why}"))
        }
    }
}

#[derive(Deserialize)]
struct Config {
    os: String,
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

/// The platform that an image's config names; nothing where it is no such config.
pub(crate) async fn platform(
    run: &Run,
    endpoint: &Endpoint,
    config: &OciDescriptor,
) -> Result<Option<String>, Failure> {
    let readable = usize::try_from(config.size).is_ok_and(|size| size <= MAX_CONFIG);
    if !is_digest(&config.digest) || !readable {
        return Ok(None);
    }
    let bytes = run.registries.config(endpoint, config).await?;
    let config = serde_json::from_slice::<Config>(&bytes).ok();
    Ok(config.map(|config| words(&config.os, &config.architecture, config.variant.as_deref())))
}

/// The platforms of an index; attestations stand in it under the platform `unknown/unknown`.
fn platforms(index: &OciImageIndex) -> Vec<String> {
    let platforms = index.manifests.iter().filter_map(|entry| entry.platform.as_ref());
    let names: BTreeSet<String> = platforms
        .map(|platform| {
            let (os, architecture) = (platform.os.to_string(), platform.architecture.to_string());
            words(&os, &architecture, platform.variant.as_deref())
        })
        .filter(|name| !name.starts_with("unknown/"))
        .take(MAX_PLATFORMS)
        .collect();
    names.into_iter().collect()
}

fn words(os: &str, architecture: &str, variant: Option<&str>) -> String {
    let parts = [
        Some(os),
        Some(architecture),
        variant.filter(|variant| !variant.is_empty()),
    ];
    quote(&parts.into_iter().flatten().collect::<Vec<_>>().join("/"))
}

/// A missing manifest: a missing tag, or a missing repository where that can be told.
async fn not_there(run: &Run, job: &Job, endpoint: &Endpoint) -> ImageVerdict {
    let repository = endpoint.words();
    let wanted = Wanted {
        tag: job.tag.clone(),
        digest: job.digest.clone(),
        ..Wanted::default()
    };
    let words = wanted.words();
    match run.registries.tags(endpoint).await {
        Ok(tags) => ImageVerdict::Missing {
            reason: format!("{repository} has no {words}"),
            nearest: nearest(&tags, &wanted),
        },
        Err(Failure::NotFound) => missing(format!("no repository {repository}, wanted its {words}")),
        Err(_) => missing(format!("{repository} has no {words}")),
    }
}

fn missing(reason: impl Into<String>) -> ImageVerdict {
    ImageVerdict::Missing {
        reason: reason.into(),
        nearest: Vec::new(),
    }
}

fn unknown(reason: impl Into<String>) -> ImageVerdict {
    ImageVerdict::Unknown {
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_references_as_containerd_does() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = format!("quay.io/a/b:1.0@{digest}");
        for (text, url) in [
            (
                "nginx",
                "https://index.docker.io/v2/library/nginx/manifests/latest",
            ),
            (
                "bitnami/redis:7",
                "https://index.docker.io/v2/bitnami/redis/manifests/7",
            ),
            (
                "docker.io/nginx:1.27",
                "https://index.docker.io/v2/library/nginx/manifests/1.27",
            ),
            ("registry:5000/a", "https://registry:5000/v2/a/manifests/latest"),
            ("localhost/a:1", "http://localhost/v2/a/manifests/1"),
            (&pinned, &format!("https://quay.io/v2/a/b/manifests/{digest}")),
        ] {
            let job = Job::new(text, &Options::default()).unwrap();
            let name = job.digest.or(job.tag).unwrap();
            assert_eq!(job.endpoint.url(&format!("manifests/{name}")), url, "{text}");
        }
        for text in [
            "",
            "Nginx",
            "nginx:",
            "nginx:${TAG}",
            "a b",
            "nginx@sha256:abc",
            "http://nginx",
        ] {
            assert!(Job::new(text, &Options::default()).is_err(), "{text}");
        }
        let mirrors = vec![("docker.io".to_owned(), "127.0.0.1:5000/hub".to_owned())];
        let options = Options {
            mirrors,
            ..Options::default()
        };
        let job = Job::new("nginx", &options).unwrap();
        assert_eq!(
            job.endpoint.url("x"),
            "http://127.0.0.1:5000/v2/hub/library/nginx/x"
        );
    }
}
