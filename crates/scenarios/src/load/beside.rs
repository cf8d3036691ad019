//! Contradictions in the files beside a test design: waivers and the Definition of Done name what is not there.

use model::tree::{Tree, path};
use model::yaml::{self, Dialect};

use super::LoadError;
use super::consistency::{Step, place};
use crate::design::Story;
use crate::done::{self, Item, Proof as DoneBy};
use crate::waiver;

/// Adds what contradicts itself.
pub(super) fn check(tree: &Tree, story: &Story, errors: &mut Vec<LoadError>) {
    let mut checker = Checker { tree, story, errors };
    checker.waivers();
    checker.definition();
}

struct Checker<'a> {
    tree: &'a Tree,
    story: &'a Story,
    errors: &'a mut Vec<LoadError>,
}

impl Checker<'_> {
    fn error(&mut self, name: &str, steps: &[Step<'_>], message: String) {
        let file = format!("{}/{name}", path::parent(&self.story.file));
        let place = self.tree.read(&file).ok().and_then(|text| {
            let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
            let span = place(parsed.documents.first()?, steps);
            self.tree.sources().locate(span)
        });
        let (line, column) = place.map_or((0, 0), |(_, at)| (at.line, at.column));
        self.errors.push(LoadError {
            file,
            line,
            column,
            message,
        });
    }

    fn waivers(&mut self) {
        let story = self.story;
        for (index, waiver) in story.waivers.iter().enumerate() {
            let id = &waiver.about;
            let known = story.scenarios.iter().any(|scenario| scenario.id == *id)
                || story.risks.iter().any(|risk| risk.id == *id)
                || story.criteria.iter().any(|criterion| criterion.id == *id);
            let twice = story.waivers.iter().take(index).any(|other| other.about == *id);
            let message = if !known {
                format!("no scenario, risk or criterion is called `{id}`")
            } else if twice {
                format!("`{id}` is waived twice")
            } else {
                continue;
            };
            let steps = [Step::Key("waivers"), Step::Index(index), Step::Key("for")];
            self.error(waiver::FILE_NAME, &steps, message);
        }
        for (index, waiver) in story.waivers.iter().enumerate() {
            for (field, text) in [("reason", &waiver.reason), ("approver", &waiver.approver)] {
                if text.trim().is_empty() {
                    let steps = [Step::Key("waivers"), Step::Index(index), Step::Key(field)];
                    self.error(waiver::FILE_NAME, &steps, format!("`{field}` is empty"));
                }
            }
        }
    }

    fn definition(&mut self) {
        let Some(definition) = &self.story.definition else {
            return;
        };
        if definition.story != self.story.story {
            let message = format!(
                "story `{}` beside the test design of story `{}`",
                definition.story, self.story.story
            );
            self.error(done::FILE_NAME, &[Step::Key("story")], message);
        }
        if definition.done.is_empty() {
            let message = "a Definition of Done without an item".to_owned();
            self.error(done::FILE_NAME, &[Step::Key("done")], message);
        }
        for (index, item) in definition.done.iter().enumerate() {
            let steps = [Step::Key("done"), Step::Index(index)];
            self.item(&steps, item);
            for (index, part) in item.items.iter().enumerate() {
                let mut steps = steps.to_vec();
                steps.extend([Step::Key("items"), Step::Index(index)]);
                self.item(&steps, part);
            }
        }
    }

    fn item(&mut self, steps: &[Step<'_>], item: &Item) {
        let story = self.story;
        for (at, proof) in item.proofs.iter().enumerate() {
            let (key, ids, what) = match proof {
                DoneBy::Scenarios(ids) => ("scenarios", ids, "scenario"),
                DoneBy::Checks(ids) => ("checks", ids, "check"),
                DoneBy::Files(_) | DoneBy::Command(_) | DoneBy::Expect(_) => continue,
            };
            for (index, id) in ids.iter().enumerate() {
                let known = match proof {
                    DoneBy::Scenarios(_) => story.scenarios.iter().any(|scenario| scenario.id == *id),
                    _ => checks::registry().iter().any(|check| check.meta.id == id),
                };
                if !known {
                    let mut steps = steps.to_vec();
                    steps.extend([
                        Step::Key("proofs"),
                        Step::Index(at),
                        Step::Key(key),
                        Step::Index(index),
                    ]);
                    self.error(done::FILE_NAME, &steps, format!("no {what} is called `{id}`"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::load::load;
    use model::tree::Tree;

    const DESIGN: &str = "story: '01'
title: t
settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}
clusters: [a]
criteria: []
scenarios:
  - {id: S1, priority: P0, level: integration, title: t, expectations: [{stage: built, file: a, exists: true}], mutations: [{title: t, edits: [{file: a, delete: true}]}]}
";

    fn errors(file: &str, text: &str) -> Vec<String> {
        let files = [
            ("docs/qa/01-x/test-design.yaml", DESIGN),
            ("docs/qa/01-x/risks.yaml", "risks: []\n"),
            (file, text),
        ];
        let (_, errors) = load(&Tree::from_files(files));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn waivers_name_what_is_there_and_have_an_end() {
        let file = "docs/qa/01-x/waivers.yaml";
        let waiver = |rest: &str| {
            format!("waivers:\n  - {{for: S1, reason: r, approver: a, until: 2026-12-31}}\n{rest}")
        };
        assert_eq!(errors(file, &waiver("")), Vec::<String>::new());
        let cases = [
            (
                "  - {for: S2, reason: r, approver: a, until: 2026-12-31}\n",
                "3:11: no scenario, risk or criterion is called `S2`",
            ),
            (
                "  - {for: S1, reason: r, approver: a, until: 2026-12-31}\n",
                "3:11: `S1` is waived twice",
            ),
        ];
        for (rest, wanted) in cases {
            assert_eq!(errors(file, &waiver(rest)), [format!("{file}:{wanted}")]);
        }
        let bad = |line: &str| errors(file, &format!("waivers:\n  - {line}\n")).join("\n");
        assert!(bad("{for: S1, reason: r, approver: a, until: never}").contains(":2:"));
        assert!(bad("{for: S1, reason: r, approver: a, until: never}").contains("`never` is no day"));
        assert!(bad("{for: S1, reason: r, until: 2026-12-31}").contains("missing field `approver`"));
        assert!(bad("{for: S1, reason: '', approver: a, until: 2026-12-31}").ends_with("`reason` is empty"));
    }

    #[test]
    fn the_definition_names_what_is_there() {
        let file = "docs/qa/01-x/story.yaml";
        let text = "story: '02'\nowner: o\nmanifests: [a]\ndone:\n  - title: t\n    items:\n      - title: u\n        proofs:\n          - {scenarios: [S1, S2]}\n          - {checks: [a/b]}\n";
        assert_eq!(
            errors(file, text),
            [
                "docs/qa/01-x/story.yaml:1:8: story `02` beside the test design of story `01`",
                "docs/qa/01-x/story.yaml:9:30: no scenario is called `S2`",
                "docs/qa/01-x/story.yaml:10:23: no check is called `a/b`",
            ]
        );
    }
}
