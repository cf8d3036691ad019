//! The charts of a cluster with everything that a registry has of them, from the cache or through it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use flux::ClusterBuild;
use helm::source::{Source, of_oci_repository, releases};
use model::config::Config;
use oci::{Cache, ChartRequest, Options, Resolved, Verdict};
use rehearse::{Chart, Run};
use serde_json::Value as Json;

use super::Rehearse;
use crate::clock;

/// The time for all registries of one cluster, unless `--timeout` is shorter.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at whether somebody wants the run to end.
const LOOK: Duration = Duration::from_millis(100);
/// Bounds of what the cache is asked for, in bytes.
const MAX_MANIFEST: u64 = 4 << 20;
const MAX_BLOB: u64 = 64 << 20;
/// The media type of a manifest that does not say its own.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What can be served and what is known not to exist.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) found: Vec<Chart>,
    /// URLs of charts that their registry does not have.
    pub(super) missing: BTreeSet<String>,
}

/// What became of one request.
enum Fate {
    Found(Chart),
    Missing,
    Unknown,
}

/// The charts of the cluster's HelmReleases and OCIRepositories. What is in the cache is not asked for again. An error when
/// somebody wants the run to end; nothing when `is_over` says that nobody needs them any more.
pub(super) fn gather(
    build: &ClusterBuild,
    config: &Config,
    args: &Rehearse,
    run: &Run,
    is_over: &AtomicBool,
) -> anyhow::Result<Gathered> {
    let mut all = gather_all(&[build], config, args, run, is_over)?;
    Ok(all.pop().unwrap_or_default())
}

/// The same for several builds, in their order; registries are asked once for all of them.
pub(super) fn gather_all(
    builds: &[&ClusterBuild],
    config: &Config,
    args: &Rehearse,
    run: &Run,
    is_over: &AtomicBool,
) -> anyhow::Result<Vec<Gathered>> {
    let cache = Cache::at(Cache::default_root().unwrap_or_else(|| run.folder().join("cache")));
    let wanted: Vec<BTreeSet<ChartRequest>> = builds.iter().map(|build| requests(build)).collect();
    let cached = |request: &ChartRequest| {
        let resolved = cache.resolved(request)?;
        load(&cache, request, &resolved)
    };
    let mut fates: BTreeMap<ChartRequest, Fate> = BTreeMap::new();
    for request in wanted.iter().flatten() {
        if !fates.contains_key(request) {
            fates.insert(
                request.clone(),
                cached(request).map_or(Fate::Unknown, Fate::Found),
            );
        }
    }
    let absent = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Unknown));
    let absent: Vec<ChartRequest> = absent.map(|(request, _)| request.clone()).collect();
    if !absent.is_empty() && !args.offline {
        let options = options(config, args, &cache)?;
        for (request, verdict) in ask(run, is_over, absent, options)? {
            let fate = match verdict {
                Verdict::There { .. } => cached(&request).map_or(Fate::Unknown, Fate::Found),
                Verdict::Missing { .. } => Fate::Missing,
                Verdict::Unknown { .. } => Fate::Unknown,
            };
            fates.insert(request, fate);
        }
    }
    let gathered = wanted.iter().map(|requests| {
        let mut gathered = Gathered::default();
        for request in requests {
            match fates.get(request) {
                Some(Fate::Found(chart)) => gathered.found.push(chart.clone()),
                Some(Fate::Missing) => _ = gathered.missing.insert(request.url.clone()),
                Some(Fate::Unknown) | None => {}
            }
        }
        gathered
    });
    Ok(gathered.collect())
}

fn requests(build: &ClusterBuild) -> BTreeSet<ChartRequest> {
    let sources = build
        .objects()
        .filter_map(|(_, object)| of_oci_repository(&object.node));
    let of_releases = releases(build)
        .into_iter()
        .filter_map(|release| match release.source {
            Source::Registry { request, .. } => Some(request),
            Source::Folder(_) | Source::Elsewhere(_) => None,
        });
    sources.chain(of_releases).collect()
}

fn options(config: &Config, args: &Rehearse, cache: &Cache) -> anyhow::Result<Options> {
    Ok(Options {
        deadline: PATIENCE.min(args.timeout),
        mirrors: mirrors(config, &args.mirror)?,
        cache: Some(cache.clone()),
        fetch: true,
        now: format!("{}T00:00:00Z", clock::today()),
        ..Options::default()
    })
}

/// Asks the registries. Ctrl-C does not wait for one that is silent: the thread that asks it ends with the program.
fn ask(
    run: &Run,
    is_over: &AtomicBool,
    absent: Vec<ChartRequest>,
    options: Options,
) -> anyhow::Result<Vec<(ChartRequest, Verdict)>> {
    let (answer, answers) = mpsc::channel();
    thread::spawn(move || {
        let verdicts = oci::preflight(&absent, &options);
        let verdicts = verdicts.into_iter().map(|result| result.verdict);
        // Nobody waits any more when the run has ended.
        let _ended = answer.send(absent.into_iter().zip(verdicts).collect());
    });
    while !is_over.load(Ordering::Relaxed) {
        match answers.recv_timeout(LOOK) {
            Ok(all) => return Ok(all),
            Err(RecvTimeoutError::Timeout) => run.check()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(Vec::new())
}

/// The mirrors of the settings, replaced by those of the command line.
pub(super) fn mirrors(config: &Config, given: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let mut all: BTreeMap<String, String> = config.mirrors.clone();
    for mirror in given {
        let (from, to) = mirror
            .split_once('=')
            .with_context(|| format!("`{mirror}` is no HOST=HOST[/PREFIX]"))?;
        all.insert(from.to_owned(), to.to_owned());
    }
    Ok(all.into_iter().collect())
}

/// A chart as its registry has it; none when a part of it is not in the cache.
fn load(cache: &Cache, request: &ChartRequest, resolved: &Resolved) -> Option<Chart> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let tag = given(&request.wanted.tag).unwrap_or_else(|| resolved.version.replace('+', "_"));
    let mut manifests = Vec::new();
    let mut blobs = Vec::new();
    let mut wanted = vec![resolved.digest.clone()];
    while let Some(digest) = wanted.pop() {
        let bytes: Arc<[u8]> = cache.read(&digest, MAX_MANIFEST)?.into();
        let manifest: Json = serde_json::from_slice(&bytes).ok()?;
        let digests = |pointer: &str| -> Vec<String> {
            let entries = manifest.pointer(pointer).and_then(Json::as_array);
            let entries = entries.into_iter().flatten();
            entries
                .filter_map(|entry| entry["digest"].as_str().map(str::to_owned))
                .collect()
        };
        // An index is not followed further than the one chart that was looked at.
        if manifests.is_empty() {
            wanted.extend(
                digests("/manifests")
                    .into_iter()
                    .filter(|digest| cache.blob(digest).is_some()),
            );
        }
        let config = manifest
            .pointer("/config/digest")
            .and_then(Json::as_str)
            .map(str::to_owned);
        for digest in digests("/layers").into_iter().chain(config) {
            // A provenance layer is not kept, and Flux does not pull it.
            if let Some(bytes) = cache.read(&digest, MAX_BLOB) {
                blobs.push((digest, bytes.into()));
            }
        }
        let media_type = manifest["mediaType"].as_str().unwrap_or(MANIFEST).to_owned();
        manifests.push((digest, media_type, bytes));
    }
    let has_archive = blobs
        .iter()
        .any(|(digest, _): &(String, Arc<[u8]>)| *digest == resolved.archive);
    has_archive.then(|| Chart {
        url: request.url.clone(),
        tag,
        digest: resolved.digest.clone(),
        manifests,
        blobs,
    })
}
