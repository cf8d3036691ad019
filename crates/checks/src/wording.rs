//! Turns of phrase that several checks share.

/// ``did you mean `x`?``, or nothing.
pub(crate) fn did_you_mean(candidate: Option<&str>) -> String {
    candidate.map_or_else(String::new, |candidate| format!("did you mean `{candidate}`?"))
}

/// The candidate that a misspelled name probably means. Names that differ in digits alone are different on purpose.
pub(crate) fn nearest_name<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let own = letters(name);
    let others = candidates
        .into_iter()
        .filter(|candidate| *candidate != name && letters(candidate) != own);
    model::nearest(name, others)
}

/// `a`, `b` and 3 more.
pub(crate) fn some_of(names: &[&str], most: usize) -> String {
    let quoted: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(most);
    match (quoted.split_last(), rest) {
        (None, _) => String::new(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, first)), 0) => format!("{} and {last}", first.join(", ")),
        (Some(_), rest) => format!("{} and {rest} more", quoted.join(", ")),
    }
}

/// `1 object`, `2 objects`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_with_a_count() {
        assert_eq!(some_of(&["a"], 3), "`a`");
        assert_eq!(some_of(&["a", "b"], 3), "`a` and `b`");
        assert_eq!(some_of(&["a", "b", "c", "d"], 2), "`a`, `b` and 2 more");
    }

    #[test]
    fn names_that_differ_in_digits_are_no_slips() {
        assert_eq!(nearest_name("cilium-cor", ["cilium-core"]), Some("cilium-core"));
        assert_eq!(nearest_name("node-2", ["node-1"]), None);
    }
}
