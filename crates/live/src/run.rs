//! The live scenarios of one cluster: what only looks first, then what changes something, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use diag::Sources;
use flux::ClusterBuild;
use scenarios::{Clusters, ObjectName};

use crate::access::{Access, AccessError};
use crate::check::{self, Cx, Until};
use crate::design::{Check, Design, NotVerified, Scenario};
use crate::outcome::{Outcome, Place, Settled, Verdict};
use crate::place;
use crate::program::Programs;

/// What is looked at.
pub struct Request<'a> {
    /// The API server.
    pub access: &'a dyn Access,
    /// The cluster, as the tree describes it.
    pub cluster: &'a ClusterBuild,
    /// The files that places are in.
    pub sources: &'a Sources,
    /// Flux objects that cannot be judged here, by `Kind/namespace/name`, and why.
    pub deferred: &'a BTreeMap<String, String>,
    /// Flux objects that have failed, by `Kind/namespace/name`, and the reason: what they bring is not there, and nobody looks for it.
    pub failed: &'a BTreeMap<String, String>,
    /// Flux objects that are Ready, by `Kind/namespace/name`: what brings them is not asked for.
    pub ready: &'a BTreeSet<String>,
    /// Whether checks may change something.
    pub changes: Changes<'a>,
    /// Who asks programs; none where they are not started.
    pub programs: Option<&'a dyn Programs>,
    /// How long a promise may take to come true where nothing is changed.
    pub patience: Duration,
}

/// Whether checks may change something.
#[derive(Debug, Clone, Copy)]
pub enum Changes<'a> {
    /// They may.
    Allowed {
        /// This second, RFC 3339: what restarts are stamped with.
        now: &'a str,
    },
    /// They may not; then they are deferred, unless what is to be seen is wrong already.
    Refused {
        /// Why: `needs --disruptive`.
        why: &'a str,
    },
}

/// Something to tell a person who waits.
#[derive(Debug)]
pub enum Event<'a> {
    /// A scenario begins.
    Begins(&'a Scenario),
    /// It is settled.
    Ends(&'a Settled),
}

/// Who is told.
pub type Listener<'a> = dyn Fn(&Event<'_>) + 'a;

/// Settles the scenarios that are promised for this cluster, in the order of the designs. An error where the API server does not
/// answer; what it refuses to answer is deferred.
pub fn run(
    request: &Request<'_>,
    designs: &[Design],
    listener: &Listener<'_>,
) -> Result<Vec<Settled>, AccessError> {
    let mut scenarios: Vec<(usize, (&Design, &Scenario))> = pairs(designs, &request.cluster.cluster.name)
        .enumerate()
        .collect();
    scenarios.sort_by_key(|(n, (_, scenario))| (scenario.check.changes().is_some(), *n));
    let mut settled = Vec::new();
    for (n, (design, scenario)) in scenarios {
        listener(&Event::Begins(scenario));
        let result = settle(request, design, scenario)?;
        listener(&Event::Ends(&result));
        settled.push((n, result));
    }
    settled.sort_by_key(|(n, _)| *n);
    Ok(settled.into_iter().map(|(_, settled)| settled).collect())
}

/// What no scenario shows where there are no kubelets: what the designs say, and what is true of every rehearsal.
pub fn not_verified(designs: &[Design]) -> Vec<NotVerified> {
    let ours = [
        ("packets to pods and Services", "no CNI and no kube-proxy run"),
        (
            "images and what runs in them",
            "there are no kubelets: pods are pretended",
        ),
        (
            "probes",
            "no kubelet asks containers; pods are called ready at once",
        ),
    ];
    let ours = ours.map(|(what, why)| NotVerified {
        what: what.to_owned(),
        why: why.to_owned(),
    });
    let mut all: Vec<NotVerified> = Vec::new();
    let said = designs
        .iter()
        .flat_map(|design| design.not_verified.iter().cloned());
    for one in said.chain(ours) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// The scenarios that are promised for a cluster, in the order of the designs.
pub fn promised<'a>(designs: &'a [Design], cluster: &'a str) -> impl Iterator<Item = &'a Scenario> {
    pairs(designs, cluster).map(|(_, scenario)| scenario)
}

fn pairs<'a>(designs: &'a [Design], cluster: &'a str) -> impl Iterator<Item = (&'a Design, &'a Scenario)> {
    let all = designs
        .iter()
        .flat_map(|design| design.scenarios.iter().map(move |scenario| (design, scenario)));
    all.filter(move |(design, scenario)| is_promised(design, scenario, cluster))
}

fn is_promised(design: &Design, scenario: &Scenario, cluster: &str) -> bool {
    match scenario.clusters.as_ref().unwrap_or(&design.clusters) {
        Clusters::All => true,
        Clusters::Named(names) => names.iter().any(|name| name == cluster),
    }
}

fn settle(request: &Request<'_>, design: &Design, scenario: &Scenario) -> Result<Settled, AccessError> {
    let start = Instant::now();
    let verdict = match beyond(request, scenario) {
        Some(why) => Verdict::Deferred { why },
        None => match judge(request, design, scenario) {
            Err(error @ AccessError::Refused { .. }) => Verdict::Deferred {
                why: error.to_string(),
            },
            other => other?,
        },
    };
    let (outcome, place) = match verdict {
        Verdict::Passed { seen } => (Outcome::Passed { seen }, written(request, scenario)),
        Verdict::Deferred { why } => (Outcome::Deferred { why }, written(request, scenario)),
        Verdict::Failed { misses } => {
            let first = misses.first();
            let known = first.and_then(|miss| place::at(request.sources, miss.span));
            let field = first.map(|miss| miss.field.clone()).unwrap_or_default();
            let place = known.or_else(|| place::of(request.cluster, request.sources, scenario, &field));
            (Outcome::Failed { misses }, place)
        }
    };
    let subject = match &scenario.check {
        Check::Program { name, .. } => name.clone(),
        check => check.subject().map(ToString::to_string).unwrap_or_default(),
    };
    Ok(Settled {
        id: scenario.id.clone(),
        story: design.story.clone(),
        priority: scenario.priority,
        criterion: scenario.criterion.clone().unwrap_or_default(),
        title: scenario.title.clone(),
        check: scenario.check.key(),
        subject,
        outcome,
        place,
        elapsed: start.elapsed(),
    })
}

fn written(request: &Request<'_>, scenario: &Scenario) -> Option<Place> {
    place::of(request.cluster, request.sources, scenario, "")
}

/// Looks until it holds or the patience is over; then does what changes something, where that is allowed.
fn judge(request: &Request<'_>, design: &Design, scenario: &Scenario) -> Result<Verdict, AccessError> {
    let now = match request.changes {
        Changes::Allowed { now } => now,
        Changes::Refused { .. } => "",
    };
    let cx = Cx {
        request,
        design,
        access: request.access,
        now,
    };
    let mut last = check::look(&cx, &scenario.check)?;
    // A program was waited for when it was started; it is asked once more, not for long.
    let patience = match scenario.check {
        Check::Program { .. } => Duration::ZERO,
        _ => request.patience,
    };
    let until = Until::new(patience);
    until.holds(|| {
        if matches!(last, Verdict::Failed { .. }) {
            last = check::look(&cx, &scenario.check)?;
        }
        Ok(!matches!(last, Verdict::Failed { .. }))
    })?;
    match (last, scenario.check.changes(), request.changes) {
        (Verdict::Passed { seen }, Some(_), Changes::Refused { why }) => {
            Ok(Verdict::deferred(format!("{seen}; the rest is not run: {why}")))
        }
        (Verdict::Passed { .. }, Some(_), Changes::Allowed { .. }) => check::try_it(&cx, &scenario.check),
        (verdict, _, _) => Ok(verdict),
    }
}

/// Why a scenario cannot be looked at: what brings its subject, or what brings that in turn, is deferred or has failed. Where one of
/// them is Ready, what brings it does not matter.
fn beyond(request: &Request<'_>, scenario: &Scenario) -> Option<String> {
    let subject = scenario.check.subject();
    let is_flux = |name: &&ObjectName| request.is_known(name);
    let begin = subject.filter(is_flux).or(scenario.from.as_ref())?;
    let mut name = begin.clone();
    let mut seen = BTreeSet::new();
    while seen.insert(name.to_string()) {
        let id = name.to_string();
        if let Some(why) = request.deferred.get(&id) {
            return Some(format!("{id}: {why}"));
        }
        if request.ready.contains(&id) {
            return None;
        }
        let is_judged = matches!(&scenario.check, Check::Ready(subject) if *subject == name);
        if let Some(why) = request.failed.get(&id).filter(|_| !is_judged) {
            return Some(format!("{id} is not Ready: {why}"));
        }
        name = owner(request.cluster, &name)?;
    }
    None
}

impl Request<'_> {
    /// Whether Flux has said something of an object, or could.
    fn is_known(&self, name: &ObjectName) -> bool {
        let id = name.to_string();
        self.deferred.contains_key(&id)
            || self.failed.contains_key(&id)
            || self.ready.contains(&id)
            || owner(self.cluster, name).is_some()
    }
}

/// The flux::Kustomization that applies an object.
fn owner(cluster: &ClusterBuild, name: &ObjectName) -> Option<ObjectName> {
    let mut objects = cluster.objects();
    let (built, _) = objects.find(|(_, object)| place::is_named(&object.node, name))?;
    Some(ObjectName {
        kind: "Kustomization".to_owned(),
        namespace: built.id.namespace.clone(),
        name: built.id.name.clone(),
    })
}
