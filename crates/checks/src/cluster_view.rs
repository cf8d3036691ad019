//! One cluster, indexed: its objects by key, the files that its builds read, and the schemas' word on each object.

use std::collections::{BTreeMap, BTreeSet};

use ::flux::{Built, ClusterBuild, Kustomization, State};
use ::schema::Store;
use model::object;
use rayon::prelude::*;

use crate::judgement::Judgement;
use crate::key::Key;
use crate::subject::Subject;

/// The API group of the sources.
pub(crate) const SOURCES: &str = "source.toolkit.fluxcd.io";

/// One cluster, ready to be asked.
pub(crate) struct ClusterView<'a> {
    pub(crate) build: &'a ClusterBuild,
    /// The flux::Kustomizations that are objects of the repository; an entrypoint without a file is none.
    pub(crate) kustomizations: Vec<Subject<'a>>,
    /// What builds that succeeded apply.
    pub(crate) objects: Vec<Subject<'a>>,
    /// The schemas' word on each of `objects`, in the same order.
    pub(crate) judgements: Vec<Judgement>,
    by_key: BTreeMap<Key, Vec<usize>>,
    files: BTreeSet<&'a str>,
}

impl<'a> ClusterView<'a> {
    pub(crate) fn new(build: &'a ClusterBuild, schemas: &Store) -> Self {
        let remote_builds = remote_builds(build);
        let is_remote = |built: &Built| {
            let parents = built.origin.iter().rev().skip(1).map(|hop| hop.what.as_str());
            parents.into_iter().any(|what| remote_builds.contains(what))
        };
        let mut kustomizations = Vec::new();
        let mut objects = Vec::new();
        for built in &build.kustomizations {
            let lives_elsewhere = is_remote(built);
            if let Some(node) = &built.node {
                kustomizations.push(Subject {
                    cluster: build,
                    built,
                    object: None,
                    node,
                    remote: lives_elsewhere,
                });
            }
            let remote = lives_elsewhere
                || built
                    .node
                    .as_ref()
                    .is_some_and(|node| Kustomization(node).is_remote());
            for object in built.objects.iter().filter(|_| built.state == State::Built) {
                objects.push(Subject {
                    cluster: build,
                    built,
                    object: Some(object),
                    node: &object.node,
                    remote,
                });
            }
        }
        let judgements = objects
            .par_iter()
            .map(|subject| Judgement::of(subject.node, schemas))
            .collect();
        let mut by_key: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (index, subject) in objects.iter().enumerate().filter(|(_, subject)| !subject.remote) {
            by_key
                .entry(Key::of(subject.node, schemas))
                .or_default()
                .push(index);
        }
        let files = build
            .kustomizations
            .iter()
            .flat_map(|built| built.files.iter().map(String::as_str))
            .collect();
        Self {
            build,
            kustomizations,
            objects,
            judgements,
            by_key,
            files,
        }
    }

    /// Whether some build read a file.
    pub(crate) fn reads(&self, file: &str) -> bool {
        self.files.contains(file)
    }

    /// Whether some build that succeeded read a file.
    pub(crate) fn reads_well(&self, file: &str) -> bool {
        let good = |built: &Built| built.state == State::Built && built.files.contains(file);
        self.reads(file) && self.build.kustomizations.iter().any(good)
    }

    /// Files that some build read.
    pub(crate) fn files(&self) -> &BTreeSet<&'a str> {
        &self.files
    }

    /// The object of a key, on the cluster itself.
    pub(crate) fn get(&self, key: &Key) -> Option<Subject<'a>> {
        let index = self.by_key.get(key)?.first()?;
        self.objects.get(*index).copied()
    }

    /// Every key with the objects that have it: more than one when several builds apply it.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&Key, Vec<Subject<'a>>)> {
        self.by_key.iter().map(|(key, indexes)| {
            (
                key,
                indexes
                    .iter()
                    .filter_map(|index| self.objects.get(*index).copied())
                    .collect(),
            )
        })
    }

    /// The objects on the cluster itself of a group and kind.
    pub(crate) fn of_kind<'s>(
        &'s self,
        group: &'s str,
        kind: &'s str,
    ) -> impl Iterator<Item = Subject<'a>> + 's {
        self.objects
            .iter()
            .filter(move |subject| {
                !subject.remote && object::kind(subject.node) == kind && object::group(subject.node) == group
            })
            .copied()
    }

    /// Objects with their judgements.
    pub(crate) fn judged(&self) -> impl Iterator<Item = (&Subject<'a>, &Judgement)> {
        self.objects.iter().zip(&self.judgements)
    }

    /// The source that the cluster's Flux was started with; where no file says it, the one that most Kustomizations use.
    pub(crate) fn own_source(&self) -> Option<Key> {
        if let Some((kind, namespace, name)) = &self.build.cluster.source {
            return Some(Key::new(SOURCES, kind, namespace, name));
        }
        let mut used: BTreeMap<Key, usize> = BTreeMap::new();
        for key in self
            .kustomizations
            .iter()
            .filter(|subject| !subject.remote)
            .filter_map(source_of)
        {
            *used.entry(key).or_default() += 1;
        }
        used.into_iter()
            .max_by_key(|(_, count)| *count)
            .map(|(key, _)| key)
    }

    /// Builds that gave nothing although they should have.
    pub(crate) fn broken(&self) -> impl Iterator<Item = &'a Built> {
        self.build
            .kustomizations
            .iter()
            .filter(|built| matches!(built.state, State::Failed | State::NoFolder))
    }

    /// Builds whose folder lies in another source.
    pub(crate) fn external(&self) -> impl Iterator<Item = &'a Built> {
        self.build
            .kustomizations
            .iter()
            .filter(|built| matches!(built.state, State::External(_)))
    }
}

/// What a flux::Kustomization takes its files from.
pub(crate) fn source_of(subject: &Subject<'_>) -> Option<Key> {
    let source = subject.kustomization().source_ref()?;
    Some(Key::new(SOURCES, &source.kind, &source.namespace, &source.name))
}

/// The hops of flux::Kustomizations with `spec.kubeConfig`: what they apply lives elsewhere.
fn remote_builds(build: &ClusterBuild) -> BTreeSet<String> {
    let remote = |built: &&Built| {
        built
            .node
            .as_ref()
            .is_some_and(|node| Kustomization(node).is_remote())
    };
    build
        .kustomizations
        .iter()
        .filter(remote)
        .map(|built| format!("Kustomization {}", built.id))
        .collect()
}
