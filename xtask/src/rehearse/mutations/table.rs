//! Who notices which mutation.

use scenarios::Redness;
use serde::Serialize;

use super::heard::Heard;
use super::perform::All;
use super::trial::Trial;
use crate::scenarios::mutate::Case;

/// One mutation on the clusters where the same is said of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) story: String,
    pub(super) scenario: String,
    pub(super) mutation: String,
    pub(super) clusters: Vec<String>,
    /// What Flux made of it.
    pub(super) flux: String,
    /// Whether its scenario is red.
    pub(super) is_red: bool,
    /// Ids of checks that report an error.
    pub(super) errors: Vec<String>,
    /// Ids of checks that warn.
    pub(super) warnings: Vec<String>,
    /// Whether `validate` says that it cannot judge something.
    pub(super) is_deferred: bool,
    pub(super) who: Who,
    /// Why this row is a defect of ours.
    pub(super) defect: Option<String>,
}

/// Who notices a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Who {
    /// Flux and we.
    Both,
    /// Flux is content.
    OnlyWe,
    /// We do; what Flux says cannot be heard here.
    WeAtLeast,
    /// A hole in what we look at.
    OnlyFlux,
    /// Nobody, and the test design says so.
    Nobody,
}

/// The whole table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) mutations: usize,
    pub(super) rows: Vec<Row>,
}

impl Table {
    /// Rows in the order of the test designs.
    pub(super) fn new(cases: &[Case<'_>], trials: &[Trial], heard: &All) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for (place, (case, trial)) in cases.iter().zip(trials).enumerate() {
            let begin = rows.len();
            for ((_, cluster), flux) in heard.range((place, String::new())..(place + 1, String::new())) {
                let redness = trial.redness.get(cluster);
                let is_red = matches!(redness, Some(Redness::Red(_)));
                // The test design says that this cluster has nothing to do with it.
                if *flux == Heard::SameObjects && !is_red && redness.is_none_or(Redness::is_good) {
                    continue;
                }
                let row = row(case, trial, cluster, flux, redness);
                let same = rows
                    .get_mut(begin..)
                    .unwrap_or_default()
                    .iter_mut()
                    .find(|known| {
                        (&known.flux, known.is_red, &known.defect) == (&row.flux, row.is_red, &row.defect)
                    });
                match same {
                    Some(known) => known.clusters.extend(row.clusters),
                    None => rows.push(row),
                }
            }
        }
        Self {
            mutations: cases.len(),
            rows,
        }
    }

    /// Whether there is no defect of ours.
    pub(super) fn is_good(&self) -> bool {
        self.rows.iter().all(|row| row.defect.is_none())
    }

    /// How many rows are of a kind.
    pub(super) fn count(&self, who: Who) -> usize {
        self.rows.iter().filter(|row| row.who == who).count()
    }
}

fn row(case: &Case<'_>, trial: &Trial, cluster: &str, flux: &Heard, redness: Option<&Redness>) -> Row {
    let is_red = matches!(redness, Some(Redness::Red(_)));
    let who = who(flux, is_red || !trial.errors.is_empty());
    let defect = match redness {
        Some(Redness::Survived(why) | Redness::Wrong(why)) => Some(why.clone()),
        _ if who == Who::OnlyFlux => Some("Flux refuses it, and nothing of ours does".to_owned()),
        _ => None,
    };
    Row {
        story: case.story.story.clone(),
        scenario: case.scenario.id.clone(),
        mutation: case.mutation.title.clone(),
        clusters: vec![cluster.to_owned()],
        flux: flux.to_string(),
        is_red,
        errors: trial.errors.iter().cloned().collect(),
        warnings: trial.warnings.iter().cloned().collect(),
        is_deferred: trial.is_deferred,
        who,
        defect,
    }
}

fn who(flux: &Heard, we: bool) -> Who {
    match (flux, we) {
        (Heard::Noticed(_), true) => Who::Both,
        (Heard::Noticed(_), false) => Who::OnlyFlux,
        (Heard::AllReady | Heard::SameObjects, true) => Who::OnlyWe,
        (Heard::Unknown(_), true) => Who::WeAtLeast,
        (_, false) => Who::Nobody,
    }
}

impl Who {
    /// As the table says it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::OnlyWe => "only we",
            Self::WeAtLeast => "we; Flux cannot be heard here",
            Self::OnlyFlux => "ONLY FLUX",
            Self::Nobody => "nobody, as it should be",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_notices() {
        let noticed = Heard::Noticed(vec!["BuildFailed of Kustomization/f/a".to_owned()]);
        assert_eq!(who(&noticed, true), Who::Both);
        assert_eq!(who(&noticed, false), Who::OnlyFlux);
        assert_eq!(who(&Heard::AllReady, true), Who::OnlyWe);
        assert_eq!(who(&Heard::SameObjects, true), Who::OnlyWe);
        assert_eq!(who(&Heard::Unknown(String::new()), true), Who::WeAtLeast);
        assert_eq!(who(&Heard::AllReady, false), Who::Nobody);
    }
}
