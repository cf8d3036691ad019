//! Text from files made safe for a terminal: whatever could move the cursor or reorder text becomes a visible character.

use std::borrow::Cow;

/// Replaces control characters by their pictures, and characters that reorder or hide text by `�`, one for one so that
/// columns stay. Newlines and tabs stay.
///
/// ```
/// assert_eq!(report::visible("a\u{1b}[31mred\r\n"), "a␛[31mred␍\n");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|char| replacement(char).is_none()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|char| replacement(char).unwrap_or(char))
            .collect(),
    )
}

/// [`visible`] on one line: newlines and tabs are replaced as well.
pub(crate) fn one_line(text: &str) -> String {
    visible(text).replace('\n', "␊").replace('\t', "␉")
}

/// Whether a terminal shows the character as it is.
pub(crate) fn is_plain(char: char) -> bool {
    replacement(char).is_none()
}

fn replacement(char: char) -> Option<char> {
    match char {
        '\n' | '\t' => None,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + char as u32),
        '\u{7f}' => Some('␡'),
        '\u{80}'..='\u{9f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => Some('\u{fffd}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_terminal_would_obey() {
        assert_eq!(
            visible("\u{1b}]0;x\u{7}\u{9b}1m\u{202e}\u{7f}"),
            "␛]0;x␇\u{fffd}1m\u{fffd}␡"
        );
        assert_eq!(one_line("a\nb\tc\r"), "a␊b␉c␍");
    }

    #[test]
    fn leaves_plain_text_alone() {
        assert!(matches!(visible("é 日本\n\t"), Cow::Borrowed(_)));
    }
}
