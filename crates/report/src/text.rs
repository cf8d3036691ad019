//! Text for people at a terminal: each finding with its source lines, what was not checked, and a last line that counts.

use crate::color::{Paint, Tone};
use crate::visible::one_line;
use crate::{DeferredGroup, Finding, Report, Suppressed, deferred_groups, excerpt, plural, sentence};

/// Subjects shown for one reason.
const SUBJECTS: usize = 3;

/// How to write.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Color or none.
    pub paint: Paint,
    /// Whether to list all that is otherwise cut to the first few.
    pub verbose: bool,
}

/// The whole report.
pub fn render(report: &Report, options: Options) -> String {
    let mut text = findings(&report.findings, options);
    text.push_str(&not_checked(report, options));
    text.push_str(&suppressed(&report.suppressed, options));
    text.push_str(&options.paint.apply(tone(report), &one_line(&sentence(report))));
    text.push('\n');
    text
}

/// Findings, each followed by an empty line.
pub fn findings(findings: &[Finding], options: Options) -> String {
    findings
        .iter()
        .map(|finding| excerpt::render(finding, options.paint, options.verbose) + "\n\n")
        .collect()
}

/// What could not be checked, by check and reason, followed by an empty line; nothing when all was.
pub fn deferred(deferred: &[crate::Deferred], options: Options) -> String {
    section(
        "not checked",
        deferred_groups(deferred)
            .iter()
            .map(|group| group_lines(group, options)),
        options,
    )
}

fn not_checked(report: &Report, options: Options) -> String {
    let excused = report.coverage.excused.iter().map(|excused| {
        one_line(&format!(
            "  schema: {} ({})",
            excused.reason,
            plural(excused.count, "object")
        )) + "\n"
    });
    let groups = deferred_groups(&report.deferred);
    section(
        "not checked",
        groups
            .iter()
            .map(|group| group_lines(group, options))
            .chain(excused),
        options,
    )
}

/// `  check: reason (count)` and below it the subjects.
fn group_lines(group: &DeferredGroup<'_>, options: Options) -> String {
    let DeferredGroup {
        check,
        reason,
        subjects,
    } = group;
    let head = one_line(&format!(
        "  {check}: {reason} ({})",
        plural(subjects.len() as u32, "subject")
    ));
    let subjects: Vec<String> = if options.verbose {
        subjects.iter().map(|subject| one_line(subject)).collect()
    } else {
        vec![one_line(&group.some_subjects(SUBJECTS))]
    };
    let subjects = subjects
        .iter()
        .map(|line| options.paint.apply(Tone::Dim, &format!("    {line}")) + "\n");
    std::iter::once(head + "\n").chain(subjects).collect()
}

fn suppressed(suppressed: &[Suppressed], options: Options) -> String {
    let line = |entry: &Suppressed| {
        let Suppressed {
            check,
            file,
            line,
            reason,
            until,
        } = entry;
        let until = if until.is_empty() {
            String::new()
        } else {
            format!(", until {until}")
        };
        one_line(&format!("  {check} at {file}:{line}: {reason}{until}")) + "\n"
    };
    section("suppressed", suppressed.iter().map(line), options)
}

fn section(title: &str, lines: impl Iterator<Item = String>, options: Options) -> String {
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    format!(
        "{}\n{lines}\n",
        options.paint.apply(Tone::Strong, &format!("{title}:"))
    )
}

fn tone(report: &Report) -> Tone {
    let summary = report.summary;
    match () {
        () if summary.errors > 0 => Tone::Bad,
        () if summary.warnings + summary.deferred > 0 => Tone::Doubtful,
        () => Tone::Good,
    }
}
