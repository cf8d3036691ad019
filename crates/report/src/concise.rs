//! Concise: `path:line:col: level[check] message`, one line for each finding, as editors and `grep` like it.

use crate::visible::one_line;
use crate::{Finding, Report, deferred_groups, sentence};

/// The report with one line for each finding, then one for each reason why something was not checked, then the counts.
pub fn render(report: &Report) -> String {
    let findings = report.findings.iter().map(line);
    let deferred = deferred_groups(&report.deferred).into_iter().map(|group| {
        one_line(&format!(
            "deferred[{}] {}: {}",
            group.check,
            group.some_subjects(3),
            group.reason
        ))
    });
    let last = one_line(&sentence(report));
    findings
        .chain(deferred)
        .chain([last])
        .map(|line| line + "\n")
        .collect()
}

/// One finding.
pub fn line(finding: &Finding) -> String {
    let Finding {
        level,
        check,
        message,
        ..
    } = finding;
    one_line(&format!(
        "{}: {}[{check}] {message}",
        place(finding),
        level.name()
    ))
}

/// `file:line:column`; the object, then `-`, where no file holds the defect.
fn place(finding: &Finding) -> String {
    let Finding {
        file,
        line,
        column,
        object,
        ..
    } = finding;
    if !file.is_empty() {
        return format!("{file}:{line}:{column}");
    }
    object
        .as_ref()
        .map_or_else(|| "-".to_owned(), ToString::to_string)
}
