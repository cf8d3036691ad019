//! Turns what programs print into text that is safe and short enough for an error message.

use std::path::PathBuf;

/// How many lines of stderr an error repeats.
const TAIL_LINES: usize = 20;
/// How many characters of one such line are kept.
const TAIL_LINE_CHARS: usize = 500;

/// The last lines of a program's stderr, without control characters (colours, cursor movements).
pub(crate) fn tail(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let kept = lines.iter().skip(lines.len().saturating_sub(TAIL_LINES));
    kept.map(|line| printable(line, TAIL_LINE_CHARS))
        .collect::<Vec<_>>()
        .join("\n")
}

/// One line without control characters, cut after `limit` characters with `...`.
pub(crate) fn printable(line: &str, limit: usize) -> String {
    let mut characters = line
        .trim_end()
        .chars()
        .map(|c| if c.is_control() && c != '\t' { '?' } else { c });
    let mut text: String = characters.by_ref().take(limit).collect();
    if characters.next().is_some() {
        text.push_str("...");
    }
    text
}

/// The end of an error message that repeats what the program said on stderr.
pub(crate) fn said(stderr_tail: &str) -> String {
    if stderr_tail.is_empty() {
        return "; it said nothing on stderr".to_owned();
    }
    format!("; it said:\n  {}", stderr_tail.replace('\n', "\n  "))
}

/// How a program ended, in words; see [`crate::Output::status`] for the numbers.
pub(crate) fn ended(status: i32) -> String {
    if status < 0 {
        return format!("was ended by signal {}", status.unsigned_abs());
    }
    format!("failed with exit status {status}")
}

/// Paths in backticks, separated by commas.
pub(crate) fn quoted_list(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "an empty search path".to_owned();
    }
    paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_twenty_lines() {
        let stderr: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
        let tail = tail(&stderr.join("\n\n"));
        assert!(
            tail.starts_with("line 11\n") && tail.ends_with("line 30"),
            "{tail}"
        );
    }

    #[test]
    fn replaces_control_characters_and_cuts_long_lines() {
        assert_eq!(printable("a\u{1b}[31mb\r", 80), "a?[31mb");
        assert_eq!(printable("abcdef", 3), "abc...");
        assert_eq!(printable("abc", 3), "abc");
    }
}
