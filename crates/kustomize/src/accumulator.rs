//! The objects of a kustomization while it is worked off, and the configuration that came with them.

use std::collections::HashMap;
use std::sync::Arc;

use diag::Span;

use crate::config::Config;
use crate::problem::{Problem, ProblemKind};
use crate::resource::{Behavior, Id, Resource};

/// Objects in order, with unique identities.
#[derive(Debug)]
pub(crate) struct Accumulator {
    pub(crate) resources: Vec<Resource>,
    pub(crate) config: Arc<Config>,
    /// Where each identity stands; empty when transformers may have changed them.
    ids: HashMap<Id, usize>,
}

impl Accumulator {
    pub(crate) fn new() -> Self {
        Self {
            resources: Vec::new(),
            config: Config::built_in(),
            ids: HashMap::new(),
        }
    }

    /// Forgets where identities stand: to be called after every change to `resources` from outside.
    pub(crate) fn changed(&mut self) {
        self.ids.clear();
    }

    fn index(&mut self) -> &mut HashMap<Id, usize> {
        if self.ids.len() != self.resources.len() {
            self.ids = self
                .resources
                .iter()
                .enumerate()
                .map(|(at, resource)| (resource.id(), at))
                .collect();
        }
        &mut self.ids
    }

    /// Adds an object; one that is there already is a problem, at the entry that led to it for the second time.
    pub(crate) fn append(&mut self, resource: Resource, entry: Span, problems: &mut Vec<Problem>) {
        let id = resource.id();
        let next = self.resources.len();
        if let Some(first) = self.index().get(&id).copied() {
            let first = self.resources.get(first).map_or(Span::NONE, Resource::span);
            let second = resource.span();
            let span = if first == second || second.is_none() {
                entry.or(second)
            } else {
                second
            };
            let version = &id.api_version;
            problems.push(
                Problem::new(
                    ProblemKind::DuplicateId,
                    span,
                    format!("`{id}` ({version}) is there already"),
                )
                .with_related(first, "first here")
                .with_related(entry, "brought in by this entry")
                .with_help("remove one of the two, or change its name or namespace"),
            );
            return;
        }
        self.index().insert(id, next);
        self.resources.push(resource);
    }

    /// Adds a generated object, or joins it with the one that has its identity, as its behavior says.
    pub(crate) fn absorb(&mut self, mut resource: Resource, entry: Span, problems: &mut Vec<Problem>) {
        let id = resource.id();
        let matching: Vec<usize> = self
            .resources
            .iter()
            .enumerate()
            .filter(|(_, old)| old.name() == id.name || old.previous.iter().any(|p| p.name == id.name))
            .filter(|(_, old)| old.ids().any(|other| other == id))
            .map(|(at, _)| at)
            .collect();
        match (matching.as_slice(), resource.behavior) {
            ([], Behavior::Create) => self.append(resource, entry, problems),
            ([], _) => problems.push(
                Problem::error(
                    entry,
                    format!("`{id}` does not exist, nothing to merge with or to replace"),
                )
                .with_help("drop `behavior`, or name the ConfigMap or Secret of a resource"),
            ),
            ([_], Behavior::Create) => problems.push(
                Problem::new(ProblemKind::DuplicateId, entry, format!("`{id}` exists already"))
                    .with_help("set `behavior: merge` or `behavior: replace`, or choose another name"),
            ),
            ([at], behavior) => {
                if let Some(old) = self.resources.get_mut(*at) {
                    crate::generate::join(&mut resource, old, behavior);
                    *old = resource;
                }
                self.changed();
            }
            _ => problems.push(Problem::error(
                entry,
                format!("several objects are `{id}`, one is needed to merge with"),
            )),
        }
    }

    /// Adds the objects and the configuration of another accumulator.
    pub(crate) fn merge(&mut self, other: Self, entry: Span, problems: &mut Vec<Problem>) {
        for resource in other.resources {
            self.append(resource, entry, problems);
        }
        self.merge_config(&other.config, entry, problems);
    }

    pub(crate) fn merge_config(&mut self, config: &Arc<Config>, entry: Span, problems: &mut Vec<Problem>) {
        match self.config.merged(config) {
            Ok(merged) => self.config = merged,
            Err(message) => problems.push(Problem::error(entry, message)),
        }
    }
}
