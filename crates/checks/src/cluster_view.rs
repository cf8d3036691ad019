//! One cluster, indexed: its objects by key, the files that its builds read, and the schemas' word on each object.

use std::collections::{BTreeMap, BTreeSet};

use ::flux::{Built, ClusterBuild, Kustomization, State};
use ::helm::install::{ClusterInstall, Install};
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
    /// What charts install, as far as it is known.
    pub(crate) installed: Vec<Subject<'a>>,
    /// The HelmReleases with their charts.
    pub(crate) releases: Vec<Release<'a>>,
    /// The schemas' word on each of `objects`, then on each of `installed`, in the same order.
    judgements: Vec<Judgement>,
    by_key: BTreeMap<Key, Vec<usize>>,
    /// Indexes of `installed`.
    installed_by_key: BTreeMap<Key, usize>,
    files: BTreeSet<&'a str>,
}

/// A HelmRelease with its chart.
#[derive(Clone, Copy)]
pub(crate) struct Release<'a> {
    /// The HelmRelease as an object that a build applies.
    pub(crate) subject: Subject<'a>,
    pub(crate) install: &'a Install<'a>,
}

impl<'a> ClusterView<'a> {
    pub(crate) fn new(
        build: &'a ClusterBuild,
        install: Option<&'a ClusterInstall<'a>>,
        schemas: &Store,
    ) -> Self {
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
                    install: None,
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
                    install: None,
                    remote,
                });
            }
        }
        let releases = install
            .map(|install| with_subjects(install, &objects))
            .unwrap_or_default();
        let installed: Vec<Subject<'a>> = releases.iter().flat_map(installed_by).collect();
        let judgements = objects
            .par_iter()
            .chain(&installed)
            .map(|subject| Judgement::of(subject.node, schemas))
            .collect();
        let mut by_key: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (index, subject) in objects.iter().enumerate().filter(|(_, subject)| !subject.remote) {
            by_key
                .entry(Key::of(subject.node, schemas))
                .or_default()
                .push(index);
        }
        let at_home = |(_, subject): &(usize, &Subject<'_>)| !subject.remote;
        let keyed = |(index, subject): (usize, &Subject<'_>)| (Key::of(subject.node, schemas), index);
        let installed_by_key = installed.iter().enumerate().filter(at_home).map(keyed).collect();
        let files = build
            .kustomizations
            .iter()
            .flat_map(|built| built.files.iter().map(String::as_str))
            .collect();
        Self {
            build,
            kustomizations,
            objects,
            installed,
            releases,
            judgements,
            by_key,
            installed_by_key,
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

    /// The object of a key, on the cluster itself: one that a build applies, else one that a chart installs.
    pub(crate) fn get(&self, key: &Key) -> Option<Subject<'a>> {
        match self.by_key.get(key).and_then(|indexes| indexes.first()) {
            Some(index) => self.objects.get(*index).copied(),
            None => self.installed.get(*self.installed_by_key.get(key)?).copied(),
        }
    }

    /// What builds apply and what charts install.
    pub(crate) fn everything(&self) -> impl Iterator<Item = &Subject<'a>> {
        self.objects.iter().chain(&self.installed)
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

    /// The objects on the cluster itself of a group and kind, those of charts too.
    pub(crate) fn everything_of_kind<'s>(
        &'s self,
        group: &'s str,
        kind: &'s str,
    ) -> impl Iterator<Item = Subject<'a>> + 's {
        let fits = move |subject: &&Subject<'a>| {
            !subject.remote && object::kind(subject.node) == kind && object::group(subject.node) == group
        };
        self.everything().filter(fits).copied()
    }

    /// The objects that builds apply on the cluster itself of a group and kind.
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
        self.everything().zip(&self.judgements)
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

/// Each HelmRelease with the object that it is.
fn with_subjects<'a>(install: &'a ClusterInstall<'a>, objects: &[Subject<'a>]) -> Vec<Release<'a>> {
    let of = |install: &'a Install<'a>| {
        let subject = objects
            .iter()
            .find(|subject| std::ptr::eq(subject.node, install.node()))?;
        Some(Release {
            subject: *subject,
            install,
        })
    };
    install.releases.iter().filter_map(of).collect()
}

/// Whether a HelmRelease installs its chart on another cluster than the one that its Flux runs on.
pub(crate) fn installs_elsewhere(release: &Subject<'_>) -> bool {
    release.remote || release.node.at(&["spec", "kubeConfig"]).is_some()
}

/// What a release installs: on another cluster where it, or what applies it, says so.
fn installed_by<'a>(release: &Release<'a>) -> Vec<Subject<'a>> {
    let Release { subject, install } = *release;
    let remote = installs_elsewhere(&subject);
    let objects = install.objects().iter();
    objects
        .map(|object| Subject {
            object: Some(object),
            node: &object.node,
            install: Some(install),
            remote,
            ..subject
        })
        .collect()
}
