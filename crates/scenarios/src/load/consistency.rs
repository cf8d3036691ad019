//! Contradictions inside a test design: names that name nothing, needs that are not declared, ids that stand twice.

use std::collections::BTreeSet;

use diag::Span;
use model::tree::Tree;
use model::yaml::{self, Dialect, Node};

use super::LoadError;
use crate::claim::Claim;
use crate::design::{Clusters, Scenario, Story};
use crate::evidence::Need;
use crate::judge;

/// One step into a document.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// Into an entry of a mapping.
    Key(&'a str),
    /// Into an element of a sequence, from 0.
    Index(usize),
}
use Step::{Index, Key};

/// Adds what contradicts itself.
pub(super) fn check(tree: &Tree, story: &Story, errors: &mut Vec<LoadError>) {
    let Ok(text) = tree.read(&story.file) else { return };
    let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
    let Some(root) = parsed.documents.first() else {
        return;
    };
    let mut checker = Checker {
        tree,
        story,
        root,
        errors,
    };
    checker.ids();
    for (index, scenario) in story.scenarios.iter().enumerate() {
        checker.names(index, scenario);
        checker.needs(index, scenario);
        checker.claims(index, scenario);
        checker.mutations(index, scenario);
    }
}

struct Checker<'a> {
    tree: &'a Tree,
    story: &'a Story,
    root: &'a Node,
    errors: &'a mut Vec<LoadError>,
}

impl Checker<'_> {
    fn error(&mut self, steps: &[Step<'_>], message: String) {
        let place = self.tree.sources().locate(place(self.root, steps));
        let (line, column) = place.map_or((0, 0), |(_, position)| (position.line, position.column));
        self.errors.push(LoadError {
            file: self.story.file.clone(),
            line,
            column,
            message,
        });
    }

    fn ids(&mut self) {
        let story = self.story;
        let scenarios: Vec<&str> = story
            .scenarios
            .iter()
            .map(|scenario| scenario.id.as_str())
            .collect();
        let criteria: Vec<&str> = story
            .criteria
            .iter()
            .map(|criterion| criterion.id.as_str())
            .collect();
        for (list, what, ids) in [
            ("scenarios", "scenario", scenarios),
            ("criteria", "criterion", criteria),
        ] {
            let mut seen = BTreeSet::new();
            for (index, id) in ids.into_iter().enumerate() {
                if !seen.insert(id) {
                    self.error(
                        &[Key(list), Index(index), Key("id")],
                        format!("{what} `{id}` stands here twice"),
                    );
                }
            }
        }
        let mut seen = BTreeSet::new();
        for risk in &story.risks {
            if !seen.insert(&risk.id) {
                self.error(
                    &[],
                    format!("risk `{}` stands twice in the list of risks", risk.id),
                );
            }
        }
    }

    fn names(&mut self, at: usize, scenario: &Scenario) {
        if let Some(id) = &scenario.criterion
            && !self.story.criteria.iter().any(|criterion| criterion.id == *id)
        {
            let steps = [Key("scenarios"), Index(at), Key("criterion")];
            self.error(&steps, format!("no criterion is called `{id}`"));
        }
        for (index, id) in scenario.risks.iter().enumerate() {
            if !self.story.risks.iter().any(|risk| risk.id == *id) {
                let steps = [Key("scenarios"), Index(at), Key("risks"), Index(index)];
                self.error(&steps, format!("no risk is called `{id}`"));
            }
        }
    }

    /// Only a scenario that declares a need may defer, and one that declares it must have it.
    fn needs(&mut self, at: usize, scenario: &Scenario) {
        let declared: BTreeSet<Need> = scenario.needs.iter().copied().collect();
        let mut real = BTreeSet::new();
        for (index, expectation) in scenario.expectations.iter().enumerate() {
            for need in judge::needs(expectation) {
                if real.insert(need) && !declared.contains(&need) {
                    let steps = [Key("scenarios"), Index(at), Key("expectations"), Index(index)];
                    let name = need.name();
                    self.error(
                        &steps,
                        format!("this needs `{name}`, which the scenario does not declare"),
                    );
                }
            }
        }
        for need in declared.difference(&real) {
            let steps = [Key("scenarios"), Index(at), Key("needs")];
            self.error(&steps, format!("nothing here needs `{}`", need.name()));
        }
    }

    fn claims(&mut self, at: usize, scenario: &Scenario) {
        let expectations = [Key("scenarios"), Index(at), Key("expectations")];
        if scenario.expectations.is_empty() {
            self.error(&expectations, "a scenario without an expectation".to_owned());
        }
        for (index, expectation) in scenario.expectations.iter().enumerate() {
            for claim in &expectation.claims {
                let mut steps = expectations.to_vec();
                steps.extend([Index(index), Key(claim.name())]);
                match claim {
                    Claim::ChecksSilent(ids) => self.checks(&mut steps, ids),
                    Claim::EqualsPerCluster(values) => {
                        let clusters = scenario.clusters.as_ref().unwrap_or(&self.story.clusters);
                        let Clusters::Named(names) = clusters else {
                            continue;
                        };
                        for name in names.iter().filter(|name| !values.contains_key(*name)) {
                            self.error(&steps, format!("no value for cluster `{name}`"));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn checks(&mut self, steps: &mut Vec<Step<'_>>, ids: &[String]) {
        for (index, id) in ids.iter().enumerate() {
            if !checks::registry().iter().any(|check| check.meta.id == id) {
                steps.push(Index(index));
                self.error(steps, format!("no check is called `{id}`"));
                steps.pop();
            }
        }
    }

    fn mutations(&mut self, at: usize, scenario: &Scenario) {
        let mutations = [Key("scenarios"), Index(at), Key("mutations")];
        if scenario.mutations.is_empty() {
            self.error(&mutations, "a scenario that no mutation turns red".to_owned());
        }
        for (index, mutation) in scenario.mutations.iter().enumerate() {
            if mutation.edits.is_empty() {
                let mut steps = mutations.to_vec();
                steps.push(Index(index));
                self.error(&steps, "a mutation without an edit".to_owned());
            }
        }
    }
}

/// The place of a node, or of the last one on the way to it that is there.
/// The place of the deepest node on the way that is there.
pub fn place(root: &Node, steps: &[Step<'_>]) -> Span {
    let mut node = root;
    for step in steps {
        let next = match step {
            Key(key) => node.get(key),
            Index(index) => node.as_seq().and_then(|items| items.get(*index)),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node.span
}
