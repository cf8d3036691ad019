//! The operators `#`, `##`, `%` and `%%`.

use std::borrow::Cow;

use super::ErrorKind;
use super::budget::Budget;
use super::glob::{Pattern, Verdict};
use super::syntax::{Extent, Side};

/// Removes what matches the glob `pattern` from one end of `value`; a malformed pattern removes nothing.
///
/// The end of a value is trimmed by turning value and pattern around, as the original does. A class (`[ab]`)
/// or an escape therefore means something else there.
pub(super) fn trim<'v>(
    value: &'v str,
    pattern: &str,
    side: Side,
    extent: Extent,
    budget: &mut Budget,
) -> Result<Cow<'v, str>, ErrorKind> {
    match side {
        Side::Start => {
            let cut = cut(value.as_bytes(), pattern, extent, budget)?;
            value
                .get(cut..)
                .map(Cow::Borrowed)
                .ok_or(ErrorKind::SplitCharacter)
        }
        Side::End => {
            budget.charge(value.len())?;
            let (reversed, pattern) = (reverse(value), reverse(pattern));
            let cut = cut(reversed.as_bytes(), &pattern, extent, budget)?;
            let rest = reversed.as_bytes().get(cut..).unwrap_or_default();
            // Half a character left over becomes U+FFFD: the original turns it around again as characters.
            Ok(Cow::Owned(reverse(&String::from_utf8_lossy(rest))))
        }
    }
}

/// The length of the shortest or longest prefix of `value` that matches, or 0; an empty prefix is not tried.
///
/// Every prefix is tried from the longest down, even for the shortest: whether a malformed pattern is noticed
/// depends on the text it is compared with, and once noticed it removes nothing.
fn cut(value: &[u8], pattern: &str, extent: Extent, budget: &mut Budget) -> Result<usize, ErrorKind> {
    let pattern = Pattern::new(pattern);
    let mut cut = 0;
    for end in (1..=value.len()).rev() {
        let prefix = value.get(..end).unwrap_or_default();
        match pattern.matches(prefix, budget)? {
            Verdict::Match if extent == Extent::Longest => return Ok(end),
            Verdict::Match => cut = end,
            Verdict::NoMatch => {}
            Verdict::Malformed => return Ok(0),
        }
    }
    Ok(cut)
}

fn reverse(text: &str) -> String {
    text.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: &str, pattern: &str, side: Side, extent: Extent) -> Result<String, ErrorKind> {
        trim(value, pattern, side, extent, &mut Budget::new()).map(Cow::into_owned)
    }

    fn trimmed(value: &str, pattern: &str) -> [String; 4] {
        [
            run(value, pattern, Side::Start, Extent::Shortest).unwrap(),
            run(value, pattern, Side::Start, Extent::Longest).unwrap(),
            run(value, pattern, Side::End, Extent::Shortest).unwrap(),
            run(value, pattern, Side::End, Extent::Longest).unwrap(),
        ]
    }

    #[test]
    fn the_shortest_or_longest_match_is_removed_from_its_end() {
        assert_eq!(trimmed("a/b/c", "*/"), ["b/c", "c", "a/b/c", "a/b/c"]);
        assert_eq!(trimmed("a/b/c", "/*"), ["a/b/c", "a/b/c", "a/b", "a"]);
        assert_eq!(trimmed("abc", "x"), ["abc", "abc", "abc", "abc"]);
    }

    #[test]
    fn a_star_alone_takes_one_byte_or_everything() {
        assert_eq!(trimmed("abc", "*"), ["bc", "", "ab", ""]);
    }

    #[test]
    fn a_class_is_turned_around_at_the_end() {
        assert_eq!(trimmed("aba", "[a-b]"), ["ba", "ba", "aba", "aba"]);
    }

    #[test]
    fn a_malformed_pattern_removes_nothing() {
        assert_eq!(trimmed("abc", "a[")[..2], ["abc", "abc"]);
        assert_eq!(trimmed("abc", "a*[b")[..2], ["abc", "abc"]);
    }

    #[test]
    fn a_malformed_pattern_is_noticed_only_where_it_is_reached() {
        assert_eq!(trimmed("abc", "x["), ["abc", "abc", "abc", "abc"]);
        assert_eq!(
            run("abc", "*\\", Side::End, Extent::Shortest).as_deref(),
            Ok("abc")
        );
    }

    #[test]
    fn a_question_mark_can_take_half_a_character() {
        assert_eq!(
            run("éa", "?", Side::Start, Extent::Shortest),
            Err(ErrorKind::SplitCharacter)
        );
        assert_eq!(run("éa", "?", Side::Start, Extent::Longest).as_deref(), Ok("a"));
        assert_eq!(
            run("aé", "?", Side::End, Extent::Shortest).as_deref(),
            Ok("a\u{fffd}")
        );
        assert_eq!(run("aé", "?", Side::End, Extent::Longest).as_deref(), Ok("a"));
    }

    #[test]
    fn a_pattern_that_backtracks_too_long_is_refused() {
        let value = "a".repeat(100_000);
        assert_eq!(
            run(&value, "*b", Side::Start, Extent::Longest),
            Err(ErrorKind::TooMuchWork)
        );
    }
}
