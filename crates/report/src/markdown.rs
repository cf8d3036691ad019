//! Markdown: for a step summary or a comment, below 65,000 characters.
//!
//! All that comes from files stands in table cells, escaped: it can neither leave its cell nor become HTML or a mention.

use crate::tally::outcome;
use crate::visible::one_line;
use crate::{DeferredGroup, Excused, Finding, Report, Suppressed, deferred_groups, plural, sentence};

/// Bytes, of which there are at least as many as characters, for findings; then for all tables.
const FINDINGS_END: usize = 50_000;
const TABLES_END: usize = 63_000;
/// Characters of one cell's part.
const PART: usize = 400;

/// The report, worst findings first.
pub fn render(report: &Report) -> String {
    let mut text = format!("## {}\n\n", outcome(report.summary));
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| finding.level);
    table(
        &mut text,
        ["level", "where", "what"],
        findings.into_iter().map(finding_row),
        FINDINGS_END,
        "finding",
    );
    let groups = deferred_groups(&report.deferred);
    let deferred = groups
        .iter()
        .map(deferred_row)
        .chain(report.coverage.excused.iter().map(excused_row));
    table(
        &mut text,
        ["not checked", "why", "subjects"],
        deferred,
        TABLES_END,
        "reason",
    );
    let suppressed = report.suppressed.iter().map(suppressed_row);
    table(
        &mut text,
        ["suppressed", "where", "why"],
        suppressed,
        TABLES_END,
        "suppression",
    );
    text.push_str(&sentence(report));
    text.push('\n');
    text
}

/// As many rows as fit before `end`, and a line that says how many did not.
fn table<const N: usize>(
    text: &mut String,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    end: usize,
    noun: &str,
) {
    let mut rows = rows
        .map(|cells| format!("| {} |\n", cells.join(" | ")))
        .peekable();
    if rows.peek().is_none() {
        return;
    }
    text.extend(["| ", &head.join(" | "), " |\n|", &" --- |".repeat(N), "\n"]);
    while let Some(row) = rows.next_if(|row| text.len() + row.len() <= end) {
        text.push_str(&row);
    }
    let left = rows.count() as u32;
    if left > 0 {
        let left = plural(left, &format!("more {noun}"));
        text.extend([
            "\n",
            &left,
            " cut to keep this short; `--output json=FILE` has all of them\n",
        ]);
    }
    text.push('\n');
}

fn finding_row(finding: &Finding) -> [String; 3] {
    let Finding {
        file,
        line,
        column,
        object,
        check,
        message,
        why,
        help,
        ..
    } = finding;
    let place = match object {
        _ if !file.is_empty() => code(&format!("{file}:{line}:{column}")),
        Some(object) => code(&object.to_string()),
        None => String::new(),
    };
    let mut what = format!("{}<br>{}", prose(message), code(check));
    for (name, text) in [("why", why), ("help", help)] {
        if !text.is_empty() {
            what.extend(["<br>", name, ": ", &prose(text)]);
        }
    }
    [finding.level.name().to_owned(), place, what]
}

fn deferred_row(group: &DeferredGroup<'_>) -> [String; 3] {
    let count = plural(group.subjects.len() as u32, "subject");
    [
        code(group.check),
        prose(group.reason),
        format!("{count}: {}", prose(&group.some_subjects(3))),
    ]
}

fn excused_row(excused: &Excused) -> [String; 3] {
    [
        code("schema"),
        prose(&excused.reason),
        plural(excused.count, "object"),
    ]
}

fn suppressed_row(suppressed: &Suppressed) -> [String; 3] {
    let Suppressed {
        check,
        file,
        line,
        reason,
        until,
    } = suppressed;
    let until = if until.is_empty() {
        String::new()
    } else {
        format!(", until {}", prose(until))
    };
    [
        code(check),
        code(&format!("{file}:{line}")),
        prose(reason) + &until,
    ]
}

/// One line of a message, fit for a table cell: its pairs of backticks stay code, everything else is plain text.
pub fn prose(text: &str) -> String {
    let text = cut(&one_line(text));
    let parts: Vec<&str> = text.split('`').collect();
    // Where backticks do not pair up, or enclose nothing, none of them is taken for code.
    let paired = parts.len() % 2 == 1
        && parts
            .iter()
            .skip(1)
            .step_by(2)
            .all(|code| !code.trim().is_empty());
    if !paired {
        return plain(&text);
    }
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { code(part) } else { plain(part) })
        .collect()
}

fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' | '`' | '#' => {
                escaped.extend(['\\', char]);
            }
            // An empty character between the sign and a name keeps GitHub from notifying that name.
            '@' => escaped.push_str("@&#8203;"),
            char => escaped.push(char),
        }
    }
    escaped
}

/// A code span, which ends only at as many backticks as it begins with. A table splits at bars even inside of it.
pub fn code(text: &str) -> String {
    let text = cut(&one_line(text)).replace('|', "\\|");
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(PART) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
