//! The operators `/`, `//`, `/#` and `/%`.

use std::borrow::Cow;

use super::ErrorKind;
use super::budget::Budget;
use super::syntax::Place;

/// Replaces `pattern`, which is plain text and no glob, at `place`.
///
/// An absent replacement (`${A/x/}`) removes the pattern, but at the start or end of a value it changes
/// nothing: a slip of the original. An empty pattern, which only a nested expression can give, matches
/// between characters.
pub(super) fn replace<'v>(
    value: &'v str,
    pattern: &str,
    replacement: Option<&str>,
    place: Place,
    budget: &mut Budget,
) -> Result<Cow<'v, str>, ErrorKind> {
    budget.charge(value.len())?;
    let mut out = String::new();
    match (place, replacement) {
        (Place::First | Place::Everywhere, _) => {
            let most = if place == Place::First { 2 } else { usize::MAX };
            for (index, piece) in value.splitn(most, pattern).enumerate() {
                if index > 0 {
                    budget.append(&mut out, replacement.unwrap_or_default())?;
                }
                budget.append(&mut out, piece)?;
            }
        }
        (Place::Start, Some(replacement)) => {
            let Some(rest) = value.strip_prefix(pattern) else {
                return Ok(Cow::Borrowed(value));
            };
            budget.append(&mut out, replacement)?;
            budget.append(&mut out, rest)?;
        }
        (Place::End, Some(replacement)) => {
            let Some(rest) = value.strip_suffix(pattern) else {
                return Ok(Cow::Borrowed(value));
            };
            budget.append(&mut out, rest)?;
            budget.append(&mut out, replacement)?;
        }
        (Place::Start | Place::End, None) => return Ok(Cow::Borrowed(value)),
    }
    Ok(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: &str, pattern: &str, replacement: Option<&str>, place: Place) -> String {
        replace(value, pattern, replacement, place, &mut Budget::new())
            .unwrap()
            .into_owned()
    }

    #[test]
    fn the_first_or_every_place_is_replaced() {
        assert_eq!(run("a.b.c", ".", Some("-"), Place::First), "a-b.c");
        assert_eq!(run("a.b.c", ".", Some("-"), Place::Everywhere), "a-b-c");
        assert_eq!(run("a.b.c", "?", Some("-"), Place::Everywhere), "a.b.c");
    }

    #[test]
    fn the_start_or_end_is_replaced_only_there() {
        assert_eq!(run("aXa", "a", Some("-"), Place::Start), "-Xa");
        assert_eq!(run("aXa", "a", Some("-"), Place::End), "aX-");
        assert_eq!(run("aXa", "X", Some("-"), Place::Start), "aXa");
        assert_eq!(run("aXa", "X", Some("-"), Place::End), "aXa");
    }

    #[test]
    fn an_absent_replacement_removes_except_at_the_ends() {
        assert_eq!(run("aXa", "a", None, Place::First), "Xa");
        assert_eq!(run("aXa", "a", None, Place::Everywhere), "X");
        assert_eq!(run("aXa", "a", None, Place::Start), "aXa");
        assert_eq!(run("aXa", "a", None, Place::End), "aXa");
    }

    #[test]
    fn an_empty_pattern_matches_between_characters() {
        assert_eq!(run("né", "", Some("-"), Place::First), "-né");
        assert_eq!(run("né", "", Some("-"), Place::Everywhere), "-n-é-");
        assert_eq!(run("né", "", Some("-"), Place::Start), "-né");
        assert_eq!(run("né", "", Some("-"), Place::End), "né-");
    }

    #[test]
    fn a_result_that_explodes_is_refused() {
        let many = "x".repeat(100_000);
        let result = replace(&many, "x", Some(&many), Place::Everywhere, &mut Budget::new());
        assert_eq!(result, Err(ErrorKind::TooLong));
    }
}
