//! Charts and their signatures, asked for in one run.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Policy, SignatureVerdict, check};
use crate::chart::{self, Manifest};
use crate::failure::{Failure, quote};
use crate::lookup::Job;
use crate::offline;
use crate::options::Options;
use crate::preflight::{ChartRequest, ChartResult, Verdict};
use crate::runner::{Question, Run, run};

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
    let mut charts: BTreeMap<&ChartRequest, Chart<'_>> = BTreeMap::new();
    for (request, policy) in requests {
        let chart = charts.entry(request).or_default();
        if let Some(policy) = policy {
            let unasked = || SignatureVerdict::unknown("the chart was not found");
            chart.signatures.entry(policy).or_insert_with(unasked);
        }
    }
    let (mut asked, mut jobs) = (Vec::new(), Vec::new());
    for (request, chart) in &mut charts {
        match Job::new(request, options) {
            Err(reason) => chart.verdict = Some(Verdict::missing(reason)),
            Ok(job) if options.offline => chart.answer_offline(request, &job, options),
            Ok(job) => {
                let policies = chart.signatures.keys().map(|policy| (*policy).clone()).collect();
                asked.push(*request);
                jobs.push(Signed { job, policies });
            }
        }
    }
    if !jobs.is_empty() {
        for (request, (verdict, signatures)) in asked.into_iter().zip(run(jobs, options)) {
            let chart = charts.entry(request).or_default();
            chart.verdict = Some(verdict);
            for (place, signature) in chart.signatures.values_mut().zip(signatures) {
                *place = signature;
            }
        }
    }
    if let (false, Some(cache)) = (options.offline, &options.cache) {
        cache.tidy();
    }
    let answer = |(request, policy): &(ChartRequest, Option<Policy>)| {
        let chart = charts.get(request);
        let verdict = chart.and_then(|chart| chart.verdict.clone());
        SignedResult {
            chart: ChartResult {
                verdict: verdict.unwrap_or_else(|| Verdict::unknown("not asked")),
            },
            signature: policy
                .as_ref()
                .and_then(|policy| chart?.signatures.get(policy).cloned()),
        }
    };
    requests.iter().map(answer).collect()
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
    let mut answers = run(vec![Show { job }], options).into_iter();
    answers.next().unwrap_or_else(|| Err("not asked".to_owned()))
}

/// What is known of a chart, and of its signature under each policy.
#[derive(Default)]
struct Chart<'a> {
    verdict: Option<Verdict>,
    signatures: BTreeMap<&'a Policy, SignatureVerdict>,
}

impl Chart<'_> {
    fn answer_offline(&mut self, request: &ChartRequest, job: &Job, options: &Options) {
        self.verdict = Some(offline::answer(request, job, options.cache.as_ref()));
        for signature in self.signatures.values_mut() {
            *signature = SignatureVerdict::unknown("offline, no registry was asked for signatures");
        }
    }
}

/// A chart, and then its signatures.
struct Signed {
    job: Job,
    policies: Vec<Policy>,
}

impl Question for Signed {
    type Verdict = (Verdict, Vec<SignatureVerdict>);

    fn url(&self) -> &str {
        self.job.url()
    }

    async fn ask(&self, run: &Run) -> Self::Verdict {
        let verdict = self.job.ask(run).await;
        let mut signatures = Vec::new();
        if let Verdict::There { digest, .. } = &verdict {
            for policy in &self.policies {
                signatures.push(check(&run.registries, self.job.endpoint(), digest, policy).await);
            }
        }
        (verdict, signatures)
    }

    fn unknown(why: String) -> Self::Verdict {
        (Verdict::unknown(why), Vec::new())
    }
}

/// A chart's config.
struct Show {
    job: Job,
}

impl Question for Show {
    type Verdict = Result<Value, String>;

    fn url(&self) -> &str {
        self.job.url()
    }

    async fn ask(&self, run: &Run) -> Self::Verdict {
        let mut name = match self.job.ask(run).await {
            Verdict::There { digest, .. } => digest,
            Verdict::Missing { reason, .. } | Verdict::Unknown { reason } => return Err(reason),
        };
        let registries = &run.registries;
        let mut endpoint = self.job.endpoint().clone();
        loop {
            let manifest = match registries.manifest(&endpoint, &name).await {
                Err(Failure::SpeaksTls { .. }) if endpoint.plain => {
                    endpoint.plain = false;
                    continue;
                }
                manifest => manifest.map_err(|failure| registries.why(&endpoint, &failure))?.0,
            };
            let media_type = self.job.layer_media_type();
            match chart::read(&manifest, media_type).map_err(|error| error.to_string())? {
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

    fn unknown(why: String) -> Self::Verdict {
        Err(why)
    }
}
