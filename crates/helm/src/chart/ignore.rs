//! `.helmignore`: which files of a chart's folder are no part of the chart.
//!
//! Source: helm's `pkg/ignore/rules.go`, whose patterns are those of Go's `filepath.Match` and not git's: the first
//! rule that matches decides, and a rule with `!` hides everything that it does not match.

use super::ChartError;

/// The rules of a `.helmignore`, and helm's own.
pub(super) struct Rules {
    rules: Vec<Rule>,
}

struct Rule {
    pattern: Vec<char>,
    negated: bool,
    folders_only: bool,
    /// Without a `/`, the pattern is compared with the last part of the path alone.
    name_only: bool,
}

impl Rules {
    pub(super) fn parse(text: &str) -> Result<Self, ChartError> {
        let mut rules = Vec::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refused = |message| ChartError::text(".helmignore", index + 1, message);
            if line.contains("**") {
                return Err(refused(format!("`{line}` holds `**`, which helm refuses")));
            }
            let pattern: Vec<char> = line.chars().collect();
            if !is_well_formed(&pattern) {
                return Err(refused(format!("`{line}` is no pattern")));
            }
            rules.push(Rule::new(line));
        }
        rules.push(Rule::new("templates/.?*"));
        Ok(Self { rules })
    }

    /// Whether a file, or a folder above it, is not part of the chart.
    pub(super) fn hide(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        folders.into_iter().any(|folder| self.ignore(folder, true)) || self.ignore(path, false)
    }

    fn ignore(&self, path: &str, is_folder: bool) -> bool {
        for rule in &self.rules {
            if rule.negated {
                if rule.folders_only && !is_folder || !rule.matches(path) {
                    return true;
                }
            } else if (is_folder || !rule.folders_only) && rule.matches(path) {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn new(line: &str) -> Self {
        let (negated, line) = line.strip_prefix('!').map_or((false, line), |line| (true, line));
        let (folders_only, line) = line.strip_suffix('/').map_or((false, line), |line| (true, line));
        let name_only = !line.contains('/');
        Self {
            pattern: line.strip_prefix('/').unwrap_or(line).chars().collect(),
            negated,
            folders_only,
            name_only,
        }
    }

    fn matches(&self, path: &str) -> bool {
        let path = if self.name_only {
            path.rsplit('/').next().unwrap_or(path)
        } else {
            path
        };
        let path: Vec<char> = path.chars().collect();
        matches(&self.pattern, &path)
    }
}

/// One element of a pattern at its start: how long it is, and whether it takes a character.
enum Element {
    /// `*`.
    Run,
    /// `?`, a set or a plain character, by its length and whether it takes the character.
    One(usize, bool),
}

/// Go's `filepath.Match`: `*` and `?` take no `/`.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    // The last `*` and the text that it has not taken yet.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(p..).unwrap_or_default();
        let next = text.get(t).copied();
        match (element(rest, next.unwrap_or('/')), next) {
            (Some(Element::Run), _) => {
                p += 1;
                retry = Some((p, t));
                continue;
            }
            (Some(Element::One(length, true)), Some(_)) => {
                p += length;
                t += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match retry {
            Some((after, from)) if text.get(from).is_some_and(|c| *c != '/') => {
                (p, t) = (after, from + 1);
                retry = Some((after, from + 1));
            }
            _ => return false,
        }
    }
}

fn element(pattern: &[char], c: char) -> Option<Element> {
    Some(match pattern {
        [] => return None,
        ['*', ..] => Element::Run,
        ['?', ..] => Element::One(1, c != '/'),
        ['[', ..] => {
            set(pattern, c).map_or(Element::One(1, false), |(length, hit)| Element::One(length, hit))
        }
        ['\\', escaped, ..] => Element::One(2, *escaped == c),
        [plain, ..] => Element::One(1, *plain == c),
    })
}

/// A set such as `[a-z]` or `[^/]`: its length and whether it holds the character; none when it is not well formed.
fn set(pattern: &[char], c: char) -> Option<(usize, bool)> {
    let negated = pattern.get(1) == Some(&'^');
    let start = if negated { 2 } else { 1 };
    let mut at = start;
    let mut hit = false;
    loop {
        if pattern.get(at) == Some(&']') && at > start {
            return Some((at + 1, hit != negated));
        }
        let low = member(pattern, &mut at)?;
        let high = if pattern.get(at) == Some(&'-') {
            at += 1;
            member(pattern, &mut at)?
        } else {
            low
        };
        hit |= (low..=high).contains(&c);
    }
}

fn member(pattern: &[char], at: &mut usize) -> Option<char> {
    let mut c = *pattern.get(*at)?;
    if c == '-' || c == ']' {
        return None;
    }
    if c == '\\' {
        *at += 1;
        c = *pattern.get(*at)?;
    }
    *at += 1;
    pattern.get(*at).map(|_| c)
}

fn is_well_formed(pattern: &[char]) -> bool {
    let mut at = 0;
    while let Some(rest) = pattern.get(at..).filter(|rest| !rest.is_empty()) {
        at += match rest {
            ['[', ..] => match set(rest, '/') {
                Some((length, _)) => length,
                None => return false,
            },
            ['\\'] => return false,
            ['\\', ..] => 2,
            _ => 1,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(rules: &str, path: &str) -> bool {
        Rules::parse(rules).unwrap().hide(path)
    }

    #[test]
    fn patterns_are_those_of_go() {
        for (rules, path, wanted) in [
            ("*.md", "README.md", true),
            ("*.md", "docs/a.md", true),
            ("docs", "docs/a.txt", true),
            ("docs/", "docs/a.txt", true),
            ("docs/", "docs", false),
            ("/a.txt", "a.txt", true),
            ("/a.txt", "b/a.txt", false),
            ("b/*.txt", "b/a.txt", true),
            ("b/*.txt", "c/b/a.txt", false),
            ("*", "a/b", true),
            ("a/*", "a/b/c", true),
            ("[a-c].t?t", "b.txt", true),
            ("[^a-c].txt", "b.txt", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "templates/.hidden", true),
            ("", ".hidden", false),
            ("# a.txt", "a.txt", false),
            ("!a.txt", "b.txt", true),
            ("!a.txt", "a.txt", false),
        ] {
            assert_eq!(hidden(rules, path), wanted, "{rules} {path}");
        }
    }

    #[test]
    fn what_helm_refuses_is_refused() {
        for rules in ["a\n**/b", "[a", "[]a]", "[-]", "a\\"] {
            let error = Rules::parse(rules).err().map(|error| error.to_string());
            assert!(
                error.is_some_and(|error| error.contains("helmignore:")),
                "{rules}"
            );
        }
    }

    #[test]
    fn stars_without_end_are_matched_in_time() {
        assert!(!hidden(&format!("{}b", "a*".repeat(2000)), &"a".repeat(5000)));
    }
}
