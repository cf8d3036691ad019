//! Which scenarios stand for a risk or a criterion, and what has become of it.

use serde::{Deserialize, Serialize};

use crate::design::Story;
use crate::outcome::Status;
use crate::settle::Promise;

/// What is known of a risk or a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// All its scenarios pass.
    Held,
    /// Some of it could not be looked at.
    Unproven,
    /// One of its scenarios fails.
    Open,
    /// No scenario looks at it.
    Untested,
}

impl Standing {
    /// `held`, `unproven`, `open` or `untested`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Unproven => "unproven",
            Self::Open => "open",
            Self::Untested => "untested",
        }
    }
}

/// A risk or a criterion with the scenarios that stand for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traced {
    /// Its id.
    pub id: String,
    /// Probability times impact; none for a criterion and for a risk without a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// What is known of it.
    pub standing: Standing,
    /// Ids of its scenarios, in the order of the design.
    pub scenarios: Vec<String>,
}

/// The risks of a story, the heaviest first, and then in the order of the list.
pub(crate) fn risks(story: &Story, promises: &[Promise]) -> Vec<Traced> {
    let mut traced: Vec<Traced> = story
        .risks
        .iter()
        .map(|risk| {
            let covers = |promise: &&Promise| promise.risks.contains(&risk.id);
            traced(&risk.id, risk.weight(), promises.iter().filter(covers))
        })
        .collect();
    traced.sort_by_key(|risk| std::cmp::Reverse(risk.score));
    traced
}

/// The criteria of a story, in the order of the design.
pub(crate) fn criteria(story: &Story, promises: &[Promise]) -> Vec<Traced> {
    let of = |id: &String| {
        let proves = |promise: &&Promise| promise.criterion == *id;
        traced(id, None, promises.iter().filter(proves))
    };
    story.criteria.iter().map(|criterion| of(&criterion.id)).collect()
}

fn traced<'a>(id: &str, score: Option<u8>, promises: impl Iterator<Item = &'a Promise>) -> Traced {
    let mut scenarios = Vec::new();
    let mut worst = None;
    for promise in promises {
        scenarios.push(promise.id.clone());
        worst = worst.max(Some(promise.status));
    }
    let standing = match worst {
        None => Standing::Untested,
        Some(Status::Passed) => Standing::Held,
        Some(Status::Deferred) => Standing::Unproven,
        Some(Status::Failed) => Standing::Open,
    };
    Traced {
        id: id.to_owned(),
        score,
        standing,
        scenarios,
    }
}
