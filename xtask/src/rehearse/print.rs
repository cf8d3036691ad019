//! What a person reads after a rehearsal: the report as text or JSON.

use std::fmt::Write;

use rehearse::{Controller, FluxObject, Outcome, Place, Verdict};
use report::color::{Paint, Tone};
use report::table::{Cell, Table};
use report::visible;
use serde_json::json;

use super::Rehearsed;
use super::compare::Sides;
use super::live::Report;

/// The report as text. Tables have colors of their own, and cells without control characters; all else is made visible.
pub(super) fn text(rehearsed: &Rehearsed, paint: Paint) -> String {
    let mut text = String::new();
    let live = rehearsed.live.iter().chain(std::iter::repeat(&None));
    for (outcome, live) in rehearsed.outcomes.iter().zip(live) {
        let head = format!(
            "cluster `{}`, Kubernetes {}{}:\n\n",
            outcome.cluster,
            outcome.kubernetes_version,
            controllers(&outcome.controllers)
        );
        text.push_str(&visible(&head));
        if let Some(live) = live {
            text.push_str(&visible(&crate::live::failures(&live.settled)));
        }
        for object in &outcome.objects {
            if matches!(object.verdict, Verdict::Failed | Verdict::Waiting) {
                text.push_str(&visible(&failure(object)));
            }
        }
        let mut table = Table::new([
            "Flux object",
            "verdict",
            "after",
            "revision or reason",
            "written at",
        ]);
        for object in &outcome.objects {
            table.row(row(object));
        }
        text.push_str(&table.render(paint));
        if !outcome.workloads.is_empty() {
            let mut table = Table::new(["workload", "ready"]);
            for workload in &outcome.workloads {
                let tone = if workload.ready == workload.wanted {
                    Tone::Good
                } else {
                    Tone::Bad
                };
                let count = format!("{}/{}", workload.ready, workload.wanted);
                table.row([Cell::from(workload.object.clone()), Cell::new(tone, &count)]);
            }
            let _ = write!(text, "\n{}", table.render(paint));
        }
        if let Some(live) = live {
            let _ = write!(text, "\n{}", crate::live::table(&live.settled, paint));
        }
        text.push_str(&visible(&unknown(outcome, live.as_ref())));
        text.push_str(&visible(&summary(outcome)));
        if let Some(live) = live {
            text.push_str(&visible(&crate::live::summary(&live.settled)));
            text.push_str("\n\n");
        }
    }
    let mut rest = String::new();
    for unable in &rehearsed.unable {
        let _ = writeln!(
            rest,
            "cluster `{}` could not be rehearsed: {}\n",
            unable.cluster, unable.why
        );
    }
    if let Some(sides) = &rehearsed.sides {
        rest.push_str(&compared(sides));
    }
    for note in &rehearsed.notes {
        let _ = writeln!(rest, "note: {note}");
    }
    text.push_str(&visible(&rest));
    text
}

/// `, source-controller 1.9.4, ...`
fn controllers(all: &[Controller]) -> String {
    let words = all.iter().map(|controller| {
        let version = controller.version.as_deref().unwrap_or("of unknown version");
        format!(", {} {version}", controller.name)
    });
    words.collect()
}

fn failure(object: &FluxObject) -> String {
    let verb = if object.verdict == Verdict::Waiting {
        "is not Ready and nothing moves any more"
    } else {
        "is not Ready"
    };
    let reason = match object.reason.as_str() {
        "" => "Flux has said nothing of it",
        reason => reason,
    };
    let mut text = format!("error: {} {verb}: {reason}\n", object.object);
    if let Some(place) = &object.place {
        let _ = writeln!(text, "  --> {}", at(place));
    }
    for line in object.message.lines().filter(|line| !line.trim().is_empty()) {
        let _ = writeln!(text, "   = Flux says: {line}");
    }
    text.push('\n');
    text
}

fn row(object: &FluxObject) -> [Cell; 5] {
    let (tone, word, said) = match &object.verdict {
        Verdict::Ready => (Tone::Good, "Ready", brief(&object.revision)),
        Verdict::Failed => (Tone::Bad, "failed", object.reason.clone()),
        Verdict::Waiting => (Tone::Bad, "waiting", object.reason.clone()),
        Verdict::Deferred { .. } => (Tone::Doubtful, "deferred", object.reason.clone()),
    };
    let after = object
        .ready_after
        .map_or_else(String::new, |after| format!("{:.1} s", after.as_secs_f64()));
    [
        Cell::from(object.object.clone()),
        Cell::new(tone, word),
        Cell::from(after),
        Cell::from(said),
        Cell::from(object.place.as_ref().map(at).unwrap_or_default()),
    ]
}

/// A revision with a digest that a person can compare: its first 12 digits.
fn brief(revision: &str) -> String {
    match revision.rsplit_once(':') {
        Some((head, digest)) if digest.len() > 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{head}:{}", digest.get(..12).unwrap_or(digest))
        }
        _ => revision.to_owned(),
    }
}

/// What was not checked, each with its reason; what waits for it stands below.
fn unknown(outcome: &Outcome, live: Option<&Report>) -> String {
    let mut text = String::new();
    let deferred = || {
        outcome.objects.iter().filter_map(|object| match &object.verdict {
            Verdict::Deferred { why, root } => Some((object, why, root.as_deref())),
            _ => None,
        })
    };
    for (object, why, _) in deferred().filter(|(_, _, root)| root.is_none()) {
        let _ = writeln!(text, "  {}: {why}", object.object);
        for (waiting, _, _) in deferred().filter(|(_, _, root)| *root == Some(object.object.as_str())) {
            let _ = writeln!(text, "    {} waits for it", waiting.object);
        }
    }
    for secret in &outcome.stand_ins {
        let _ = writeln!(
            text,
            "  Secret/{secret}: made elsewhere; an invented one, marked `rehearsal/stand-in`, stood in for it"
        );
    }
    for assumed in &outcome.assumed {
        let how = if assumed.is_checked {
            "assumed to be installed, with the bundled schema"
        } else {
            "assumed to be installed, and no field of it was checked"
        };
        let _ = writeln!(text, "  {}: {how}", assumed.kind);
    }
    if let Some(live) = live {
        text.push_str(&crate::live::deferred(&live.settled));
        for not in &live.not_verified {
            let _ = writeln!(text, "  {}: {}", not.what, not.why);
        }
    } else {
        text.push_str("  packets, CNI, kube-proxy, images, webhooks: there are no kubelets\n");
    }
    format!("\nnot checked:\n{text}")
}

fn summary(outcome: &Outcome) -> String {
    let count = |wanted: fn(&Verdict) -> bool| {
        let objects = outcome.objects.iter();
        objects.filter(|object| wanted(&object.verdict)).count()
    };
    let over = if outcome.timed_out {
        ", the time was over"
    } else {
        ""
    };
    format!(
        "\nrehearsed `{}` in {:.1} s: {} Ready, {} not Ready, {} deferred{over}\n\n",
        outcome.cluster,
        outcome.elapsed.as_secs_f64(),
        count(|verdict| *verdict == Verdict::Ready),
        count(|verdict| matches!(verdict, Verdict::Failed | Verdict::Waiting)),
        count(|verdict| matches!(verdict, Verdict::Deferred { .. })),
    )
}

fn at(place: &Place) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

/// Both sides of every defect; where one side is silent, they disagree.
fn compared(sides: &[Sides]) -> String {
    let mut text = "compared with `validate`:\n".to_owned();
    if sides.is_empty() {
        text.push_str("  neither sees an error\n");
    }
    for side in sides {
        let word = match (&side.flux, side.validate.is_empty()) {
            (Some(_), false) => "agree",
            (Some(_), true) => "only Flux",
            (None, _) => "only validate",
        };
        let flux = side.flux.as_deref().unwrap_or("no failure");
        let _ = writeln!(text, "  {word}: cluster `{}`\n    Flux: {flux}", side.cluster);
        for said in &side.validate {
            let _ = writeln!(text, "    validate: {said}");
        }
        if side.validate.is_empty() {
            text.push_str("    validate: no error\n");
        }
    }
    text.push('\n');
    text
}

/// The report as JSON.
pub(super) fn json(rehearsed: &Rehearsed) -> String {
    let live = rehearsed.live.iter().chain(std::iter::repeat(&None));
    let cluster = |(outcome, live): (&Outcome, &Option<Report>)| {
        let mut cluster = json!(outcome);
        if let Some(fields) = cluster.as_object_mut() {
            fields.insert("live".to_owned(), json!(live));
        }
        cluster
    };
    let clusters: Vec<_> = rehearsed.outcomes.iter().zip(live).map(cluster).collect();
    report::json::document(&json!({
        "apiVersion": report::API_VERSION, "kind": "Rehearsal", "tool": report::Tool::THIS,
        "commit": rehearsed.commit, "clusters": clusters, "unable": rehearsed.unable, "compared": rehearsed.sides,
        "notes": rehearsed.notes,
    }))
}
