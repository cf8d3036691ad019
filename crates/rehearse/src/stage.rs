//! One cluster on the plane: put there, watched until nothing moves, judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

use diag::Sources;
use flux::ClusterBuild;
use model::object;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::error::RehearseError;
use crate::judge::{self, Beyond};
use crate::observe::{self, Live, Ready, Snapshot};
use crate::outcome::{Assumed, FluxObject, Outcome, Verdict};
use crate::places::{Blame, Places};
use crate::plane::{NAMESPACE, Plane};
use crate::registry::Chart;
use crate::rewrite::{self, Rewrite};
use crate::server::Server;
use crate::{address, crds, entry, wait};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// Nothing moves when nothing has moved for this long: where all that is left has failed, and where Flux is still at work.
const QUIET_FAILED: Duration = Duration::from_secs(6);
const QUIET_AT_WORK: Duration = Duration::from_secs(25);
/// How often what failed is asked to try again: what it lacked may have come since.
const RETRIES: u32 = 1;
/// The time that policies have to take effect.
const POLICIES: Duration = Duration::from_mins(1);

/// What is rehearsed.
pub struct Request<'a> {
    /// The cluster.
    pub build: &'a ClusterBuild,
    /// The files that places are in.
    pub sources: &'a Sources,
    /// Charts that the server hands out.
    pub charts: &'a [Chart],
    /// URLs of charts that their registry does not have.
    pub missing: &'a BTreeSet<String>,
    /// `(group, kind)` of CRDs that charts bring.
    pub brought: &'a BTreeSet<(String, String)>,
    /// The time for everything after the start of the plane.
    pub timeout: Duration,
    /// Which value of a release is to blame for a field of an installed object.
    pub blame: &'a Blame<'a>,
}

/// Something to tell a person who waits.
#[derive(Debug)]
pub enum Event<'a> {
    /// What is waited for.
    Step(&'a str),
    /// A Flux object has another state: `Kind/namespace/name`, whether it is Ready, and Flux's words.
    Object {
        /// Which.
        object: &'a str,
        /// None: at work.
        ready: Option<bool>,
        /// Reason and message.
        said: &'a str,
        /// Since the start.
        elapsed: Duration,
    },
}

/// Who is told.
pub type Listener<'a> = dyn Fn(&Event<'_>) + 'a;

/// Puts the entrypoint on the plane and waits until nothing moves, or until the time is over. `start` is when the plane was
/// begun.
pub fn rehearse(
    plane: &Plane<'_>,
    server: &Server,
    request: &Request<'_>,
    start: Instant,
    listener: &Listener<'_>,
) -> Result<Outcome, RehearseError> {
    let (kind, namespace, name) = entry::source(request.build);
    if kind != "GitRepository" {
        return Err(RehearseError::Api {
            what: "begin".to_owned(),
            message: format!("the cluster's own source is of kind {kind}, which cannot be rehearsed yet"),
        });
    }
    listener(&Event::Step("what the cluster is assumed to have"));
    let assumed = assume(plane, request)?;
    let prefix = format!("oci://{}/{}/", server.authority(), server.secret());
    redirect(plane, server, &prefix, (&namespace, &name))?;
    for (path, object) in entry::objects(request.build) {
        plane.api.create(&path, &object)?;
    }
    listener(&Event::Step("Flux"));
    let served: BTreeSet<String> = request.charts.iter().map(|chart| chart.url.clone()).collect();
    let own = format!("{kind}/{namespace}/{name}");
    let beyond = Beyond {
        build: request.build,
        served: &served,
        missing: request.missing,
        oci_prefix: &prefix,
        own: &own,
    };
    let mut watch = Watch {
        plane,
        server,
        start,
        listener,
        seen: BTreeMap::new(),
        ready_after: BTreeMap::new(),
    };
    let (snapshot, timed_out) = watch.until_still(&beyond, request.timeout)?;
    let deferred = beyond.deferred(&snapshot);
    let places = Places {
        build: request.build,
        sources: request.sources,
        blame: request.blame,
    };
    Ok(Outcome {
        cluster: request.build.cluster.name.clone(),
        kubernetes_version: plane.kubernetes_version.clone(),
        elapsed: start.elapsed(),
        timed_out,
        objects: watch.report(&snapshot, &deferred, &places),
        workloads: snapshot.workloads,
        assumed,
    })
}

/// CRDs that the repository relies on and that neither it nor its charts install.
fn assume(plane: &Plane<'_>, request: &Request<'_>) -> Result<Vec<Assumed>, RehearseError> {
    let known = schema::Store::bundled();
    let own: BTreeSet<(String, String)> = request
        .build
        .objects()
        .map(|(_, built)| &built.node)
        .filter(|node| object::kind(node) == "CustomResourceDefinition")
        .map(|node| {
            let text = |path: &[&str]| node.str_at(path).unwrap_or_default().to_owned();
            (text(&["spec", "group"]), text(&["spec", "names", "kind"]))
        })
        .collect();
    let mut wanted: BTreeMap<(String, String), BTreeMap<String, bool>> = BTreeMap::new();
    for (_, built) in request.build.objects() {
        let gvk = object::gvk(&built.node);
        let key = (gvk.group.clone(), gvk.kind.clone());
        let is_flux = gvk.group.ends_with(".toolkit.fluxcd.io") && known.lookup(&gvk).is_some();
        let is_custom = known.lookup(&gvk).is_none_or(|schema| schema.is_custom()) && gvk.group.contains('.');
        if is_custom && !is_flux && !own.contains(&key) && !request.brought.contains(&key) {
            let has_namespace = !object::namespace(&built.node).is_empty();
            wanted.entry(key).or_default().insert(gvk.version, has_namespace);
        }
    }
    let bundled = crds::of(&|group, kind| wanted.contains_key(&(group.to_owned(), kind.to_owned())));
    let mut assumed = Vec::new();
    let mut made = bundled.clone();
    for ((group, kind), versions) in &wanted {
        let is_checked = bundled
            .iter()
            .any(|crd| crd["spec"]["group"] == **group && crd["spec"]["names"]["kind"] == **kind);
        if !is_checked {
            made.push(crds::open(group, kind, versions));
        }
        assumed.push(Assumed {
            kind: format!("{kind}.{group}"),
            is_checked,
        });
    }
    plane.install(&made)?;
    Ok(assumed)
}

/// Has sources lead to the rehearsal, and waits until they do.
fn redirect(
    plane: &Plane<'_>,
    server: &Server,
    prefix: &str,
    own: (&str, &str),
) -> Result<(), RehearseError> {
    let minor = plane
        .kubernetes_version
        .split('.')
        .nth(1)
        .and_then(|text| text.parse().ok());
    let git_url = server.git_url();
    let rewrite = Rewrite {
        version: minor.and_then(rewrite::version).unwrap_or("v1"),
        own,
        git_url: &git_url,
        oci_prefix: prefix,
    };
    for (path, object) in rewrite.objects() {
        plane.api.create(&path, &object)?;
    }
    let base = "/apis/source.toolkit.fluxcd.io/v1/namespaces";
    let probe = |kind: &str, name: &str, namespace: &str, spec: Json| {
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind,
            "metadata": {"name": name, "namespace": namespace}, "spec": spec,
        })
    };
    let spec = json!({"interval": "1m", "url": "https://rehearsal.invalid/tree"});
    let git = probe("GitRepository", own.1, own.0, spec);
    let spec = json!({"interval": "1m", "url": "oci://rehearsal.invalid/chart"});
    let oci = probe("OCIRepository", "probe", NAMESPACE, spec.clone());
    let helm = probe("HelmRepository", "probe", NAMESPACE, spec);
    let probes = [
        (format!("{base}/{}/gitrepositories?dryRun=All", own.0), git),
        (format!("{base}/{NAMESPACE}/ocirepositories?dryRun=All"), oci),
        (format!("{base}/{NAMESPACE}/helmrepositories?dryRun=All"), helm),
    ];
    if own.0 != NAMESPACE {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own.0}});
        plane.api.create("/api/v1/namespaces", &namespace)?;
    }
    for (path, object) in &probes {
        // Refusals count for nothing at first: "there can be a delay between when CustomResourceDefinitions are created and
        // when they are available".
        let mut refusal = None;
        let probed = wait::until(plane.run, "the policies that redirect sources", POLICIES, || {
            let answer = plane.api.ask(Method::POST, path, Some(object))?;
            let url = answer
                .body
                .pointer("/spec/url")
                .and_then(Json::as_str)
                .unwrap_or_default();
            let is_there = url == git_url || url.starts_with(prefix);
            refusal = (answer.status >= 400).then(|| answer.message());
            Ok(is_there.then_some(()))
        });
        match (probed, refusal) {
            (Err(RehearseError::Late { .. }), Some(message)) => {
                let what = path.clone();
                return Err(RehearseError::Api { what, message });
            }
            (probed, _) => probed?,
        }
    }
    Ok(())
}

struct Watch<'a> {
    plane: &'a Plane<'a>,
    server: &'a Server,
    start: Instant,
    listener: &'a Listener<'a>,
    seen: BTreeMap<String, String>,
    ready_after: BTreeMap<String, Duration>,
}

impl Watch<'_> {
    /// The last look, and whether the time was over.
    fn until_still(
        &mut self,
        beyond: &Beyond<'_>,
        timeout: Duration,
    ) -> Result<(Snapshot, bool), RehearseError> {
        let begin = Instant::now();
        let mut last_move = Instant::now();
        let mut last = String::new();
        let mut retries = 0;
        loop {
            self.plane.run.check()?;
            let snapshot = observe::look(&self.plane.api)?;
            self.tell(&snapshot);
            let deferred = beyond.deferred(&snapshot);
            let left: Vec<&Live> = snapshot
                .objects
                .iter()
                .filter(|live| live.ready != Ready::Yes && !deferred.contains_key(&live.id()))
                .collect();
            let now = signature(&snapshot);
            if now != last {
                last = now;
                last_move = Instant::now();
            }
            let is_begun = snapshot.objects.iter().any(|live| live.kind == "Kustomization");
            // What is deferred gets the time to say that it is wrong for a reason of its own.
            let is_quiet = last_move.elapsed() > QUIET_FAILED;
            if is_begun && left.is_empty() && (deferred.is_empty() || is_quiet) {
                return Ok((snapshot, false));
            }
            let is_at_work = some_at_work(&left, beyond);
            let quiet = if is_at_work { QUIET_AT_WORK } else { QUIET_FAILED };
            if last_move.elapsed() > quiet {
                if retries == RETRIES || is_at_work {
                    return Ok((snapshot, false));
                }
                retries += 1;
                last_move = Instant::now();
                for live in left.iter().filter(|live| !live.is_stalled) {
                    live.retry(&self.plane.api, &format!("rehearsal-{retries}"))?;
                }
            }
            if begin.elapsed() > timeout {
                return Ok((snapshot, true));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Tells of every object whose state is another one than before.
    fn tell(&mut self, snapshot: &Snapshot) {
        for live in &snapshot.objects {
            let id = live.id();
            if live.ready == Ready::Yes {
                let elapsed = self.start.elapsed();
                self.ready_after.entry(id.clone()).or_insert(elapsed);
            } else {
                self.ready_after.remove(&id);
            }
            let said = self.words(live);
            if self.seen.get(&id) == Some(&said) || live.reason.is_empty() {
                continue;
            }
            (self.listener)(&Event::Object {
                object: &id,
                ready: match live.ready {
                    Ready::Yes => Some(true),
                    Ready::No => Some(false),
                    Ready::Unknown => None,
                },
                said: &said,
                elapsed: self.start.elapsed(),
            });
            self.seen.insert(id, said);
        }
    }

    fn words(&self, live: &Live) -> String {
        format!("{}: {}", live.reason, self.restored(&live.message))
    }

    /// A message as it would be with the real addresses.
    fn restored(&self, message: &str) -> String {
        let text = address::restore(message, &self.server.authority(), self.server.secret());
        self.plane.run.mask(text.trim_end())
    }

    fn report(
        &self,
        snapshot: &Snapshot,
        deferred: &BTreeMap<String, String>,
        places: &Places<'_>,
    ) -> Vec<FluxObject> {
        let object = |live: &Live| {
            let verdict = judge::verdict(live, deferred);
            FluxObject {
                object: live.id(),
                place: places.of(live, matches!(verdict, Verdict::Ready | Verdict::Deferred { .. })),
                verdict,
                reason: live.reason.clone(),
                message: self.restored(&live.message),
                revision: live.revision.clone(),
                ready_after: self.ready_after.get(&live.id()).copied(),
            }
        };
        snapshot.by_id().into_values().map(object).collect()
    }
}

/// Whether Flux is doing something right now, and not merely waiting for what has failed.
fn some_at_work(left: &[&Live], beyond: &Beyond<'_>) -> bool {
    let failed: BTreeSet<String> = left
        .iter()
        .filter(|live| live.ready == Ready::No)
        .map(|live| live.id())
        .collect();
    left.iter().any(|live| {
        // A release that failed is installed again, as often as its remediation says.
        let is_tried_again = live.kind == "HelmRelease" && live.is_at_work && live.reason.ends_with("Failed");
        let waits_for_failed = || beyond.waits_for(live).iter().any(|id| failed.contains(id));
        !live.is_stalled
            && !["DependencyNotReady", "ArtifactFailed", "SourceNotReady"].contains(&live.reason.as_str())
            && (is_tried_again || live.ready == Ready::Unknown && !waits_for_failed())
    })
}

/// Everything whose change is a movement. Times are not in it, nor what a source says each time that it tries again.
fn signature(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for live in &snapshot.objects {
        let id = live.id();
        let is_source = !["Kustomization", "HelmRelease"].contains(&live.kind);
        let said = if is_source {
            (live.ready == Ready::Yes).to_string()
        } else {
            format!("{:?} {}", live.ready, live.reason)
        };
        let _ = writeln!(text, "{id} {said} {} {}", live.revision, live.is_stalled);
    }
    for workload in &snapshot.workloads {
        let _ = writeln!(text, "{} {}/{}", workload.object, workload.ready, workload.wanted);
    }
    text
}
