//! A scenario and a question as they are written: flat, one key for the check.

use scenarios::{Clusters, ObjectName, Priority};
use serde::Deserialize;
use serde::de::Deserializer;

use crate::design::{
    Alerts, Check, ConfigKey, Disruption, Dns, DnsAnswer, Http, Metric, NotVerified, Question, Replicas,
    Rollout, Scenario, Service, Spread,
};
use crate::kind::{self, Family};

/// The keys of checks.
pub(crate) const CHECKS: [&str; 10] = [
    "ready",
    "replicas",
    "spread",
    "service",
    "disruption",
    "rollout",
    "dns",
    "http",
    "metric",
    "alerts",
];
/// The longest time that a check may wait, in seconds.
pub(crate) const MAX_SECONDS: u64 = 3600;

/// A `live.yaml`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) story: String,
    pub(crate) from: Option<ObjectName>,
    #[serde(default)]
    pub(crate) programs: std::collections::BTreeMap<String, RawProgram>,
    #[serde(default)]
    pub(crate) not_verified: Vec<NotVerified>,
    pub(crate) scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProgram {
    pub(crate) config: ConfigKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawScenario {
    id: String,
    priority: Priority,
    criterion: Option<String>,
    title: String,
    clusters: Option<Clusters>,
    from: Option<ObjectName>,
    at: Option<String>,
    program: Option<String>,
    ready: Option<ObjectName>,
    replicas: Option<Replicas>,
    spread: Option<Spread>,
    service: Option<Service>,
    disruption: Option<Disruption>,
    rollout: Option<Rollout>,
    dns: Option<Dns>,
    http: Option<Http>,
    metric: Option<Metric>,
    alerts: Option<Alerts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawDns {
    ask: String,
    r#type: String,
    answers: Option<Vec<String>>,
    answers_service_of: Option<RawService>,
    says: Option<String>,
    forwards: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    namespace: String,
    name: String,
}

impl<'de> Deserialize<'de> for Scenario {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scenarios::read_through::<D, RawScenario, Self>(deserializer)
    }
}

impl<'de> Deserialize<'de> for Dns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scenarios::read_through::<D, RawDns, Self>(deserializer)
    }
}

impl TryFrom<RawScenario> for Scenario {
    type Error = String;

    fn try_from(mut raw: RawScenario) -> Result<Self, String> {
        let check = raw.check()?;
        Ok(Self {
            id: raw.id,
            priority: raw.priority,
            criterion: raw.criterion,
            title: raw.title,
            clusters: raw.clusters,
            from: raw.from,
            at: raw.at,
            check,
        })
    }
}

impl RawScenario {
    /// The one check.
    fn check(&mut self) -> Result<Check, String> {
        let questions = [
            self.dns.take().map(Question::Dns),
            self.http.take().map(Question::Http),
            self.metric.take().map(Question::Metric),
            self.alerts.take().map(Question::Alerts),
        ];
        let questions: Vec<Question> = questions.into_iter().flatten().collect();
        let program = self.program.take();
        if questions.is_empty() && program.is_some() {
            return Err("`program` without a question: `dns`, `http`, `metric` or `alerts`".to_owned());
        }
        if program.is_none() && !questions.is_empty() {
            return Err("a question without the `program` that is asked".to_owned());
        }
        let name = program.unwrap_or_default();
        let asked = questions.into_iter().map(|question| Check::Program {
            name: name.clone(),
            question,
        });
        let looks = [
            self.ready.take().map(Check::Ready),
            self.replicas.take().map(Check::Replicas),
            self.spread.take().map(Check::Spread),
            self.service.take().map(Check::Service),
            self.disruption.take().map(Check::Disruption),
            self.rollout.take().map(Check::Rollout),
        ];
        let mut checks: Vec<Check> = looks.into_iter().flatten().chain(asked).collect();
        match (checks.pop(), checks.is_empty()) {
            (Some(check), true) => settled(check),
            (None, _) => Err(format!(
                "a scenario without a check, wanted one of {}",
                CHECKS.join(", ")
            )),
            (Some(_), false) => Err("a scenario with more than one check: one promise each".to_owned()),
        }
    }
}

/// A check whose subject is of a kind that it can be about, with bounds that end.
fn settled(check: Check) -> Result<Check, String> {
    let family = match &check {
        Check::Ready(_) => Family::Flux,
        Check::Replicas(_) | Check::Spread(_) | Check::Rollout(_) => Family::Workload,
        Check::Service(_) => Family::Service,
        Check::Disruption(_) => Family::Budget,
        Check::Program { .. } => Family::Rule,
    };
    if let Some(subject) = check.subject()
        && !kind::is_of(family, &subject.kind)
    {
        let known = kind::names(family);
        return Err(format!(
            "`{}` cannot be claimed of a `{}`, wanted {}",
            check.key(),
            subject.kind,
            known.join(", ")
        ));
    }
    let seconds = match &check {
        Check::Disruption(check) => check.timeout_seconds,
        Check::Rollout(check) => check.timeout_seconds,
        _ => 1,
    };
    if !(1..=MAX_SECONDS).contains(&seconds) {
        return Err(format!(
            "`timeoutSeconds` is {seconds}, wanted 1 to {MAX_SECONDS}"
        ));
    }
    match &check {
        Check::Disruption(check) if check.allows == 0 => {
            Err("`allows` is 0: then every eviction is held back, and no node can be drained".to_owned())
        }
        Check::Program {
            question: Question::Alerts(alerts),
            ..
        } if alerts.fires.is_empty() && alerts.quiet.is_empty() => {
            Err("`alerts` names none: `fires`, `quiet` or both".to_owned())
        }
        _ => Ok(check),
    }
}

impl TryFrom<RawDns> for Dns {
    type Error = String;

    fn try_from(raw: RawDns) -> Result<Self, String> {
        let service = raw.answers_service_of.map(|service| ObjectName {
            kind: "Service".to_owned(),
            namespace: service.namespace,
            name: service.name,
        });
        if raw.forwards == Some(false) {
            return Err("`forwards` can only be claimed (`true`); leave it out otherwise".to_owned());
        }
        let answers = [
            raw.answers.map(DnsAnswer::Are),
            service.map(DnsAnswer::ServiceOf),
            raw.says.map(DnsAnswer::Says),
            raw.forwards.map(|_| DnsAnswer::Forwards),
        ];
        let mut answers: Vec<DnsAnswer> = answers.into_iter().flatten().collect();
        match (answers.pop(), answers.is_empty()) {
            (Some(answer), true) => Ok(Self {
                ask: raw.ask,
                record_type: raw.r#type,
                answer,
            }),
            _ => {
                Err("a question wants one of `answers`, `answersServiceOf`, `says` and `forwards`".to_owned())
            }
        }
    }
}
