//! The preflight: one verdict per chart, all of them within one deadline.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout_at;

use crate::client::Registries;
use crate::credentials::Credentials;
use crate::lookup::{Job, ask};
use crate::setup::Clients;
use crate::transport::Clock;
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

/// How to ask.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time for the whole run.
    pub deadline: Duration,
    /// The time for one request, connecting included.
    pub per_request_timeout: Duration,
    /// How many charts are asked for at once; each makes one request at a time.
    pub parallelism: usize,
    /// Registries and what to ask in their place: `ghcr.io` and `[http://|https://]127.0.0.1:5000[/prefix]`.
    pub mirrors: Vec<(String, String)>,
    /// A credential file in docker's format that comes before all others.
    pub registry_config: Option<PathBuf>,
    /// Whether credential helpers would be allowed; they are named and not run, see [`Verdict::Unknown`].
    pub credential_helpers: bool,
    /// PEM files with further certificate authorities.
    pub ca_files: Vec<PathBuf>,
    /// Ask nobody; every verdict is then unknown.
    pub offline: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_mins(2),
            per_request_timeout: Duration::from_secs(15),
            parallelism: 8,
            mirrors: Vec::new(),
            registry_config: None,
            credential_helpers: false,
            ca_files: Vec::new(),
            offline: false,
        }
    }
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
    /// Flux can fetch it: manifest and config are verified, the archive exists.
    There {
        /// The chart's version, from its metadata.
        version: String,
        /// The digest of the manifest that the tag or digest leads to.
        digest: String,
        /// The digest of the chart's archive, the layer.
        archive: String,
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
    let mut verdicts: BTreeMap<&ChartRequest, Verdict> = BTreeMap::new();
    let mut jobs = Vec::new();
    for request in requests {
        if verdicts.contains_key(request) {
            continue;
        }
        let job = Job::new(request, options);
        verdicts.insert(
            request,
            match &job {
                Err(reason) => Verdict::missing(reason),
                Ok(_) if options.offline => Verdict::unknown("offline, no registry was asked"),
                Ok(_) => Verdict::unknown("not asked"),
            },
        );
        if let Ok(job) = job
            && !options.offline
        {
            jobs.push((request, job));
        }
    }
    if !jobs.is_empty() {
        let (asked, jobs): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        verdicts.extend(asked.into_iter().zip(run(jobs, options)));
    }
    requests
        .iter()
        .map(|request| ChartResult {
            verdict: verdicts
                .get(request)
                .cloned()
                .unwrap_or_else(|| Verdict::unknown("not asked")),
        })
        .collect()
}

fn run(jobs: Vec<Job>, options: &Options) -> Vec<Verdict> {
    let count = jobs.len();
    let nobody = |why: String| vec![Verdict::unknown(why); count];
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return nobody(format!("no runtime for requests: {}", error.kind())),
    };
    let verdicts = runtime.block_on(LocalSet::new().run_until(async {
        let clock = Clock::start(options.deadline, options.per_request_timeout);
        let credentials =
            Credentials::from_env(options.registry_config.as_deref(), options.credential_helpers);
        match Clients::new(&options.ca_files) {
            Ok(clients) => {
                let registries = Registries::new(clients, clock, credentials);
                ask_all(jobs, Rc::new(registries), clock, options.parallelism).await
            }
            Err(error) => nobody(error.to_string()),
        }
    }));
    // A name lookup that hangs in the system's resolver must not outlast the deadline.
    runtime.shutdown_background();
    verdicts
}

async fn ask_all(
    jobs: Vec<Job>,
    registries: Rc<Registries>,
    clock: Clock,
    parallelism: usize,
) -> Vec<Verdict> {
    let count = jobs.len();
    let slots = Rc::new(Semaphore::new(parallelism.max(1)));
    let mut tasks = JoinSet::new();
    for (n, job) in jobs.into_iter().enumerate() {
        let (registries, slots) = (Rc::clone(&registries), Rc::clone(&slots));
        tasks.spawn_local(async move {
            let work = async {
                let _slot = slots.acquire().await;
                ask(&registries, &job).await
            };
            let verdict = timeout_at(clock.deadline(), work).await;
            (
                n,
                verdict.unwrap_or_else(|_| Verdict::unknown(clock.over().to_string())),
            )
        });
    }
    let mut verdicts = vec![Verdict::unknown("the request ended without an answer"); count];
    while let Some(done) = tasks.join_next().await {
        if let Ok((n, verdict)) = done
            && let Some(place) = verdicts.get_mut(n)
        {
            *place = verdict;
        }
    }
    verdicts
}
