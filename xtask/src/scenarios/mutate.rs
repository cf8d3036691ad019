//! `scenarios --mutate`: every mutation on a copy of the tree in memory; one that is not noticed is a hole in the design.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::bail;
use flux::ClusterBuild;
use rayon::prelude::*;
use report::color::Tone;
use report::table::{Cell, Table};
use report::{Format, OutputSpec};
use scenarios::{Clusters, Filter, MutateError, Mutation, Outcome, Redness, Scenario, Status, Story};
use serde_json::{Value, json};

use super::World;
use crate::charts::Charts;
use crate::cli::{Common, Scenarios};
use crate::output;
use crate::project::Project;

/// What is mutated.
pub(crate) struct Base<'a> {
    pub(crate) project: &'a Project,
    pub(crate) charts: &'a Charts<'a>,
    pub(crate) world: &'a World<'a>,
}

/// One mutation of one scenario.
pub(crate) struct Case<'a> {
    pub(crate) story: &'a Story,
    pub(crate) scenario: &'a Scenario,
    pub(crate) mutation: &'a Mutation,
}

/// The repository with a mutation.
pub(crate) struct Mutant {
    pub(crate) project: Project,
    pub(crate) clusters: Vec<ClusterBuild>,
}

/// What it did, cluster by cluster.
struct Done<'a> {
    case: &'a Case<'a>,
    redness: Vec<(String, Redness)>,
    /// Whether each claim alone, in the order of [`scenarios::each_claim_alone`], turns red somewhere.
    red_claims: Vec<bool>,
}

/// Claims that no mutation of their scenario breaks, as `SCENARIO expectation 2: CLAIM`.
type Idle = Vec<String>;

/// Runs the mutations of the chosen scenarios; exit code 1 when one survives or a claim is idle.
pub(super) fn run(
    args: &Scenarios,
    base: &Base<'_>,
    stories: &[Story],
    filter: &Filter,
) -> anyhow::Result<u8> {
    let cases = cases(stories, filter);
    if cases.is_empty() {
        bail!("no scenario is chosen: no test design has one for these filters");
    }
    let done: anyhow::Result<Vec<Done<'_>>> = cases
        .par_iter()
        .map(|case| one(args, base, case, filter))
        .collect();
    let done = done?;
    let idle = idle(base, &done, filter);
    let default = [OutputSpec::default()];
    let specs = if args.output.is_empty() {
        &default[..]
    } else {
        &args.output
    };
    for spec in specs {
        let text = match spec.format {
            Format::Text => text(args, &done, &idle),
            Format::Json => json(&base.project.shown, &done, &idle),
            other => bail!("mutations have no format `{other}`, wanted text or json"),
        };
        match &spec.file {
            Some(path) => output::file(path, &text)?,
            None => output::data(&text)?,
        }
    }
    let good = idle.is_empty() && done.iter().all(|done| is_good(&done.redness));
    Ok(if good {
        report::exit::CLEAN
    } else {
        report::exit::FINDINGS
    })
}

/// The mutations of the chosen scenarios; those of waived ones are left out, which is said.
pub(crate) fn cases<'a>(stories: &'a [Story], filter: &Filter) -> Vec<Case<'a>> {
    stories
        .iter()
        .flat_map(|story| story.scenarios.iter().map(move |scenario| (story, scenario)))
        .filter(|(_, scenario)| filter.takes(scenario))
        .filter(|(story, scenario)| {
            let is_waived = story.waives(&scenario.id);
            if is_waived {
                output::note(&format!("not mutated: {} is waived", scenario.id));
            }
            !is_waived
        })
        .flat_map(|(story, scenario)| {
            scenario.mutations.iter().map(move |mutation| Case {
                story,
                scenario,
                mutation,
            })
        })
        .collect()
}

impl Base<'_> {
    /// The repository with a mutation, built; the inner error is one of the mutation.
    pub(crate) fn mutant(
        &self,
        common: &Common,
        case: &Case<'_>,
    ) -> anyhow::Result<Result<Mutant, MutateError>> {
        let tree = match scenarios::mutate(&self.project.tree, case.mutation) {
            Ok(tree) => tree,
            Err(error) => return Ok(Err(error)),
        };
        let project = self.project.with_tree(common, tree);
        let clusters = World::clusters(&project)?;
        Ok(Ok(Mutant { project, clusters }))
    }

    /// What the mutation does to its scenario, cluster by cluster.
    pub(crate) fn redness(
        &self,
        mutant: &Mutant,
        mutated: &World<'_>,
        case: &Case<'_>,
        filter: &Filter,
    ) -> Vec<(String, Redness)> {
        let clusters = promised(self.world, case, filter);
        let before = run_one(self.world, self.project, case, case.scenario, &clusters);
        let after = run_one(mutated, &mutant.project, case, case.scenario, &clusters);
        scenarios::redness(case.mutation, &before, &after)
    }
}

fn one<'a>(
    args: &Scenarios,
    base: &Base<'_>,
    case: &'a Case<'a>,
    filter: &Filter,
) -> anyhow::Result<Done<'a>> {
    let mutant = match base.mutant(&args.common, case)? {
        Ok(mutant) => mutant,
        Err(error) => {
            return Ok(Done {
                case,
                redness: vec![(String::new(), Redness::Wrong(error.to_string()))],
                red_claims: Vec::new(),
            });
        }
    };
    let charts = base.charts.of(&mutant.project);
    let mutated = World::build(&charts, &mutant.clusters);
    let clusters = promised(base.world, case, filter);
    let red_claims = scenarios::each_claim_alone(case.scenario)
        .iter()
        .map(|(_, alone)| {
            let outcomes = run_one(&mutated, &mutant.project, case, alone, &clusters);
            outcomes.iter().any(|outcome| outcome.status() == Status::Failed)
        })
        .collect();
    Ok(Done {
        case,
        redness: base.redness(&mutant, &mutated, case, filter),
        red_claims,
    })
}

/// One scenario on these clusters. `all` means the clusters that are there, and a mutation may take one away.
fn run_one(
    world: &World<'_>,
    project: &Project,
    case: &Case<'_>,
    scenario: &Scenario,
    clusters: &[String],
) -> Vec<Outcome> {
    let named = Scenario {
        clusters: Some(Clusters::Named(clusters.to_vec())),
        ..scenario.clone()
    };
    let story = Story {
        scenarios: vec![named],
        ..case.story.clone()
    };
    scenarios::run(&world.inputs(project, &[]), &story, &Filter::default())
}

fn idle(base: &Base<'_>, done: &[Done<'_>], filter: &Filter) -> Idle {
    let mut idle = Vec::new();
    let mut seen = BTreeSet::new();
    for Done { case, .. } in done {
        let id = &case.scenario.id;
        if !seen.insert(id) {
            continue;
        }
        let clusters = promised(base.world, case, filter);
        let own = || done.iter().filter(|done| done.case.scenario.id == *id);
        for (index, (name, alone)) in scenarios::each_claim_alone(case.scenario).iter().enumerate() {
            let is_broken = own().any(|done| done.red_claims.get(index) == Some(&true));
            let is_deferred = || {
                let outcomes = run_one(base.world, base.project, case, alone, &clusters);
                outcomes
                    .iter()
                    .all(|outcome| outcome.status() == Status::Deferred)
            };
            // On a part of the clusters a claim may have nothing to say.
            if !is_broken && filter.clusters.is_empty() && !is_deferred() {
                idle.push(format!("{id} {name}"));
            }
        }
    }
    idle
}

fn promised(base: &World<'_>, case: &Case<'_>, filter: &Filter) -> Vec<String> {
    let names: Vec<String> = match case.scenario.clusters.as_ref().unwrap_or(&case.story.clusters) {
        Clusters::Named(names) => names.clone(),
        Clusters::All => base
            .clusters
            .iter()
            .map(|build| build.cluster.name.clone())
            .collect(),
    };
    let is_taken = |name: &String| filter.clusters.is_empty() || filter.clusters.contains(name);
    names.into_iter().filter(is_taken).collect()
}

/// Whether it was noticed everywhere where it must be, and somewhere at all unless only other clusters are looked at.
fn is_good(redness: &[(String, Redness)]) -> bool {
    !redness.is_empty() && redness.iter().all(|(_, redness)| redness.is_good())
}

fn text(args: &Scenarios, done: &[Done<'_>], idle: &Idle) -> String {
    let paint = args.common.color.paint(&std::io::stdout());
    let mut table = Table::new([
        "scenario",
        "mutation",
        "cluster",
        "outcome",
        "what the scenario says",
    ]);
    for done in done {
        for (cluster, redness) in &done.redness {
            let (tone, word, said) = words(redness);
            if args.common.quiet && redness.is_good() {
                continue;
            }
            table.row([
                Cell::from(done.case.scenario.id.clone()),
                Cell::from(done.case.mutation.title.clone()),
                Cell::from(cluster.clone()),
                Cell::new(tone, word),
                Cell::from(said),
            ]);
        }
    }
    let survived = done.iter().filter(|done| !is_good(&done.redness)).count();
    let mut text = table.render(paint);
    for claim in idle {
        let _ = writeln!(text, "no mutation breaks {claim}");
    }
    text + &format!(
        "\n{} mutations, {} noticed, {survived} not; {} idle claims\n",
        done.len(),
        done.len() - survived,
        idle.len()
    )
}

fn words(redness: &Redness) -> (Tone, &'static str, String) {
    match redness {
        Redness::Red(said) => (Tone::Good, "red", said.clone()),
        Redness::Untouched => (Tone::Dim, "untouched", String::new()),
        Redness::Survived(why) => (Tone::Bad, "survived", why.clone()),
        Redness::Wrong(why) => (Tone::Bad, "wrong", why.clone()),
    }
}

fn json(path: &str, done: &[Done<'_>], idle: &Idle) -> String {
    let entries = done.iter().flat_map(|done| {
        done.redness.iter().map(|(cluster, redness)| {
            let (_, outcome, said) = words(redness);
            json!({
                "story": done.case.story.story,
                "scenario": done.case.scenario.id,
                "mutation": done.case.mutation.title,
                "cluster": cluster,
                "outcome": outcome,
                "good": redness.is_good(),
                "said": said,
            })
        })
    });
    report::json::document(&json!({
        "apiVersion": report::API_VERSION,
        "kind": "Mutations",
        "tool": report::Tool::THIS,
        "path": path,
        "mutations": entries.collect::<Vec<Value>>(),
        "idleClaims": idle,
    }))
}
