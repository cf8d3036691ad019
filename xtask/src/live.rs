//! The live scenarios of docs/qa, and how a person reads what became of them.

use std::fmt::Write;

use ::scenarios::Story;
use anyhow::bail;
use live::{Design, Outcome, Settled};
use model::tree::Tree;
use report::color::{Paint, Tone};
use report::table::{Cell, Table};

use crate::project::Project;
use crate::{output, scenarios};

/// The live checks of every story, or of the one of that number or folder. A repository without docs/qa has none.
pub(crate) fn designs(project: &Project, story: Option<&str>) -> anyhow::Result<Vec<Design>> {
    let documents = scenarios::documents(project)?;
    let is_design = |folder: &str| documents.is_file(&format!("docs/qa/{folder}/test-design.yaml"));
    if story.is_none() && !documents.names("docs/qa").any(is_design) {
        return Ok(Vec::new());
    }
    load(&documents, &scenarios::stories(&documents, story)?)
}

/// The live checks of these stories; an error when any has a mistake, after all of them were said with their places.
pub(crate) fn load(documents: &Tree, stories: &[Story]) -> anyhow::Result<Vec<Design>> {
    let (designs, errors) = live::load(documents, stories);
    for error in &errors {
        output::note(&format!("error: {error}"));
    }
    if !errors.is_empty() {
        let mistakes = report::plural(u32::try_from(errors.len()).unwrap_or(u32::MAX), "mistake");
        bail!("docs/qa has {mistakes}");
    }
    Ok(designs)
}

/// A line of progress.
pub(crate) fn line(settled: &Settled) -> String {
    let (_, word, said) = words(settled);
    format!("{word:<9} {} {}: {said}", settled.id, settled.title)
}

/// What does not hold, each with the line to edit.
pub(crate) fn failures(settled: &[Settled]) -> String {
    let mut text = String::new();
    for settled in settled {
        let Outcome::Failed { misses } = &settled.outcome else {
            continue;
        };
        let (id, title) = (&settled.id, &settled.title);
        let _ = writeln!(text, "error: {id} does not hold: {title}");
        if let Some(place) = &settled.place {
            let _ = writeln!(text, "  --> {place}");
        }
        for miss in misses {
            let of = &settled.subject;
            let _ = writeln!(text, "   = {of}: wanted {}", miss.wanted);
            let _ = writeln!(text, "   = {of}: found {}", miss.found);
        }
        text.push('\n');
    }
    text
}

/// One row for each scenario.
pub(crate) fn table(settled: &[Settled], paint: Paint) -> String {
    let mut table = Table::new(["live scenario", "", "outcome", "promise", "seen", "written at"]);
    for settled in settled {
        let (tone, word, said) = words(settled);
        let said = match &settled.outcome {
            Outcome::Passed { .. } => said,
            Outcome::Failed { .. } | Outcome::Deferred { .. } => String::new(),
        };
        let place = settled.place.as_ref().map(ToString::to_string);
        table.row([
            Cell::from(settled.id.as_str()),
            Cell::from(settled.priority.name()),
            Cell::new(tone, word),
            Cell::from(settled.title.as_str()),
            Cell::from(said),
            Cell::from(place.unwrap_or_default()),
        ]);
    }
    table.render(paint)
}

/// Why scenarios were not run.
pub(crate) fn deferred(settled: &[Settled]) -> String {
    let mut text = String::new();
    for settled in settled {
        if let Outcome::Deferred { why } = &settled.outcome {
            let _ = writeln!(text, "  {}: {why}", settled.id);
        }
    }
    text
}

/// How many of each.
pub(crate) fn summary(settled: &[Settled]) -> String {
    let count = |wanted: fn(&Outcome) -> bool| settled.iter().filter(|one| wanted(&one.outcome)).count();
    format!(
        "live scenarios: {} passed, {} failed, {} not run",
        count(|outcome| matches!(outcome, Outcome::Passed { .. })),
        count(|outcome| matches!(outcome, Outcome::Failed { .. })),
        count(|outcome| matches!(outcome, Outcome::Deferred { .. })),
    )
}

fn words(settled: &Settled) -> (Tone, &'static str, String) {
    match &settled.outcome {
        Outcome::Passed { seen } => (Tone::Good, "passed", seen.clone()),
        Outcome::Deferred { why } => (Tone::Doubtful, "deferred", why.clone()),
        Outcome::Failed { misses } => {
            let said = misses
                .first()
                .map(|miss| format!("wanted {}, found {}", miss.wanted, miss.found));
            (Tone::Bad, "failed", said.unwrap_or_default())
        }
    }
}
