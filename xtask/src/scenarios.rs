//! `scenarios`: the QA test designs against what the clusters build.

use std::fmt::Write;

use anyhow::bail;
use kustomize::Builder;
use model::tree::{DiskOptions, Tree};
use report::color::Tone;
use report::table::{Cell, Table};
use scenarios::{Filter, Inputs, Outcome, Priority, Status, Story};
use serde_json::json;

use crate::charts::Charts;
use crate::cli::Scenarios;
use crate::project::Project;
use crate::{doctor, evidence, output};

/// Runs the scenarios; exit code 1 when one fails. Deferred ones are shown and do not fail.
pub(crate) fn run(args: &Scenarios) -> anyhow::Result<u8> {
    let project = Project::open(&args.common)?;
    // Test designs are documents for people: .sourceignore keeps them out of what Flux sees.
    let documents = Tree::from_disk(
        &project.root,
        DiskOptions {
            keep_source_ignored: true,
        },
    )?;
    let (stories, errors) = scenarios::load(&documents);
    for error in &errors {
        output::note(&format!("error: {error}"));
    }
    if !errors.is_empty() {
        bail!("{} places of the test designs are wrong", errors.len());
    }
    let stories: Vec<Story> = stories
        .into_iter()
        .filter(|story| is_chosen(args, story))
        .collect();
    if stories.is_empty() {
        bail!("no test design in docs/qa is chosen");
    }
    let filter = Filter {
        priorities: priorities(args)?,
        ..Filter::default()
    };
    let outcomes = outcomes(args, &project, &stories, &filter)?;
    let text = if args.output == "json" {
        json(&project, &outcomes)
    } else {
        text(args, &outcomes)
    };
    output::data(&text)?;
    let failed = outcomes.iter().any(|outcome| outcome.status() == Status::Failed);
    Ok(if failed {
        report::exit::FINDINGS
    } else {
        report::exit::CLEAN
    })
}

fn outcomes(
    args: &Scenarios,
    project: &Project,
    stories: &[Story],
    filter: &Filter,
) -> anyhow::Result<Vec<Outcome>> {
    let builder = Builder::new(&project.tree);
    let clusters = project.build(&builder)?;
    let toolbox = doctor::toolbox(&args.common)?;
    let charts = Charts::new(project, &toolbox);
    let installs = charts.install(&clusters);
    let (schemas, _) = Project::schemas(&clusters, &installs);
    let checked = charts.check(&clusters, &installs, &schemas);
    let inputs = Inputs {
        tree: &project.tree,
        clusters: &clusters,
        installs: &installs,
        schemas: &schemas,
        config: &project.config,
        checked: &checked,
        evidence: &evidence::gather(args, project, &clusters)?,
    };
    Ok(stories
        .iter()
        .flat_map(|story| scenarios::run(&inputs, story, filter))
        .collect())
}

fn is_chosen(args: &Scenarios, story: &Story) -> bool {
    args.story.as_ref().is_none_or(|wanted| {
        let folder = model::tree::path::file_name(model::tree::path::parent(&story.file));
        folder == wanted || story.story == *wanted || folder.split('-').next() == Some(wanted)
    })
}

fn priorities(args: &Scenarios) -> anyhow::Result<Vec<Priority>> {
    let known = || {
        Priority::ALL
            .iter()
            .map(|priority| priority.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    args.priority
        .iter()
        .map(
            |text| match Priority::ALL.into_iter().find(|priority| priority.name() == text) {
                Some(priority) => Ok(priority),
                None => bail!("there is no priority `{text}`, wanted one of {}", known()),
            },
        )
        .collect()
}

fn text(args: &Scenarios, outcomes: &[Outcome]) -> String {
    let paint = args.common.color.paint(&std::io::stdout());
    let mut table = Table::new(scenarios::COLUMNS);
    for (outcome, row) in outcomes.iter().zip(scenarios::rows(outcomes)) {
        let tone = match outcome.status() {
            Status::Passed => Tone::Good,
            Status::Deferred => Tone::Doubtful,
            Status::Failed => Tone::Bad,
        };
        let word = outcome.status().name();
        table.row(row.into_iter().map(|text| {
            if text == word {
                Cell::new(tone, text)
            } else {
                Cell::from(text)
            }
        }));
    }
    let mut text = table.render(paint);
    let mut parts = Vec::new();
    for (priority, totals) in scenarios::totals(outcomes) {
        if totals.scenarios > 0 {
            parts.push(format!(
                "{}: {} scenarios, {} passed, {} deferred, {} failed",
                priority.name(),
                totals.scenarios,
                totals.passed,
                totals.deferred,
                totals.failed
            ));
        }
    }
    let _ = writeln!(text, "\n{}", parts.join("; "));
    text
}

fn json(project: &Project, outcomes: &[Outcome]) -> String {
    report::json::document(&json!({
        "apiVersion": report::API_VERSION,
        "kind": "Scenarios",
        "tool": report::Tool::THIS,
        "path": project.shown,
        "scenarios": scenarios::entries(outcomes),
    }))
}
