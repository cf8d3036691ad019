//! Watching until nothing moves: looks, what they mean for the goal, asking Flux to look again, and the report.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::address;
use crate::beyond::{Beyond, Deferral};
use crate::error::RehearseError;
use crate::goal::Goal;
use crate::judge;
use crate::observe::{self, Live, Ready, Snapshot};
use crate::outcome::{FluxObject, Verdict};
use crate::places::Places;
use crate::plane::Plane;
use crate::pretend;
use crate::server::Server;
use crate::stage::{Event, Listener};
use crate::stand_in::StandIns;
use crate::words;

/// What the operating system says of a disk that is full.
const NO_ROOM: &str = "no space left on device";
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// Nothing moves when nothing has moved for this long, where Flux is still at work.
const QUIET_AT_WORK: Duration = Duration::from_secs(25);
/// The same where everything that failed was asked to try once more, and has.
const QUIET_ANSWERED: Duration = Duration::from_secs(1);
/// The time that Flux has to answer.
const ANSWERED: Duration = Duration::from_secs(30);
/// How often a Kustomization is asked to look again at what it waits for, and the time between: what looks ready may not be.
const MAX_HURRIES: u32 = 3;
const HURRY: Duration = Duration::from_secs(2);
/// Flux was asked to look again, and has left what it was waiting for.
const HURRIED: &str = "HealthCheckCanceled";

/// Everything that is remembered between looks.
pub(crate) struct Watch<'a> {
    plane: &'a Plane<'a>,
    server: &'a Server,
    start: Instant,
    listener: &'a Listener<'a>,
    seen: BTreeMap<String, String>,
    ready_after: BTreeMap<String, Duration>,
    hurried: BTreeMap<String, (Instant, u32)>,
    asleep: BTreeMap<String, (Instant, u32)>,
    requests: u32,
}

impl<'a> Watch<'a> {
    /// Nothing was seen yet.
    pub(crate) fn new(
        plane: &'a Plane<'a>,
        server: &'a Server,
        start: Instant,
        listener: &'a Listener<'a>,
    ) -> Self {
        Self {
            plane,
            server,
            start,
            listener,
            seen: BTreeMap::new(),
            ready_after: BTreeMap::new(),
            hurried: BTreeMap::new(),
            asleep: BTreeMap::new(),
            requests: 0,
        }
    }

    /// The last look, and whether the time was over.
    pub(crate) fn until_still(
        &mut self,
        beyond: &Beyond<'_>,
        stand_ins: &mut StandIns<'_>,
        goal: &Goal,
        timeout: Duration,
    ) -> Result<(Snapshot, bool), RehearseError> {
        self.hurried.clear();
        self.asleep.clear();
        let begin = Instant::now();
        let mut last_move = Instant::now();
        let mut last = String::new();
        // What failed is asked once to try again: what it lacked may have come since.
        let mut request: Option<String> = None;
        // What is Ready is asked once to look again, where the goal says so.
        let mut again: Option<String> = None;
        loop {
            self.plane.run.check()?;
            let mut snapshot = observe::look(&self.plane.api)?;
            goal.decide(&mut snapshot);
            self.tell(&snapshot);
            self.has_room(&snapshot)?;
            pretend::pretend(&self.plane.api)?;
            stand_ins.make(&self.plane.api, &snapshot)?;
            let deferred = beyond.deferred(&snapshot, stand_ins.made());
            let by_id = snapshot.by_id();
            let left: Vec<&Live> = snapshot
                .objects
                .iter()
                .filter(|live| !goal.is_reached(live, &by_id) && !deferred.contains_key(&live.id()))
                .collect();
            let now = signature(&snapshot);
            if now != last {
                last = now;
                last_move = Instant::now();
            }
            let is_begun = snapshot.objects.iter().any(|live| live.kind == "Kustomization");
            let is_quiet = last_move.elapsed() > goal.quiet();
            // What is deferred gets the time to say that it is wrong for a reason of its own; what is elsewhere, to be had.
            let mut objects = snapshot.objects.iter();
            let is_enough = if objects.any(|live| is_being_fetched(live, &deferred)) {
                last_move.elapsed() > QUIET_AT_WORK
            } else {
                is_quiet
            };
            if is_begun && left.is_empty() && (deferred.is_empty() || is_enough) {
                let Some(token) = &again else {
                    if !goal.looks_again() {
                        return Ok((snapshot, false));
                    }
                    again = Some(self.ask(snapshot.objects.iter().filter(|live| looks_at_intervals(live)))?);
                    continue;
                };
                let mut asked = snapshot.objects.iter().filter(|live| looks_at_intervals(live));
                if asked.all(|live| live.handled == *token) || is_quiet {
                    return Ok((snapshot, false));
                }
            }
            self.hurry(&snapshot, goal)?;
            self.wake(&snapshot, goal)?;
            if some_at_work(&left, &by_id, goal, beyond) {
                if last_move.elapsed() > QUIET_AT_WORK {
                    return Ok((snapshot, false));
                }
            } else if let Some(request) = &request {
                let has_answered = left
                    .iter()
                    .filter(|live| is_asked(live))
                    .all(|live| live.handled == *request);
                if is_quiet || has_answered && last_move.elapsed() > QUIET_ANSWERED {
                    return Ok((snapshot, false));
                }
            } else if is_quiet {
                request = Some(self.ask(left.iter().copied().filter(|live| is_asked(live)))?);
                last_move = Instant::now();
            }
            if begin.elapsed() > timeout {
                return Ok((snapshot, true));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Flux looks at what a Kustomization waits for every five seconds. Where all of it is ready already, it is asked to look
    /// at once.
    fn hurry(&mut self, snapshot: &Snapshot, goal: &Goal) -> Result<(), RehearseError> {
        if !self.plane.can_hurry {
            return Ok(());
        }
        let by_id = snapshot.by_id();
        for live in snapshot.objects.iter().filter(|live| live.is_checking_health()) {
            let id = live.id();
            let checks = live.health_checks();
            let (is_late, times) = match self.hurried.get(&id) {
                Some((at, times)) => (at.elapsed() > HURRY && *times < MAX_HURRIES, *times),
                None => (true, 0),
            };
            let is_there = |check: &String| is_there(check, snapshot, &by_id, goal);
            if is_late && !checks.is_empty() && checks.iter().all(is_there) {
                let token = self.token();
                live.retry(&self.plane.api, &token)?;
                self.hurried.insert(id, (Instant::now(), times + 1));
            }
        }
        Ok(())
    }

    /// Where dependencies form a cycle, kustomize-controller tells no Kustomization of a new revision (it sorts them first, and
    /// gives up), and each comes to it at its interval. One that was not told is asked.
    fn wake(&mut self, snapshot: &Snapshot, goal: &Goal) -> Result<(), RehearseError> {
        let by_id = snapshot.by_id();
        let is_asleep = |live: &&&Live| goal.is_untold(live, &by_id) && !live.is_at_work;
        for live in snapshot.objects.iter().filter(|live| is_asleep(&live)) {
            let id = live.id();
            let (since, times) = *self.asleep.entry(id.clone()).or_insert((Instant::now(), 0));
            if since.elapsed() > HURRY && times < MAX_HURRIES {
                let token = self.token();
                live.retry(&self.plane.api, &token)?;
                self.asleep.insert(id, (Instant::now(), times + 1));
            }
        }
        Ok(())
    }

    /// Asks Flux to look at objects again; returns what it will say when it has.
    fn ask<'l>(&mut self, objects: impl Iterator<Item = &'l Live>) -> Result<String, RehearseError> {
        let token = self.token();
        for live in objects {
            live.retry(&self.plane.api, &token)?;
        }
        Ok(token)
    }

    /// Has Flux upgrade every release once more, and waits until it has, as long as that takes a healthy one.
    pub(crate) fn force(&mut self) -> Result<(), RehearseError> {
        let token = self.token();
        let api = &self.plane.api;
        observe::force(api, &observe::look(api)?, &token)?;
        self.until_answered(&token, "HelmRelease")
    }

    /// Has every Kustomization look again, and waits until it has.
    pub(crate) fn refresh(&mut self) -> Result<(), RehearseError> {
        let snapshot = observe::look(&self.plane.api)?;
        let objects = snapshot.objects.iter();
        let token = self.ask(objects.filter(|live| live.kind == "Kustomization" && !live.is_suspended))?;
        self.until_answered(&token, "Kustomization")
    }

    fn until_answered(&self, token: &str, kind: &str) -> Result<(), RehearseError> {
        let is_done = |live: &Live| live.kind != kind || live.is_suspended || live.handled == token;
        let begin = Instant::now();
        while !observe::look(&self.plane.api)?.objects.iter().all(is_done) && begin.elapsed() < ANSWERED {
            self.plane.run.check()?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn token(&mut self) -> String {
        self.requests += 1;
        format!("rehearsal-{}", self.requests)
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
            if self.seen.get(&id) == Some(&said) || live.reason.is_empty() || live.reason == HURRIED {
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

    /// An error where Flux fails since this machine's disk is full, which says nothing of the repository.
    fn has_room(&self, snapshot: &Snapshot) -> Result<(), RehearseError> {
        let mut objects = snapshot.objects.iter();
        match objects.find(|live| live.message.contains(NO_ROOM)) {
            Some(live) => Err(RehearseError::NoRoom {
                object: live.id(),
                message: self.restored(&live.message),
            }),
            None => Ok(()),
        }
    }

    fn words(&self, live: &Live) -> String {
        format!("{}: {}", live.reason, self.restored(&live.message))
    }

    /// A message as it would be with the real addresses.
    fn restored(&self, message: &str) -> String {
        let text = address::restore(message, &self.server.authority(), self.server.secret());
        let temporary = self.plane.run.folder().join("tmp");
        let text = words::in_tree(&text, &temporary.to_string_lossy());
        self.plane.run.mask(text.trim_end())
    }

    /// What became of every object, in the order of their kinds, namespaces and names.
    pub(crate) fn report(
        &self,
        snapshot: &Snapshot,
        deferred: &BTreeMap<String, Deferral>,
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

/// Whether something that a Kustomization waits for is ready, as far as it is looked at here: Flux's objects and workloads.
fn is_there(id: &str, snapshot: &Snapshot, by_id: &BTreeMap<String, &Live>, goal: &Goal) -> bool {
    if let Some(live) = by_id.get(id) {
        return goal.is_reached(live, by_id);
    }
    let kind = id.split('/').next().unwrap_or_default();
    let mut workloads = snapshot.workloads.iter();
    match workloads.find(|workload| workload.object == id) {
        Some(workload) => workload.ready == workload.wanted,
        None => !observe::is_looked_at(kind),
    }
}

/// Whether a failure is worth asking for once more.
fn is_asked(live: &Live) -> bool {
    live.ready == Ready::No && !live.is_stalled && !live.has_failed_twice()
}

/// Whether Flux looks at an object again after an interval and may then find something missing.
fn looks_at_intervals(live: &Live) -> bool {
    ["Kustomization", "HelmRelease"].contains(&live.kind) && !live.is_suspended && !live.is_going
}

/// Whether Flux is doing something right now, and not merely waiting for what has failed.
fn some_at_work(left: &[&Live], by_id: &BTreeMap<String, &Live>, goal: &Goal, beyond: &Beyond<'_>) -> bool {
    let failed: BTreeSet<String> = left
        .iter()
        .filter(|live| live.ready == Ready::No)
        .map(|live| live.id())
        .collect();
    left.iter().any(|live| {
        // A release that failed is installed again, as often as its remediation says.
        let is_tried_again = live.kind == "HelmRelease" && live.is_at_work && live.reason.ends_with("Failed");
        let waits_for_failed = || beyond.waits_for(live).iter().any(|id| failed.contains(id));
        let is_on_its_way = live.is_going || goal.is_behind(live, by_id);
        !live.is_stalled
            && !["DependencyNotReady", "ArtifactFailed", "SourceNotReady"].contains(&live.reason.as_str())
            && (is_tried_again || (live.ready == Ready::Unknown || is_on_its_way) && !waits_for_failed())
    })
}

/// Whether a source that is elsewhere may still turn out to be there: nobody has said yet that it is not.
fn is_being_fetched(live: &Live, deferred: &BTreeMap<String, Deferral>) -> bool {
    let is_source = !["Kustomization", "HelmRelease", "HelmChart"].contains(&live.kind);
    is_source && live.ready == Ready::Unknown && !live.is_suspended && deferred.contains_key(&live.id())
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
            format!("{:?} {} {}", live.ready, live.reason, live.attempted)
        };
        let _ = writeln!(text, "{id} {said} {} {}", live.revision, live.is_stalled);
    }
    for workload in &snapshot.workloads {
        let _ = writeln!(text, "{} {}/{}", workload.object, workload.ready, workload.wanted);
    }
    text
}
