//! Contradictions in a story's live checks: names that name nothing, ids that stand twice.

use std::collections::BTreeSet;

use model::tree::Tree;
use model::yaml::{self, Dialect, Node};
use scenarios::Step::{Index, Key};
use scenarios::{LoadError, ObjectName, Step, Story};

use crate::design::{Check, DnsAnswer, Question, Scenario};
use crate::kind::{self, Family};
use crate::raw::File;

/// Adds what contradicts itself.
pub(crate) fn check(tree: &Tree, name: &str, story: &Story, file: &File, errors: &mut Vec<LoadError>) {
    let Ok(text) = tree.read(name) else { return };
    let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
    let Some(root) = parsed.documents.first() else {
        return;
    };
    let mut checker = Checker {
        tree,
        name,
        root,
        errors,
    };
    if file.story != story.story {
        let message = format!(
            "story `{}` beside the test design of story `{}`",
            file.story, story.story
        );
        checker.error(&[Key("story")], message);
    }
    if let Some(from) = &file.from {
        checker.from(&[Key("from")], from);
    }
    for (name, program) in &file.programs {
        let steps = [Key("programs"), Key(name), Key("config")];
        if program.config.kind != "ConfigMap" {
            let message = format!(
                "`{}` is no kind of a configuration, wanted ConfigMap",
                program.config.kind
            );
            checker.error(&steps, message);
        }
        checker.object(&steps, &program.config.object());
    }
    let mut seen = BTreeSet::new();
    for (index, scenario) in file.scenarios.iter().enumerate() {
        let steps = [Key("scenarios"), Index(index)];
        let id = &scenario.id;
        if !seen.insert(id) {
            checker.at(&steps, "id", format!("scenario `{id}` stands here twice"));
        }
        if story.scenarios.iter().any(|other| other.id == *id) {
            checker.at(
                &steps,
                "id",
                format!("scenario `{id}` stands in the test design too"),
            );
        }
        checker.scenario(&steps, scenario, story, file);
    }
}

struct Checker<'a> {
    tree: &'a Tree,
    name: &'a str,
    root: &'a Node,
    errors: &'a mut Vec<LoadError>,
}

impl Checker<'_> {
    fn error(&mut self, steps: &[Step<'_>], message: String) {
        let span = scenarios::span_of(self.root, steps);
        let place = self.tree.sources().locate(span);
        let (line, column) = place.map_or((0, 0), |(_, at)| (at.line, at.column));
        self.errors.push(LoadError {
            file: self.name.to_owned(),
            line,
            column,
            message,
        });
    }

    fn at(&mut self, steps: &[Step<'_>], key: &str, message: String) {
        let steps: Vec<Step<'_>> = steps.iter().copied().chain([Key(key)]).collect();
        self.error(&steps, message);
    }

    /// What brings a subject is of Flux.
    fn from(&mut self, steps: &[Step<'_>], from: &ObjectName) {
        if !kind::is_of(Family::Flux, &from.kind) {
            let known = kind::names(Family::Flux).join(", ");
            self.error(
                steps,
                format!("`{}` is no kind of Flux, wanted {known}", from.kind),
            );
        }
        self.object(steps, from);
    }

    /// Names go into paths of the API server as they are.
    fn object(&mut self, steps: &[Step<'_>], object: &ObjectName) {
        for text in [&object.namespace, &object.name] {
            if !kind::is_name(text) {
                self.error(steps, format!("`{text}` is no name of an object"));
            }
        }
    }

    fn scenario(&mut self, steps: &[Step<'_>], scenario: &Scenario, story: &Story, file: &File) {
        if let Some(id) = &scenario.criterion
            && !story.criteria.iter().any(|criterion| criterion.id == *id)
        {
            self.at(steps, "criterion", format!("no criterion is called `{id}`"));
        }
        let inside = |key| -> Vec<Step<'_>> { steps.iter().copied().chain([Key(key)]).collect() };
        if let Some(from) = &scenario.from {
            self.from(&inside("from"), from);
        }
        if scenario.at.is_some() && scenario.from.is_none() && file.from.is_none() {
            self.at(
                steps,
                "at",
                "`at` is a field of `from`, which is not there".to_owned(),
            );
        }
        let key = scenario.check.key();
        if let Some(subject) = scenario.check.subject() {
            self.object(&inside(key), subject);
        }
        if let Check::Program { name, question } = &scenario.check {
            if !file.programs.contains_key(name) {
                self.at(steps, "program", format!("no program is called `{name}`"));
            }
            if let Question::Dns(dns) = question
                && let DnsAnswer::ServiceOf(service) = &dns.answer
            {
                self.object(&inside(key), service);
            }
        }
    }
}
