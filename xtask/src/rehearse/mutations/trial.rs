//! The mutations to be tried: the tree of each one, what we say of it, and which clusters it touches.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use diag::{Finding, Level};
use flux::ClusterBuild;
use model::tree::Tree;
use rayon::prelude::*;
use rehearse::Change;
use scenarios::{Edit, Filter, Redness};

use super::differs::{self, Piece};
use crate::cli::Common;
use crate::project::Project;
use crate::scenarios::mutate::{Base, Case, Mutant};
use crate::scenarios::world::World;

/// One mutation.
pub(super) struct Trial {
    /// `SCENARIO: TITLE`.
    pub(super) name: String,
    /// What its scenario says, cluster by cluster.
    pub(super) redness: BTreeMap<String, Redness>,
    /// Ids of the checks that report an error with it and not without it.
    pub(super) errors: BTreeSet<String>,
    /// The same of those that only warn.
    pub(super) warnings: BTreeSet<String>,
    /// Files that differ.
    pub(super) changes: Vec<Change>,
    /// The mutated repository.
    pub(super) project: Project,
    pub(super) clusters: Vec<ClusterBuild>,
    /// What differs, by cluster; a cluster that is not there has nothing that differs.
    pub(super) differs: BTreeMap<String, Differs>,
}

/// What differs on one cluster.
pub(super) struct Differs {
    /// Whose pieces, and who applies them; empty: the mutation changes nothing here.
    pub(super) touched: BTreeSet<String>,
    /// Everything: two mutations with the same pieces are one.
    pub(super) pieces: BTreeSet<Piece>,
}

/// Builds and judges the mutations, in their order.
pub(super) fn all(
    base: &Base<'_>,
    common: &Common,
    cases: &[Case<'_>],
    filter: &Filter,
) -> anyhow::Result<Vec<Trial>> {
    let tree = &base.project.tree;
    let good: BTreeMap<&str, BTreeSet<Piece>> = base
        .world
        .clusters
        .iter()
        .map(|build| (build.cluster.name.as_str(), differs::pieces(tree, build)))
        .collect();
    let findings = said(&base.world.checked.findings.found);
    let trials = cases.par_iter().map(|case| {
        let name = format!("{}: {}", case.scenario.id, case.mutation.title);
        let mutant = match base.mutant(common, case)? {
            Ok(mutant) => mutant,
            Err(error) => bail!("{name}: {error}"),
        };
        let (redness, new) = judged(base, &mutant, case, filter, &findings);
        let of_level = |wanted: Level| {
            let of_level = new.iter().filter(|(level, ..)| *level == wanted);
            of_level.map(|(_, check, _)| check.clone()).collect()
        };
        Ok(Trial {
            name,
            redness,
            errors: of_level(Level::Error),
            warnings: of_level(Level::Warning),
            changes: changes(tree, &mutant.project.tree, &case.mutation.edits),
            differs: differing(&mutant, &good),
            project: mutant.project,
            clusters: mutant.clusters,
        })
    });
    trials.collect()
}

/// What the scenario says, cluster by cluster, and what `validate` says that it does not say of the good tree.
fn judged(
    base: &Base<'_>,
    mutant: &Mutant,
    case: &Case<'_>,
    filter: &Filter,
    before: &BTreeSet<Said>,
) -> (BTreeMap<String, Redness>, Vec<Said>) {
    let charts = base.charts.of(&mutant.project);
    let world = World::build(&charts, &mutant.clusters);
    let redness = base.redness(mutant, &world, case, filter).into_iter().collect();
    let after = said(&world.checked.findings.found);
    (redness, after.difference(before).cloned().collect())
}

/// Level, check and message.
type Said = (Level, String, String);

fn said(findings: &[Finding]) -> BTreeSet<Said> {
    let said = findings.iter();
    said.map(|finding| (finding.level, finding.check.to_owned(), finding.message.clone()))
        .collect()
}

fn differing(mutant: &Mutant, good: &BTreeMap<&str, BTreeSet<Piece>>) -> BTreeMap<String, Differs> {
    let tree = &mutant.project.tree;
    let builds = mutant.clusters.iter().filter_map(|build| {
        let name = build.cluster.name.as_str();
        let pieces = differs::pieces(tree, build);
        let touched = differs::touched(good.get(name)?, &pieces);
        Some((name.to_owned(), Differs { touched, pieces }))
    });
    builds.collect()
}

/// The files of a mutation's edits as they are with it.
fn changes(good: &Tree, bad: &Tree, edits: &[Edit]) -> Vec<Change> {
    let files: BTreeSet<&String> = edits
        .iter()
        .map(|edit| match edit {
            Edit::Replace { file, .. }
            | Edit::Delete { file }
            | Edit::Create { file, .. }
            | Edit::Patch { file, .. } => file,
        })
        .collect();
    let changes = files
        .into_iter()
        .map(|file| (file.clone(), bad.read_bytes(file).ok()));
    changes
        .filter(|(file, text)| good.read_bytes(file).ok() != *text)
        .collect()
}
