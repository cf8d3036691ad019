//! What Flux would apply on one cluster: starting at the entrypoint, every flux::Kustomization that comes out of a build is
//! built in its turn.

use std::collections::{BTreeMap, BTreeSet};

use diag::{Hop, Sources, Span};
use kustomize::{Builder, Options as BuildOptions, RootOverlay};
use model::object;
use model::tree::Tree;
use model::yaml::Node;
use rayon::prelude::*;

use crate::cluster::Cluster;
use crate::envsubst::Strictness;
use crate::kustomization::{Id, Kustomization, is_kustomization};
use crate::substitute::{self, Problem};
use crate::variables::{Pool, Variables};

/// Builds of one cluster never go on beyond this many flux::Kustomizations.
const MAX_KUSTOMIZATIONS: usize = 20_000;

/// Everything that Flux would apply on one cluster.
#[derive(Debug)]
pub struct ClusterBuild {
    /// The cluster.
    pub cluster: Cluster,
    /// Its flux::Kustomizations: the entrypoint first, the others by namespace and name.
    pub kustomizations: Vec<Built>,
    /// ConfigMaps and Secrets of all of them.
    pub pool: Pool,
}

/// One flux::Kustomization and what it builds.
#[derive(Debug)]
pub struct Built {
    /// Namespace and name.
    pub id: Id,
    /// The object; none for an entrypoint that no file describes.
    pub node: Option<Node>,
    /// Its `spec.path`, as a path of the tree.
    pub folder: String,
    /// The way from the entrypoint to this flux::Kustomization.
    pub origin: Vec<Hop>,
    /// Whether it was built.
    pub state: State,
    /// What it applies.
    pub objects: Vec<BuiltObject>,
    /// What kustomize says.
    pub problems: Vec<kustomize::Problem>,
    /// Files that the build read.
    pub files: BTreeSet<String>,
    /// Its variables, when it substitutes.
    pub variables: Option<Variables>,
}

/// Whether a flux::Kustomization was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Yes.
    Built,
    /// The build fails; the problems say why.
    Failed,
    /// Its folder lies in another source than this repository.
    External(String),
    /// `spec.path` names no folder of the tree.
    NoFolder,
}

/// An object as Flux would apply it.
#[derive(Debug)]
pub struct BuiltObject {
    /// The object after substitution.
    pub node: Node,
    /// The object before substitution, where that changed it.
    pub before: Option<Node>,
    /// The kustomization.yaml files and patches that led to it.
    pub origin: Vec<Hop>,
    /// Variables that it reads, with their places.
    pub used: Vec<(String, Span)>,
    /// Values that hold a variable whose content is not known here.
    pub unknown: Vec<Span>,
    /// The names of the variables in them.
    pub unknown_names: BTreeSet<String>,
    /// Why its substitution fails.
    pub problems: Vec<Problem>,
}

/// How clusters are built.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What an undefined variable does.
    pub strictness: Strictness,
}

impl Options {
    /// The behaviour of a Flux version, `major.minor` counting: strict from 2.9 on (kustomize-controller 1.9).
    pub fn for_version(major: u32, minor: u32) -> Self {
        let strict = (major, minor) >= (2, 9);
        Self {
            strictness: if strict {
                Strictness::Strict
            } else {
                Strictness::Lax
            },
        }
    }
}

impl ClusterBuild {
    /// A flux::Kustomization by namespace and name.
    pub fn get(&self, id: &Id) -> Option<&Built> {
        self.kustomizations.iter().find(|built| built.id == *id)
    }

    /// Every object with the flux::Kustomization that applies it.
    pub fn objects(&self) -> impl Iterator<Item = (&Built, &BuiltObject)> {
        self.kustomizations
            .iter()
            .flat_map(|built| built.objects.iter().map(move |object| (built, object)))
    }

    /// The way from the entrypoint to an object.
    pub fn origin(&self, built: &Built, object: &BuiltObject) -> Vec<Hop> {
        let mut hops = built.origin.clone();
        hops.extend(object.origin.iter().cloned());
        hops
    }
}

/// Builds one cluster.
pub fn build(tree: &Tree, builder: &Builder<'_>, cluster: &Cluster, options: Options) -> ClusterBuild {
    let mut walk = Walk {
        tree,
        builder,
        cluster: cluster.clone(),
        options,
        seen: BTreeSet::new(),
        pool: Pool::default(),
        own_urls: BTreeSet::new(),
        sources: BTreeMap::new(),
        done: Vec::new(),
    };
    walk.run();
    let Walk {
        cluster,
        mut done,
        pool,
        ..
    } = walk;
    if let Some((_, rest)) = done.split_first_mut() {
        rest.sort_by(|a, b| a.id.cmp(&b.id));
    }
    ClusterBuild {
        cluster,
        kustomizations: done,
        pool,
    }
}

struct Walk<'t> {
    tree: &'t Tree,
    builder: &'t Builder<'t>,
    cluster: Cluster,
    options: Options,
    seen: BTreeSet<Id>,
    pool: Pool,
    /// URLs of the sources that hold this repository.
    own_urls: BTreeSet<String>,
    /// URL of each source by kind, namespace and name.
    sources: BTreeMap<(String, String, String), String>,
    done: Vec<Built>,
}

/// A flux::Kustomization that was found and is not yet finished.
struct Found {
    id: Id,
    node: Option<Node>,
    folder: String,
    origin: Vec<Hop>,
}

/// A flux::Kustomization whose kustomize build is done and whose variables are awaited.
struct Raw {
    found: Found,
    state: State,
    build: kustomize::Build,
}

impl Walk<'_> {
    fn run(&mut self) {
        self.adopt_sync();
        let entry = self.entry();
        self.seen.insert(entry.id.clone());
        let mut found = vec![entry];
        let mut waiting: Vec<Raw> = Vec::new();
        loop {
            let fresh: Vec<Raw> = found.into_par_iter().map(|found| self.render(found)).collect();
            waiting.extend(fresh);
            let (ready, blocked): (Vec<Raw>, Vec<Raw>) = waiting
                .into_iter()
                .partition(|raw| self.has_its_sources(&raw.found, false));
            let (ready, blocked) = if ready.is_empty() {
                // Nothing moves any more: optional sources are not going to come, then neither are the others.
                let (ready, blocked): (Vec<Raw>, Vec<Raw>) = blocked
                    .into_iter()
                    .partition(|raw| self.has_its_sources(&raw.found, true));
                if ready.is_empty() {
                    (blocked, Vec::new())
                } else {
                    (ready, blocked)
                }
            } else {
                (ready, blocked)
            };
            if ready.is_empty() {
                return;
            }
            let built: Vec<Built> = ready.into_par_iter().map(|raw| self.finish(raw)).collect();
            found = self.take(built);
            waiting = blocked;
        }
    }

    /// Uses the flux::Kustomization of the entrypoint's own output where bootstrap left no file of its own.
    fn adopt_sync(&mut self) {
        if self.cluster.sync.is_some() {
            return;
        }
        let build = self.builder.build(&self.cluster.folder, &flux_options(None));
        let folder = &self.cluster.folder;
        let sync = build
            .objects
            .into_iter()
            .map(|object| object.node)
            .find(|node| is_kustomization(node) && Kustomization(node).path().0 == *folder);
        if let Some(sync) = sync {
            let source = Kustomization(&sync).source_ref();
            self.cluster.source = self
                .cluster
                .source
                .take()
                .or_else(|| source.map(|source| (source.kind, source.namespace, source.name)));
            self.cluster.sync = Some(sync);
        }
    }

    fn entry(&self) -> Found {
        let id = self.cluster.sync.as_ref().map_or_else(
            || Id {
                namespace: "flux-system".to_owned(),
                name: "flux-system".to_owned(),
            },
            |node| Kustomization(node).id(),
        );
        let span = self.cluster.sync.as_ref().map_or(Span::NONE, object::span);
        let origin = vec![Hop {
            what: format!("Kustomization {id}"),
            span,
        }];
        Found {
            id,
            node: self.cluster.sync.clone(),
            folder: self.cluster.folder.clone(),
            origin,
        }
    }

    fn render(&self, found: Found) -> Raw {
        let view = found.node.as_ref().map(Kustomization);
        let nothing = || kustomize::Build::default();
        if let Some(reason) = view.and_then(|view| self.external(view)) {
            return Raw {
                found,
                state: State::External(reason),
                build: nothing(),
            };
        }
        if !self.tree.is_folder(&found.folder) {
            return Raw {
                found,
                state: State::NoFolder,
                build: nothing(),
            };
        }
        let build = self.builder.build(&found.folder, &flux_options(view));
        let state = if build.failed() {
            State::Failed
        } else {
            State::Built
        };
        Raw { found, state, build }
    }

    /// Why a flux::Kustomization takes its folder from elsewhere.
    fn external(&self, view: Kustomization<'_>) -> Option<String> {
        let source = view.source_ref()?;
        let key = (source.kind, source.namespace, source.name);
        let shown = format!("{} {}/{}", key.0, key.1, key.2);
        if self.cluster.source.as_ref() == Some(&key) {
            return None;
        }
        match self.sources.get(&key) {
            Some(url) if self.own_urls.contains(url) => None,
            Some(url) if self.is_pushed(url) && self.tree.is_folder(&view.path().0) => None,
            Some(url) if self.cluster.source.is_some() => Some(format!("its source is {shown} at {url}")),
            // Who does not know which source this repository is takes a folder that is here for meant.
            _ if self.tree.is_folder(&view.path().0) && !view.path().0.is_empty() => None,
            Some(url) => Some(format!("its source is {shown} at {url}")),
            None => Some(format!("its source is {shown}")),
        }
    }

    /// Whether a URL is that of the artifact that this repository's CI pushes: an OCI URL with the same last name. It may
    /// hold a part of the repository only.
    fn is_pushed(&self, url: &str) -> bool {
        let last = |url: &str| url.rsplit('/').next().map(str::to_owned);
        url.starts_with("oci://") && self.own_urls.iter().any(|own| last(own) == last(url))
    }

    fn has_its_sources(&self, found: &Found, without_optional: bool) -> bool {
        let Some(view) = found.node.as_ref().map(Kustomization) else {
            return true;
        };
        view.substitute_from()
            .iter()
            .all(|reference| self.pool.get(reference).is_some() || without_optional && reference.optional)
    }

    fn finish(&self, raw: Raw) -> Built {
        let Raw { found, state, build } = raw;
        let view = found.node.as_ref().map(Kustomization);
        let variables = view
            .filter(|view| view.has_post_build())
            .map(|view| Variables::load(view, &self.pool));
        let active = variables.as_ref().filter(|variables| {
            !variables.known.is_empty()
                || variables.has_unknown()
                || view.is_some_and(Kustomization::substitutes_always)
        });
        let objects = build.objects.into_iter().map(|object| {
            let mut built = finish_object(object, active, self.options, self.tree.sources());
            if let Some(view) = view {
                common_metadata(view, &mut built.node);
            }
            built
        });
        Built {
            objects: objects.collect(),
            id: found.id,
            node: found.node,
            folder: found.folder,
            origin: found.origin,
            state,
            problems: build.problems,
            files: build.files,
            variables,
        }
    }

    /// Takes in finished ones and returns the flux::Kustomizations that they apply.
    fn take(&mut self, built: Vec<Built>) -> Vec<Found> {
        let mut found = Vec::new();
        for built in &built {
            for object in &built.objects {
                self.pool.add(&object.node);
                self.note_source(&object.node);
            }
        }
        for built in &built {
            for object in built
                .objects
                .iter()
                .filter(|object| is_kustomization(&object.node))
            {
                let view = Kustomization(&object.node);
                let id = view.id();
                if self.seen.len() >= MAX_KUSTOMIZATIONS || !self.seen.insert(id.clone()) {
                    continue;
                }
                let mut origin = built.origin.clone();
                origin.extend(object.origin.iter().cloned());
                let what = format!("Kustomization {id}");
                origin.push(Hop {
                    what,
                    span: object::span(&object.node),
                });
                found.push(Found {
                    id,
                    folder: view.path().0,
                    node: Some(object.node.clone()),
                    origin,
                });
            }
        }
        self.done.extend(built);
        found
    }

    fn note_source(&mut self, node: &Node) {
        if object::group(node) != "source.toolkit.fluxcd.io" {
            return;
        }
        let Some(url) = node.str_at(&["spec", "url"]) else {
            return;
        };
        let url = url.trim_end_matches('/').trim_end_matches(".git").to_owned();
        let key = (
            object::kind(node).to_owned(),
            object::namespace(node).to_owned(),
            object::name(node).to_owned(),
        );
        if self.cluster.source.as_ref() == Some(&key) {
            self.own_urls.insert(url.clone());
        }
        self.sources.insert(key, url);
    }
}

fn finish_object(
    object: kustomize::Object,
    variables: Option<&Variables>,
    options: Options,
    sources: &Sources,
) -> BuiltObject {
    let kustomize::Object { node, origin, .. } = object;
    let Some(variables) = variables else {
        return BuiltObject {
            node,
            before: None,
            origin,
            used: Vec::new(),
            unknown: Vec::new(),
            unknown_names: BTreeSet::new(),
            problems: Vec::new(),
        };
    };
    let after = substitute::object(&node, variables, options.strictness, sources);
    let before = (!after.used.is_empty()).then_some(node);
    BuiltObject {
        node: after.node,
        before,
        origin,
        used: after.used,
        unknown: after.unknown,
        unknown_names: after.unknown_names,
        problems: after.problems,
    }
}

/// `spec.commonMetadata`: set on every object after substitution, over what is there.
fn common_metadata(view: Kustomization<'_>, node: &mut Node) {
    for field in ["labels", "annotations"] {
        let entries = view.0.entries_at(&["spec", "commonMetadata", field]);
        let span = node.span;
        let Some(target) = node
            .as_map_mut()
            .filter(|_| !entries.is_empty())
            .and_then(|map| map.map_or_insert("metadata", span))
            .and_then(|metadata| metadata.map_or_insert(field, span))
        else {
            continue;
        };
        for entry in entries {
            target.set(entry.key.clone(), entry.key_span, entry.value.clone());
        }
    }
}

fn flux_options(view: Option<Kustomization<'_>>) -> BuildOptions {
    let field = |name: &str| view.and_then(|view| view.spec(name)).cloned();
    let overlay = RootOverlay {
        target_namespace: field("targetNamespace"),
        name_prefix: field("namePrefix"),
        name_suffix: field("nameSuffix"),
        patches: field("patches"),
        components: field("components"),
        ignore_missing_components: field("ignoreMissingComponents")
            .and_then(|node| node.as_bool())
            .unwrap_or(false),
        images: field("images"),
        build_metadata: field("buildMetadata"),
    };
    BuildOptions::flux(overlay)
}
