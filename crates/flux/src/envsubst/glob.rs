//! Glob patterns as the trim operators read them: those of Go's `path.Match`, but `*` and `?` also match `/`.
//!
//! Values are compared as bytes, because trimming tries prefixes that end inside a character; such a byte
//! counts as the character U+FFFD.

use super::ErrorKind;
use super::budget::Budget;
use super::class::{decode, read_class};

/// A pattern cut into its chunks.
pub(super) struct Pattern<'p> {
    chunks: Vec<Chunk<'p>>,
}

/// A run of symbols without a star: literals, `?`, classes and escapes.
struct Chunk<'p> {
    after_star: bool,
    symbols: &'p [u8],
}

/// What comparing a text with a pattern comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Match,
    NoMatch,
    /// The comparison got as far as a malformed class or a backslash without a character.
    Malformed,
}

/// What comparing the start of a text with one chunk comes to.
enum Step<'n> {
    /// The text left after the chunk.
    Rest(&'n [u8]),
    NoMatch,
    Malformed,
}

impl<'p> Pattern<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        let mut chunks = Vec::new();
        let mut rest = pattern.as_bytes();
        while !rest.is_empty() {
            let stars = rest.iter().take_while(|&&symbol| symbol == b'*').count();
            let body = rest.get(stars..).unwrap_or_default();
            let (symbols, after) = body.split_at_checked(chunk_len(body)).unwrap_or((body, &[]));
            chunks.push(Chunk {
                after_star: stars > 0,
                symbols,
            });
            rest = after;
        }
        Self { chunks }
    }

    /// Whether the pattern matches all of `name`.
    pub(super) fn matches(&self, name: &[u8], budget: &mut Budget) -> Result<Verdict, ErrorKind> {
        let mut rest = name;
        for (index, chunk) in self.chunks.iter().enumerate() {
            if chunk.symbols.is_empty() {
                return Ok(Verdict::Match);
            }
            let is_last = index + 1 == self.chunks.len();
            match chunk.find(rest, is_last, budget)? {
                Step::Rest(after) => rest = after,
                Step::NoMatch => return Ok(Verdict::NoMatch),
                Step::Malformed => return Ok(Verdict::Malformed),
            }
        }
        Ok(if rest.is_empty() {
            Verdict::Match
        } else {
            Verdict::NoMatch
        })
    }
}

/// The length of the first chunk of `pattern`; a star inside a class does not end it.
fn chunk_len(pattern: &[u8]) -> usize {
    let mut in_class = false;
    let mut escaped = false;
    for (index, symbol) in pattern.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match symbol {
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => return index,
            _ => {}
        }
    }
    pattern.len()
}

impl Chunk<'_> {
    /// Finds the chunk at the start of `name` or, after a star, at its first place; the last chunk must also
    /// use up the name.
    fn find<'n>(&self, name: &'n [u8], is_last: bool, budget: &mut Budget) -> Result<Step<'n>, ErrorKind> {
        let last_start = if self.after_star { name.len() } else { 0 };
        for start in 0..=last_start {
            let step = compare(self.symbols, name.get(start..).unwrap_or_default(), budget)?;
            match step {
                Step::Rest(rest) if is_last && !rest.is_empty() => {}
                Step::NoMatch => {}
                Step::Rest(_) | Step::Malformed => return Ok(step),
            }
        }
        Ok(Step::NoMatch)
    }
}

/// Compares the start of `name` with `symbols`.
fn compare<'n>(mut symbols: &[u8], mut name: &'n [u8], budget: &mut Budget) -> Result<Step<'n>, ErrorKind> {
    while let Some((&symbol, after)) = symbols.split_first() {
        budget.charge(1)?;
        let Some((&byte, after_byte)) = name.split_first() else {
            return Ok(Step::NoMatch);
        };
        let (character, after_character) = decode(name);
        symbols = after;
        match symbol {
            b'[' => {
                let Some(class) = read_class(after, character, budget)? else {
                    return Ok(Step::Malformed);
                };
                if !class.matches {
                    return Ok(Step::NoMatch);
                }
                symbols = class.after;
                name = after_character;
            }
            b'?' => name = after_character,
            b'\\' => {
                let Some((&literal, after)) = after.split_first() else {
                    return Ok(Step::Malformed);
                };
                if literal != byte {
                    return Ok(Step::NoMatch);
                }
                symbols = after;
                name = after_byte;
            }
            literal if literal == byte => name = after_byte,
            _ => return Ok(Step::NoMatch),
        }
    }
    Ok(Step::Rest(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pattern: &str, name: &str) -> Verdict {
        Pattern::new(pattern)
            .matches(name.as_bytes(), &mut Budget::new())
            .unwrap()
    }

    fn assert_matches(pattern: &str, names: &[&str]) {
        for name in names {
            assert_eq!(verdict(pattern, name), Verdict::Match, "{pattern} {name}");
        }
    }

    fn assert_no_match(pattern: &str, names: &[&str]) {
        for name in names {
            assert_eq!(verdict(pattern, name), Verdict::NoMatch, "{pattern} {name}");
        }
    }

    #[test]
    fn literals_match_all_of_the_text() {
        assert_matches("abc", &["abc"]);
        assert_no_match("abc", &["ab", "abcd", "Abc"]);
        assert_matches("", &[""]);
        assert_no_match("", &["a"]);
    }

    #[test]
    fn a_star_matches_any_text_with_slashes() {
        assert_matches("*", &["", "a/b"]);
        assert_matches("a*c", &["ac", "a/b/c", "acc"]);
        assert_matches("*a*", &["a", "bab"]);
        assert_matches("**a", &["a", "ba"]);
        assert_no_match("a*c", &["ab", "cab"]);
    }

    #[test]
    fn a_question_mark_matches_one_character() {
        assert_matches("a?", &["ab", "a/", "aé"]);
        assert_no_match("a?", &["a", "abc"]);
    }

    #[test]
    fn a_class_matches_its_ranges() {
        assert_matches("[a-cx]", &["a", "c", "x"]);
        assert_no_match("[a-cx]", &["d", "ab"]);
        assert_matches("[^a-c]", &["d", "é"]);
        assert_no_match("[^a-c]", &["b"]);
        assert_matches("[\\]\\-*]", &["]", "-", "*"]);
        assert_no_match("[c-a]", &["b"]);
    }

    #[test]
    fn a_backslash_escapes_a_symbol() {
        assert_matches("\\*\\?\\[", &["*?["]);
        assert_no_match("\\*", &["a"]);
    }

    #[test]
    fn a_malformed_class_or_escape_is_told_where_it_is_reached() {
        for pattern in ["[", "[a", "[]", "[]a]", "[^]", "[a-]", "[-a]", "[a-", "[\\", "\\"] {
            assert_eq!(verdict(pattern, "a"), Verdict::Malformed, "{pattern}");
            assert_no_match(pattern, &[""]);
        }
        assert_no_match("b[", &["a"]);
    }

    #[test]
    fn half_a_character_counts_as_one() {
        let half = [0xc3_u8];
        let pattern = Pattern::new("?");
        assert_eq!(pattern.matches(&half, &mut Budget::new()), Ok(Verdict::Match));
        let pattern = Pattern::new("[\u{fffd}]");
        assert_eq!(pattern.matches(&half, &mut Budget::new()), Ok(Verdict::Match));
    }
}
