//! The live scenarios on a rehearsal's API server, when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::live::{Access, AccessError, Answer, Changes, Design, Event, NotVerified, Request, Settled, Verb};
use flux::ClusterBuild;
use rehearse::{Environment, Outcome, Plane, Run, Verdict};
use serde::Serialize;
use serde_json::Value as Json;
use tools::Toolbox;

use crate::dns_server::{DnsServers, Kubeconfig, Setup};
use crate::project::Project;
use crate::{clock, output};

/// What controllers do after Flux is content: endpoints, budgets.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of the live scenarios of one cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(rename = "scenarios")]
    pub(super) settled: Vec<Settled>,
    pub(super) not_verified: Vec<NotVerified>,
}

impl Report {
    pub(super) fn failed(&self) -> bool {
        self.settled.iter().any(Settled::failed)
    }
}

/// The API server of a rehearsal.
struct Rehearsal<'a>(&'a Plane<'a>);

impl Access for Rehearsal<'_> {
    fn ask(&self, verb: Verb, path: &str, body: Option<&Json>) -> Result<Answer, AccessError> {
        let answer = self.0.ask(verb.method(), path, body);
        let (status, body) = answer.map_err(|error| AccessError::NoAnswer {
            what: verb.method().to_owned(),
            message: error.to_string(),
        })?;
        Ok(Answer { status, body })
    }
}

/// Runs the scenarios for a cluster; none where there are none, or where nothing is Ready. Programs that are asked are looked
/// for in the folders, then on PATH.
pub(super) fn run(
    (run, plane): (&Run, &Plane<'_>),
    (toolbox, bin_dirs): (&Toolbox, &[PathBuf]),
    build: &ClusterBuild,
    project: &Project,
    designs: &[Design],
    outcome: &Outcome,
    start: Instant,
) -> anyhow::Result<Option<Report>> {
    let mut deferred = BTreeMap::new();
    let mut failed = BTreeMap::new();
    let mut ready = BTreeSet::new();
    for object in &outcome.objects {
        match &object.verdict {
            Verdict::Deferred { why, .. } => {
                deferred.insert(object.object.clone(), why.clone());
            }
            Verdict::Ready => {
                ready.insert(object.object.clone());
            }
            Verdict::Failed | Verdict::Waiting => {
                failed.insert(object.object.clone(), object.reason.clone());
            }
        }
    }
    if designs.is_empty() || ready.is_empty() {
        return Ok(None);
    }
    let now = clock::now();
    let access = Rehearsal(plane);
    let servers = DnsServers::new(Setup {
        run,
        kubeconfig: Ok(Kubeconfig {
            file: plane.kubeconfig().to_owned(),
            context: None,
            environment: Environment::Bare,
        }),
        access: &access,
        toolbox,
        bin_dirs,
    });
    let request = Request {
        access: &access,
        cluster: build,
        sources: project.tree.sources(),
        deferred: &deferred,
        failed: &failed,
        ready: &ready,
        changes: Changes::Allowed { now: &now },
        programs: Some(&servers),
        patience: PATIENCE,
    };
    let name = &build.cluster.name;
    let listener = |event: &Event<'_>| {
        if let Event::Ends(settled) = event {
            let elapsed = start.elapsed().as_secs_f64();
            output::note(&format!(
                "{name} {elapsed:>6.1} s  {}",
                crate::live::line(settled)
            ));
        }
    };
    let settled = ::live::run(&request, designs, &listener)?;
    let mut not_verified = ::live::not_verified(designs);
    not_verified.extend(servers.not_verified());
    Ok(Some(Report {
        settled,
        not_verified,
    }))
}
