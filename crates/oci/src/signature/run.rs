//! Charts and their signatures, asked for in one run.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout_at;

use super::{Policy, SignatureVerdict, check};
use crate::chart::{self, Manifest};
use crate::client::Registries;
use crate::credentials::Credentials;
use crate::failure::quote;
use crate::lookup::{Job, ask};
use crate::preflight::{ChartRequest, ChartResult, Options, Verdict};
use crate::setup::Clients;
use crate::transport::Clock;

/// The answer to a chart and the policy that comes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedResult {
    /// There, missing or unknown.
    #[serde(flatten)]
    pub chart: ChartResult,
    /// The verdict on its signature; none without a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureVerdict>,
}

/// Gives each chart its verdict, and where a policy comes with it, its signature, too; in the order of the requests.
///
/// All within one deadline; equal requests are asked once. A chart that is not there has no signature to look at.
pub fn preflight_signed(requests: &[(ChartRequest, Option<Policy>)], options: &Options) -> Vec<SignedResult> {
    let mut asked: BTreeMap<&ChartRequest, Chart<'_>> = BTreeMap::new();
    for (request, policy) in requests {
        let chart = asked
            .entry(request)
            .or_insert_with(|| Chart::new(request, options));
        if let Some(policy) = policy {
            chart
                .signatures
                .entry(policy)
                .or_insert_with(|| SignatureVerdict::unknown("the chart was not found"));
        }
    }
    if !options.offline && asked.values().any(|chart| chart.job.is_some()) {
        let run = in_one_run(options, async |registries, clock| {
            ask_all(&mut asked, registries, clock, options.parallelism).await;
        });
        if let Err(why) = run {
            for chart in asked.values_mut().filter(|chart| chart.job.is_some()) {
                chart.verdict = Verdict::unknown(&why);
            }
        }
    }
    let nothing = || Verdict::unknown("not asked");
    requests
        .iter()
        .map(|(request, policy)| {
            let chart = asked.get(request);
            SignedResult {
                chart: ChartResult {
                    verdict: chart.map_or_else(nothing, |chart| chart.verdict.clone()),
                },
                signature: policy
                    .as_ref()
                    .and_then(|policy| chart.and_then(|chart| chart.signatures.get(policy)).cloned()),
            }
        })
        .collect()
}

/// A chart's metadata as its config has it: what `helm show chart` prints, as JSON.
///
/// # Errors
/// A reason in words where the chart is not there or nobody can tell.
pub fn chart_yaml(request: &ChartRequest, options: &Options) -> Result<Value, String> {
    let job = Job::new(request, options)?;
    if options.offline {
        return Err("offline, no registry was asked".to_owned());
    }
    in_one_run(options, async |registries, clock| {
        timeout_at(clock.deadline(), config(&registries, &job))
            .await
            .unwrap_or_else(|_| Err(clock.over().to_string()))
    })?
}

struct Chart<'a> {
    /// None for a request that makes no sense.
    job: Option<Job>,
    verdict: Verdict,
    signatures: BTreeMap<&'a Policy, SignatureVerdict>,
}

impl Chart<'_> {
    fn new(request: &ChartRequest, options: &Options) -> Self {
        let (job, verdict) = match Job::new(request, options) {
            Ok(job) if options.offline => (Some(job), Verdict::unknown("offline, no registry was asked")),
            Ok(job) => (Some(job), Verdict::unknown("not asked")),
            Err(reason) => (None, Verdict::missing(reason)),
        };
        Self {
            job,
            verdict,
            signatures: BTreeMap::new(),
        }
    }
}

/// Runs work that asks registries, with one pool of connections, one deadline and the user's credentials.
fn in_one_run<T>(options: &Options, work: impl AsyncFnOnce(Rc<Registries>, Clock) -> T) -> Result<T, String> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime for requests: {}", error.kind()))?;
    let done = runtime.block_on(LocalSet::new().run_until(async {
        let clock = Clock::start(options.deadline, options.per_request_timeout);
        let credentials =
            Credentials::from_env(options.registry_config.as_deref(), options.credential_helpers);
        let clients = Clients::new(&options.ca_files).map_err(|error| error.to_string())?;
        let registries = Rc::new(Registries::new(clients, clock, credentials));
        Ok(work(registries, clock).await)
    }));
    // A name lookup that hangs in the system's resolver must not outlast the deadline.
    runtime.shutdown_background();
    done
}

async fn ask_all(
    asked: &mut BTreeMap<&ChartRequest, Chart<'_>>,
    registries: Rc<Registries>,
    clock: Clock,
    parallelism: usize,
) {
    let slots = Rc::new(Semaphore::new(parallelism.max(1)));
    let mut tasks = JoinSet::new();
    for (n, chart) in asked.values_mut().enumerate() {
        let Some(job) = chart.job.take() else { continue };
        chart.verdict = Verdict::unknown("the request ended without an answer");
        let policies: Vec<Policy> = chart.signatures.keys().map(|policy| (*policy).clone()).collect();
        let (registries, slots) = (Rc::clone(&registries), Rc::clone(&slots));
        tasks.spawn_local(async move {
            let _slot = slots.acquire().await;
            let over = || clock.over().to_string();
            let verdict = timeout_at(clock.deadline(), ask(&registries, &job)).await;
            let verdict = verdict.unwrap_or_else(|_| Verdict::unknown(over()));
            let mut signatures = Vec::new();
            if let Verdict::There { digest, .. } = &verdict {
                for policy in &policies {
                    let work = check(&registries, &job.endpoint, digest, policy);
                    let signature = timeout_at(clock.deadline(), work).await;
                    signatures.push(signature.unwrap_or_else(|_| SignatureVerdict::unknown(over())));
                }
            }
            (n, verdict, signatures)
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok((n, verdict, signatures)) = done {
            answers.insert(n, (verdict, signatures));
        }
    }
    for (n, chart) in asked.values_mut().enumerate() {
        let Some((verdict, signatures)) = answers.remove(&n) else {
            continue;
        };
        chart.verdict = verdict;
        for (place, signature) in chart.signatures.values_mut().zip(signatures) {
            *place = signature;
        }
    }
}

/// The config of a chart that [`ask`] finds.
async fn config(registries: &Registries, job: &Job) -> Result<Value, String> {
    let digest = match ask(registries, job).await {
        Verdict::There { digest, .. } => digest,
        Verdict::Missing { reason, .. } | Verdict::Unknown { reason } => return Err(reason),
    };
    let mut endpoint = job.endpoint.clone();
    let mut name = digest;
    loop {
        let manifest = match registries.manifest(&endpoint, &name).await {
            Err(crate::failure::Failure::SpeaksTls { .. }) if endpoint.plain => {
                endpoint.plain = false;
                continue;
            }
            manifest => manifest.map_err(|failure| registries.why(&endpoint, &failure))?.0,
        };
        match chart::read(&manifest, job.layer_media_type()).map_err(|error| error.to_string())? {
            Manifest::Index { digest } => name = digest,
            Manifest::Chart(parts) => {
                let config = registries.config(&endpoint, &parts.config).await;
                let bytes = config.map_err(|failure| registries.why(&endpoint, &failure))?;
                return serde_json::from_slice(&bytes)
                    .map_err(|error| format!("the config is no JSON: {}", quote(&error.to_string())));
            }
        }
    }
}
