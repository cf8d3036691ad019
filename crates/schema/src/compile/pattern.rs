//! Patterns of schemas: Go's regular expressions, matched with Rust's, each compiled once in a process.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, PoisonError, RwLock};

use regex::{Regex, RegexBuilder};

/// No pattern of a real CRD is longer; a longer one stays unchecked.
const MAX_LENGTH: usize = 16 * 1024;
const MAX_PROGRAM: usize = 4 << 20;

/// A pattern, compiled when it is first matched.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) text: Arc<str>,
}

static COMPILED: RwLock<Option<HashMap<Arc<str>, Option<Regex>>>> = RwLock::new(None);

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// Whether the pattern is found in `value`; none when Rust cannot compile it.
    pub(crate) fn is_match(&self, value: &str) -> Option<bool> {
        if let Some(known) = COMPILED
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .and_then(|all| all.get(&self.text))
        {
            return known.as_ref().map(|regex| regex.is_match(value));
        }
        let regex = compile(&self.text);
        let verdict = regex.as_ref().map(|regex| regex.is_match(value));
        COMPILED
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .insert(self.text.clone(), regex);
        verdict
    }
}

fn compile(go: &str) -> Option<Regex> {
    if go.len() > MAX_LENGTH {
        return None;
    }
    RegexBuilder::new(&translate(go)?)
        .size_limit(MAX_PROGRAM)
        .build()
        .ok()
}

/// Rewrites what the two dialects read differently: `\d`, `\w`, `\s` and `\b` are ASCII in Go, a `{` that starts no
/// repetition is a letter, and `[`, `&&`, `--`, `~~` inside a class are letters. None for `\C`, which Rust lacks.
fn translate(go: &str) -> Option<String> {
    let chars: Vec<char> = go.chars().collect();
    let mut rust = String::with_capacity(go.len() + 16);
    let mut in_class = false;
    let mut class_start = 0;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        match (c, in_class) {
            ('\\', _) => {
                at += 1;
                match next? {
                    'Q' => {
                        while let Some(&quoted) = chars.get(at + 1) {
                            if quoted == '\\' && chars.get(at + 2) == Some(&'E') {
                                at += 2;
                                break;
                            }
                            rust.push_str(&regex::escape(&quoted.to_string()));
                            at += 1;
                        }
                    }
                    'C' => return None,
                    letter => escape(letter, in_class, &mut rust),
                }
            }
            ('[', false) => {
                in_class = true;
                rust.push('[');
                if chars.get(at + 1) == Some(&'^') {
                    rust.push('^');
                    at += 1;
                }
                class_start = at + 1;
            }
            ('[', true) if next == Some(':') => rust.push('['),
            (']', true) if at == class_start => rust.push_str("\\]"),
            (']', true) if is_named_class_end(&chars, at, class_start) => rust.push(']'),
            (']', true) => {
                in_class = false;
                rust.push(']');
            }
            ('[' | '&' | '~', true) => {
                let _ = write!(rust, "\\{c}");
            }
            ('-', true) if next == Some('-') => rust.push_str("\\-"),
            ('{', false) if !starts_repetition(&chars, at) => rust.push_str("\\{"),
            (c, _) => rust.push(c),
        }
        at += 1;
    }
    Some(rust)
}

fn escape(letter: char, in_class: bool, rust: &mut String) {
    let (class, negated) = match letter.to_ascii_lowercase() {
        'd' => ("0-9", letter == 'D'),
        'w' => ("0-9A-Za-z_", letter == 'W'),
        's' => ("\\t\\n\\x0C\\r ", letter == 'S'),
        'b' if !in_class => {
            let _ = write!(rust, "(?-u:\\{letter})");
            return;
        }
        _ => {
            let _ = write!(rust, "\\{letter}");
            return;
        }
    };
    match (in_class, negated) {
        (true, false) => rust.push_str(class),
        (_, true) => {
            let _ = write!(rust, "[^{class}]");
        }
        (false, false) => {
            let _ = write!(rust, "[{class}]");
        }
    }
}

/// Whether the `]` at `at` ends `[:name:]` inside a class.
fn is_named_class_end(chars: &[char], at: usize, class_start: usize) -> bool {
    let Some(inside) = chars.get(class_start..at) else {
        return false;
    };
    let Some(open) = inside.windows(2).rposition(|pair| pair == ['[', ':']) else {
        return false;
    };
    inside.last() == Some(&':')
        && inside
            .get(open + 2..)
            .is_some_and(|rest| rest.len() > 1 && !rest.contains(&']'))
}

/// Whether the `{` at `at` starts `{n}`, `{n,}` or `{n,m}`.
fn starts_repetition(chars: &[char], at: usize) -> bool {
    let rest: String = chars.iter().skip(at + 1).take_while(|c| **c != '}').collect();
    if chars.get(at + 1 + rest.chars().count()) != Some(&'}') {
        return false;
    }
    let (low, high) = rest.split_once(',').unwrap_or((&rest, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> Option<bool> {
        Pattern::new(pattern).is_match(value)
    }

    #[test]
    fn reads_go_syntax_that_rust_reads_otherwise() {
        assert_eq!(matches(r"^\d+$", "12"), Some(true));
        assert_eq!(matches(r"^\d+$", "١٢"), Some(false));
        assert_eq!(matches(r"^[[a]+$", "[a"), Some(true));
        assert_eq!(matches(r"^[[:alpha:]]+$", "ab"), Some(true));
        assert_eq!(matches(r"^[[:alpha:]]+$", "a1"), Some(false));
        assert_eq!(matches(r"^\$\{x}{$", "${x}{"), Some(true));
        assert_eq!(matches(r"^[]x]$", "]"), Some(true));
        assert_eq!(matches(r"^[\w.&&-]+$", "a&.-"), Some(true));
        assert_eq!(matches(r"^\Qa.b\E$", "a.b"), Some(true));
        assert_eq!(matches(r"^\Qa.b\E$", "axb"), Some(false));
    }

    #[test]
    fn says_unknown_where_it_cannot_compile() {
        assert_eq!(matches("(", "x"), None);
        assert_eq!(matches(r"\C", "x"), None);
        assert_eq!(matches(&"a".repeat(20_000), "x"), None);
        assert_eq!(matches("((a{1000}){1000}){1000}", "x"), None);
    }
}
