//! One file out of an image, by the image's digest: the platform's manifest, its layers from the top down, the file into the cache.
//!
//! Every manifest and layer is compared with its digest before it is read. Layers below the one that has the file are not fetched.

use std::fs::File;

use oci_distribution::manifest::{OciDescriptor, OciImageManifest, OciManifest};
use tempfile::NamedTempFile;

use crate::cache::{Cache, CacheError};
use crate::digest::is_digest;
use crate::endpoint::Endpoint;
use crate::failure::{Failure, quote};
use crate::images::platform;
use crate::kept::Kept;
use crate::layer::{self, LayerError, Seen, Taken};
use crate::options::Options;
use crate::reference::OciUrl;
use crate::runner::{Question, Run, run};
use crate::spool::Spool;

/// The largest layer that is fetched, in bytes as it is compressed.
const MAX_LAYER: u64 = 512 * 1024 * 1024;
/// The most layers of an image: docker's limit.
const MAX_LAYERS: usize = 128;
/// The most links that are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// A file that is wanted out of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRequest {
    /// Registry and repository, without tag and digest: `registry.k8s.io/etcd`.
    pub image: String,
    /// The digest of the image's index, or of its only manifest.
    pub digest: String,
    /// The absolute path in the image; its last part names the file in the cache.
    pub path: String,
    /// In Go's words: `amd64`, `arm64`. The operating system is Linux.
    pub architecture: String,
}

/// What became of a [`FileRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileVerdict {
    /// It is in the cache, executable.
    Kept {
        /// Where.
        path: std::path::PathBuf,
        /// Its size in bytes; 0 where it was in the cache before.
        fetched: u64,
    },
    /// The image does not have it, or is not what its digest says.
    Missing {
        /// Why, in words.
        reason: String,
    },
    /// Nobody can tell from here: no network, no access, no time, no room.
    Unknown {
        /// Why, in words; never with a secret.
        reason: String,
    },
}

/// Puts each file into the cache of `options`, in the order of the requests. What is there already is not fetched again; what was
/// changed there is.
pub fn files(requests: &[FileRequest], options: &Options) -> Vec<FileVerdict> {
    let jobs: Vec<Result<Job, String>> = requests
        .iter()
        .map(|request| Job::new(request, options))
        .collect();
    let good: Vec<Job> = jobs.iter().filter_map(|job| job.as_ref().ok().cloned()).collect();
    if let Some(cache) = &options.cache {
        cache.tidy();
    }
    let mut verdicts = run(good, options).into_iter();
    let verdict = |job: Result<Job, String>| match job {
        Ok(_) => verdicts.next().unwrap_or_else(|| unknown("not asked")),
        Err(reason) => missing(reason),
    };
    jobs.into_iter().map(verdict).collect()
}

/// A request that makes sense, whom to ask, and where the file goes.
#[derive(Debug, Clone)]
struct Job {
    request: FileRequest,
    endpoint: Endpoint,
    cache: Option<Cache>,
    is_offline: bool,
}

impl Job {
    fn new(request: &FileRequest, options: &Options) -> Result<Self, String> {
        if !is_digest(&request.digest) {
            let digest = quote(&request.digest);
            return Err(format!(
                "`{digest}` is no digest, wanted `sha256:` and 64 lower-case hex digits"
            ));
        }
        let is_whole = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !request
            .path
            .strip_prefix('/')
            .is_some_and(|path| path.split('/').all(is_whole))
        {
            let path = quote(&request.path);
            return Err(format!("`{path}` is no absolute path in an image"));
        }
        let url = OciUrl::parse(&format!("oci://{}", request.image)).map_err(|error| error.to_string())?;
        Ok(Self {
            endpoint: Endpoint::new(&url, false, &options.mirrors).map_err(|error| error.to_string())?,
            request: request.clone(),
            cache: options.cache.clone(),
            is_offline: options.offline,
        })
    }
}

impl Question for Job {
    type Verdict = FileVerdict;

    fn url(&self) -> &str {
        &self.request.image
    }

    async fn ask(&self, run: &Run) -> FileVerdict {
        let Some(cache) = &self.cache else {
            return unknown("there is no cache to put it in; set `XTASK_CACHE_DIR`");
        };
        if let Kept::Whole(path) = cache.file(&self.request) {
            return FileVerdict::Kept { path, fetched: 0 };
        }
        if self.is_offline {
            return unknown("offline, no registry was asked");
        }
        let mut endpoint = self.endpoint.clone();
        let mut found = fetch(run, self, &endpoint, cache).await;
        if endpoint.plain && matches!(found, Err(Failure::SpeaksTls { .. })) {
            endpoint.plain = false;
            found = fetch(run, self, &endpoint, cache).await;
        }
        match found {
            Ok(verdict) => verdict,
            Err(Failure::Wrong { why }) => missing(why),
            Err(Failure::NotFound) => {
                missing(format!("{} has no `{}`", endpoint.words(), self.request.digest))
            }
            Err(failure) => unknown(run.registries.why(&endpoint, &failure)),
        }
    }

    fn unknown(why: String) -> FileVerdict {
        unknown(why)
    }
}

async fn fetch(run: &Run, job: &Job, endpoint: &Endpoint, cache: &Cache) -> Result<FileVerdict, Failure> {
    let request = &job.request;
    let manifest = manifest(run, request, endpoint).await?;
    let mut image = Image::new(job, endpoint, cache, manifest.layers)?;
    let out = cache.aside().map_err(|error| unwritten(&error))?;
    let mut path = request.path.clone();
    for _ in 0..=MAX_LINKS {
        match image.find(run, &path, &out).await? {
            Seen::File(taken) => return image.keep(&taken, &path, out),
            Seen::Link(target) => path = target,
            Seen::Other(what) => {
                let path = quote(&path);
                return Err(Failure::wrong(format!(
                    "`{path}` of {} is {what}, wanted a regular file",
                    endpoint.words()
                )));
            }
            Seen::Hidden | Seen::Nothing => {
                let led = led(&request.path, &path);
                return Err(Failure::wrong(format!(
                    "{} has no `{}`{led}",
                    endpoint.words(),
                    request.path
                )));
            }
        }
    }
    Err(Failure::wrong(format!(
        "`{}` of {} leads from link to link, more than {MAX_LINKS} times",
        request.path,
        endpoint.words()
    )))
}

/// The manifest of the wanted platform.
async fn manifest(
    run: &Run,
    request: &FileRequest,
    endpoint: &Endpoint,
) -> Result<OciImageManifest, Failure> {
    let wanted = format!("linux/{}", request.architecture);
    let none = || Failure::wrong(format!("{} is not there for {wanted}", endpoint.words()));
    let parse = |bytes: &[u8]| {
        serde_json::from_slice(bytes).map_err(|_| Failure::wrong("what is there is no OCI manifest"))
    };
    let (bytes, _) = run.registries.manifest(endpoint, &request.digest).await?;
    let index = match parse(&bytes)? {
        OciManifest::Image(image) => {
            let found = platform(run, endpoint, &image.config).await?;
            // A variant, as in `linux/arm64/v8`, is what everybody has.
            let fits = found.is_none_or(|found| found == wanted || found.starts_with(&format!("{wanted}/")));
            return if fits { Ok(image) } else { Err(none()) };
        }
        OciManifest::ImageIndex(index) => index,
    };
    let fits = |entry: &&oci_distribution::manifest::ImageIndexEntry| {
        entry.platform.as_ref().is_some_and(|platform| {
            platform.os.to_string() == "linux" && platform.architecture.to_string() == request.architecture
        })
    };
    let entry = index.manifests.iter().find(fits).ok_or_else(none)?;
    checked(&entry.digest)?;
    let (bytes, _) = run.registries.manifest(endpoint, &entry.digest).await?;
    match parse(&bytes)? {
        OciManifest::Image(image) => Ok(image),
        OciManifest::ImageIndex(_) => Err(Failure::wrong("what is there is an index in an index")),
    }
}

/// An image's layers from the top down, as far as they were fetched.
struct Image<'a> {
    job: &'a Job,
    endpoint: &'a Endpoint,
    cache: &'a Cache,
    layers: Vec<(OciDescriptor, Option<NamedTempFile>)>,
}

impl<'a> Image<'a> {
    fn new(
        job: &'a Job,
        endpoint: &'a Endpoint,
        cache: &'a Cache,
        layers: Vec<OciDescriptor>,
    ) -> Result<Self, Failure> {
        if layers.len() > MAX_LAYERS {
            return Err(Failure::wrong(format!(
                "the image has {} layers, read are at most {MAX_LAYERS}",
                layers.len()
            )));
        }
        for layer in &layers {
            checked(&layer.digest)?;
            if !u64::try_from(layer.size).is_ok_and(|size| size <= MAX_LAYER) {
                return Err(Failure::wrong(format!(
                    "layer `{}` has {} bytes, fetched are at most {MAX_LAYER}",
                    layer.digest, layer.size
                )));
            }
        }
        Ok(Self {
            job,
            endpoint,
            cache,
            layers: layers.into_iter().rev().map(|layer| (layer, None)).collect(),
        })
    }

    /// What the topmost layer that knows the path says of it; a file is written to `out`.
    async fn find(&mut self, run: &Run, path: &str, out: &NamedTempFile) -> Result<Seen, Failure> {
        for (layer, file) in &mut self.layers {
            let fetched = match file {
                Some(file) => file,
                None => file.insert(fetch_layer(run, self.job, self.endpoint, self.cache, layer).await?),
            };
            let (from, into) = (reopen(fetched, self.cache)?, reopen(out, self.cache)?);
            let path = path.to_owned();
            let looked = tokio::task::spawn_blocking(move || {
                let mut into = into;
                layer::look(from, &path, &mut into)
            });
            let looked = looked
                .await
                .map_err(|_| Failure::unclear("a layer could not be searched"))?;
            match looked {
                Ok(Seen::Nothing) => {}
                Ok(seen) => return Ok(seen),
                Err(LayerError::Out { cause }) => return Err(unwritten(&self.cache.failed(cause))),
                Err(error) => {
                    let digest = &layer.digest;
                    return Err(Failure::wrong(format!("layer `{digest}` {error}")));
                }
            }
        }
        Ok(Seen::Nothing)
    }

    fn keep(&self, taken: &Taken, path: &str, out: NamedTempFile) -> Result<FileVerdict, Failure> {
        if !taken.is_executable {
            let path = quote(path);
            return Err(Failure::wrong(format!(
                "`{path}` of {} is not executable",
                self.endpoint.words()
            )));
        }
        let kept = self.cache.keep(&self.job.request, out, &taken.sha256);
        let path = kept.map_err(|error| unwritten(&error))?;
        Ok(FileVerdict::Kept {
            path,
            fetched: taken.size,
        })
    }
}

async fn fetch_layer(
    run: &Run,
    job: &Job,
    endpoint: &Endpoint,
    cache: &Cache,
    layer: &OciDescriptor,
) -> Result<NamedTempFile, Failure> {
    let file = cache.aside().map_err(|error| unwritten(&error))?;
    let spool = Spool::new(reopen(&file, cache)?, &layer.digest);
    let size = u64::try_from(layer.size).unwrap_or(0);
    let tell = |bytes| run.tell(&job.request.image, bytes, size);
    match run.registries.layer_into(endpoint, layer, spool, &tell).await {
        Err(Failure::NotFound) => Err(Failure::wrong(format!(
            "{} lacks the layer `{}`",
            endpoint.words(),
            layer.digest
        ))),
        other => other.map(|()| file),
    }
}

fn reopen(file: &NamedTempFile, cache: &Cache) -> Result<File, Failure> {
    file.reopen().map_err(|cause| unwritten(&cache.failed(cause)))
}

fn checked(digest: &str) -> Result<(), Failure> {
    if is_digest(digest) {
        return Ok(());
    }
    let digest = quote(digest);
    Err(Failure::wrong(format!(
        "the manifest names `{digest}`, which is no digest"
    )))
}

/// Where links led, where they did.
fn led(wanted: &str, path: &str) -> String {
    if wanted == path {
        return String::new();
    }
    format!(", a link to `{}`, which is not there", quote(path))
}

fn unwritten(error: &CacheError) -> Failure {
    Failure::unclear(error.to_string())
}

fn missing(reason: impl Into<String>) -> FileVerdict {
    FileVerdict::Missing {
        reason: reason.into(),
    }
}

fn unknown(reason: impl Into<String>) -> FileVerdict {
    FileVerdict::Unknown {
        reason: reason.into(),
    }
}
