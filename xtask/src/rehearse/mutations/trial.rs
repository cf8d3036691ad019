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
use super::moves;
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
    /// Whether something cannot be judged with it that can be without it.
    pub(super) is_deferred: bool,
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
    /// How many objects come, go or get another owner; none where that is not known.
    pub(super) moves: Option<usize>,
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
    let before = &base.world.checked.findings;
    let owned = moves::owned(base.world);
    let trials = cases.par_iter().map(|case| {
        let name = format!("{}: {}", case.scenario.id, case.mutation.title);
        let mutant = match base.mutant(common, case)? {
            Ok(mutant) => mutant,
            Err(error) => bail!("{name}: {error}"),
        };
        let charts = base.charts.of(&mutant.project);
        let world = World::build(&charts, &mutant.clusters);
        let redness = base.redness(&mutant, &world, case, filter).into_iter().collect();
        let after = &world.checked.findings;
        let owned_after = moves::owned(&world);
        let differs = differing(&mutant, &good, |cluster| {
            owned.get(cluster)?.moves(owned_after.get(cluster)?)
        });
        let known = said(&before.found);
        let new = said(&after.found);
        let of_level = |wanted: Level| {
            let of_level = new.difference(&known).filter(|(level, ..)| *level == wanted);
            of_level.map(|(_, check, _)| check.clone()).collect()
        };
        Ok(Trial {
            name,
            redness,
            errors: of_level(Level::Error),
            warnings: of_level(Level::Warning),
            is_deferred: after.deferred.iter().any(|one| !before.deferred.contains(one)),
            changes: changes(tree, &mutant.project.tree, &case.mutation.edits),
            differs,
            project: mutant.project,
            clusters: mutant.clusters,
        })
    });
    trials.collect()
}

/// Level, check and message.
type Said = (Level, String, String);

fn said(findings: &[Finding]) -> BTreeSet<Said> {
    let said = findings.iter();
    said.map(|finding| (finding.level, finding.check.to_owned(), finding.message.clone()))
        .collect()
}

fn differing(
    mutant: &Mutant,
    good: &BTreeMap<&str, BTreeSet<Piece>>,
    moves: impl Fn(&str) -> Option<usize>,
) -> BTreeMap<String, Differs> {
    let tree = &mutant.project.tree;
    let builds = mutant.clusters.iter().filter_map(|build| {
        let name = build.cluster.name.as_str();
        let pieces = differs::pieces(tree, build);
        let touched = differs::touched(good.get(name)?, &pieces);
        let differs = Differs {
            touched,
            pieces,
            moves: moves(name),
        };
        Some((name.to_owned(), differs))
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
