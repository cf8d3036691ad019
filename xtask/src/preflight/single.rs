//! One chart by its URL: what `helm show chart` prints, and the verdict.

use std::fmt::Write as _;

use anyhow::Context;
use model::yaml::{self, Style};
use oci::signature::{Key, Policy, SignatureVerdict};
use oci::{ChartRequest, Options, Verdict, Wanted};
use serde_json::Value;

use super::judge::{Answer, Judged};
use super::rows::{Ask, Place, Row};
use super::text;
use crate::cli::OneChart;

/// The row of a URL.
pub(super) fn row(url: &str, args: &OneChart) -> anyhow::Result<Row> {
    let keys = args
        .key
        .iter()
        .map(|path| {
            let name = path.display().to_string();
            let pem = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
            Ok(Key { name, pem })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Row {
        subject: url.to_owned(),
        clusters: Vec::new(),
        ask: Ask::Registry {
            request: ChartRequest {
                url: url.to_owned(),
                wanted: Wanted {
                    semver: Some(args.version.clone().unwrap_or_else(|| "*".to_owned())),
                    ..Wanted::default()
                },
                insecure: args.plain_http,
                layer_media_type: Some(oci::CHART_LAYER_MEDIA_TYPE.to_owned()),
            },
            policy: (!keys.is_empty()).then_some(Policy::Keys(keys)),
        },
        releases: Vec::new(),
        place: Place::default(),
    })
}

/// The chart's metadata, where the chart is there.
pub(super) fn metadata(rows: &[Row], answers: &[Answer], options: &Options) -> Option<Value> {
    let (Some(row), Some(answer)) = (rows.first(), answers.first()) else {
        return None;
    };
    let (Ask::Registry { request, .. }, Verdict::There { digest, .. }) = (&row.ask, &answer.verdict) else {
        return None;
    };
    let found = ChartRequest {
        wanted: Wanted {
            digest: Some(digest.clone()),
            ..Wanted::default()
        },
        ..request.clone()
    };
    oci::signature::chart_yaml(&found, options).ok()
}

/// The metadata as YAML; the verdict follows in comments, so that the whole stays YAML.
pub(super) fn render(judged: &[Judged], metadata: Option<&Value>) -> String {
    let mut text = metadata.map(chart_yaml).unwrap_or_default();
    for judged in judged {
        let found = text::found(judged);
        let mut lines = vec![format!("{}: {}", judged.row.subject, judged.state.words()), found];
        match &judged.answer.signature {
            None => {}
            Some(SignatureVerdict::Verified { by }) => lines.push(format!("signature: verified by {by}")),
            Some(SignatureVerdict::NotVerified { reason }) => {
                lines.push(format!("signature: not verified: {reason}"));
            }
            Some(SignatureVerdict::Unknown { reason }) => {
                lines.push(format!("signature: cannot tell: {reason}"));
            }
            Some(SignatureVerdict::PartlyVerified { unverified, .. }) => {
                lines.push(format!(
                    "signature: partly verified, not {}",
                    unverified.join("; ")
                ));
            }
        }
        if let Verdict::There { archive, size, .. } = &judged.answer.verdict {
            lines.insert(2, format!("archive {archive}, {size} bytes"));
        }
        for line in lines {
            let _ = writeln!(text, "# {}", report::visible(&line).replace('\n', " "));
        }
    }
    text
}

/// Sorted as helm prints it.
fn chart_yaml(metadata: &Value) -> String {
    let mut node = yaml::from_json(metadata);
    yaml::sort_keys(&mut node);
    report::visible(&yaml::emit(&node, Style::Kustomize)).into_owned()
}
