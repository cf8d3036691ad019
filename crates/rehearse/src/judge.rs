//! What Flux's conditions mean: Ready, failed, still waiting, or nothing that can be told here.

use std::collections::BTreeMap;

use crate::beyond::Deferral;
use crate::observe::{Live, Ready};
use crate::outcome::Verdict;

/// Reasons that say that an object's own content is wrong, whatever it waits for.
const OWN_FAULT: [&str; 6] = [
    "BuildFailed",
    "ReconciliationFailed",
    "PruneFailed",
    "URLInvalid",
    "InstallFailed",
    "UpgradeFailed",
];

/// The verdict on one object when nothing moves any more.
pub(crate) fn verdict(object: &Live, deferred: &BTreeMap<String, Deferral>) -> Verdict {
    match deferred.get(&object.id()) {
        Some(Deferral { why, root }) => Verdict::Deferred {
            why: why.clone(),
            root: root.clone(),
        },
        None if object.ready == Ready::Yes => Verdict::Ready,
        None if object.ready == Ready::No || object.is_stalled => Verdict::Failed,
        None => Verdict::Waiting,
    }
}

pub(crate) fn is_own_fault(object: &Live) -> bool {
    object.ready == Ready::No && OWN_FAULT.contains(&object.reason.as_str())
}
