//! Comment lines that say which finding is wanted.

/// A finding that a case wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) level: String,
    pub(crate) check: String,
    pub(crate) text: String,
}

/// A deferral that a case wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedDeferral {
    pub(crate) check: String,
    pub(crate) text: String,
}

/// What one comment line says.
pub(crate) enum Annotation {
    Finding {
        column: u32,
        level: String,
        check: String,
        text: String,
    },
    Deferral(WantedDeferral),
}

/// Reads a line; none when it is no annotation.
pub(crate) fn read(line: &str) -> Option<Annotation> {
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let rest = line.trim_start().strip_prefix('#')?;
    if let Some(rest) = rest.trim_start().strip_prefix("deferred[") {
        let (check, text) = rest.split_once("]:")?;
        return Some(Annotation::Deferral(WantedDeferral {
            check: check.to_owned(),
            text: text.trim().to_owned(),
        }));
    }
    let (column, rest) = if let Some(rest) = rest.strip_prefix('<') {
        (1, rest)
    } else {
        let blanks = rest.chars().take_while(|c| *c == ' ').count();
        let carets = rest.trim_start().strip_prefix('^')?;
        (indent + 1 + blanks + 1, carets.trim_start_matches('^'))
    };
    let (level, rest) = rest.trim_start().split_once('[')?;
    let (check, text) = rest.split_once(']')?;
    let known = matches!(level, "error" | "warning" | "note");
    known.then(|| Annotation::Finding {
        column: column as u32,
        level: level.to_owned(),
        check: check.to_owned(),
        text: text.trim_start_matches(':').trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_caret_is_the_column() {
        let Some(Annotation::Finding {
            column,
            level,
            check,
            text,
        }) = read("  #  ^^ error[a/b]: x `y`")
        else {
            panic!("no annotation")
        };
        assert_eq!(
            (column, level.as_str(), check.as_str(), text.as_str()),
            (6, "error", "a/b", "x `y`")
        );
        assert!(matches!(
            read("#< note[a/b]: x"),
            Some(Annotation::Finding { column: 1, .. })
        ));
        assert!(read("# plain comment").is_none() && read("# ^ of a hill").is_none());
    }
}
