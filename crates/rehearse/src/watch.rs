//! Watches a cluster until nothing moves, and says what became of every object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::address;
use crate::beyond::{Beyond, Deferral};
use crate::error::RehearseError;
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

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// Nothing moves when nothing has moved for this long: where all that is left has failed, and where Flux is still at work.
const QUIET_FAILED: Duration = Duration::from_secs(6);
const QUIET_AT_WORK: Duration = Duration::from_secs(25);
/// What the operating system says of a disk that is full.
const NO_ROOM: &str = "no space left on device";
/// How often what failed is asked to try again: what it lacked may have come since.
const RETRIES: u32 = 1;

/// Watches a cluster.
pub(crate) struct Watch<'a> {
    pub(crate) plane: &'a Plane<'a>,
    pub(crate) server: &'a Server,
    pub(crate) start: Instant,
    pub(crate) listener: &'a Listener<'a>,
    pub(crate) stand_ins: StandIns<'a>,
    pub(crate) seen: BTreeMap<String, String>,
    pub(crate) ready_after: BTreeMap<String, Duration>,
}

impl Watch<'_> {
    /// The last look, and whether the time was over.
    pub(crate) fn until_still(
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
            self.has_room(&snapshot)?;
            pretend::pretend(&self.plane.api)?;
            self.stand_ins.make(&self.plane.api, &snapshot)?;
            let deferred = beyond.deferred(&snapshot, self.stand_ins.made());
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
            // What is deferred gets the time to say that it is wrong for a reason of its own; what is elsewhere, to be had.
            let asked = snapshot
                .objects
                .iter()
                .any(|live| is_being_fetched(live, &deferred));
            let enough = if asked { QUIET_AT_WORK } else { QUIET_FAILED };
            let is_quiet = last_move.elapsed() > enough;
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
            format!("{:?} {}", live.ready, live.reason)
        };
        let _ = writeln!(text, "{id} {said} {} {}", live.revision, live.is_stalled);
    }
    for workload in &snapshot.workloads {
        let _ = writeln!(text, "{} {}/{}", workload.object, workload.ready, workload.wanted);
    }
    text
}
