//! One chart: from what is wanted to its verdict.

use crate::CHART_LAYER_MEDIA_TYPE;
use crate::cache::{Cache, MAX_BLOB, Resolved};
use crate::chart::{self, Manifest, Metadata, Parts};
use crate::client::MAX_CONFIG;
use crate::endpoint::Endpoint;
use crate::failure::{Failure, quote};
use crate::options::Options;
use crate::preflight::{ChartRequest, Verdict};
use crate::reference::OciUrl;
use crate::runner::{Question, Run};
use crate::version::{Target, nearest};

/// A request that makes sense, and whom to ask.
pub(crate) struct Job {
    request: ChartRequest,
    chart: String,
    endpoint: Endpoint,
    target: Target,
    cache: Option<Cache>,
    /// The time, where the archive is wanted in the cache and a note with it.
    fetch: Option<String>,
}

/// What was found, verified but for the archive.
struct Found {
    digest: String,
    metadata: Metadata,
    parts: Parts,
    /// Manifests and config, to keep beside the archive.
    content: Vec<(String, Vec<u8>)>,
}

impl Job {
    pub(crate) fn new(request: &ChartRequest, options: &Options) -> Result<Self, String> {
        let url = OciUrl::parse(&request.url).map_err(|error| error.to_string())?;
        let mut request = request.clone();
        request.layer_media_type = request.layer_media_type.filter(|text| !text.is_empty());
        let chart_tags = request.layer_media_type.as_deref() == Some(CHART_LAYER_MEDIA_TYPE);
        Ok(Self {
            chart: url.chart().to_owned(),
            endpoint: Endpoint::new(&url, request.insecure, &options.mirrors)
                .map_err(|error| error.to_string())?,
            target: request
                .wanted
                .target(chart_tags)
                .map_err(|error| error.to_string())?,
            request,
            cache: options.cache.clone(),
            fetch: options.fetch.then(|| options.now.clone()),
        })
    }

    /// The chart's name, as the URL has it.
    pub(crate) fn chart(&self) -> &str {
        &self.chart
    }

    /// Whom to ask.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// `layerSelector.mediaType`, where it is given.
    pub(crate) fn layer_media_type(&self) -> Option<&str> {
        self.request.layer_media_type.as_deref()
    }
}

impl Question for Job {
    type Verdict = Verdict;

    fn url(&self) -> &str {
        &self.request.url
    }

    /// Looks for the chart and judges what was found.
    async fn ask(&self, run: &Run) -> Verdict {
        let mut endpoint = self.endpoint.clone();
        let mut found = find(run, self, &endpoint).await;
        if endpoint.plain && matches!(found, Err(Failure::SpeaksTls { .. })) {
            // `insecure` and a loopback address allow plain HTTP, they do not demand it.
            endpoint.plain = false;
            found = find(run, self, &endpoint).await;
        }
        match found {
            Ok(verdict) => verdict,
            Err(Failure::Wrong { why }) => Verdict::missing(why),
            Err(failure) => Verdict::unknown(run.registries.why(&endpoint, &failure)),
        }
    }

    fn unknown(why: String) -> Verdict {
        Verdict::unknown(why)
    }
}

async fn find(run: &Run, job: &Job, endpoint: &Endpoint) -> Result<Verdict, Failure> {
    let found = match manifest_and_config(run, job, endpoint).await? {
        Ok(found) => found,
        Err(verdict) => return Ok(verdict),
    };
    let archive = match archive(run, job, endpoint, &found).await {
        Err(Failure::NotFound) => return Ok(gone(endpoint, "chart archive", &found.parts.layer.digest)),
        archive => archive?,
    };
    let Found {
        digest,
        metadata,
        parts,
        ..
    } = found;
    Ok(Verdict::There {
        version: metadata.version,
        digest,
        media_type: parts.layer.media_type,
        size: u64::try_from(parts.layer.size).unwrap_or(0),
        app_version: metadata.app_version.as_deref().map(quote),
        name: quote(&metadata.name),
        deprecated: metadata.deprecated,
        kube_version: metadata.kube_version.as_deref().map(quote),
        archive: parts.layer.digest,
        fetched: matches!(archive, Archive::Kept),
        not_fetched: match archive {
            Archive::NotKept(why) => Some(why),
            Archive::Kept | Archive::NotWanted => None,
        },
        from_cache: None,
    })
}

enum Archive {
    NotWanted,
    Kept,
    /// Why, in words.
    NotKept(String),
}

/// Makes sure that the archive is in the registry, and in the cache where it is wanted there.
async fn archive(run: &Run, job: &Job, endpoint: &Endpoint, found: &Found) -> Result<Archive, Failure> {
    let layer = &found.parts.layer;
    let (Some(cache), Some(now)) = (&job.cache, &job.fetch) else {
        run.registries.layer(endpoint, layer).await?;
        return Ok(Archive::NotWanted);
    };
    let size = u64::try_from(layer.size).unwrap_or(0);
    if size > MAX_BLOB {
        run.registries.layer(endpoint, layer).await?;
        let why = format!("the archive has {size} bytes, fetched are at most {MAX_BLOB}");
        return Ok(Archive::NotKept(why));
    }
    let kept = if cache.blob(&layer.digest).is_some() {
        run.registries.layer(endpoint, layer).await?;
        Ok(())
    } else {
        let tell = |bytes| run.tell(&job.request.url, bytes, size);
        let bytes = run.registries.archive(endpoint, layer, &tell).await?;
        cache.put(&layer.digest, &bytes).map(drop)
    };
    let kept = kept.and_then(|()| {
        for (digest, bytes) in &found.content {
            cache.put(digest, bytes)?;
        }
        if now.is_empty() {
            return Ok(());
        }
        let resolved = Resolved {
            version: found.metadata.version.clone(),
            digest: found.digest.clone(),
            archive: layer.digest.clone(),
            media_type: layer.media_type.clone(),
            size,
            app_version: found.metadata.app_version.as_deref().map(quote),
            when: now.clone(),
        };
        cache.remember(&job.request, &resolved)
    });
    Ok(kept.map_or_else(|error| Archive::NotKept(error.to_string()), |()| Archive::Kept))
}

fn gone(endpoint: &Endpoint, what: &str, digest: &str) -> Verdict {
    Verdict::missing(format!("{} lacks the {what} `{digest}`", endpoint.words()))
}

/// The chart's manifest and metadata, or the verdict where they are not what they should be.
async fn manifest_and_config(
    run: &Run,
    job: &Job,
    endpoint: &Endpoint,
) -> Result<Result<Found, Verdict>, Failure> {
    let registries = &run.registries;
    let repository = endpoint.words();
    let (name, tag) = match &job.target {
        Target::Digest(digest) => (digest.clone(), None),
        Target::Tag(tag) => (tag.clone(), Some(tag.clone())),
        Target::Highest(selection) => {
            let tags = match registries.tags(endpoint).await {
                Err(Failure::NotFound) => {
                    return Ok(Err(Verdict::missing(format!("no repository {repository}"))));
                }
                tags => tags?,
            };
            let Some(tag) = selection.highest(&tags) else {
                let reason = format!("no tag of {repository} matches {}", job.request.wanted.words());
                return Ok(Err(Verdict::Missing {
                    reason,
                    nearest: nearest(&tags, &job.request.wanted),
                }));
            };
            (tag.to_owned(), Some(tag.to_owned()))
        }
    };
    let (mut bytes, digest) = match registries.manifest(endpoint, &name).await {
        Err(Failure::NotFound) => return Ok(Err(not_there(run, job, endpoint).await)),
        manifest => manifest?,
    };
    let mut content = Vec::new();
    let mut at = digest.clone();
    let parts = loop {
        let manifest = chart::read(&bytes, job.layer_media_type());
        content.push((at, bytes));
        match manifest {
            Ok(Manifest::Chart(parts)) => break *parts,
            Ok(Manifest::Index { digest }) if content.len() == 1 => {
                bytes = match registries.manifest(endpoint, &digest).await {
                    Err(Failure::NotFound) => {
                        let why = format!("the index names `{digest}`, which {repository} lacks");
                        return Ok(Err(Verdict::missing(why)));
                    }
                    manifest => manifest?.0,
                };
                at = digest;
            }
            Ok(Manifest::Index { .. }) => {
                return Ok(Err(Verdict::missing("what is there is an index in an index")));
            }
            Err(error) => return Ok(Err(Verdict::missing(error.to_string()))),
        }
    };
    let cache = job.cache.as_ref();
    let known = cache.and_then(|cache| cache.read(&parts.config.digest, MAX_CONFIG as u64));
    let config = match known {
        Some(config) => config,
        None => match registries.config(endpoint, &parts.config).await {
            Err(Failure::NotFound) => return Ok(Err(gone(endpoint, "config", &parts.config.digest))),
            config => {
                let config = config?;
                // A cache that cannot be written costs a request the next time, and nothing else.
                let _ = cache.map(|cache| cache.put(&parts.config.digest, &config));
                config
            }
        },
    };
    Ok(match chart::metadata(&config, tag.as_deref()) {
        Err(error) => Err(Verdict::missing(error.to_string())),
        Ok(metadata) => {
            content.push((parts.config.digest.clone(), config));
            Ok(Found {
                digest,
                metadata,
                parts,
                content,
            })
        }
    })
}

/// A missing manifest: a missing version, or a missing repository where that can be told.
async fn not_there(run: &Run, job: &Job, endpoint: &Endpoint) -> Verdict {
    let repository = endpoint.words();
    let words = job.request.wanted.words();
    match run.registries.tags(endpoint).await {
        Ok(tags) => {
            let reason = format!("{repository} has no {words}");
            Verdict::Missing {
                reason,
                nearest: nearest(&tags, &job.request.wanted),
            }
        }
        Err(Failure::NotFound) => Verdict::missing(format!("no repository {repository}, wanted its {words}")),
        Err(_) => Verdict::missing(format!("{repository} has no {words}")),
    }
}
