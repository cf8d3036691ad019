//! `release verify`: an evidence file against the tree.
//!
//! The page is made anew from the tree and compared, text for text. What a registry and git said on the day of the release is
//! taken from the page, and named as not verified; of the commit is only asked whether it is in the history.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use report::color::Paint;
use report::diff::{Side, unified};
use scenarios::{Answer, Command, GATES, GateFile};
use tools::{Toolbox, git};

use super::page::{self, Evidence};
use super::{Gatekeeping, Looking, Standing, look};
use crate::cli::Verify;
use crate::project::Project;
use crate::scenarios::world::World;
use crate::scenarios::{Fresh, documents, stories};
use crate::{doctor, output};

/// Exit code 1 when the file does not fit the tree.
pub(super) fn run(args: &Verify) -> anyhow::Result<u8> {
    let project = Project::open(&args.common)?;
    let path = relative(&project, &args.file)?;
    let documents = documents(&project)?;
    let text = documents.read(&path)?.text;
    let is_gate = model::tree::path::is_within(&path, GATES);
    let (story, evidence) = if is_gate {
        let file =
            GateFile::parse(&text).map_err(|why| anyhow::anyhow!("`{path}` is no gate file: {why}"))?;
        (file.story, None)
    } else if model::tree::path::is_within(&path, page::FOLDER) {
        let evidence = page::read(&text).with_context(|| format!("`{path}` is no release page"))?;
        (evidence.story.clone(), Some(evidence))
    } else {
        bail!(
            "`{path}` is no evidence file, wanted one of {GATES} or {}",
            page::FOLDER
        );
    };
    let toolbox = doctor::toolbox(&args.common)?;
    let mut looking = Looking {
        toolbox: &toolbox,
        project: &project,
        registries: None,
        require_network: false,
        gatekeeping: Gatekeeping::Recorded,
        given: BTreeMap::new(),
    };
    let story = stories(&documents, Some(&story))?.remove(0);
    let wanted = if is_gate {
        GateFile::path(&story)
    } else {
        page::path(&story)
    };
    if path != wanted {
        bail!(
            "`{path}` speaks of story {}, whose file is `{wanted}`",
            story.story
        );
    }
    let (problems, notes) = match &evidence {
        None => {
            let clusters = World::clusters(&project)?;
            let looked = looking.at_scenarios(&clusters, &documents, &story)?;
            (gate_problems(&looked.gated.fresh), Vec::new())
        }
        Some(evidence) => {
            looking.given = of_the_day(evidence);
            let mut standing = look(&looking, &documents, story)?;
            let (mut problems, notes) = compare(&toolbox, &project, evidence, &mut standing);
            let made = page::render(&standing)?;
            if problems.is_empty() && *text != *made {
                problems.push(format!(
                    "it is not what this tree makes\n{}",
                    difference(&path, &text, &made)
                ));
            }
            (problems, notes)
        }
    };
    for note in notes {
        output::note(&format!("not verified here: {note}"));
    }
    for problem in &problems {
        output::data(&format!("{path}: {}\n", report::visible(problem)))?;
    }
    if problems.is_empty() {
        output::data(&format!("{path} fits the tree\n"))?;
        return Ok(report::exit::CLEAN);
    }
    Ok(report::exit::FINDINGS)
}

/// The file's path inside the repository, as given from the current folder or from the root.
fn relative(project: &Project, file: &Path) -> anyhow::Result<String> {
    let root = project.root.canonicalize().context("the root is gone")?;
    let here = file.canonicalize().or_else(|_| root.join(file).canonicalize());
    let at = here.with_context(|| format!("cannot open `{}`", file.display()))?;
    let Ok(inside) = at.strip_prefix(&root) else {
        bail!("`{}` is not in the repository", file.display());
    };
    let text = inside.to_str().context("the path is not UTF-8")?;
    Ok(model::tree::path::normalize(text))
}

/// What is about the day of the release, and cannot be asked again.
fn of_the_day(found: &Evidence) -> BTreeMap<Command, Answer> {
    let of = |command: Command| Some((command, found.commands.get(command.name())?.clone()));
    [Command::Preflight, Command::Git]
        .into_iter()
        .filter_map(of)
        .collect()
}

fn difference(path: &str, found: &str, made: &str) -> String {
    let found = Side {
        name: path,
        text: found,
    };
    let made = Side {
        name: "what this tree makes",
        text: made,
    };
    unified(found, made, Paint::Plain)
}

fn gate_problems(fresh: &Fresh) -> Vec<String> {
    match fresh {
        Fresh::Yes => Vec::new(),
        Fresh::Missing => vec!["there is no gate file".to_owned()],
        Fresh::Stale(difference) => {
            vec![format!("the gate file is not what this tree makes\n{difference}")]
        }
    }
}

/// Says what of the evidence does not follow from the tree, and what cannot be verified. What the page tells of its day and
/// its program is put into `standing`.
fn compare(
    toolbox: &Toolbox,
    project: &Project,
    found: &Evidence,
    standing: &mut Standing,
) -> (Vec<String>, Vec<String>) {
    let mut notes = Vec::new();
    let versions = &mut standing.gate.evidence.versions;
    if *versions != found.versions {
        notes.push(format!("it was made with {}", told(&found.versions)));
        versions.clone_from(&found.versions);
    }
    standing.git.commit.clone_from(&found.commit);
    standing.git.branch.clone_from(&found.branch);
    for (command, answer) in of_the_day(found) {
        notes.push(format!(
            "`{}`: {}, {}",
            command.name(),
            answer.state.words(),
            answer.said
        ));
    }
    match git::is_ancestor(toolbox, &project.root, &found.commit) {
        Ok(true) => {}
        // A squashed or rebased branch leaves its commits behind; the digests say what counts.
        Ok(false) => notes.push(format!(
            "the commit `{}` is not in the history of this work tree",
            found.commit
        )),
        Err(error) => notes.push(format!("the commit `{}`: {error}", found.commit)),
    }
    let made = page::evidence(standing);
    let mut problems = gate_problems(&standing.fresh);
    for (what, was, is) in [
        ("the digest of the inputs", &found.inputs, &made.inputs),
        ("the digest of the report", &found.report, &made.report),
    ] {
        if was != is {
            problems.push(format!("{what} is `{was}`, this tree has `{is}`"));
        }
    }
    if found.gate != made.gate {
        problems.push(format!("the gate is {}, this tree has {}", found.gate, made.gate));
    }
    for command in Command::ALL {
        let name = command.name();
        match (found.commands.get(name), made.commands.get(name)) {
            (None, _) => problems.push(format!("nothing is said of `{name}`")),
            (Some(was), Some(is)) if was.state != is.state => problems.push(format!(
                "`{name}` was {}, is {}: {}",
                was.state.words(),
                is.state.words(),
                is.said
            )),
            _ => {}
        }
    }
    problems.extend(items(found, &made, standing));
    (problems, notes)
}

fn told(versions: &BTreeMap<String, String>) -> String {
    let each = versions.iter().map(|(name, version)| format!("{name} {version}"));
    each.collect::<Vec<_>>().join(", ")
}

/// Items whose state is another.
fn items(found: &Evidence, made: &Evidence, standing: &Standing) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, is) in &made.items {
        match found.items.get(number) {
            None => problems.push(format!("nothing is said of item {number}")),
            Some(was) if was == is => {}
            Some(was) => {
                let line = standing.lines.iter().find(|line| line.number == *number);
                problems.push(format!(
                    "item {number} was {}, is {}: {}",
                    was.words(),
                    is.words(),
                    line.map(|line| line.why.join("; ")).unwrap_or_default()
                ));
            }
        }
    }
    let gone = found
        .items
        .keys()
        .filter(|number| !made.items.contains_key(*number));
    problems.extend(gone.map(|number| format!("there is no item {number}")));
    problems
}
