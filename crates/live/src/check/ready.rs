//! `ready`: a Flux object is Ready, for its present generation.

use scenarios::ObjectName;

use super::{Cx, absent};
use crate::access::AccessError;
use crate::object::{condition, is_observed, is_true, text};
use crate::outcome::{Miss, Verdict};

/// Where Flux says what it has applied or fetched.
const REVISIONS: [&str; 3] = [
    "/status/lastAppliedRevision",
    "/status/artifact/revision",
    "/status/history/0/chartVersion",
];

pub(super) fn judge(cx: &Cx<'_>, name: &ObjectName) -> Result<Verdict, AccessError> {
    let Some(object) = cx.object(name)? else {
        return Ok(absent(name));
    };
    let ready = condition(&object, "Ready");
    let said = |pointer| ready.map(|ready| text(ready, pointer)).unwrap_or_default();
    let wanted = "Ready, for the present generation";
    let mut misses = Vec::new();
    if said("/status") != "True" {
        let found = match (said("/reason"), said("/message")) {
            ("", _) => "no condition Ready".to_owned(),
            (reason, message) => format!("not Ready, {reason}: {}", message.trim_end()),
        };
        misses.push(Miss::new(wanted, found));
    } else if !is_observed(&object) {
        misses.push(Miss::new(wanted, "Ready for an older generation alone"));
    }
    if is_true(&object, "/spec/suspend") {
        misses.push(Miss::new("an object that Flux reconciles", "it is suspended").in_field("spec.suspend"));
    }
    let revision = REVISIONS.map(|pointer| text(&object, pointer));
    let revision = revision.into_iter().find(|revision| !revision.is_empty());
    Ok(Verdict::of(misses, || match revision {
        Some(revision) => format!("Ready at {revision}"),
        None => "Ready".to_owned(),
    }))
}
