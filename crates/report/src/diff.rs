//! A unified diff of two texts, for people: `generate --check` and the comparison of engines.

use similar::{ChangeTag, TextDiff};

use crate::color::{Paint, Tone};
use crate::visible::{one_line, visible};

/// Equal lines shown around a change.
const CONTEXT: usize = 3;

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// A file name or another name.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
}

/// What turns `old` into `new`; empty when they are equal. Control characters are shown, not sent.
pub fn unified(old: Side<'_>, new: Side<'_>, paint: Paint) -> String {
    if old.text == new.text {
        return String::new();
    }
    let head = |sign: &str, side: Side<'_>| {
        paint.apply(Tone::Strong, &format!("{sign} {}", one_line(side.name))) + "\n"
    };
    let mut text = head("---", old) + &head("+++", new);
    let diff = TextDiff::from_lines(old.text, new.text);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        text.push_str(&paint.apply(Tone::Place, &hunk.header().to_string()));
        text.push('\n');
        for change in hunk.iter_changes() {
            let (sign, tone) = match change.tag() {
                ChangeTag::Equal => (' ', Tone::Normal),
                ChangeTag::Delete => ('-', Tone::Bad),
                ChangeTag::Insert => ('+', Tone::Good),
            };
            let line = change.value();
            let line = line.strip_suffix('\n').unwrap_or(line);
            text.push_str(&paint.apply(tone, &format!("{sign}{}", visible(line))));
            text.push_str(if change.missing_newline() {
                "\n\\ no newline at the end\n"
            } else {
                "\n"
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str, paint: Paint) -> String {
        unified(
            Side {
                name: "a.yaml",
                text: old,
            },
            Side {
                name: "a.yaml (generated)",
                text: new,
            },
            paint,
        )
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(diff("a\n", "a\n", Paint::Ansi), "");
    }

    #[test]
    fn shows_changes_with_their_surroundings() {
        let wanted = "--- a.yaml\n+++ a.yaml (generated)\n@@ -3,4 +3,4 @@\n 3\n 4\n 5\n-6\n+␛six\n";
        assert_eq!(
            diff("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\n\u{1b}six\n", Paint::Plain),
            wanted
        );
    }

    #[test]
    fn tells_a_missing_newline_and_a_carriage_return() {
        let wanted = "--- a.yaml\n+++ a.yaml (generated)\n@@ -1 +1 @@\n-a␍\n+a\n\\ no newline at the end\n";
        assert_eq!(diff("a\r\n", "a", Paint::Plain), wanted);
    }

    #[test]
    fn colors_whole_lines() {
        let text = diff("a\n", "b\n", Paint::Ansi);
        assert!(
            text.ends_with("\u{1b}[31m-a\u{1b}[0m\n\u{1b}[32m+b\u{1b}[0m\n"),
            "{text:?}"
        );
    }
}
