//! `release verify`: an evidence file against the tree.
//!
//! What follows from the tree alone is made anew and compared. What a registry said cannot be: it is named. What git said is
//! about the commit of the release, of which is only asked whether this work tree comes after it.

use std::path::Path;

use anyhow::{Context, bail};
use scenarios::{Command, GATES, GateFile};
use tools::{Toolbox, git};

use super::page::{self, Evidence};
use super::{Gatekeeping, Looking, Standing, look};
use crate::cli::Verify;
use crate::project::Project;
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
    let looking = Looking {
        toolbox: &toolbox,
        project: &project,
        registries: None,
        require_network: false,
        gatekeeping: Gatekeeping::Recorded,
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
            let looked = looking.at_scenarios(&documents, &story)?;
            (gate_problems(&looked.gated.fresh), Vec::new())
        }
        Some(evidence) => {
            let standing = look(&looking, &documents, story)?;
            compare(&toolbox, &project, evidence, &standing)
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

fn gate_problems(fresh: &Fresh) -> Vec<String> {
    match fresh {
        Fresh::Yes => Vec::new(),
        Fresh::Missing => vec!["there is no gate file".to_owned()],
        Fresh::Stale(difference) => {
            vec![format!("the gate file is not what this tree makes\n{difference}")]
        }
    }
}

fn compare(
    toolbox: &Toolbox,
    project: &Project,
    found: &Evidence,
    standing: &Standing,
) -> (Vec<String>, Vec<String>) {
    let made = page::evidence(standing);
    let mut problems = gate_problems(&standing.fresh);
    let mut notes = Vec::new();
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
        let (was, is) = (found.commands.get(name), made.commands.get(name));
        match (command, was, is) {
            (_, None, _) => problems.push(format!("nothing is said of `{name}`")),
            // These are about the day of the release.
            (Command::Preflight, Some(was), _) => {
                notes.push(format!("`{name}`: {} ({})", was.state.words(), was.said));
            }
            (Command::Git, Some(_), _) => {}
            (_, Some(was), Some(is)) if was.state != is.state => problems.push(format!(
                "`{name}` was {}, is {}: {}",
                was.state.words(),
                is.state.words(),
                is.said
            )),
            _ => {}
        }
    }
    problems.extend(items(found, &made, standing));
    match git::is_ancestor(toolbox, &project.root, &found.commit) {
        Ok(true) => {}
        // A squashed or rebased branch leaves its commits behind; the digests say what counts.
        Ok(false) => notes.push(format!(
            "the commit `{}` is not in the history of this work tree",
            found.commit
        )),
        Err(error) => notes.push(format!("the commit `{}`: {error}", found.commit)),
    }
    (problems, notes)
}

/// Items whose state is another, as far as the tree decides it.
fn items(found: &Evidence, made: &Evidence, standing: &Standing) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, is) in &made.items {
        let line = standing.lines.iter().find(|line| line.number == *number);
        let by = line.map(|line| line.by.as_slice()).unwrap_or_default();
        let outside = [Command::Preflight, Command::Git].map(|command| format!("`{}`", command.name()));
        match found.items.get(number) {
            None => problems.push(format!("nothing is said of item {number}")),
            Some(was) if was == is => {}
            Some(_) if by.iter().any(|by| outside.contains(by)) || by.is_empty() => {}
            Some(was) => problems.push(format!(
                "item {number} was {}, is {}: {}",
                was.words(),
                is.words(),
                line.map(|line| line.why.join("; ")).unwrap_or_default()
            )),
        }
    }
    for number in found
        .items
        .keys()
        .filter(|number| !made.items.contains_key(*number))
    {
        problems.push(format!("there is no item {number}"));
    }
    problems
}
