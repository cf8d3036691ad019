//! A tree with the findings that it should give.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use diag::{Finding, Findings};
use model::tree::Tree;

use crate::annotation::{self, Annotation, Wanted, WantedDeferral};

/// Where text without a header stands.
const DEFAULT_FILE: &str = "clusters/demo/all.yaml";

/// A tree and what is wanted of it.
#[derive(Debug)]
pub struct Case {
    /// The files, without the annotations.
    pub tree: Tree,
    wanted: Vec<Wanted>,
    deferrals: Vec<WantedDeferral>,
}

/// The tree of a text; its annotations are left out.
pub fn tree(text: &str) -> Tree {
    Case::parse(text).tree
}

/// Runs a case: every finding must be wanted, and every wanted one found. Deferrals count only where the case names some.
///
/// # Panics
/// When the findings differ, with both lists.
pub fn check_case(text: &str, run: impl FnOnce(&Tree) -> Findings) {
    let case = Case::parse(text);
    let findings = run(&case.tree);
    if let Err(difference) = case.compare(&findings) {
        panic!("{difference}\nin this case:\n{text}");
    }
}

impl Case {
    /// Reads a case.
    pub fn parse(text: &str) -> Self {
        let mut files: Vec<(String, String)> = Vec::new();
        let mut lines: u32 = 0;
        let (mut wanted, mut deferrals) = (Vec::new(), Vec::new());
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("--- ").filter(|path| !path.trim().is_empty()) {
                files.push((path.trim().to_owned(), String::new()));
                lines = 0;
                continue;
            }
            if files.is_empty() {
                files.push((DEFAULT_FILE.to_owned(), String::new()));
            }
            let Some((file, content)) = files.last_mut() else {
                continue;
            };
            match annotation::read(line) {
                Some(Annotation::Finding {
                    column,
                    level,
                    check,
                    text,
                }) => {
                    wanted.push(Wanted {
                        file: file.clone(),
                        line: lines,
                        column,
                        level,
                        check,
                        text,
                    });
                }
                Some(Annotation::Deferral(deferral)) => deferrals.push(deferral),
                None => {
                    content.push_str(line);
                    content.push('\n');
                    lines += 1;
                }
            }
        }
        files.retain(|(_, content)| !content.trim().is_empty());
        Self {
            tree: Tree::from_files(files),
            wanted,
            deferrals,
        }
    }

    /// How many findings are wanted.
    pub fn wanted(&self) -> usize {
        self.wanted.len()
    }

    /// Compares what was found with what is wanted.
    ///
    /// # Errors
    /// The difference, in words.
    pub fn compare(&self, findings: &Findings) -> Result<(), String> {
        let mut open: Vec<&Wanted> = self.wanted.iter().collect();
        let mut seen = BTreeSet::new();
        let mut out = String::new();
        for finding in &findings.found {
            let shown = self.show(finding);
            if !seen.insert(shown.clone()) {
                continue;
            }
            match open.iter().position(|wanted| self.fits(finding, wanted)) {
                Some(at) => drop(open.remove(at)),
                None => writeln!(out, "not wanted: {shown}").unwrap_or_default(),
            }
        }
        for Wanted {
            file,
            line,
            column,
            level,
            check,
            text,
        } in open
        {
            writeln!(out, "not found:  {file}:{line}:{column} {level}[{check}] {text}").unwrap_or_default();
        }
        for WantedDeferral { check, text } in &self.deferrals {
            let fits = |text: &str, deferred: &diag::Deferred| {
                deferred.check == check && (deferred.subject.contains(text) || deferred.reason.contains(text))
            };
            if !findings.deferred.iter().any(|deferred| fits(text, deferred)) {
                writeln!(out, "not deferred: [{check}] {text}, but {:?}", findings.deferred)
                    .unwrap_or_default();
            }
        }
        if out.is_empty() { Ok(()) } else { Err(out) }
    }

    fn fits(&self, finding: &Finding, wanted: &Wanted) -> bool {
        let at = self.tree.sources().locate(finding.primary);
        let place = at.as_ref().map(|(file, at)| (&**file, at.line, at.column));
        place == Some((wanted.file.as_str(), wanted.line, wanted.column))
            && finding.level.name() == wanted.level
            && finding.check == wanted.check
            && finding.message.contains(&wanted.text)
    }

    fn show(&self, finding: &Finding) -> String {
        let (level, check, message) = (finding.level.name(), finding.check, &finding.message);
        match self.tree.sources().locate(finding.primary) {
            Some((file, at)) => format!("{file}:{}:{} {level}[{check}] {message}", at.line, at.column),
            None => format!("nowhere {level}[{check}] {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use diag::{CheckMeta, Level, Span, Stage};

    use super::*;

    const META: CheckMeta = CheckMeta {
        id: "a/b",
        summary: "",
        level: Level::Error,
        stage: Stage::Written,
        docs: "",
    };

    fn at_x(tree: &Tree) -> Findings {
        let text = tree.read("a.yaml").unwrap();
        let start = text.text.find('x').unwrap();
        let mut findings = Findings::default();
        findings.push(Finding::new(
            &META,
            Span::new(text.source, start, start + 1),
            "found `x`",
        ));
        findings
    }

    #[test]
    fn annotations_do_not_count_as_lines() {
        check_case(
            "--- a.yaml\n# comment\nk: 1\nv:   x\n#    ^ error[a/b]: `x`\n",
            at_x,
        );
    }

    #[test]
    fn both_directions_are_compared() {
        let case = Case::parse("--- a.yaml\nv:  x\n# ^ error[a/b]: `x`\n");
        let difference = case.compare(&at_x(&case.tree)).unwrap_err();
        assert!(
            difference.contains("not wanted: a.yaml:1:5 error[a/b] found `x`"),
            "{difference}"
        );
        assert!(
            difference.contains("not found:  a.yaml:1:3 error[a/b] `x`"),
            "{difference}"
        );
    }
}
