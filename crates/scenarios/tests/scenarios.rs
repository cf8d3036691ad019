//! Every scenario of every story on every cluster as a test of its own, and every mutation that must turn one red.
//!
//! Names: `04::P0::04.DNS-INT-001::infra` for a promise, `04::mutation::04.DNS-INT-001::1` for a defect that must break it,
//! `04::claims::04.DNS-INT-001` for no claim being idle. What a scenario cannot look at is said on stderr; what it can look
//! at decides.
#![expect(
    clippy::print_stderr,
    reason = "a test that could not look at everything says so"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;

use flux::{ClusterBuild, Options};
use libtest_mimic::{Arguments, Failed, Trial};
use model::config::{self, Config};
use model::object;
use model::tree::{DiskOptions, Tree};
use scenarios::{Clusters, Filter, Inputs, LoadError, Mutation, Outcome, Scenario, Status, Story};
use schema::Store;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let (stories, errors) = match load() {
        Ok(loaded) => loaded,
        Err(error) => (Vec::new(), vec![error]),
    };
    // Trials live as long as the program does.
    let stories: &'static [Story] = Box::leak(stories.into_boxed_slice());
    let mut trials = vec![Trial::test("qa::load", move || loads(stories, &errors))];
    for story in stories {
        trials.push(Trial::test(format!("{}::coverage", story.story), move || {
            covers(story)
        }));
        for scenario in &story.scenarios {
            trials.extend(of_scenario(story, scenario));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn of_scenario(story: &'static Story, scenario: &'static Scenario) -> Vec<Trial> {
    let number = &story.story;
    let mut trials = Vec::new();
    for cluster in clusters_of(story, scenario) {
        let name = format!(
            "{number}::{}::{}::{cluster}",
            scenario.priority.name(),
            scenario.id
        );
        trials.push(Trial::test(name, move || keeps(story, scenario, &cluster)));
    }
    if story.waives(&scenario.id) {
        // What may be red already shows no defect.
        return trials;
    }
    for (index, mutation) in scenario.mutations.iter().enumerate() {
        let name = format!("{number}::mutation::{}::{}", scenario.id, index + 1);
        trials.push(Trial::test(name, move || turns_red(story, scenario, mutation)));
    }
    let name = format!("{number}::claims::{}", scenario.id);
    trials.push(Trial::test(name, move || every_claim_can_fail(story, scenario)));
    trials
}

/// Both the designs and the settings may lie outside of what Flux fetches.
fn load() -> Result<(Vec<Story>, Vec<LoadError>), LoadError> {
    let tree = from_disk(DiskOptions {
        keep_source_ignored: true,
    });
    let failed = |message| LoadError {
        file: ROOT.to_owned(),
        line: 0,
        column: 0,
        message,
    };
    tree.map(|tree| scenarios::load(&tree)).map_err(failed)
}

fn from_disk(options: DiskOptions) -> Result<Tree, String> {
    Tree::from_disk(Path::new(ROOT), options).map_err(|error| error.to_string())
}

fn loads(stories: &[Story], errors: &[LoadError]) -> Result<(), Failed> {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    if stories.is_empty() || !lines.is_empty() {
        return Err(format!("{} stories\n{}", stories.len(), lines.join("\n")).into());
    }
    Ok(())
}

fn covers(story: &Story) -> Result<(), Failed> {
    let coverage = scenarios::coverage(story);
    if coverage.is_complete() {
        Ok(())
    } else {
        Err(format!("{coverage:#?}").into())
    }
}

fn keeps(story: &Story, scenario: &Scenario, cluster: &str) -> Result<(), Failed> {
    let outcomes = base()?.run(story, scenario, cluster);
    for outcome in &outcomes {
        for (stage, reason) in outcome.deferred() {
            eprintln!(
                "deferred: {} on {cluster}, {}: {reason}",
                scenario.id,
                stage.name()
            );
        }
    }
    match outcomes.first().map(Outcome::status) {
        Some(Status::Passed | Status::Deferred) => Ok(()),
        // The gate says until when.
        Some(Status::Failed) if story.waives(&scenario.id) => {
            eprintln!("waived: {} on {cluster}: {}", scenario.id, failures(&outcomes));
            Ok(())
        }
        Some(Status::Failed) => Err(failures(&outcomes).into()),
        None => Err("the scenario did not run".into()),
    }
}

fn turns_red(story: &Story, scenario: &Scenario, mutation: &Mutation) -> Result<(), Failed> {
    let base = base()?;
    let tree = scenarios::mutate(&base.tree, mutation).map_err(|error| error.to_string())?;
    let mutated = World::build(tree, base.config.clone())?;
    let run = |world: &World| -> Vec<Outcome> {
        let clusters = clusters_of(story, scenario).into_iter();
        clusters
            .flat_map(|cluster| world.run(story, scenario, &cluster))
            .collect()
    };
    let judged = scenarios::redness(mutation, &run(base), &run(&mutated));
    let wrong: Vec<String> = judged
        .iter()
        .filter(|(_, redness)| !redness.is_good())
        .map(|(cluster, redness)| format!("`{}` on {cluster}: {redness:?}", mutation.title))
        .collect();
    if judged.is_empty() || !wrong.is_empty() {
        return Err(format!("the mutation does not do what it must\n{}", wrong.join("\n")).into());
    }
    Ok(())
}

/// A claim that no mutation of its scenario breaks might as well not be there.
fn every_claim_can_fail(story: &Story, scenario: &Scenario) -> Result<(), Failed> {
    let base = base()?;
    let mut worlds = Vec::new();
    for mutation in &scenario.mutations {
        let tree = scenarios::mutate(&base.tree, mutation).map_err(|error| error.to_string())?;
        worlds.push(World::build(tree, base.config.clone())?);
    }
    let clusters = clusters_of(story, scenario);
    let mut idle = Vec::new();
    for (name, alone) in scenarios::each_claim_alone(scenario) {
        let story = Story {
            scenarios: vec![alone.clone()],
            ..story.clone()
        };
        let status =
            |world: &World, cluster: &String| world.run(&story, &alone, cluster).first().map(Outcome::status);
        let is_red = |world: &World| {
            clusters
                .iter()
                .any(|at| status(world, at) == Some(Status::Failed))
        };
        let is_deferred = clusters
            .iter()
            .all(|at| status(base, at) == Some(Status::Deferred));
        if !is_deferred && !worlds.iter().any(is_red) {
            idle.push(format!("{} of {}", name, scenario.id));
        }
    }
    if idle.is_empty() {
        Ok(())
    } else {
        Err(format!("no mutation breaks\n{}", idle.join("\n")).into())
    }
}

fn failures(outcomes: &[Outcome]) -> String {
    let line = |failure: &scenarios::Failure| format!("{} {}", failure.place(), failure.message());
    let lines: Vec<String> = outcomes.iter().flat_map(Outcome::failures).map(line).collect();
    lines.join("\n")
}

/// The clusters by name; for a scenario of all clusters those of the repository.
fn clusters_of(story: &Story, scenario: &Scenario) -> Vec<String> {
    match scenario.clusters.as_ref().unwrap_or(&story.clusters) {
        Clusters::Named(names) => names.clone(),
        Clusters::All => base()
            .map(|world| {
                world
                    .clusters
                    .iter()
                    .map(|build| build.cluster.name.clone())
                    .collect()
            })
            .unwrap_or_default(),
    }
}

/// A tree with everything that is made of it.
struct World {
    tree: Tree,
    config: Config,
    clusters: Vec<ClusterBuild>,
    schemas: Store,
    checked: checks::Outcome,
}

fn base() -> Result<&'static World, String> {
    static BASE: OnceLock<Result<World, String>> = OnceLock::new();
    let make = || {
        let full = from_disk(DiskOptions {
            keep_source_ignored: true,
        })?;
        let text = full
            .read(config::PATH)
            .map_or_else(|_absent| String::new(), |text| text.text.to_string());
        let config = Config::parse(&text).map_err(|error| error.to_string())?;
        World::build(from_disk(DiskOptions::default())?, config)
    };
    BASE.get_or_init(make).as_ref().map_err(Clone::clone)
}

impl World {
    fn build(tree: Tree, config: Config) -> Result<Self, String> {
        let version = config.flux_version.as_deref().unwrap_or("2.9");
        let (major, minor) =
            config::major_minor(version).ok_or(format!("`{version}` is no version of Flux"))?;
        let explicit: Vec<(String, String)> = config
            .clusters
            .iter()
            .map(|(name, folder)| (name.clone(), folder.clone()))
            .collect();
        let builder = kustomize::Builder::new(&tree);
        let options = Options::for_version(major, minor);
        let found = flux::discover(&tree, &explicit);
        let clusters: Vec<ClusterBuild> = found
            .iter()
            .map(|cluster| flux::build(&tree, &builder, cluster, options))
            .collect();
        drop(builder);
        let objects = clusters
            .iter()
            .flat_map(ClusterBuild::objects)
            .map(|(_, object)| &object.node);
        let crds: Vec<_> = objects
            .filter(|node| object::kind(node) == "CustomResourceDefinition")
            .collect();
        let (schemas, _) = Store::bundled().with_crds(&crds);
        // No suppression ends in a test: the day is long past.
        let checked = checks::run(&checks::Context::new(
            &tree,
            &clusters,
            &[],
            &schemas,
            &config,
            "1970-01-01",
        ));
        Ok(Self {
            tree,
            config,
            clusters,
            schemas,
            checked,
        })
    }

    fn run(&self, story: &Story, scenario: &Scenario, cluster: &str) -> Vec<Outcome> {
        let filter = Filter {
            ids: vec![scenario.id.clone()],
            clusters: vec![cluster.to_owned()],
            ..Filter::default()
        };
        let inputs = Inputs {
            tree: &self.tree,
            clusters: &self.clusters,
            installs: &[],
            schemas: &self.schemas,
            config: &self.config,
            checked: &self.checked,
            evidence: &[],
        };
        scenarios::run(&inputs, story, &filter)
    }
}
