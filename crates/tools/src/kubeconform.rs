//! `kubeconform` on a YAML stream: one verdict per object, where "could not tell" never counts as valid.

use std::time::Duration;

use serde::Deserialize;

use crate::catalog::Tool;
use crate::discover::Toolbox;
use crate::error::ToolError;
use crate::text;

/// Each schema that cannot be downloaded costs three attempts, about 3 s, and there may be many.
const TIMEOUT: Duration = Duration::from_mins(5);

/// How kubeconform judges.
#[derive(Debug, Clone)]
pub struct KubeconformOptions {
    /// `-kubernetes-version`: `x.y.z`; without it kubeconform takes `master`.
    pub kubernetes_version: Option<String>,
    /// `-schema-location`, in order of search; without any kubeconform downloads its default ones.
    pub schema_locations: Vec<String>,
    /// `-strict`: unknown fields and duplicate keys are invalid.
    pub strict: bool,
    /// `-ignore-missing-schemas`: a kind without schema is skipped; without it, an error.
    pub ignore_missing: bool,
}

impl Default for KubeconformOptions {
    fn default() -> Self {
        Self {
            kubernetes_version: None,
            schema_locations: Vec::new(),
            strict: true,
            ignore_missing: true,
        }
    }
}

/// What kubeconform says about a YAML stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KubeconformReport {
    /// One row per object, sorted by kind, name and version (kubeconform prints them in thread order).
    #[serde(default, deserialize_with = "null_is_empty")]
    pub resources: Vec<KubeconformResource>,
    /// The counts over `resources`.
    pub summary: KubeconformSummary,
}

/// What kubeconform says about one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct KubeconformResource {
    /// The object's kind; empty when the document could not be read.
    pub kind: String,
    /// The object's name; empty when the document could not be read.
    pub name: String,
    /// The object's apiVersion.
    pub version: String,
    /// The file, `stdin` here.
    pub filename: String,
    /// The verdict.
    pub status: KubeconformStatus,
    /// Why the object is invalid or not judged; empty for the others.
    pub msg: String,
    /// Each problem of an invalid object with its place.
    #[serde(default, rename = "validationErrors", deserialize_with = "null_is_empty")]
    pub validation_errors: Vec<KubeconformViolation>,
}

/// One problem of an invalid object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct KubeconformViolation {
    /// The JSON pointer of the field; empty for the object itself.
    pub path: String,
    /// What is wrong with it.
    pub msg: String,
}

/// kubeconform's verdict on one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum KubeconformStatus {
    /// A schema was found and the object matches it.
    #[serde(rename = "statusValid")]
    Valid,
    /// A schema was found and the object does not match it.
    #[serde(rename = "statusInvalid")]
    Invalid,
    /// Not judged: the schema could not be downloaded or the document could not be read.
    #[serde(rename = "statusError")]
    Error,
    /// Not judged: there is no schema for the kind, or the kind is skipped on request.
    #[serde(rename = "statusSkipped")]
    Skipped,
    /// A document without content; in no count.
    #[serde(rename = "")]
    Empty,
}

/// How many objects got which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct KubeconformSummary {
    /// Objects that match their schema.
    pub valid: usize,
    /// Objects that do not match their schema.
    pub invalid: usize,
    /// Objects that were not judged because something went wrong: unknown, never valid.
    pub errors: usize,
    /// Objects that were not judged because there is no schema: unknown, never valid.
    pub skipped: usize,
}

impl KubeconformReport {
    /// Whether every object was judged and is valid.
    pub fn all_valid(&self) -> bool {
        let KubeconformSummary {
            valid: _,
            invalid,
            errors,
            skipped,
        } = self.summary;
        invalid == 0 && errors == 0 && skipped == 0
    }

    /// The objects with one verdict.
    pub fn with_status(&self, status: KubeconformStatus) -> impl Iterator<Item = &KubeconformResource> {
        self.resources
            .iter()
            .filter(move |resource| resource.status == status)
    }
}

/// Judges every object of a YAML stream; invalid objects are part of the report, not an error.
pub fn validate(
    toolbox: &Toolbox,
    yaml: &[u8],
    options: &KubeconformOptions,
) -> Result<KubeconformReport, ToolError> {
    let mut call = toolbox
        .get(Tool::Kubeconform)?
        .invocation()
        .stdin(yaml)
        .timeout(TIMEOUT);
    if options.strict {
        call = call.arg("-strict");
    }
    if options.ignore_missing {
        call = call.arg("-ignore-missing-schemas");
    }
    if let Some(version) = &options.kubernetes_version {
        call = call.args(["-kubernetes-version", version]);
    }
    for location in &options.schema_locations {
        call = call.args(["-schema-location", location]);
    }
    let call = call.args(["-output", "json", "-verbose", "-summary"]);
    // Status 1 is both "not all are valid", with a report that says so, and "wrong option", without one.
    let output = call.run_accepting(&[0, 1])?;
    let failed = || ToolError::Failed {
        argv: call.command_line(),
        status: output.status,
        stderr_tail: text::tail(&output.stderr),
    };
    if output.stdout.is_empty() && output.status != 0 {
        return Err(failed());
    }
    let report = parse(&output.stdout).map_err(|reason| ToolError::UnexpectedOutput {
        argv: call.command_line(),
        reason,
    })?;
    if output.status != 0 && report.summary.invalid + report.summary.errors == 0 {
        return Err(failed());
    }
    Ok(report)
}

fn parse(stdout: &[u8]) -> Result<KubeconformReport, String> {
    let mut report: KubeconformReport =
        serde_json::from_slice(stdout).map_err(|error| format!("wanted its JSON report, {error}"))?;
    report.resources.sort();
    let count = |status| report.with_status(status).count();
    let counted = KubeconformSummary {
        valid: count(KubeconformStatus::Valid),
        invalid: count(KubeconformStatus::Invalid),
        errors: count(KubeconformStatus::Error),
        skipped: count(KubeconformStatus::Skipped),
    };
    if counted != report.summary {
        return Err(format!(
            "its summary {:?} does not match its resources {counted:?}",
            report.summary
        ));
    }
    Ok(report)
}

/// Go prints an empty list as `null`.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = r#""summary": {"valid": 0, "invalid": 0, "errors": 1, "skipped": 0}"#;

    #[test]
    fn a_schema_that_cannot_be_downloaded_is_unknown() {
        let row = r#"{"filename": "stdin", "kind": "ConfigMap", "name": "a", "version": "v1",
            "status": "statusError", "msg": "failed downloading schema at https://x: no such host"}"#;
        let report = parse(format!("{{\"resources\": [{row}], {SUMMARY}}}").as_bytes()).unwrap();
        assert_eq!((report.summary.errors, report.summary.valid), (1, 0));
        assert!(!report.all_valid());
        assert_eq!(report.with_status(KubeconformStatus::Error).count(), 1);
    }

    #[test]
    fn refuses_counts_that_do_not_match_the_rows() {
        let reason = parse(format!("{{\"resources\": null, {SUMMARY}}}").as_bytes()).unwrap_err();
        assert!(reason.contains("does not match"), "{reason}");
    }

    #[test]
    fn refuses_a_status_it_does_not_know() {
        let row = r#"{"filename": "stdin", "kind": "A", "name": "a", "version": "v1", "status": "statusFine", "msg": ""}"#;
        let reason = parse(format!("{{\"resources\": [{row}], {SUMMARY}}}").as_bytes()).unwrap_err();
        assert!(reason.contains("statusFine"), "{reason}");
    }
}
