//! One chart: from what is wanted to its verdict.

use crate::CHART_LAYER_MEDIA_TYPE;
use crate::chart::{self, Manifest, Parts};
use crate::client::Registries;
use crate::endpoint::Endpoint;
use crate::failure::{Failure, quote};
use crate::preflight::{ChartRequest, Options, Verdict};
use crate::reference::OciUrl;
use crate::version::{Target, Wanted, nearest};

/// A request that makes sense, and whom to ask.
pub(crate) struct Job {
    pub(crate) endpoint: Endpoint,
    target: Target,
    wanted: Wanted,
    layer_media_type: Option<String>,
}

impl Job {
    pub(crate) fn new(request: &ChartRequest, options: &Options) -> Result<Self, String> {
        let url = OciUrl::parse(&request.url).map_err(|error| error.to_string())?;
        let layer_media_type = request.layer_media_type.clone().filter(|text| !text.is_empty());
        let chart_tags = layer_media_type.as_deref() == Some(CHART_LAYER_MEDIA_TYPE);
        Ok(Self {
            endpoint: Endpoint::new(&url, request.insecure, &options.mirrors)
                .map_err(|error| error.to_string())?,
            target: request
                .wanted
                .target(chart_tags)
                .map_err(|error| error.to_string())?,
            wanted: request.wanted.clone(),
            layer_media_type,
        })
    }

    /// `spec.layerSelector.mediaType`, where it is given.
    pub(crate) fn layer_media_type(&self) -> Option<&str> {
        self.layer_media_type.as_deref()
    }
}

/// Looks for the chart and judges what was found.
pub(crate) async fn ask(registries: &Registries, job: &Job) -> Verdict {
    let mut endpoint = job.endpoint.clone();
    let mut found = find(registries, job, &endpoint).await;
    if endpoint.plain && matches!(found, Err(Failure::SpeaksTls { .. })) {
        // `insecure` and a loopback address allow plain HTTP, they do not demand it.
        endpoint.plain = false;
        found = find(registries, job, &endpoint).await;
    }
    match found {
        Ok(verdict) => verdict,
        Err(Failure::Wrong { why }) => Verdict::missing(why),
        Err(failure) => Verdict::unknown(registries.why(&endpoint, &failure)),
    }
}

async fn find(registries: &Registries, job: &Job, endpoint: &Endpoint) -> Result<Verdict, Failure> {
    let repository = endpoint.words();
    let (name, tag) = match &job.target {
        Target::Digest(digest) => (digest.clone(), None),
        Target::Tag(tag) => (tag.clone(), Some(tag.clone())),
        Target::Highest(selection) => {
            let tags = match registries.tags(endpoint).await {
                Err(Failure::NotFound) => return Ok(Verdict::missing(format!("no repository {repository}"))),
                tags => tags?,
            };
            let Some(tag) = selection.highest(&tags) else {
                let reason = format!("no tag of {repository} matches {}", job.wanted.words());
                return Ok(Verdict::Missing {
                    reason,
                    nearest: nearest(&tags, &job.wanted),
                });
            };
            (tag.to_owned(), Some(tag.to_owned()))
        }
    };
    let (mut bytes, digest) = match registries.manifest(endpoint, &name).await {
        Err(Failure::NotFound) => return Ok(not_there(registries, job, endpoint).await),
        manifest => manifest?,
    };
    let mut followed = false;
    let Parts { config, layer } = loop {
        match chart::read(&bytes, job.layer_media_type.as_deref()) {
            Ok(Manifest::Chart(parts)) => break *parts,
            Ok(Manifest::Index { digest }) if !followed => {
                followed = true;
                bytes = match registries.manifest(endpoint, &digest).await {
                    Err(Failure::NotFound) => {
                        return Ok(Verdict::missing(format!(
                            "the index names `{digest}`, which {repository} lacks"
                        )));
                    }
                    manifest => manifest?.0,
                };
            }
            Ok(Manifest::Index { .. }) => {
                return Ok(Verdict::missing("what is there is an index in an index"));
            }
            Err(error) => return Ok(Verdict::missing(error.to_string())),
        }
    };
    let gone =
        |what: &str, digest: &str| Verdict::missing(format!("{repository} lacks the {what} `{digest}`"));
    let metadata = match registries.config(endpoint, &config).await {
        Err(Failure::NotFound) => return Ok(gone("config", &config.digest)),
        config => chart::metadata(&config?, tag.as_deref()),
    };
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) => return Ok(Verdict::missing(error.to_string())),
    };
    match registries.layer(endpoint, &layer).await {
        Err(Failure::NotFound) => return Ok(gone("chart archive", &layer.digest)),
        there => there?,
    }
    Ok(Verdict::There {
        version: metadata.version,
        digest,
        archive: layer.digest,
        media_type: layer.media_type,
        size: u64::try_from(layer.size).unwrap_or(0),
        app_version: metadata.app_version.as_deref().map(quote),
        name: quote(&metadata.name),
        deprecated: metadata.deprecated,
        kube_version: metadata.kube_version.as_deref().map(quote),
    })
}

/// A missing manifest: a missing version, or a missing repository where that can be told.
async fn not_there(registries: &Registries, job: &Job, endpoint: &Endpoint) -> Verdict {
    let repository = endpoint.words();
    let words = job.wanted.words();
    match registries.tags(endpoint).await {
        Ok(tags) => {
            let reason = format!("{repository} has no {words}");
            Verdict::Missing {
                reason,
                nearest: nearest(&tags, &job.wanted),
            }
        }
        Err(Failure::NotFound) => Verdict::missing(format!("no repository {repository}, wanted its {words}")),
        Err(_) => Verdict::missing(format!("{repository} has no {words}")),
    }
}
