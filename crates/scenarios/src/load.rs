//! Reading the test designs of a tree, with every mistake at its place.

mod beside;
mod consistency;

use std::fmt;

use model::tree::Tree;

use crate::design::Story;
use crate::risk::{self, Register};
use crate::{digest, done, waiver};

pub use consistency::{Step, place as span_of};

/// The folder whose sub-folders hold one story each.
const FOLDER: &str = "docs/qa";
/// The file of a story.
pub(crate) const FILE_NAME: &str = "test-design.yaml";

/// A mistake in a test design or a list of risks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// Line from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// Column from 1; 0 when the file as a whole is meant.
    pub column: u32,
    /// One line, lower case, no full stop.
    pub message: String,
}

impl fmt::Display for LoadError {
    /// `file:line:column: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            message,
        } = self;
        if *line == 0 {
            write!(f, "{file}: {message}")
        } else {
            write!(f, "{file}:{line}:{column}: {message}")
        }
    }
}

impl std::error::Error for LoadError {}

/// The stories of `docs/qa/*/test-design.yaml`, in byte order of their folders, and what is wrong with them. A file with an
/// error of its form gives no story; one with a contradiction gives both.
pub fn load(tree: &Tree) -> (Vec<Story>, Vec<LoadError>) {
    let mut stories: Vec<Story> = Vec::new();
    let mut errors = Vec::new();
    for folder in tree.names(FOLDER).map(|name| format!("{FOLDER}/{name}")) {
        let file_of = |name: &str| format!("{folder}/{name}");
        let file = file_of(FILE_NAME);
        if !tree.is_file(&file) {
            continue;
        }
        let story: Option<Story> = read(tree, &file, &mut errors);
        let register: Option<Register> = read(tree, &file_of(risk::FILE_NAME), &mut errors);
        let Some(mut story) = story else { continue };
        story.file = file;
        story.risks = register.map(|register| register.risks).unwrap_or_default();
        story.digest = digest::of_files(tree, [file_of(FILE_NAME), file_of(risk::FILE_NAME)]);
        let waivers: Option<waiver::Register> = optional(tree, &file_of(waiver::FILE_NAME), &mut errors);
        story.waivers = waivers.map(|register| register.waivers).unwrap_or_default();
        story.definition = optional(tree, &file_of(done::FILE_NAME), &mut errors);
        consistency::check(tree, &story, &mut errors);
        beside::check(tree, &story, &mut errors);
        if let Some(other) = stories.iter().find(|other| other.story == story.story) {
            let message = format!("story `{}` stands in `{}` too", story.story, other.file);
            errors.push(LoadError {
                file: story.file.clone(),
                line: 0,
                column: 0,
                message,
            });
        }
        stories.push(story);
    }
    errors.sort();
    (stories, errors)
}

/// A file that may be absent.
fn optional<T: serde::de::DeserializeOwned>(
    tree: &Tree,
    file: &str,
    errors: &mut Vec<LoadError>,
) -> Option<T> {
    tree.is_file(file).then(|| read(tree, file, errors)).flatten()
}

/// A YAML file as a value of its form; none, and an error more, where it is not there or has another form.
pub fn read<T: serde::de::DeserializeOwned>(
    tree: &Tree,
    file: &str,
    errors: &mut Vec<LoadError>,
) -> Option<T> {
    let mut fail = |line, column, message| {
        errors.push(LoadError {
            file: file.to_owned(),
            line,
            column,
            message,
        });
        None
    };
    let text = match tree.read(file) {
        Ok(text) => text.text,
        Err(error) => return fail(0, 0, error.to_string()),
    };
    match serde_yaml::from_str(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            let place = error.location();
            let (line, column) = place.map_or((0, 0), |at| (at.line() as u32, at.column() as u32));
            fail(line, column, without_place(&error.to_string()))
        }
    }
}

/// The library says the place at the end of its message; it is a field here.
fn without_place(message: &str) -> String {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RISKS: &str = "risks:\n  - {id: R1, category: OPS, title: t, mitigation: m, owner: o}\n";
    const HEAD: &str = "story: '01'
title: t
settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}
clusters: [a]
criteria: [{id: AC1, title: t}]
scenarios:
";

    fn errors(scenarios: &str) -> Vec<String> {
        let design = format!("{HEAD}{scenarios}");
        let files = [
            ("docs/qa/01-x/test-design.yaml", design.as_str()),
            ("docs/qa/01-x/risks.yaml", RISKS),
        ];
        load(&Tree::from_files(files))
            .1
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn scenario(id: &str, rest: &str) -> String {
        format!(
            "  - id: {id}\n    priority: P0\n    level: integration\n    title: t\n{rest}    mutations:\n      \
             - {{title: t, edits: [{{file: a, delete: true}}]}}\n"
        )
    }

    #[test]
    fn a_good_design_has_no_errors() {
        let rest = "    criterion: AC1\n    risks: [R1]\n    expectations:\n      - {stage: built, file: a, exists: true}\n";
        assert_eq!(errors(&scenario("S1", rest)), Vec::<String>::new());
    }

    #[test]
    fn unknown_fields_are_refused_at_their_place() {
        let rest = "    expectations:\n      - {stage: built, file: a, exist: true}\n";
        let found = errors(&scenario("S1", rest));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("docs/qa/01-x/test-design.yaml:12:"),
            "{found:?}"
        );
        assert!(
            found[0].contains("unknown field `exist`, expected one of"),
            "{found:?}"
        );
        let found = errors("  - {idd: S1}\n");
        assert!(
            found[0].starts_with("docs/qa/01-x/test-design.yaml:7:6: "),
            "{found:?}"
        );
    }

    #[test]
    fn contradictions_are_found_at_their_place() {
        let expectation = "    expectations:\n      - {stage: built, file: a, exists: true}\n";
        let cases = [
            (
                "    criterion: AC9\n",
                expectation,
                "11:16: no criterion is called `AC9`",
            ),
            (
                "    risks: [R1, R9]\n",
                expectation,
                "11:17: no risk is called `R9`",
            ),
            (
                "    needs: [chart]\n",
                expectation,
                "11:12: nothing here needs `chart`",
            ),
            (
                "",
                "    expectations:\n      - {stage: installed, file: a, exists: true}\n",
                "12:9: this needs `chart`, which the scenario does not declare",
            ),
            (
                "",
                "    expectations: []\n",
                "11:19: a scenario without an expectation",
            ),
            (
                "",
                "    expectations:\n      - {stage: built, file: a, checksSilent: [a/b]}\n",
                "12:48: no check is called `a/b`",
            ),
            (
                "",
                "    expectations:\n      - {stage: built, file: a, equalsPerCluster: {b: 1}}\n",
                "12:51: no value for cluster `a`",
            ),
        ];
        for (head, rest, wanted) in cases {
            let found = errors(&scenario("S1", &format!("{head}{rest}")));
            assert_eq!(found, [format!("docs/qa/01-x/test-design.yaml:{wanted}")]);
        }
        let twice = scenario("S1", expectation) + &scenario("S1", expectation);
        assert_eq!(
            errors(&twice),
            ["docs/qa/01-x/test-design.yaml:15:9: scenario `S1` stands here twice"]
        );
    }

    #[test]
    fn a_story_without_risks_file_says_so() {
        let tree = Tree::from_files([("docs/qa/01-x/test-design.yaml", format!("{HEAD}  []\n"))]);
        let (stories, errors) = load(&tree);
        assert_eq!(stories.len(), 1);
        assert_eq!(
            errors[0].to_string(),
            "docs/qa/01-x/risks.yaml: `docs/qa/01-x/risks.yaml` does not exist"
        );
    }
}
