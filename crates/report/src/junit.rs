//! JUnit XML, written by hand: suite = check group, case = check and subject.
//!
//! A case with findings is a failure, whatever their level (its `type`); a deferral and a suppression are skipped cases with
//! their reason; a check that ran and found nothing is one passed case.

use std::collections::BTreeMap;

use diag::CheckMeta;

use crate::visible::visible;
use crate::{Finding, Report, concise};

/// What came of one case.
enum Outcome<'a> {
    Passed,
    Skipped(String),
    Failed(Vec<&'a Finding>),
}

/// Cases by check and name; several findings of one check in one subject are one case.
type Cases<'a> = BTreeMap<(&'a str, String), Outcome<'a>>;

/// The report as one document. `checks` are those that ran.
pub fn render(report: &Report, checks: &[&CheckMeta]) -> String {
    let cases = cases(report, checks);
    let mut suites: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for ((check, name), outcome) in &cases {
        let group = check.split_once('/').map_or(*check, |(group, _)| group);
        suites
            .entry(group)
            .or_default()
            .push((*check, name.as_str(), outcome));
    }
    let head = format!(
        "<testsuites name=\"{}\" {}>",
        escape(report.tool.name),
        counts(cases.values())
    );
    let suites: String = suites
        .into_iter()
        .map(|(group, cases)| suite(group, &cases))
        .collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head}\n{suites}</testsuites>\n")
}

fn suite(group: &str, cases: &[(&str, &str, &Outcome<'_>)]) -> String {
    let counts = counts(cases.iter().map(|(_, _, outcome)| *outcome));
    let cases: String = cases
        .iter()
        .map(|(check, name, outcome)| case(check, name, outcome))
        .collect();
    format!(
        "  <testsuite name=\"{}\" {counts}>\n{cases}  </testsuite>\n",
        escape(group)
    )
}

fn cases<'a>(report: &'a Report, checks: &[&'a CheckMeta]) -> Cases<'a> {
    let mut cases = Cases::new();
    for deferred in &report.deferred {
        let name = format!("{}: {}", deferred.check, deferred.subject);
        cases.insert((&deferred.check, name), Outcome::Skipped(deferred.reason.clone()));
    }
    for suppressed in &report.suppressed {
        let name = format!("{}: {}", suppressed.check, suppressed.file);
        cases.insert(
            (&suppressed.check, name),
            Outcome::Skipped(format!("suppressed: {}", suppressed.reason)),
        );
    }
    for finding in &report.findings {
        let name = format!("{}: {}", finding.check, subject(finding));
        match cases
            .entry((&finding.check, name))
            .or_insert_with(|| Outcome::Failed(Vec::new()))
        {
            Outcome::Failed(findings) => findings.push(finding),
            // What was found outweighs what could not be looked at.
            other => *other = Outcome::Failed(vec![finding]),
        }
    }
    for check in checks {
        let silent = !cases.keys().any(|(other, _)| *other == check.id);
        if silent {
            cases.insert((check.id, check.id.to_owned()), Outcome::Passed);
        }
    }
    cases
}

/// The object, otherwise the file: a name that stays when lines move.
fn subject(finding: &Finding) -> String {
    match &finding.object {
        Some(object) => object.to_string(),
        None if finding.file.is_empty() => "repository".to_owned(),
        None => finding.file.clone(),
    }
}

fn counts<'a>(outcomes: impl Iterator<Item = &'a Outcome<'a>>) -> String {
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for outcome in outcomes {
        tests += 1;
        match outcome {
            Outcome::Passed => {}
            Outcome::Skipped(_) => skipped += 1,
            Outcome::Failed(_) => failures += 1,
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

fn case(check: &str, name: &str, outcome: &Outcome<'_>) -> String {
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{}\"",
        escape(check),
        escape(name)
    );
    match outcome {
        Outcome::Passed => format!("{head}/>\n"),
        Outcome::Skipped(reason) => {
            format!(
                "{head}>\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                escape(reason)
            )
        }
        Outcome::Failed(findings) => format!("{head}>\n{}    </testcase>\n", failure(findings)),
    }
}

/// One element for all findings of a case: readers expect at most one.
fn failure(findings: &[&Finding]) -> String {
    let level = findings
        .iter()
        .map(|finding| finding.level)
        .min()
        .map_or("", diag::Level::name);
    let first = findings.first().map_or("", |finding| finding.message.as_str());
    let message = if findings.len() > 1 {
        format!("{first} (and {} more)", findings.len() - 1)
    } else {
        first.to_owned()
    };
    let body: Vec<String> = findings.iter().map(|finding| body(finding)).collect();
    let body = escape(&body.join("\n")).replace("&#10;", "\n");
    format!(
        "      <failure type=\"{level}\" message=\"{}\">{body}</failure>\n",
        escape(&message)
    )
}

fn body(finding: &Finding) -> String {
    let explained = [("why", &finding.why), ("help", &finding.help)];
    let explained = explained.iter().filter(|(_, text)| !text.is_empty());
    let lines = explained.map(|(name, text)| format!("\n  {name}: {text}"));
    concise::line(finding) + &lines.collect::<String>()
}

/// Text for attributes and content alike. XML knows no control characters, not even escaped: [`visible`] takes them away.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in visible(text).chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}
