//! The verdicts as a table for people.

use std::fmt::Write as _;

use oci::lock::Entry;
use oci::signature::SignatureVerdict;
use oci::{Verdict, Wanted};
use report::color::{Paint, Tone};
use report::plural;
use report::table::{Cell, Table};

use super::judge::{Judged, State};
use super::rows::Ask;
use super::{Outcome, images};
use crate::cli::Common;

/// Table, what is wrong with its place, what is open about signatures, and the sum.
pub(super) fn render(outcome: &Outcome, common: &Common, paint: Paint) -> String {
    let Outcome {
        judged,
        images,
        report,
        ..
    } = outcome;
    if common.quiet && report.findings.is_empty() && report.deferred.is_empty() {
        return String::new();
    }
    let signed = judged.iter().any(|judged| judged.answer.signature.is_some());
    let mut head = vec!["chart", "url", "wanted", "verdict"];
    head.extend(signed.then_some("signature"));
    head.push("what was found");
    let mut table = Table::new(head);
    for judged in judged {
        let (url, wanted) = match &judged.row.ask {
            Ask::Registry { request, .. } => (request.url.clone(), wanted(&request.wanted)),
            Ask::Nobody { .. } => ("-".to_owned(), "-".to_owned()),
        };
        let mut cells = vec![
            Cell::from(judged.row.subject.clone()),
            Cell::from(url),
            Cell::from(wanted),
            Cell::new(tone(judged.state), judged.state.words()),
        ];
        cells.extend(signed.then(|| signature(judged.answer.signature.as_ref())));
        cells.push(Cell::from(found(judged)));
        table.row(cells);
    }
    let mut text = table.render(paint);
    if let Some(images) = images {
        let _ = write!(text, "\n{}", images::table(images, paint));
    }
    let lines: Vec<String> = report.findings.iter().map(report::concise::line).collect();
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{}", lines.join("\n"));
    }
    for judged in judged {
        text += &open(judged, common.verbose);
    }
    let _ = writeln!(text, "\n{}", sum(judged));
    text
}

/// The version that is asked for, in the form of the manifest.
pub(super) fn wanted(wanted: &Wanted) -> String {
    let parts = [&wanted.digest, &wanted.semver, &wanted.tag];
    let given = parts.into_iter().flatten().find(|text| !text.is_empty());
    given.cloned().unwrap_or_else(|| "latest".to_owned())
}

/// What was found, on one line.
pub(super) fn found(judged: &Judged) -> String {
    let mut text = match (&judged.answer.verdict, judged.state, &judged.locked) {
        (_, State::Locked, Some(entry)) => of_lock(entry),
        (Verdict::There { .. }, ..) => there(judged),
        (Verdict::Missing { reason, nearest }, ..) if nearest.is_empty() => reason.clone(),
        (Verdict::Missing { reason, nearest }, ..) => format!("{reason}; nearest: {}", nearest.join(", ")),
        (Verdict::Unknown { reason }, ..) => reason.clone(),
    };
    if judged.approved == Some(false) {
        text.push_str("; its registry is not approved");
    }
    text
}

fn there(judged: &Judged) -> String {
    let Verdict::There {
        version,
        digest,
        app_version,
        deprecated,
        not_fetched,
        from_cache,
        ..
    } = &judged.answer.verdict
    else {
        return String::new();
    };
    let app = app_version.as_ref().map(|app| format!(", app {app}"));
    let mut text = format!("{version}{}, {digest}", app.unwrap_or_default());
    match (judged.older(), judged.state) {
        (Some(old), State::Moved) => {
            let _ = write!(text, "; the lock has {} since {}", old.digest, old.when);
        }
        (Some(old), State::There) => {
            let _ = write!(text, "; the lock has {}", old.version);
        }
        _ => {}
    }
    if let Some(day) = from_cache {
        let _ = write!(text, ", from the cache as of {day}");
    }
    if let Some(why) = not_fetched {
        let _ = write!(text, "; not fetched: {why}");
    }
    if *deprecated {
        text.push_str("; the chart calls itself deprecated");
    }
    text
}

fn of_lock(entry: &Entry) -> String {
    format!(
        "{}, {}, from the lock as of {}",
        entry.version, entry.digest, entry.when
    )
}

fn tone(state: State) -> Tone {
    match state {
        State::There => Tone::Good,
        State::Missing | State::Moved => Tone::Bad,
        State::Unknown | State::Cached | State::Locked | State::NotChecked => Tone::Doubtful,
    }
}

fn signature(verdict: Option<&SignatureVerdict>) -> Cell {
    match verdict {
        None => Cell::from("-"),
        Some(SignatureVerdict::Verified { by }) => Cell::new(Tone::Good, format!("verified by {by}")),
        Some(SignatureVerdict::PartlyVerified { .. }) => Cell::new(Tone::Doubtful, "partly verified"),
        Some(SignatureVerdict::NotVerified { .. }) => Cell::new(Tone::Bad, "not verified"),
        Some(SignatureVerdict::Unknown { .. }) => Cell::new(Tone::Doubtful, "cannot tell"),
    }
}

/// What nobody verified about a signature.
fn open(judged: &Judged, verbose: bool) -> String {
    let lines = |title: &str, items: &[String]| {
        let mut text = String::new();
        for item in items {
            let _ = writeln!(text, "  {title}: {}", report::visible(item));
        }
        text
    };
    let subject = report::visible(&judged.row.subject);
    match &judged.answer.signature {
        Some(SignatureVerdict::PartlyVerified { verified, unverified }) => {
            let done = if verbose {
                lines("verified", verified)
            } else {
                String::new()
            };
            format!(
                "\nsignature of {subject}:\n{done}{}",
                lines("not verified here", unverified)
            )
        }
        Some(SignatureVerdict::Unknown { reason }) => {
            format!(
                "\nsignature of {subject}:\n{}",
                lines("cannot tell", std::slice::from_ref(reason))
            )
        }
        _ => String::new(),
    }
}

/// `3 charts: 2 there, 1 not there`.
fn sum(judged: &[Judged]) -> String {
    let mut parts = Vec::new();
    for state in [
        State::There,
        State::Cached,
        State::Locked,
        State::Moved,
        State::Missing,
        State::Unknown,
        State::NotChecked,
    ] {
        let count = judged.iter().filter(|judged| judged.state == state).count();
        if count > 0 {
            parts.push(format!("{count} {}", state.words()));
        }
    }
    format!("{}: {}", plural(judged.len() as u32, "chart"), parts.join(", "))
}
