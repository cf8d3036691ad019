//! What an answer means beside the lock file, and whether it makes the run fail.

use model::config::Config;
use oci::Verdict;
use oci::lock::{Entry, Lock};
use oci::signature::{Policy, SignatureVerdict};

use super::rows::{Ask, Row};

/// What a registry, or the cache, says to a row.
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// None where no signature is demanded.
    pub(crate) signature: Option<SignatureVerdict>,
}

impl Answer {
    pub(super) fn unknown(reason: String) -> Self {
        Self {
            verdict: Verdict::Unknown { reason },
            signature: None,
        }
    }
}

/// A row with its verdict.
pub(super) struct Judged {
    pub(super) row: Row,
    pub(super) state: State,
    pub(super) answer: Answer,
    /// What the lock has for the row.
    pub(super) locked: Option<Entry>,
    /// Whether the project approves the registry; none where it names no approved ones.
    pub(super) approved: Option<bool>,
}

/// What a row comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    There,
    /// There, and not what the lock has for the same tag or version.
    Moved,
    Missing,
    Unknown,
    /// Offline: the cache has it.
    Cached,
    /// Offline: the lock has it.
    Locked,
    /// Nobody was asked.
    NotChecked,
}

impl State {
    /// The word of JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Moved => "moved",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Cached => "cached",
            Self::Locked => "locked",
            Self::NotChecked => "notChecked",
        }
    }

    /// The word for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Missing => "not there",
            Self::Unknown => "cannot tell",
            Self::NotChecked => "not checked",
            other => other.name(),
        }
    }
}

/// What answers are judged beside.
pub(super) struct Beside<'a> {
    pub(super) lock: &'a Lock,
    pub(super) config: &'a Config,
    /// Nobody was asked.
    pub(super) offline: bool,
}

/// What makes a run fail, beside what is wrong.
pub(super) struct Rules {
    /// A registry without an answer.
    pub(super) answers: bool,
    /// An answer that comes from no registry.
    pub(super) registries: bool,
    /// The lock was written anew, so what moved is accepted.
    pub(super) updated: bool,
}

impl Judged {
    pub(super) fn fails(&self, rules: &Rules) -> bool {
        let state = match self.state {
            State::Missing => true,
            State::Moved => !rules.updated,
            State::Unknown => rules.answers,
            State::Cached | State::Locked => rules.registries,
            State::There | State::NotChecked => false,
        };
        let signature = match &self.answer.signature {
            Some(SignatureVerdict::NotVerified { .. }) => true,
            // What no registry could decide does not count.
            Some(SignatureVerdict::Unknown { .. }) => {
                rules.answers
                    && self.state == State::There
                    && matches!(self.policy(), Some(Policy::Keys(_) | Policy::Identities { .. }))
            }
            _ => false,
        };
        state || signature
    }

    fn policy(&self) -> Option<&Policy> {
        match &self.row.ask {
            Ask::Registry { policy, .. } => policy.as_ref(),
            Ask::Nobody { .. } => None,
        }
    }

    /// The lock's version, where the row leads to another one by now.
    pub(super) fn older(&self) -> Option<&Entry> {
        let Verdict::There { digest, .. } = &self.answer.verdict else {
            return None;
        };
        self.locked.as_ref().filter(|entry| entry.digest != *digest)
    }
}

/// Judges every row.
pub(super) fn all(rows: Vec<Row>, answers: Vec<Answer>, beside: &Beside<'_>) -> Vec<Judged> {
    let judge = |(row, answer): (Row, Answer)| {
        let request = match &row.ask {
            Ask::Registry { request, .. } => Some(request),
            Ask::Nobody { .. } => None,
        };
        let locked = request.and_then(|request| beside.lock.entry(request)).cloned();
        Judged {
            state: state(&row, &answer.verdict, locked.as_ref(), beside.offline),
            approved: request.and_then(|request| checks::is_approved(beside.config, &request.url)),
            locked,
            row,
            answer,
        }
    };
    rows.into_iter().zip(answers).map(judge).collect()
}

fn state(row: &Row, verdict: &Verdict, locked: Option<&Entry>, offline: bool) -> State {
    let Ask::Registry { request, .. } = &row.ask else {
        return State::NotChecked;
    };
    match (verdict, locked) {
        (Verdict::Missing { .. }, _) => State::Missing,
        (Verdict::Unknown { .. }, Some(_)) if offline => State::Locked,
        (Verdict::Unknown { .. }, _) => State::Unknown,
        // The cache may be older than the lock; its content moved nowhere.
        (
            Verdict::There {
                from_cache: Some(_),
                digest,
                ..
            },
            locked,
        ) => match locked {
            Some(entry) if entry.digest != *digest => State::Locked,
            _ => State::Cached,
        },
        (Verdict::There { digest, version, .. }, Some(entry)) if entry.digest != *digest => {
            // A range may lead to a newer version; a tag, or the same version, must not lead elsewhere.
            let is_range = request
                .wanted
                .semver
                .as_ref()
                .is_some_and(|range| !range.is_empty());
            if is_range && entry.version != *version {
                State::There
            } else {
                State::Moved
            }
        }
        (Verdict::There { .. }, _) => State::There,
    }
}
