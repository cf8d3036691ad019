//! `release`: a story's Definition of Done as a checklist with evidence, the draft of its commit, the check of its evidence.

mod answers;
mod changes;
mod git;
mod page;
mod prepare;
mod rendered;
mod text;
mod verify;

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use flux::ClusterBuild;
use model::tree::Tree;
use report::{Format, OutputSpec};
use scenarios::{
    Answer, Command, Decision, Definition, Evidence, Filter, GateFile, Line, Outcome, State, Story,
};
use tools::Toolbox;

use crate::charts::Charts;
use crate::cli::{Release, ReleaseWhat};
use crate::project::Project;
use crate::scenarios::world::World;
use crate::scenarios::{Fresh, Gated, Gating, documents, stories};
use crate::{doctor, evidence, output};

/// A story as it stands.
pub(crate) struct Standing {
    pub(crate) story: Story,
    pub(crate) lines: Vec<Line>,
    /// What each command says.
    pub(crate) commands: BTreeMap<Command, Answer>,
    /// The gate that counts.
    pub(crate) gate: GateFile,
    /// Whether its file is what it must be.
    pub(crate) fresh: Fresh,
    pub(crate) git: git::Facts,
}

/// Which gate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gatekeeping {
    /// With what was seen in this run.
    Seen,
    /// The same, and its file is written.
    Written,
    /// What the file records, whatever this machine can see.
    Recorded,
}

impl Standing {
    /// How many lines are in a state; those with parts are not counted, their parts are.
    fn count(&self, state: State) -> usize {
        let is_whole = |line: &Line| {
            let parts = format!("{}.", line.number);
            !line.number.is_empty() && self.lines.iter().any(|part| part.number.starts_with(&parts))
        };
        self.lines
            .iter()
            .filter(|line| line.state == state && !is_whole(line))
            .count()
    }

    /// `18 done, 5 deferred, 0 not done, 8 not part of it`.
    pub(crate) fn sentence(&self) -> String {
        [State::Done, State::Deferred, State::Open, State::Later]
            .map(|state| format!("{} {}", self.count(state), state.words()))
            .join(", ")
    }
}

/// How a story is looked at.
pub(crate) struct Looking<'a> {
    pub(crate) toolbox: &'a Toolbox,
    pub(crate) project: &'a Project,
    /// The registries to ask; none when nobody is to be asked.
    pub(crate) registries: Option<&'a crate::cli::Registries>,
    /// Whether a registry that cannot be asked makes an item not done.
    pub(crate) require_network: bool,
    pub(crate) gatekeeping: Gatekeeping,
    /// Answers that are taken as they are given, instead of asking.
    pub(crate) given: BTreeMap<Command, Answer>,
}

/// What the scenarios of a story say.
pub(crate) struct Looked<'c> {
    world: World<'c>,
    evidence: Vec<Evidence>,
    outcomes: Vec<Outcome>,
    pub(crate) gated: Gated,
}

impl Looking<'_> {
    /// Runs the scenarios of a story and decides its gate.
    pub(crate) fn at_scenarios<'c>(
        &self,
        clusters: &'c [ClusterBuild],
        documents: &Tree,
        story: &Story,
    ) -> anyhow::Result<Looked<'c>> {
        let world = World::build(&Charts::new(self.project, self.toolbox), clusters);
        let story_alone = std::slice::from_ref(story);
        let evidence = evidence::gather(self.toolbox, self.registries, self.project, clusters, story_alone)?;
        let inputs = world.inputs(self.project, &evidence);
        let outcomes = scenarios::run(&inputs, story, &Filter::default());
        let gated = Gating::new(self.toolbox, self.project).of(documents, &inputs, story, &outcomes)?;
        Ok(Looked {
            world,
            evidence,
            outcomes,
            gated,
        })
    }
}

/// Prints the checklist, writes the page, or runs what the subcommand says.
pub(crate) fn run(args: &Release) -> anyhow::Result<u8> {
    match &args.what {
        Some(ReleaseWhat::Prepare(args)) => return prepare::run(args),
        Some(ReleaseWhat::Verify(args)) => return verify::run(args),
        None => {}
    }
    if !args.common.cluster.is_empty() {
        bail!("a release is about every cluster: leave out `--cluster`");
    }
    let project = Project::open(&args.common)?;
    let toolbox = doctor::toolbox(&args.common)?;
    let documents = documents(&project)?;
    let story = stories(&documents, args.story.as_deref())?.remove(0);
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let looking = Looking {
        toolbox: &toolbox,
        project: &project,
        registries: (!args.offline).then_some(&args.registries),
        require_network: args.require_network || in_ci,
        gatekeeping: if args.write {
            Gatekeeping::Written
        } else {
            Gatekeeping::Seen
        },
        given: BTreeMap::new(),
    };
    let standing = look(&looking, &documents, story)?;
    write(args, &standing)?;
    let is_open = standing.count(State::Open) > 0;
    if args.write {
        let path = page::path(&standing.story);
        if is_open {
            output::note(&format!(
                "{path} is not written: {} not done",
                report::plural(standing.count(State::Open) as u32, "item")
            ));
        } else {
            let text = page::render(&standing)?;
            output::file(&project.root.join(&path), &text)?;
            output::note(&format!("wrote {path}"));
        }
    }
    Ok(if is_open {
        report::exit::FINDINGS
    } else {
        report::exit::CLEAN
    })
}

/// Looks at everything that the Definition of Done of a story names.
pub(crate) fn look(looking: &Looking<'_>, documents: &Tree, story: Story) -> anyhow::Result<Standing> {
    let Some(definition) = story.definition.clone() else {
        bail!(
            "story {} has no Definition of Done: write docs/qa/{}/story.yaml",
            story.story,
            story.folder()
        );
    };
    let project = looking.project;
    let clusters = World::clusters(project)?;
    let Looked {
        world,
        evidence,
        outcomes,
        gated,
    } = looking.at_scenarios(&clusters, documents, &story)?;
    let inputs = world.inputs(project, &evidence);
    let (path, gate, fresh) = kept(looking, gated)?;
    let own = Story {
        scenarios: definition.as_scenarios(),
        ..story.clone()
    };
    let mut promises = scenarios::settle(&story, &outcomes, &gate.records);
    let own_outcomes = scenarios::run(&inputs, &own, &Filter::default());
    promises.extend(scenarios::settle(&own, &own_outcomes, &[]));
    let git = git::look(looking.toolbox, project, &definition.manifests);
    let mut commands = answers::all(&answers::Seen {
        looking,
        world: &world,
        evidence: &evidence,
        gate: (&path, &gate, &fresh),
        promises: &promises,
        git: &git,
    })?;
    commands.extend(looking.given.clone());
    let required = required(documents, &definition);
    let lines = lines(
        project,
        &world,
        &definition,
        &gate,
        &promises,
        (&commands, &required),
    );
    Ok(Standing {
        story,
        lines,
        commands,
        gate,
        fresh,
        git,
    })
}

/// The gate that counts, with the path of its file and whether that is what it must be.
fn kept(looking: &Looking<'_>, gated: Gated) -> anyhow::Result<(String, GateFile, Fresh)> {
    let Gated {
        path,
        expected,
        renewed,
        fresh,
    } = gated;
    match looking.gatekeeping {
        Gatekeeping::Seen => Ok((path, renewed, fresh)),
        Gatekeeping::Recorded => Ok((path, expected, fresh)),
        Gatekeeping::Written => {
            let text = renewed.text().map_err(anyhow::Error::msg)?;
            output::file(&looking.project.root.join(&path), &text)?;
            output::note(&format!("wrote {path}"));
            Ok((path, renewed, Fresh::Yes))
        }
    }
}

/// What the committed gates of the required stories say.
fn required(documents: &Tree, definition: &Definition) -> BTreeMap<String, Answer> {
    let (all, _) = scenarios::load(documents);
    let known = all
        .iter()
        .filter(|story| definition.requires.contains(&story.story));
    let answers = known.map(|story| {
        let path = GateFile::path(story);
        let file = match documents.read(&path) {
            Ok(text) => GateFile::parse(&text.text),
            Err(error) => Err(error.to_string()),
        };
        let answer = match file {
            Ok(file) if file.gate == Decision::Fail => Answer::no("its gate is FAIL"),
            Ok(file) => Answer::yes(format!("its gate is {}", file.gate)),
            Err(why) => Answer::no(format!("{path}: {why}")),
        };
        (story.story.clone(), answer)
    });
    answers.collect()
}

fn lines(
    project: &Project,
    world: &World<'_>,
    definition: &Definition,
    gate: &GateFile,
    promises: &[scenarios::Promise],
    (commands, required): (&BTreeMap<Command, Answer>, &BTreeMap<String, Answer>),
) -> Vec<Line> {
    let waived = gate.because.iter().filter(|reason| reason.waived);
    let waived: BTreeMap<String, String> = waived
        .filter_map(|reason| {
            let waiver = gate.waivers.iter().find(|waiver| waiver.about == reason.about)?;
            Some((reason.about.clone(), waiver.until.to_string()))
        })
        .collect();
    let knowledge = scenarios::Knowledge {
        promises,
        waived: &waived,
        required,
        commands,
        check: &|id| answers::check(project, world, id),
        is_there: &|path| project.tree.is_file(path) || project.tree.is_folder(path),
    };
    scenarios::checklist(definition, &knowledge)
}

fn write(args: &Release, standing: &Standing) -> anyhow::Result<()> {
    let default = [OutputSpec::default()];
    let specs = if args.output.is_empty() {
        &default[..]
    } else {
        &args.output
    };
    for spec in specs {
        let paint = match &spec.file {
            Some(_) => report::color::Paint::Plain,
            None => args.common.color.paint(&std::io::stdout()),
        };
        let text = match spec.format {
            Format::Text => text::render(standing, paint),
            Format::Json => text::json(standing),
            Format::Markdown => page::checklist(standing),
            other => bail!("a release has no format `{other}`, wanted text, json or markdown"),
        };
        match &spec.file {
            Some(path) => output::file(path, &text).context("cannot write the checklist")?,
            None => output::data(&text)?,
        }
    }
    Ok(())
}
