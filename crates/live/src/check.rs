//! Whether a check holds. One file for each kind.

mod disruption;
mod ready;
mod replicas;
mod rollout;
mod service;
mod spread;
#[cfg(test)]
mod tests;
mod workload;

use std::time::{Duration, Instant};

use diag::Span;
use model::object;
use scenarios::{NoSetting, ObjectName, Setting};
use serde_json::Value as Json;

use crate::access::{self, Access, AccessError};
use crate::design::{Check, Design};
use crate::kind;
use crate::object::selector;
use crate::outcome::{Miss, Verdict};
use crate::pod::{self, Pod};
use crate::run::Request;

/// The field that says how many pods are wanted.
const FIELD_REPLICAS: &str = "spec.replicas";
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// What a check has at hand.
pub(crate) struct Cx<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) design: &'a Design,
    pub(crate) access: &'a dyn Access,
    /// The time that a restart is stamped with, RFC 3339.
    pub(crate) now: &'a str,
}

/// Looks, without changing anything; what would be changed is not done.
pub(crate) fn look(cx: &Cx<'_>, check: &Check) -> Result<Verdict, AccessError> {
    match check {
        Check::Ready(name) => ready::judge(cx, name),
        Check::Replicas(check) => replicas::judge(cx, check),
        Check::Spread(check) => spread::judge(cx, check),
        Check::Service(check) => service::judge(cx, check),
        Check::Disruption(check) => disruption::judge(cx, check),
        Check::Rollout(check) => rollout::judge(cx, check),
        Check::Program { name, question } => {
            let program = cx.design.programs.iter().find(|program| program.name == *name);
            match (cx.request.programs, program) {
                (Some(programs), Some(program)) => programs.ask(program, question),
                _ => Ok(Verdict::deferred(format!("`{name}` cannot be started here"))),
            }
        }
    }
}

/// Does what a check does to a cluster, and looks.
pub(crate) fn try_it(cx: &Cx<'_>, check: &Check) -> Result<Verdict, AccessError> {
    match check {
        Check::Disruption(check) => disruption::try_it(cx, check),
        Check::Rollout(check) => rollout::try_it(cx, check),
        _ => look(cx, check),
    }
}

impl Cx<'_> {
    /// An object; none where it is not there.
    fn object(&self, name: &ObjectName) -> Result<Option<Json>, AccessError> {
        access::object(self.access, name)
    }

    /// A node; none where it is not there.
    fn node(&self, name: &str) -> Result<Option<Json>, AccessError> {
        if !kind::is_name(name) {
            return Ok(None);
        }
        access::node(self.access, name)
    }

    /// The pods of a workload.
    fn pods_of(&self, name: &ObjectName, object: &Json) -> Result<Vec<Pod>, AccessError> {
        match selector(object, "/spec/selector") {
            Some(selector) => pod::pods(self.access, &name.namespace, &selector),
            None => Ok(Vec::new()),
        }
    }

    /// A setting of the cluster, at its place in the tree.
    fn setting(&self, name: &str) -> Result<Setting, Miss> {
        let found = scenarios::setting(self.request.cluster, &self.design.settings, name);
        found.map_err(|NoSetting { wanted, found, map }| {
            let span = map.map_or(Span::NONE, object::span);
            Miss::new(wanted, found).at(span)
        })
    }
}

/// What is to be said of a subject that is not there.
fn absent(name: &ObjectName) -> Verdict {
    Verdict::Failed {
        misses: vec![Miss::new(format!("`{name}`"), "no such object")],
    }
}

/// Waiting for something to become true.
pub(crate) struct Until {
    deadline: Instant,
}

impl Until {
    pub(crate) fn new(within: Duration) -> Self {
        Self {
            deadline: Instant::now() + within,
        }
    }

    /// Asks until it holds; whether it did in time. It is asked once at least.
    pub(crate) fn holds(
        &self,
        mut ask: impl FnMut() -> Result<bool, AccessError>,
    ) -> Result<bool, AccessError> {
        loop {
            if ask()? {
                return Ok(true);
            }
            if Instant::now() > self.deadline {
                return Ok(false);
            }
            std::thread::sleep(PAUSE);
        }
    }
}
