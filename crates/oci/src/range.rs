//! Version ranges as Masterminds/semver 3.5 reads them, which source-controller and helm use.
//!
//! Cargo's own ranges differ (`1.2` means `^1.2` there, `~1.2` here); grammar and comparisons follow the Go code
//! case by case, its corners included.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use semver::Version;
use thiserror::Error;

use crate::tag::loose_version;

/// One version in a range, with `x` for "any".
const VERSION: &str = concat!(
    r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?",
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
    r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
);
const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

static GRAMMAR: LazyLock<Result<Grammar, regex::Error>> = LazyLock::new(Grammar::new);

/// A range: any of several groups, each with comparisons that must all hold.
#[derive(Debug, Clone)]
pub struct Range {
    groups: Vec<Group>,
}

/// Why a text is no range.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RangeError {
    /// A part that follows no rule of the grammar.
    #[error(
        "`{part}` is no version range, wanted such as `1.38.0`, `>=1.2 <2`, `~1.2`, `1.x` or `1.0 - 2.0`"
    )]
    Improper {
        /// The part between `||`.
        part: String,
    },
}

#[derive(Debug, Clone)]
struct Group {
    all: Vec<Comparison>,
    /// Pre-releases match only where one of the group's versions is a pre-release.
    pre: bool,
}

#[derive(Debug, Clone)]
struct Comparison {
    operator: Operator,
    version: Version,
    /// Some number is missing or `x`; `minor` and `patch` say which is the first.
    dirty: bool,
    minor_dirty: bool,
    patch_dirty: bool,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

struct Grammar {
    hyphen: Regex,
    group: Regex,
    find: Regex,
    one: Regex,
}

impl Range {
    /// Reads a range, such as `>=1.2 <2 || ~3.1`.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let improper = |part: &str| RangeError::Improper {
            part: part.to_owned(),
        };
        let Ok(grammar) = &*GRAMMAR else {
            return Err(improper(text));
        };
        let text = grammar.hyphen.replace_all(text, |found: &Captures<'_>| {
            format!(
                ">= {}, <= {} ",
                &found[1],
                found.get(11).map_or("", |m| m.as_str())
            )
        });
        let mut groups = Vec::new();
        for part in text.split("||") {
            if !grammar.group.is_match(part) {
                return Err(improper(part.trim()));
            }
            let all = grammar
                .find
                .find_iter(part)
                .map(|one| {
                    grammar
                        .comparison(one.as_str())
                        .ok_or_else(|| improper(part.trim()))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let pre = all.iter().any(|one| !one.version.pre.is_empty());
            groups.push(Group { all, pre });
        }
        Ok(Self { groups })
    }

    /// Whether a version lies in the range.
    pub fn matches(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            (group.pre || version.pre.is_empty()) && group.all.iter().all(|one| one.holds(version))
        })
    }
}

impl Grammar {
    fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            hyphen: Regex::new(&format!(r"\s*({VERSION})\s+-\s+({VERSION})\s*"))?,
            group: Regex::new(&format!(
                r"^(\s*({OPERATORS})\s*({VERSION})\s*)((?:\s+|,\s*)({OPERATORS})\s*({VERSION})\s*)*$"
            ))?,
            find: Regex::new(&format!(r"({OPERATORS})\s*({VERSION})"))?,
            one: Regex::new(&format!(r"^\s*({OPERATORS})\s*({VERSION})\s*$"))?,
        })
    }

    fn comparison(&self, text: &str) -> Option<Comparison> {
        let found = self.one.captures(text)?;
        let part = |n: usize| found.get(n).map_or("", |m| m.as_str());
        let number = |n: usize| part(n).trim_start_matches('.');
        let any = |number: &str| matches!(number, "" | "x" | "X" | "*");
        let (major, minor, patch, pre) = (number(3), number(4), number(5), part(6));
        let (mut minor_dirty, mut patch_dirty) = (false, false);
        let version = if any(major) {
            format!("0.0.0{pre}")
        } else if any(minor) {
            minor_dirty = true;
            format!("{major}.0.0{pre}")
        } else if any(patch) {
            patch_dirty = true;
            format!("{major}.{minor}.0{pre}")
        } else {
            part(2).to_owned()
        };
        Some(Comparison {
            operator: Operator::parse(part(1))?,
            version: loose_version(&version)?,
            dirty: any(major) || minor_dirty || patch_dirty,
            minor_dirty,
            patch_dirty,
        })
    }
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "=" => Self::Equal,
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" | "=>" => Self::GreaterEqual,
            "<=" | "=<" => Self::LessEqual,
            "~" | "~>" => Self::Tilde,
            "^" => Self::Caret,
            _ => return None,
        })
    }
}

impl Comparison {
    fn holds(&self, v: &Version) -> bool {
        let order = v.cmp_precedence(&self.version);
        match self.operator {
            Operator::Equal if self.dirty => self.tilde(v, order),
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => self.not_equal(v, order),
            Operator::Greater => self.greater(v, order),
            Operator::Less => order == Ordering::Less,
            Operator::GreaterEqual => order != Ordering::Less,
            Operator::LessEqual => self.less_equal(v, order),
            Operator::Tilde => self.tilde(v, order),
            Operator::Caret => self.caret(v, order),
        }
    }

    fn not_equal(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if self.dirty && v.major == c.major {
            if self.minor_dirty {
                return false;
            }
            if self.patch_dirty && v.minor == c.minor {
                return v.pre != c.pre;
            }
        }
        order != Ordering::Equal
    }

    fn greater(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if self.dirty && v.major == c.major {
            if self.minor_dirty {
                return false;
            }
            if self.patch_dirty {
                return v.minor > c.minor;
            }
        }
        order == Ordering::Greater
    }

    fn less_equal(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if !self.dirty {
            return order != Ordering::Greater;
        }
        v.major <= c.major && !(v.major == c.major && v.minor > c.minor && !self.minor_dirty)
    }

    fn tilde(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if order == Ordering::Less {
            return false;
        }
        // `~0.0.0` and `*` take everything.
        if (c.major, c.minor, c.patch) == (0, 0, 0) && !self.minor_dirty && !self.patch_dirty {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || self.minor_dirty)
    }

    fn caret(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if order == Ordering::Less || v.major != c.major {
            return false;
        }
        if c.major > 0 || self.minor_dirty {
            return true;
        }
        if c.minor > 0 || self.patch_dirty {
            return v.minor == c.minor;
        }
        v.minor == 0 && v.patch == c.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(range: &str, version: &str) -> bool {
        Range::parse(range)
            .unwrap()
            .matches(&Version::parse(version).unwrap())
    }

    /// Each row: range, versions inside, versions outside; taken from Masterminds' own tables and documentation.
    #[test]
    fn reads_ranges_as_masterminds_does() {
        for (range, inside, outside) in [
            ("1.38.0", "1.38.0 1.38.0+b", "1.38.1 1.38.0-rc.1"),
            ("=1.2.3", "1.2.3", "1.2.4"),
            ("v1.2.3", "1.2.3", "1.2.4"),
            ("1.2", "1.2.0 1.2.9", "1.3.0 1.1.9"),
            ("1", "1.0.0 1.9.9", "2.0.0 0.9.0"),
            ("1.x", "1.0.0 1.9.9", "2.0.0 1.5.0-rc.1"),
            ("1.2.x", "1.2.0 1.2.9", "1.3.0"),
            ("*", "0.0.0 9.9.9", "1.0.0-rc.1"),
            ("x", "0.0.1", "1.0.0-rc.1"),
            (">=1.2 <2", "1.2.0 1.9.9", "2.0.0 1.1.9 1.3.0-rc.1"),
            (">=1.2, <2", "1.2.0 1.9.9", "2.0.0 1.1.9"),
            (">= 1.2,<2.0.0", "1.2.0", "2.0.0"),
            ("~1.2", "1.2.0 1.2.9", "1.3.0"),
            ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
            ("~>1.2.3", "1.2.3", "1.3.0"),
            ("~1", "1.0.0 1.9.0", "2.0.0"),
            ("~0.0.0", "0.0.0 5.0.0", "1.0.0-a"),
            ("^1", "1.0.0 1.9.9", "2.0.0 0.9.9"),
            ("^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0"),
            ("^0.2.3", "0.2.3 0.2.9", "0.3.0 1.0.0"),
            ("^0.2", "0.2.0 0.2.9", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4 0.1.0"),
            ("^0.0", "0.0.0 0.0.9", "0.1.0"),
            ("^0", "0.0.0 0.9.0", "1.0.0"),
            (">1", "2.0.0", "1.9.9"),
            (">1.1", "1.2.0", "1.1.9"),
            (">1.1.1", "1.1.2", "1.1.1"),
            ("<1.1", "1.0.9", "1.1.0"),
            ("<=1", "1.9.9", "2.0.0"),
            ("<=1.1", "1.1.9", "1.2.0"),
            ("=<1.1.1", "1.1.1", "1.1.2"),
            ("=>1.1.1", "1.1.1", "1.1.0"),
            ("!=1.2.3", "1.2.4", "1.2.3"),
            ("!=1.2", "1.3.0", "1.2.7"),
            ("!=1", "2.0.0", "1.2.7"),
            ("1.0 - 2.0", "1.0.0 2.0.9", "0.9.9 2.1.0"),
            ("1.0.0 - 2.0.0", "1.0.0 2.0.0", "2.0.1"),
            ("~1.2 || ^3", "1.2.5 3.4.0", "1.3.0 2.0.0 4.0.0"),
            (">=1.2.0-0", "1.2.0-rc.1 1.3.0-beta 1.2.0", "1.1.0"),
            (">=1.2.0-0 <2", "1.3.0-rc.1 2.0.0-rc.1", "2.0.0"),
            ("~1.2.0-rc.1", "1.2.0-rc.2 1.2.0 1.2.5", "1.2.0-beta 1.3.0"),
            ("^1.0.0 || >=2.0.0-0", "1.5.0 2.0.0-rc.1", "1.5.0-rc.1"),
            ("*-0", "1.0.0-rc.1 1.0.0", ""),
        ] {
            for version in inside.split(' ').filter(|v| !v.is_empty()) {
                assert!(matches(range, version), "`{range}` should take {version}");
            }
            for version in outside.split(' ').filter(|v| !v.is_empty()) {
                assert!(!matches(range, version), "`{range}` should not take {version}");
            }
        }
    }

    #[test]
    fn refuses_what_masterminds_refuses() {
        for range in [
            "", " ", "foo", ">=", "1.2.3 ||", ">=1.2<2", "1.2.3.4", "a.b.c", "latest", "1..2", "1|2",
        ] {
            assert!(Range::parse(range).is_err(), "`{range}` should be refused");
        }
    }
}
