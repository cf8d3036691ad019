//! Character classes of glob patterns, such as `[a-z]` or `[^0-9_]`.

use super::ErrorKind;
use super::budget::Budget;

/// A class compared with one character.
pub(super) struct Class<'p> {
    pub(super) matches: bool,
    /// The pattern behind the class.
    pub(super) after: &'p [u8],
}

/// Reads a class from behind its `[`; `None` when it is malformed, even if an earlier range matches.
pub(super) fn read_class<'p>(
    symbols: &'p [u8],
    character: char,
    budget: &mut Budget,
) -> Result<Option<Class<'p>>, ErrorKind> {
    let (negated, mut rest) = match symbols.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, symbols),
    };
    let mut found = false;
    // A class holds at least one range, so a `]` right at its start is none that closes it.
    let mut is_empty = true;
    loop {
        budget.charge(1)?;
        if let Some(after) = rest.strip_prefix(b"]")
            && !is_empty
        {
            return Ok(Some(Class {
                matches: found != negated,
                after,
            }));
        }
        let Some((low, high, after)) = read_range(rest) else {
            return Ok(None);
        };
        found |= (low..=high).contains(&character);
        is_empty = false;
        rest = after;
    }
}

fn read_range(symbols: &[u8]) -> Option<(char, char, &[u8])> {
    let (low, rest) = read_class_character(symbols)?;
    match rest.strip_prefix(b"-") {
        None => Some((low, low, rest)),
        Some(rest) => {
            let (high, rest) = read_class_character(rest)?;
            Some((low, high, rest))
        }
    }
}

fn read_class_character(symbols: &[u8]) -> Option<(char, &[u8])> {
    let character = match symbols.split_first()? {
        (b'-' | b']', _) => return None,
        (b'\\', after) => after,
        _ => symbols,
    };
    if character.is_empty() {
        return None;
    }
    let (character, rest) = decode(character);
    // Something has to close the class.
    (!rest.is_empty()).then_some((character, rest))
}

/// The first character of `bytes` and what follows; a byte that starts none counts as U+FFFD, as in Go.
pub(super) fn decode(bytes: &[u8]) -> (char, &[u8]) {
    (1..=4)
        .find_map(|width| {
            let (first, rest) = bytes.split_at_checked(width)?;
            let character = str::from_utf8(first).ok()?.chars().next()?;
            Some((character, rest))
        })
        .unwrap_or((char::REPLACEMENT_CHARACTER, bytes.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(symbols: &str, character: char) -> Option<(bool, String)> {
        let class = read_class(symbols.as_bytes(), character, &mut Budget::new()).unwrap()?;
        Some((class.matches, String::from_utf8(class.after.to_vec()).unwrap()))
    }

    #[test]
    fn a_class_is_read_up_to_its_bracket() {
        assert_eq!(class("a-c]x", 'b'), Some((true, "x".to_owned())));
        assert_eq!(class("^a-cé]", 'é'), Some((false, String::new())));
        assert_eq!(class("\\]]]", ']'), Some((true, "]".to_owned())));
    }

    #[test]
    fn a_class_that_matches_must_still_be_closed() {
        for symbols in ["", "a", "a-", "a-b", "]", "^]", "-a]", "a-]", "\\"] {
            assert_eq!(class(symbols, 'a'), None, "{symbols}");
        }
    }

    #[test]
    fn half_a_character_is_one_byte_of_its_own() {
        assert_eq!(decode("é1".as_bytes()), ('é', b"1".as_slice()));
        assert_eq!(decode(&[0xc3, b'1']), ('\u{fffd}', b"1".as_slice()));
        assert_eq!(decode(&[]), ('\u{fffd}', [].as_slice()));
    }
}
