//! Whether a claim holds. One file for each family of claims.

mod addresses;
mod builds;
mod proofs;
mod rules;
#[cfg(test)]
mod tests;
mod values;

use diag::Stage;

use crate::claim::Claim;
use crate::design::Expectation;
use crate::evidence::Need;
use crate::miss::Miss;
use crate::subject::View;

/// What is to be said of a claim.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It was looked at and holds.
    Holds,
    /// It was looked at and does not hold: at least one miss.
    Fails(Vec<Miss>),
    /// It could not be looked at, and why.
    Deferred(String),
}

impl Verdict {
    fn of(misses: Vec<Miss>) -> Self {
        if misses.is_empty() {
            Self::Holds
        } else {
            Self::Fails(misses)
        }
    }
}

impl From<Result<(), Miss>> for Verdict {
    fn from(result: Result<(), Miss>) -> Self {
        match result {
            Ok(()) => Self::Holds,
            Err(miss) => Self::Fails(vec![miss]),
        }
    }
}

/// What must be there to look at a claim of an expectation.
pub(crate) fn needs(expectation: &Expectation) -> impl Iterator<Item = Need> {
    let stage = match expectation.stage {
        Stage::Installed => Some(Need::Chart),
        Stage::Live => Some(Need::Cluster),
        Stage::Written | Stage::Built => None,
    };
    stage
        .into_iter()
        .chain(expectation.claims.iter().filter_map(Claim::need))
}

/// Looks at one claim of an expectation.
pub(crate) fn judge(view: View<'_>, expectation: &Expectation, claim: &Claim) -> Verdict {
    if expectation.stage == Stage::Installed {
        return installed(view, expectation, claim);
    }
    if expectation.stage == Stage::Live {
        return Verdict::Deferred(Need::Cluster.missing().to_owned());
    }
    judge_known(view, expectation, claim)
}

/// Looks at what the charts install, where that is known.
fn installed(view: View<'_>, expectation: &Expectation, claim: &Claim) -> Verdict {
    let view = View {
        stage: Stage::Installed,
        ..view
    };
    if let Some(reason) = view.silence(&expectation.subject) {
        return Verdict::Deferred(reason);
    }
    match judge_known(view, expectation, claim) {
        Verdict::Fails(misses) => {
            Verdict::Fails(misses.into_iter().map(|miss| view.at_release(miss)).collect())
        }
        verdict => verdict,
    }
}

fn judge_known(view: View<'_>, expectation: &Expectation, claim: &Claim) -> Verdict {
    match claim {
        Claim::Exists(_) if expectation.path.is_none() => values::presence(view, expectation, claim).into(),
        Claim::BuildSucceeds => builds::build_succeeds(view, &expectation.subject).into(),
        Claim::ListsEveryManifest => Verdict::of(builds::unlisted(view, &expectation.subject)),
        Claim::Applies(name) => builds::applies(view, &expectation.subject, name).into(),
        Claim::NoPlaceholders => Verdict::of(builds::no_placeholders(view, &expectation.subject)),
        Claim::ValidAgainstSchema => Verdict::of(rules::valid(view, &expectation.subject)),
        Claim::ChecksSilent(ids) => Verdict::of(rules::silent(view, &expectation.subject, ids)),
        Claim::PreflightPasses => proofs::proof(view, Need::Network, &expectation.subject),
        Claim::KubeconformPasses | Claim::CommandSucceeds(_) => {
            let need = claim.need().unwrap_or(Need::Kubeconform);
            proofs::proof(view, need, &expectation.subject)
        }
        _ => Verdict::of(values::values(view, expectation, claim)),
    }
}
