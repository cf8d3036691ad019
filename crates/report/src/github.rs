//! GitHub workflow commands: `::error file=,line=,col=,endLine=,endColumn=,title=::message`, shown beside the diff.

use diag::Level;

use crate::visible::visible;
use crate::{Finding, Report, deferred_groups, plural, sentence};

/// One command for each finding, a notice for each reason why something was not checked, and one that counts.
pub fn render(report: &Report) -> String {
    let findings = report.findings.iter().map(annotation);
    let deferred = deferred_groups(&report.deferred).into_iter().map(|group| {
        let count = plural(group.subjects.len() as u32, "subject");
        let message = format!("{}: {} ({count})", group.reason, group.some_subjects(3));
        command(
            "notice",
            &[("title", format!("not checked: {}", group.check))],
            &message,
        )
    });
    let last = command("notice", &[("title", "validate".to_owned())], &sentence(report));
    findings.chain(deferred).chain([last]).collect()
}

fn annotation(finding: &Finding) -> String {
    let Finding {
        file,
        line,
        column,
        end_line,
        end_column,
        check,
        ..
    } = finding;
    let mut properties = Vec::new();
    if !file.is_empty() {
        properties.extend([("file", file.clone()), ("line", line.to_string())]);
        if line == end_line {
            // GitHub refuses columns on a range of lines.
            properties.push(("col", column.to_string()));
            properties.extend([
                ("endLine", end_line.to_string()),
                ("endColumn", end_column.to_string()),
            ]);
        } else {
            properties.push(("endLine", end_line.to_string()));
        }
    }
    properties.push(("title", check.clone()));
    command(name(finding.level), &properties, &message(finding))
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

/// The message, the object where no file shows it, why and help, on lines of their own.
fn message(finding: &Finding) -> String {
    let mut lines = vec![finding.message.clone()];
    if let Some(object) = finding.object.as_ref().filter(|_| finding.file.is_empty()) {
        lines.push(format!("object: {object}"));
    }
    for (name, text) in [("why", &finding.why), ("help", &finding.help)] {
        if !text.is_empty() {
            lines.push(format!("{name}: {text}"));
        }
    }
    lines.join("\n")
}

fn command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .map(|(key, value)| format!("{key}={}", escape_property(value)))
        .collect();
    format!("::{name} {}::{}\n", properties.join(","), escape(message))
}

/// The runner decodes these and no others; a raw newline would end the command and start the next.
fn escape(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    visible(&text).into_owned()
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
