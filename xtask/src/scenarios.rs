//! `scenarios`: the QA test designs against what the clusters build, and each story's gate.

mod gate;
mod json;
mod junit;
mod markdown;
pub(crate) mod mutate;
mod text;
pub(crate) mod world;

use std::collections::BTreeSet;

use anyhow::bail;
use model::tree::{DiskOptions, Tree};
use report::color::Paint;
use report::{Format, OutputSpec};
use scenarios::{Filter, GateFile, Outcome, Status, Story};

use world::World;

pub(crate) use gate::{Fresh, Gated, Gating};

use crate::charts::Charts;
use crate::cli::Scenarios;
use crate::project::Project;
use crate::{doctor, evidence, output};

/// One story with what has become of it.
pub(crate) struct StoryResult<'a> {
    pub(crate) story: &'a Story,
    pub(crate) outcomes: Vec<Outcome>,
    /// The gate; none for a part of the scenarios.
    pub(crate) gate: Option<GateFile>,
}

/// Runs the scenarios; deferred ones are shown and do not fail.
pub(crate) fn run(args: &Scenarios) -> anyhow::Result<u8> {
    let project = Project::open(&args.common)?;
    let documents = documents(&project)?;
    let stories = stories(&documents, args.story.as_deref())?;
    // They need a cluster; what is wrong with them shows without one.
    crate::live::load(&documents, &stories)?;
    let filter = filter(args, &stories)?;
    let toolbox = doctor::toolbox(&args.common)?;
    let charts = Charts::new(&project, &toolbox);
    let clusters = World::clusters(&project)?;
    let world = World::build(&charts, &clusters);
    if args.mutate {
        let base = mutate::Base {
            project: &project,
            charts: &charts,
            world: &world,
        };
        return mutate::run(args, &base, &stories, &filter);
    }
    let registries = args.preflight.then_some(&args.registries);
    let evidence = evidence::gather(&toolbox, registries, &project, world.clusters, &stories)?;
    let inputs = world.inputs(&project, &evidence);
    let outcomes: Vec<Vec<Outcome>> = stories
        .iter()
        .map(|story| scenarios::run(&inputs, story, &filter))
        .collect();
    if outcomes.iter().all(Vec::is_empty) {
        bail!("no scenario is chosen: no test design has one for these filters");
    }
    let gating = Gating::new(&toolbox, &project);
    let mut code = report::exit::CLEAN;
    let mut results = Vec::new();
    for (story, outcomes) in stories.iter().zip(outcomes) {
        let mut gate = None;
        if filter.is_everything() {
            let gated = gating.of(&documents, &inputs, story, &outcomes)?;
            code = code.max(gate::settle(args, &project, &gated)?);
            gate = Some(gated.shown(args.check_gate));
        }
        results.push(StoryResult {
            story,
            outcomes,
            gate,
        });
    }
    if args.check_gate && args.story.is_none() {
        code = code.max(gate::orphans(&documents, &stories));
    }
    write(args, &project, &results)?;
    if results.iter().any(has_failed) {
        code = report::exit::FINDINGS;
    }
    Ok(code)
}

/// Test designs are documents for people: .sourceignore keeps them out of what Flux sees.
pub(crate) fn documents(project: &Project) -> anyhow::Result<Tree> {
    let options = DiskOptions {
        keep_source_ignored: true,
    };
    Ok(Tree::from_disk(&project.root, options)?)
}

/// The stories of `docs/qa`, or the one of that number or folder.
pub(crate) fn stories(documents: &Tree, wanted: Option<&str>) -> anyhow::Result<Vec<Story>> {
    let (stories, errors) = scenarios::load(documents);
    for error in &errors {
        output::note(&format!("error: {error}"));
    }
    if !errors.is_empty() {
        bail!("docs/qa has {}", report::plural(errors.len() as u32, "mistake"));
    }
    let known: Vec<String> = stories.iter().map(|story| format!("`{}`", story.story)).collect();
    let chosen: Vec<Story> = stories
        .into_iter()
        .filter(|story| wanted.is_none_or(|wanted| story.story == wanted || story.folder() == wanted))
        .collect();
    match (chosen.is_empty(), wanted) {
        (true, Some(wanted)) => bail!("there is no story `{wanted}`, wanted one of {}", known.join(", ")),
        (true, None) => bail!("there is no test design in docs/qa"),
        (false, _) => Ok(chosen),
    }
}

fn filter(args: &Scenarios, stories: &[Story]) -> anyhow::Result<Filter> {
    let ids: BTreeSet<&String> = stories
        .iter()
        .flat_map(|story| &story.risks)
        .map(|risk| &risk.id)
        .collect();
    let mut risks = Vec::new();
    for wanted in &args.risk {
        let before = risks.len();
        let begins = |id: &&&String| **id == wanted || id.starts_with(&format!("{wanted}-"));
        risks.extend(ids.iter().filter(begins).map(|id| (*id).clone()));
        if risks.len() == before {
            let known: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
            bail!("there is no risk `{wanted}`, wanted one of {}", known.join(", "));
        }
    }
    let clusters = args.common.cluster.iter().map(|text| {
        let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
        name.to_owned()
    });
    Ok(Filter {
        priorities: args.priority.clone(),
        risks,
        clusters: clusters.collect(),
        ..Filter::default()
    })
}

/// Whether a scenario fails that no waiver lets through.
fn has_failed(result: &StoryResult<'_>) -> bool {
    let is_waived = |outcome: &Outcome| {
        let gate = result.gate.iter().flat_map(|gate| &gate.because);
        gate.into_iter()
            .any(|reason| reason.waived && reason.about == outcome.id)
    };
    result
        .outcomes
        .iter()
        .any(|outcome| outcome.status() == Status::Failed && !is_waived(outcome))
}

fn write(args: &Scenarios, project: &Project, results: &[StoryResult<'_>]) -> anyhow::Result<()> {
    let default = [OutputSpec::default()];
    let specs = if args.output.is_empty() {
        &default[..]
    } else {
        &args.output
    };
    for spec in specs {
        let paint = match &spec.file {
            Some(_) => Paint::Plain,
            None => args.common.color.paint(&std::io::stdout()),
        };
        let text = match spec.format {
            Format::Text => text::render(results, paint, args.common.quiet),
            Format::Json => json::render(&project.shown, results),
            Format::Junit => junit::render(results),
            Format::Markdown => markdown::render(results),
            other => bail!("scenarios have no format `{other}`, wanted text, json, junit or markdown"),
        };
        match &spec.file {
            Some(path) => output::file(path, &text)?,
            None => output::data(&text)?,
        }
    }
    Ok(())
}
