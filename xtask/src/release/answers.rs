//! What each command says to a Definition of Done, run in process.

use std::collections::{BTreeMap, BTreeSet};

use diag::{Findings, Level};
use model::config::ConfiguredLevel;
use scenarios::{Answer, Command, Decision, Evidence, GateFile, Need, Promise, Proof, Status, Totals};

use super::{Looking, git};
use crate::generate;
use crate::project::Project;
use crate::scenarios::Fresh;
use crate::scenarios::world::World;

/// What was seen.
pub(super) struct Seen<'a> {
    pub(super) looking: &'a Looking<'a>,
    pub(super) world: &'a World<'a>,
    pub(super) evidence: &'a [Evidence],
    /// Path, content and freshness of the gate file that counts.
    pub(super) gate: (&'a str, &'a GateFile, &'a Fresh),
    pub(super) promises: &'a [Promise],
    pub(super) git: &'a git::Facts,
}

/// The answer of every command.
pub(super) fn all(seen: &Seen<'_>) -> anyhow::Result<BTreeMap<Command, Answer>> {
    let answers = [
        (Command::Validate, validate(seen)?),
        (Command::Generate, generated(seen.looking.project)?),
        (Command::Scenarios, scenarios(seen)),
        (Command::Gate, gate(seen)),
        (Command::Preflight, preflight(seen)),
        (Command::Git, seen.git.answer.clone()),
    ];
    Ok(answers.into())
}

fn validate(seen: &Seen<'_>) -> anyhow::Result<Answer> {
    let project = seen.looking.project;
    let checked = &seen.world.checked;
    if let Some(unsupported) = checked.unsupported.first() {
        let reason = &unsupported.reason;
        return Ok(Answer::no(format!("{}: {reason}", unsupported.subject)));
    }
    let mut drift = Findings::default();
    generate::findings(project, &mut drift)?;
    let all = checked.findings.found.iter().chain(&drift.found);
    let errors: Vec<&diag::Finding> = all.filter(|finding| finding.level == Level::Error).collect();
    let Some(first) = errors.first() else {
        // What is deferred may differ from machine to machine; the page must not.
        return Ok(Answer::yes(format!("{} objects, no error", checked.objects)));
    };
    let more = match errors.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Ok(Answer::no(format!(
        "{}{}: {}{more}",
        place(project, first),
        first.check,
        first.message
    )))
}

fn place(project: &Project, finding: &diag::Finding) -> String {
    let place = project.tree.sources().locate(finding.primary);
    place.map_or_else(String::new, |(file, at)| {
        format!("{file}:{}:{} ", at.line, at.column)
    })
}

fn generated(project: &Project) -> anyhow::Result<Answer> {
    if !project.config.generated {
        return Ok(Answer::yes("nothing is generated here"));
    }
    let drifted = generate::drifted(&project.root)?;
    Ok(match drifted.first() {
        None => Answer::yes("every generated file is fresh"),
        Some(first) => Answer::no(format!(
            "{} generated files are stale, first `{first}`: run `cargo xtask generate`",
            drifted.len()
        )),
    })
}

fn scenarios(seen: &Seen<'_>) -> Answer {
    let (_, file, _) = seen.gate;
    let is_waived = |id: &str| {
        let mut because = file.because.iter();
        because.any(|reason| reason.waived && reason.about == id)
    };
    let known = &file.scenarios;
    let failed: Vec<&Promise> = seen
        .promises
        .iter()
        .filter(|promise| promise.status == Status::Failed && !is_waived(&promise.id))
        .collect();
    let Some(first) = failed.first() else {
        let sum = |of: fn(&Totals) -> usize| known.values().map(of).sum::<usize>();
        return Answer::yes(format!(
            "{} scenarios, {} passed, {} deferred",
            sum(|totals| totals.scenarios),
            sum(|totals| totals.passed),
            sum(|totals| totals.deferred)
        ));
    };
    let why = first.failures.first().map_or("", String::as_str);
    Answer::no(format!("{} fail, first `{}`: {why}", failed.len(), first.id))
}

fn gate(seen: &Seen<'_>) -> Answer {
    let (path, file, fresh) = seen.gate;
    let head = format!("the gate is {}", file.gate);
    if file.gate == Decision::Fail {
        let first = file.because.first().map_or("", |reason| reason.why.as_str());
        return Answer::no(format!("{head}: {first}"));
    }
    match fresh {
        Fresh::Missing => Answer::no(format!(
            "{path} does not exist: run `cargo xtask scenarios --write-gate`"
        )),
        Fresh::Stale(_) => Answer::no(format!(
            "{path} is stale: run `cargo xtask scenarios --write-gate`"
        )),
        Fresh::Yes if file.gate == Decision::Concerns => {
            let open = file.because.iter().filter(|reason| !reason.waived).count();
            Answer::deferred(format!("until the gate has no concern left, now {open} ({path})"))
        }
        Fresh::Yes => Answer::yes(head),
    }
}

fn preflight(seen: &Seen<'_>) -> Answer {
    let unknown = |why: String| {
        if seen.looking.require_network {
            Answer::no(why)
        } else {
            Answer::deferred(format!("until a registry answers: {why}"))
        }
    };
    if seen.looking.registries.is_none() {
        return unknown("no registry was asked (`--offline`)".to_owned());
    }
    let asked: Vec<&Evidence> = seen
        .evidence
        .iter()
        .filter(|evidence| evidence.need == Need::Network)
        .collect();
    let said = |evidence: &Evidence, why: &str| format!("{}: {why}", evidence.subject);
    let failed = asked.iter().find_map(|evidence| match &evidence.proof {
        Proof::Failed(why) => Some(said(evidence, why)),
        _ => None,
    });
    let doubtful = asked.iter().find_map(|evidence| match &evidence.proof {
        Proof::Unknown(why) => Some(said(evidence, why)),
        _ => None,
    });
    match (failed, doubtful) {
        (Some(why), _) => Answer::no(why),
        (None, Some(why)) => unknown(why),
        (None, None) if asked.is_empty() => Answer::no("no cluster applies a chart to ask for"),
        (None, None) => {
            let charts: BTreeSet<&String> = asked.iter().map(|evidence| &evidence.subject).collect();
            Answer::yes(format!("{} charts are in their registries", charts.len()))
        }
    }
}

/// What a check says of the whole repository. One that is switched off, or could not look, shows nothing.
pub(super) fn check(project: &Project, world: &World<'_>, id: &str) -> Answer {
    if project.config.levels.get(id) == Some(&ConfiguredLevel::Off) {
        return Answer::no(format!("`{id}` is switched off"));
    }
    let findings = &world.checked.findings;
    let suppressed = world
        .checked
        .suppressed
        .iter()
        .map(|suppressed| &suppressed.finding);
    let found = findings
        .found
        .iter()
        .chain(suppressed)
        .find(|finding| finding.check == id);
    if let Some(finding) = found {
        return Answer::no(format!("{}{}", place(project, finding), finding.message));
    }
    match findings.deferred.iter().find(|deferred| deferred.check == id) {
        Some(deferred) => Answer::deferred(format!(
            "until `{id}` can look at {}: {}",
            deferred.subject, deferred.reason
        )),
        None => Answer::yes(""),
    }
}
