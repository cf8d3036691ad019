//! `rehearse --mutations`: what the real Flux makes of each defect that the test designs make, beside what we say.
//!
//! Each cluster is started once with the good tree. Every mutation is then pushed to it as a commit, Flux is asked to fetch it,
//! and when nothing moves any more the good tree is pushed again. The clusters run side by side.

mod differs;
mod heard;
mod moves;
mod page;
mod perform;
mod table;
mod trial;
mod turn;

use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use kustomize::Builder;
use rehearse::{Copy, Programs, Run, Served};
use scenarios::{Filter, Priority};
use tools::Toolbox;

use self::table::Table;
use super::Rehearse;
use crate::charts::Charts;
use crate::cli::Common;
use crate::project::Project;
use crate::scenarios::mutate::{self, Base};
use crate::scenarios::world::World;
use crate::{output, scenarios as designs};

/// Where the table is kept, below the repository's root.
const PAGE: &str = "docs/reference/mutations.md";

/// Which mutations, and what becomes of the table.
#[derive(Debug, Args)]
pub(super) struct Mutations {
    /// Push each mutation of the P0 scenarios to the running cluster, and say who notices it: Flux, validate, the scenario
    #[arg(id = "mutations", long = "mutations", conflicts_with_all = ["keep", "compare"])]
    pub(super) are_wanted: bool,
    /// Only this story's mutations: its number or its folder's name
    #[arg(long, requires = "mutations")]
    story: Option<String>,
    /// Only the mutations of this scenario; repeatable
    #[arg(long, value_name = "SCENARIO", requires = "mutations")]
    only: Vec<String>,
    /// Mutations of scenarios of these priorities [default: P0]; repeatable
    #[arg(long, value_name = "PRIORITY", requires = "mutations")]
    priority: Vec<Priority>,
    /// Write the table to docs/reference/mutations.md
    #[arg(long, requires = "mutations", conflicts_with_all = PART)]
    write: bool,
    /// Exit with 1 when docs/reference/mutations.md has another table
    #[arg(long, requires = "mutations", conflicts_with_all = PART, conflicts_with = "write")]
    check: bool,
}

/// What makes a table partial.
const PART: [&str; 4] = ["story", "only", "priority", "cluster"];

impl Mutations {
    fn filter(&self, common: &Common) -> Filter {
        let clusters = common.cluster.iter().map(|text| {
            let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
            name.to_owned()
        });
        Filter {
            ids: self.only.clone(),
            priorities: if self.priority.is_empty() {
                vec![Priority::P0]
            } else {
                self.priority.clone()
            },
            clusters: clusters.collect(),
            ..Filter::default()
        }
    }
}

/// Rehearses the mutations; exit code 1 when Flux alone notices one, when a scenario does not notice its own, or when the table
/// is stale.
pub(super) fn run(
    args: &Rehearse,
    root: &Path,
    toolbox: &Toolbox,
    programs: &Programs,
) -> anyhow::Result<u8> {
    let own = std::env::current_exe().context("this program does not know its own file")?;
    let served = if args.worktree {
        Served::Worktree
    } else {
        Served::Commit
    };
    let reading = Run::start(&own)?;
    let copy = Copy::make(&reading, toolbox, root, served)?;
    let common = Common {
        path: Some(copy.root().to_owned()),
        ..args.common.clone()
    };
    let project = Project::open(&common)?;
    let stories = designs::stories(&designs::documents(&project)?, args.mutations.story.as_deref())?;
    let filter = args.mutations.filter(&args.common);
    let cases = mutate::cases(&stories, &filter);
    if cases.is_empty() {
        bail!("no mutation is chosen: no test design has one for these filters");
    }
    let builds = project.build(&Builder::new(&project.tree))?;
    let charts = Charts::new(&project, toolbox);
    let world = World::build(&charts, &builds);
    let base = Base {
        project: &project,
        charts: &charts,
        world: &world,
    };
    output::note(&format!("{} mutations are built and judged by us", cases.len()));
    let trials = trial::all(&base, &common, &cases, &filter)?;
    let stage = perform::Hall {
        args,
        toolbox,
        programs,
        own: &own,
        root,
        served,
        copy: &copy,
        reading: &reading,
        project: &project,
        installs: &world.installs,
    };
    let heard = stage.perform(&builds, &trials)?;
    let table = Table::new(&cases, &trials, &heard);
    let text = if args.output == "json" {
        page::json(&table)
    } else {
        let paint = args.common.color.paint(&std::io::stdout());
        page::text(&table, paint)
    };
    output::data(&text)?;
    let is_fresh = keep(args, root, &table)?;
    Ok(if table.is_good() && is_fresh {
        report::exit::CLEAN
    } else {
        report::exit::FINDINGS
    })
}

/// Writes the page, or says whether it is as it would be written.
fn keep(args: &Rehearse, root: &Path, table: &Table) -> anyhow::Result<bool> {
    let path = root.join(PAGE);
    if args.mutations.write {
        output::file(&path, &page::markdown(table))?;
        output::note(&format!("wrote {PAGE}"));
    }
    if args.mutations.check {
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        let stale = page::differences(&found, table);
        for row in &stale {
            output::note(&format!("{PAGE} says otherwise: {row}"));
        }
        if !stale.is_empty() {
            output::note("`cargo xtask rehearse --mutations --write` writes the table anew");
        }
        return Ok(stale.is_empty());
    }
    Ok(true)
}
