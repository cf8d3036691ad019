//! `release prepare`: the draft of a commit message and of a changelog entry, from what changes in the rendered objects.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::json;

use super::changes::{Change, What, between};
use super::rendered::{at_revision, render};
use crate::cli::Prepare;
use crate::project::Project;
use crate::{clock, doctor, output};

/// The longest first line of a commit message, in characters.
const SUBJECT: usize = 72;

/// Prints the draft; exit code 1 when the work tree does not build.
pub(super) fn run(args: &Prepare) -> anyhow::Result<u8> {
    let project = Project::open(&args.common)?;
    let toolbox = doctor::toolbox(&args.common)?;
    let base = at_revision(&toolbox, &project, &args.common, &args.base)?;
    let (before, after) = (render(&base)?, render(&project)?);
    for broken in &after.broken {
        output::note(&format!("error: {broken}"));
    }
    if !after.broken.is_empty() {
        return Ok(report::exit::FINDINGS);
    }
    for broken in &before.broken {
        output::note(&format!("in `{}`: {broken}", args.base));
    }
    let changes = between(&before, &after);
    if changes.is_empty() {
        output::note(&format!(
            "no rendered object differs from `{}`: nothing to draft",
            args.base
        ));
        return Ok(report::exit::CLEAN);
    }
    let draft = Draft {
        message: message(&changes, args.story.as_deref()),
        changelog: changelog(&changes, args.story.as_deref(), &clock::today()),
    };
    if args.output == "json" {
        output::data(&report::json::document(&json!({
            "apiVersion": report::API_VERSION,
            "kind": "ReleaseDraft",
            "tool": report::Tool::THIS,
            "base": args.base,
            "changes": changes,
            "message": draft.message,
            "changelog": draft.changelog,
        })))?;
    } else {
        let text = format!("{}\n---\n\n{}", draft.message, draft.changelog);
        output::data(&report::visible(&text))?;
    }
    Ok(report::exit::CLEAN)
}

struct Draft {
    message: String,
    changelog: String,
}

/// A conventional commit: `feat` where an object comes or goes, `chore` where some only change; the scope is the one
/// flux::Kustomization that applies them all.
fn message(changes: &[Change], story: Option<&str>) -> String {
    let kind = if changes.iter().all(|change| change.what == What::Changed) {
        "chore"
    } else {
        "feat"
    };
    let applied: BTreeSet<&str> = changes.iter().map(|change| last(&change.kustomization)).collect();
    let scope = match applied.iter().next() {
        Some(name) if applied.len() == 1 => format!("({name})"),
        _ => String::new(),
    };
    let mut text = format!("{kind}{scope}: {}", subject(changes));
    if text.chars().count() > SUBJECT {
        text = format!("{kind}{scope}: {}", counted(changes));
    }
    text.push_str("\n\n");
    for change in changes {
        text += &line(change);
    }
    if let Some(story) = story {
        let _ = writeln!(text, "\nStory: {story}");
    }
    text
}

/// `add HelmRelease/kube-system/coredns, change ConfigMap/flux-system/cluster-settings`.
fn subject(changes: &[Change]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for change in changes {
        let part = format!("{} {}", verb(change.what), change.object);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(", ")
}

fn counted(changes: &[Change]) -> String {
    let count = |what| {
        let objects: BTreeSet<&String> = changes
            .iter()
            .filter(|change| change.what == what)
            .map(|change| &change.object)
            .collect();
        objects.len()
    };
    let parts: Vec<String> = [What::Added, What::Changed, What::Removed]
        .into_iter()
        .map(|what| (what, count(what)))
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| {
            let noun = if count == 1 { "object" } else { "objects" };
            format!("{} {count} {noun}", verb(what))
        })
        .collect();
    parts.join(", ")
}

fn verb(what: What) -> &'static str {
    match what {
        What::Added => "add",
        What::Changed => "change",
        What::Removed => "remove",
    }
}

fn line(change: &Change) -> String {
    let fields = if change.fields.is_empty() {
        String::new()
    } else {
        format!(": {}", change.fields.join(", "))
    };
    format!(
        "- {} {} on {}{fields}\n",
        verb(change.what),
        change.object,
        change.clusters.join(", ")
    )
}

/// A section for a changelog in the form of keepachangelog.com.
fn changelog(changes: &[Change], story: Option<&str>, today: &str) -> String {
    let title = story.map_or_else(|| today.to_owned(), |story| format!("Story {story} - {today}"));
    let mut text = format!("## {title}\n");
    for (what, head) in [
        (What::Added, "Added"),
        (What::Changed, "Changed"),
        (What::Removed, "Removed"),
    ] {
        let mut of = changes.iter().filter(|change| change.what == what).peekable();
        if of.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, "\n### {head}\n");
        for change in of {
            let line = line(change);
            let line = line.trim_start_matches("- ");
            let (_, rest) = line.split_once(' ').unwrap_or(("", line));
            let _ = write!(text, "- {rest}");
        }
    }
    text
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(what: What, object: &str, kustomization: &str, fields: &[&str]) -> Change {
        Change {
            what,
            object: object.into(),
            kustomization: kustomization.into(),
            clusters: vec!["apps".into(), "infra".into()],
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    #[test]
    fn the_message_says_what_a_reader_of_the_log_wants() {
        let one = [change(
            What::Changed,
            "HelmRelease/kube-system/coredns",
            "flux-system/coredns",
            &["spec.values.replicaCount: `2` to `3`"],
        )];
        assert_eq!(
            message(&one, Some("04")),
            "chore(coredns): change HelmRelease/kube-system/coredns\n\n- change HelmRelease/kube-system/coredns on apps, infra: \
             spec.values.replicaCount: `2` to `3`\n\nStory: 04\n"
        );
        let two = [
            change(What::Added, "A/x", "flux-system/a", &[]),
            change(What::Removed, "A/y", "flux-system/b", &[]),
        ];
        let text = message(&two, None);
        assert!(
            text.starts_with("feat: add A/x, remove A/y\n\n- add A/x on"),
            "{text}"
        );
        let long = [change(What::Added, &"A/x".repeat(30), "flux-system/a", &[])];
        assert!(message(&long, None).starts_with("feat(a): add 1 object\n"));
        assert_eq!(
            changelog(&two, Some("04"), "2026-11-27"),
            "## Story 04 - 2026-11-27\n\n### Added\n\n- A/x on apps, infra\n\n### Removed\n\n- A/y on apps, infra\n"
        );
    }
}
