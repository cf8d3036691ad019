//! One cluster on the plane: put there, watched until nothing moves, judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use diag::Sources;
use flux::ClusterBuild;
use model::object;

use crate::beyond::Beyond;
use crate::error::RehearseError;
use crate::goal::{Goal, Looks};
use crate::outcome::{Assumed, Outcome};
use crate::own::{Kind, Own};
use crate::places::{Blame, Places};
use crate::plane::Plane;
use crate::redirect::redirect;
use crate::registry::Chart;
use crate::server::Server;
use crate::stand_in::{SecretId, StandIns};
use crate::watch::Watch;
use crate::{crds, observe};

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
    Stage::open(plane, server, request, start, listener)
        .and_then(|mut stage| stage.settle(request))
        .map_err(|error| plane.run.explained(error))
}

/// A cluster's entrypoint on the plane: watched until nothing moves, given another commit, and watched again.
pub struct Stage<'a> {
    plane: &'a Plane<'a>,
    /// `oci://127.0.0.1:PORT/SECRET/`.
    prefix: String,
    own: Own,
    assumed: Vec<Assumed>,
    /// Secrets that were made for want of the real ones.
    made: BTreeSet<SecretId>,
    start: Instant,
    watch: Watch<'a>,
    goal: Goal,
}

impl<'a> Stage<'a> {
    /// Puts the entrypoint on the plane.
    pub fn open(
        plane: &'a Plane<'a>,
        server: &'a Server,
        request: &Request<'_>,
        start: Instant,
        listener: &'a Listener<'a>,
    ) -> Result<Self, RehearseError> {
        let own = Own::of(request.build)?;
        listener(&Event::Step("what the cluster is assumed to have"));
        let assumed = assume(plane, request)?;
        let prefix = format!("oci://{}/{}/", server.authority(), server.secret());
        redirect(plane, server, &prefix, &own)?;
        for (path, object) in own.objects(request.build) {
            plane.api.create(&path, &object)?;
        }
        listener(&Event::Step("Flux"));
        Ok(Self {
            plane,
            prefix,
            own,
            assumed,
            made: BTreeSet::new(),
            start,
            watch: Watch::new(plane, server, start, listener),
            goal: Goal::First,
        })
    }

    /// Has Flux fetch a commit that is served now. From here on nothing has settled that is not at this commit.
    ///
    /// An error for a cluster that starts from an artifact: that one is not made anew.
    pub fn follow(&mut self, commit: &str, looks: Looks) -> Result<(), RehearseError> {
        if let Some(source) = self.own.of_kind(Kind::Oci).next() {
            return Err(RehearseError::OwnSource {
                source_id: source.id(),
            });
        }
        self.goal = Goal::Commit {
            commit: commit.to_owned(),
            own: self.own.ids(),
            looks,
        };
        for source in self.own.of_kind(Kind::Git) {
            observe::ask_source(&self.plane.api, &source.namespace, &source.name, commit)?;
        }
        Ok(())
    }

    /// Has every Kustomization look again: one that was quicker than what it reads has the old state.
    pub fn refresh(&mut self) -> Result<(), RehearseError> {
        self.watch.refresh()
    }

    /// Has Flux upgrade every release once more, so that what another one took away comes back.
    pub fn force(&mut self) -> Result<(), RehearseError> {
        self.watch.force()
    }

    /// Waits until nothing moves, or until the time is over, and says what became of everything.
    pub fn settle(&mut self, request: &Request<'_>) -> Result<Outcome, RehearseError> {
        let served: BTreeSet<String> = request.charts.iter().map(|chart| chart.url.clone()).collect();
        let beyond = Beyond {
            build: request.build,
            served: &served,
            missing: request.missing,
            oci_prefix: &self.prefix,
            own: &self.own.ids(),
        };
        let mut stand_ins = StandIns::new(request.build, request.secrets, self.made.clone());
        let (snapshot, timed_out) =
            self.watch
                .until_still(&beyond, &mut stand_ins, &self.goal, request.timeout)?;
        self.made.clone_from(stand_ins.made());
        let deferred = beyond.deferred(&snapshot, stand_ins.made());
        let places = Places {
            build: request.build,
            sources: request.sources,
            blame: request.blame,
        };
        Ok(Outcome {
            cluster: request.build.cluster.name.clone(),
            kubernetes_version: self.plane.kubernetes_version.clone(),
            controllers: self.plane.controllers.clone(),
            elapsed: self.start.elapsed(),
            timed_out,
            objects: self.watch.report(&snapshot, &deferred, &places),
            workloads: snapshot.workloads,
            assumed: self.assumed.clone(),
            stand_ins: stand_ins.names(),
        })
    }
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
