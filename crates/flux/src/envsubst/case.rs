//! The operators `^`, `^^`, `,` and `,,`.

use super::syntax::Case;

/// Changes the case of `value` character by character, as Go does: `ß` stays and a final `Σ` becomes `σ`.
pub(super) fn change(value: &str, case: Case) -> String {
    match case {
        Case::Lower => value.chars().map(lower).collect(),
        Case::Upper => value.chars().map(upper).collect(),
        Case::LowerFirst => first(value, lower),
        Case::UpperFirst => first(value, upper),
    }
}

fn first(value: &str, change: fn(char) -> char) -> String {
    let mut rest = value.chars();
    let changed = rest.next().map(change);
    changed.into_iter().chain(rest).collect()
}

/// Only `İ` becomes two characters in Rust; its first is what Go makes of it.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// Where Rust makes several characters Go leaves the one as it is, apart from Greek ones with an iota below.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => with_iota(c).unwrap_or(c),
    }
}

fn with_iota(c: char) -> Option<char> {
    let distance = match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => return None,
    };
    char::from_u32(u32::from(c) + distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_operators_change_the_first_character() {
        assert_eq!(change("éclair Ä", Case::UpperFirst), "Éclair Ä");
        assert_eq!(change("ÉCLAIR", Case::LowerFirst), "éCLAIR");
        assert_eq!(change("", Case::UpperFirst), "");
    }

    #[test]
    fn double_operators_change_every_character() {
        assert_eq!(change("prod-Eu1", Case::Upper), "PROD-EU1");
        assert_eq!(change("PROD-Ä", Case::Lower), "prod-ä");
    }

    #[test]
    fn a_character_stays_one_character() {
        assert_eq!(change("straße ﬁ ᾳᾀ", Case::Upper), "STRAßE ﬁ ᾼᾈ");
        assert_eq!(change("İ ΟΔΟΣ", Case::Lower), "i οδοσ");
    }
}
