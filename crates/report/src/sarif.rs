//! SARIF 2.1.0, for code scanning: one run, a rule for each check, a notification for what was not checked.

use std::collections::BTreeMap;

use diag::CheckMeta;
use serde_json::{Map, Value, json};

use crate::{Deferred, Finding, Related, Report, json};

/// Stands for the repository's root in all addresses.
const ROOT: &str = "%SRCROOT%";

/// The report as one document. `checks` are those that ran; they become the rules.
pub fn render(report: &Report, checks: &[&CheckMeta]) -> String {
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, checks, &mut seen))
        .collect();
    json::document(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "rules": checks.iter().map(|check| rule(check)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": report.deferred.iter().map(notification).collect::<Vec<_>>(),
            }],
            "originalUriBaseIds": {ROOT: {"description": {"text": "the root of the repository"}}},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {"coverage": report.coverage, "summary": report.summary, "suppressed": report.suppressed},
        }],
    }))
}

fn rule(check: &CheckMeta) -> Value {
    json!({
        "id": check.id,
        "shortDescription": {"text": check.summary},
        "help": {"text": check.docs, "markdown": check.docs},
        "defaultConfiguration": {"level": check.level.name()},
        "properties": {"stage": check.stage.name()},
    })
}

/// `executionSuccessful` stays true: the run did its job, and says what it could not see.
fn notification(deferred: &Deferred) -> Value {
    let Deferred {
        check,
        subject,
        reason,
    } = deferred;
    json!({
        "level": "warning",
        "message": {"text": message(&format!("not checked: {subject}: {reason}"))},
        "associatedRule": {"id": check},
    })
}

fn result(finding: &Finding, checks: &[&CheckMeta], seen: &mut BTreeMap<String, u32>) -> Value {
    let mut result = Map::new();
    result.insert("ruleId".into(), json!(finding.check));
    if let Some(index) = checks.iter().position(|check| check.id == finding.check) {
        result.insert("ruleIndex".into(), json!(index));
    }
    result.insert("level".into(), json!(finding.level.name()));
    result.insert("message".into(), json!({"text": explained(finding)}));
    result.insert("locations".into(), locations(finding));
    let related: Vec<Value> = finding.related.iter().map(related).collect();
    if !related.is_empty() {
        result.insert("relatedLocations".into(), Value::from(related));
    }
    result.insert(
        "partialFingerprints".into(),
        json!({"finding/v1": fingerprint(finding, seen)}),
    );
    let Finding {
        cluster,
        origin,
        path,
        docs,
        ..
    } = finding;
    let stage = finding.stage.name();
    result.insert(
        "properties".into(),
        json!({"stage": stage, "cluster": cluster, "path": path, "origin": origin, "docs": docs}),
    );
    Value::Object(result)
}

fn explained(finding: &Finding) -> String {
    let parts = [&finding.message, &finding.why, &finding.help]
        .into_iter()
        .filter(|part| !part.is_empty());
    message(&parts.map(String::as_str).collect::<Vec<_>>().join("\n"))
}

/// Viewers make a link of `[text](address)`, which no text from a manifest may become.
fn message(text: &str) -> String {
    text.replace("](", "] (")
}

fn locations(finding: &Finding) -> Value {
    let mut location = Map::new();
    if !finding.file.is_empty() {
        let Finding {
            line,
            column,
            end_line,
            end_column,
            ..
        } = finding;
        let region =
            json!({"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column});
        location.insert("physicalLocation".into(), physical(&finding.file, &region));
    }
    if let Some(object) = &finding.object {
        let logical = json!([{"fullyQualifiedName": object.to_string(), "kind": "resource"}]);
        location.insert("logicalLocations".into(), logical);
    }
    if location.is_empty() {
        json!([])
    } else {
        json!([location])
    }
}

fn related(related: &Related) -> Value {
    let Related {
        file,
        line,
        column,
        message: text,
        ..
    } = related;
    let mut location = Map::new();
    if !file.is_empty() {
        let region = json!({"startLine": line, "startColumn": column});
        location.insert("physicalLocation".into(), physical(file, &region));
    }
    location.insert("message".into(), json!({"text": message(text)}));
    Value::Object(location)
}

fn physical(file: &str, region: &Value) -> Value {
    json!({"artifactLocation": {"uri": uri(file), "uriBaseId": ROOT}, "region": region})
}

/// A path as a relative address: all but unreserved characters as `%XX`.
fn uri(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(encode).collect()
}

/// Survives moved lines; equal findings in one file are told apart by their order.
fn fingerprint(finding: &Finding, seen: &mut BTreeMap<String, u32>) -> String {
    let object = finding
        .object
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let identity = [
        &finding.check,
        &finding.file,
        &object,
        &finding.path,
        &finding.message,
    ];
    let identity = identity.map(String::as_str).join("\0");
    let hash = format!("{:016x}", fnv1a(identity.as_bytes()));
    let count = seen.entry(hash.clone()).or_default();
    *count += 1;
    format!("{hash}:{count}")
}

/// FNV-1a with 64 bits: a name for the identity, no secret.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
