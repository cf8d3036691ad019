//! The verdicts as a JSON document.

use oci::Verdict;
use serde_json::{Value, json};

use super::judge::{Judged, State};
use super::rows::Ask;
use super::{Outcome, images};

/// The document.
pub(super) fn render(outcome: &Outcome) -> String {
    let mut document = json!({
        "apiVersion": report::API_VERSION, "kind": "Preflight", "tool": report::Tool::THIS,
        "charts": outcome.judged.iter().map(chart).collect::<Vec<_>>(),
    });
    if let (Some(metadata), Some(fields)) = (&outcome.metadata, document.as_object_mut()) {
        fields.insert("metadata".to_owned(), metadata.clone());
    }
    if let (Some(images), Some(fields)) = (&outcome.images, document.as_object_mut()) {
        fields.insert("images".to_owned(), images::json(images).into());
    }
    report::json::document(&document)
}

fn chart(judged: &Judged) -> Value {
    let Judged {
        row,
        state,
        answer,
        locked,
        approved,
    } = judged;
    let (url, wanted) = match &row.ask {
        Ask::Registry { request, .. } => (Some(&request.url), Some(super::text::wanted(&request.wanted))),
        Ask::Nobody { .. } => (None, None),
    };
    let mut chart = json!({
        "source": row.subject, "clusters": row.clusters, "releases": row.releases, "url": url, "wanted": wanted,
        "file": row.place.file, "line": row.place.line, "verdict": state.name(), "approved": approved,
    });
    let Some(fields) = chart.as_object_mut() else {
        return chart;
    };
    // Where the lock answers, what the cache has is not the answer.
    let overruled = *state == State::Locked && matches!(answer.verdict, Verdict::There { .. });
    if let (false, Ok(Value::Object(found))) = (overruled, serde_json::to_value(&answer.verdict)) {
        fields.extend(found.into_iter().filter(|(name, _)| name != "verdict"));
    }
    if let Some(signature) = &answer.signature {
        fields.insert("signature".to_owned(), json!(signature));
    }
    if let Some(locked) = locked {
        fields.insert("locked".to_owned(), json!(locked));
    }
    chart
}
