//! One cluster on the plane: put there, watched until nothing moves, judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use diag::Sources;
use flux::ClusterBuild;
use model::object;

use crate::beyond::Beyond;
use crate::crds;
use crate::error::RehearseError;
use crate::outcome::{Assumed, Outcome};
use crate::own::Own;
use crate::places::{Blame, Places};
use crate::plane::Plane;
use crate::redirect::redirect;
use crate::registry::Chart;
use crate::server::Server;
use crate::stand_in::StandIns;
use crate::watch::Watch;

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
    /// `(namespace, name)` of Secrets that charts install.
    pub secrets: &'a BTreeSet<(String, String)>,
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
    let own = Own::of(request.build)?;
    listener(&Event::Step("what the cluster is assumed to have"));
    let assumed = assume(plane, request)?;
    let prefix = format!("oci://{}/{}/", server.authority(), server.secret());
    redirect(plane, server, &prefix, &own)?;
    for (path, object) in own.objects(request.build) {
        plane.api.create(&path, &object)?;
    }
    listener(&Event::Step("Flux"));
    let served: BTreeSet<String> = request.charts.iter().map(|chart| chart.url.clone()).collect();
    let beyond = Beyond {
        build: request.build,
        served: &served,
        missing: request.missing,
        oci_prefix: &prefix,
        own: &own.ids(),
    };
    let mut watch = Watch {
        plane,
        server,
        start,
        listener,
        stand_ins: StandIns::new(request.build, request.secrets),
        seen: BTreeMap::new(),
        ready_after: BTreeMap::new(),
    };
    let (snapshot, timed_out) = watch.until_still(&beyond, request.timeout)?;
    let deferred = beyond.deferred(&snapshot, watch.stand_ins.made());
    let places = Places {
        build: request.build,
        sources: request.sources,
        blame: request.blame,
    };
    Ok(Outcome {
        cluster: request.build.cluster.name.clone(),
        kubernetes_version: plane.kubernetes_version.clone(),
        controllers: plane.controllers.clone(),
        elapsed: start.elapsed(),
        timed_out,
        objects: watch.report(&snapshot, &deferred, &places),
        workloads: snapshot.workloads,
        assumed,
        stand_ins: watch.stand_ins.names(),
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
