//! One build: kustomizations are worked off depth first, each by the same steps.
//!
//! The steps of one: resources in order, configurations, generators, components, transformers. Only after the root:
//! hashes, references, what is local is dropped, order.

use std::collections::BTreeSet;
use std::sync::Arc;

use diag::{Hop, Span};
use model::tree::path;

use crate::accumulator::Accumulator;
use crate::builder::Builder;
use crate::file::{File, Kind, Text};
use crate::manifest::Manifest;
use crate::paths::Place;
use crate::problem::{Problem, ProblemKind};
use crate::resource::Resource;
use crate::{Build, Mode, Options, finish, flux, generate, transform};

/// How far kustomizations may lead, and how much one build may hold.
const MAX_LEVELS: usize = 100;
const MAX_VISITS: usize = 10_000;
const MAX_OBJECTS: usize = 300_000;

/// One build.
pub(crate) struct Run<'b, 't> {
    pub(crate) builder: &'b Builder<'t>,
    pub(crate) options: &'b Options,
    pub(crate) problems: Vec<Problem>,
    pub(crate) files: BTreeSet<String>,
    /// What the root's `buildMetadata` asks for.
    pub(crate) metadata: Metadata,
    /// The folders on the way from the root to the present one.
    chain: Vec<String>,
    /// The same way as the kustomization files and the entries that lead on.
    hops: Vec<Hop>,
    /// The same way as text: the paths of the entries, joined.
    pub(crate) origin_path: String,
    visits: usize,
    objects: usize,
}

/// The switches of `buildMetadata`.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Metadata {
    pub(crate) origin: bool,
    pub(crate) transformations: bool,
    pub(crate) managed_by: bool,
}

impl Metadata {
    fn read(file: &File) -> Self {
        let has = |name: &str| file.build_metadata.iter().any(|text| &*text.value == name);
        Self {
            origin: has("originAnnotations"),
            transformations: has("transformerAnnotations"),
            managed_by: has("managedByLabel"),
        }
    }

    /// Whether objects remember where they come from.
    pub(crate) fn tracks_origin(self) -> bool {
        self.origin || self.transformations
    }
}

impl<'b, 't> Run<'b, 't> {
    pub(crate) fn new(builder: &'b Builder<'t>, options: &'b Options) -> Self {
        Self {
            builder,
            options,
            problems: Vec::new(),
            files: BTreeSet::new(),
            metadata: Metadata::default(),
            chain: Vec::new(),
            hops: Vec::new(),
            origin_path: String::new(),
            visits: 0,
            objects: 0,
        }
    }

    pub(crate) fn build(mut self, folder: &str) -> Build {
        let root = match self.options.mode {
            Mode::Kustomize => self.load(folder, Span::NONE).map(|file| (file, false)),
            Mode::Flux => flux::root(&mut self, folder),
        };
        let Some((file, generated)) = root else {
            return Build {
                problems: self.problems,
                files: self.files,
                ..Build::default()
            };
        };
        self.metadata = Metadata::read(&file);
        let mut accumulator = Accumulator::new();
        self.visit(&mut accumulator, &file);
        let objects = finish::finish(&mut self, accumulator, &file);
        Build {
            objects,
            problems: self.problems,
            files: self.files,
            generated,
        }
    }

    /// The kustomization file of a folder, which `span` names; none after saying why not.
    fn load(&mut self, folder: &str, span: Span) -> Option<Arc<File>> {
        let at = self.kustomization_path(folder, span)?;
        self.files.insert(at.clone());
        match self.builder.kustomization(&at) {
            Ok(read) => {
                self.problems.extend(read.problems.iter().cloned());
                if read.file.is_empty && read.problems.iter().all(|problem| !problem.kind.fails()) {
                    self.refuse_empty(&at);
                }
                Some(read.file.clone())
            }
            Err(error) => {
                self.cannot_read(span, "kustomization file", &error);
                None
            }
        }
    }

    pub(crate) fn refuse_empty(&mut self, at: &str) {
        let span = self
            .builder
            .tree
            .read(at)
            .map_or(Span::NONE, |text| Span::file(text.source));
        self.problems.push(
            Problem::error(span, "the kustomization file is empty")
                .with_help("list the files of the folder under `resources`, or write `resources: []`"),
        );
    }

    /// Works off one kustomization.
    pub(crate) fn visit(&mut self, accumulator: &mut Accumulator, file: &File) {
        self.visits += 1;
        if self.visits > MAX_VISITS || self.chain.len() > MAX_LEVELS {
            if self.visits <= MAX_VISITS + 1 || self.chain.len() > MAX_LEVELS {
                let span = self.hops.last().map_or(Span::NONE, |hop| hop.span);
                self.problems.push(Problem::error(
                    span,
                    format!(
                        "the build leads through more than {MAX_VISITS} kustomizations or {MAX_LEVELS} levels"
                    ),
                ));
            }
            return;
        }
        self.chain.push(file.folder.clone());
        for entry in &file.resources {
            self.resource(accumulator, file, entry);
        }
        self.configurations(accumulator, file);
        generate::run(self, accumulator, file);
        for entry in &file.components {
            self.component(accumulator, file, entry);
        }
        transform::run(self, accumulator, file);
        accumulator.changed();
        self.chain.pop();
    }

    fn resource(&mut self, accumulator: &mut Accumulator, file: &File, entry: &Text) {
        match self.locate_resource(file, entry) {
            Some(Place::File(at)) => self.objects(accumulator, file, entry, &at),
            Some(Place::Folder(at)) => {
                let mut inner = Accumulator::new();
                if self.descend(&mut inner, file, entry, &at, Kind::Kustomization) {
                    accumulator.merge(inner, entry.span, &mut self.problems);
                }
            }
            None => {}
        }
    }

    fn component(&mut self, accumulator: &mut Accumulator, file: &File, entry: &Text) {
        if crate::paths::is_remote(&entry.value) {
            self.problems.push(crate::paths::remote(entry, "component"));
            return;
        }
        let Some(at) = self.join(file, entry) else { return };
        if self.builder.tree.is_file(&at) {
            self.problems.push(Problem::error(
                entry.span,
                format!("component `{}` is a file, wanted a folder", entry.value),
            ));
        } else if self.builder.tree.is_folder(&at) {
            self.descend(accumulator, file, entry, &at, Kind::Component);
        } else {
            let error = self.absence(&at);
            self.cannot_read(entry.span, "component", &error);
        }
    }

    /// Works off the kustomization of another folder; false when there is none to work off.
    fn descend(
        &mut self,
        accumulator: &mut Accumulator,
        file: &File,
        entry: &Text,
        folder: &str,
        wanted: Kind,
    ) -> bool {
        if let Some(above) = self
            .chain
            .iter()
            .rev()
            .find(|visited| path::is_within(visited, folder))
        {
            let shown = if folder.is_empty() { "." } else { folder };
            let message = if above == folder {
                format!("`{}` leads back to `{shown}`, which is being built", entry.value)
            } else {
                format!(
                    "`{}` leads to `{shown}`, which holds `{above}`, which is being built",
                    entry.value
                )
            };
            self.problems
                .push(Problem::new(ProblemKind::Cycle, entry.span, message));
            return false;
        }
        let Some(inner) = self.load(folder, entry.span) else {
            return false;
        };
        if inner.kind != wanted {
            let (message, help) = match wanted {
                Kind::Kustomization => (
                    "is a component, wanted a kustomization",
                    "list it under `components`",
                ),
                Kind::Component => (
                    "is no component",
                    "list it under `resources`, or set `kind: Component` there",
                ),
            };
            self.problems
                .push(Problem::error(entry.span, format!("`{}` {message}", entry.value)).with_help(help));
            return false;
        }
        self.hops.push(Hop {
            what: self.name_of(file),
            span: entry.span,
        });
        let above = self.origin_path.clone();
        if self.metadata.tracks_origin() {
            self.origin_path = finish::join_origin(&above, &entry.value);
        }
        self.visit(accumulator, &inner);
        self.origin_path = above;
        self.hops.pop();
        true
    }

    /// Adds the objects of a file.
    fn objects(&mut self, accumulator: &mut Accumulator, file: &File, entry: &Text, at: &str) {
        self.files.insert(at.to_owned());
        let manifest = match self.builder.manifest(at) {
            Ok(manifest) => manifest,
            Err(error) => return self.cannot_read(entry.span, "resource", &error),
        };
        self.add_problems(&manifest, file, entry);
        let origin = self.origin(file, entry.span);
        for node in &manifest.objects {
            self.objects += 1;
            if self.objects > MAX_OBJECTS {
                if self.objects == MAX_OBJECTS + 1 {
                    let message = format!("the build has more than {MAX_OBJECTS} objects");
                    self.problems.push(Problem::error(entry.span, message));
                }
                return;
            }
            let mut resource = Resource::new(node.clone(), origin.clone());
            if self.metadata.tracks_origin() {
                let joined = finish::join_origin(&self.origin_path, &entry.value);
                resource.origin_annotation = Some(format!("path: {}\n", finish::yaml_scalar(&joined)));
            }
            accumulator.append(resource, entry.span, &mut self.problems);
        }
    }

    fn add_problems(&mut self, manifest: &Manifest, file: &File, entry: &Text) {
        for problem in &manifest.problems {
            let shown = format!("listed in `{}`", file.path);
            self.problems
                .push(problem.clone().with_related(entry.span, shown));
        }
    }

    /// What people call a kustomization file; one that Flux makes up stands nowhere.
    fn name_of(&self, file: &File) -> String {
        if self.builder.tree.is_file(&file.path) {
            file.path.clone()
        } else {
            format!("the kustomization.yaml that Flux makes for {}", file.folder)
        }
    }

    /// The way from the root to an entry of a file.
    pub(crate) fn origin(&self, file: &File, span: Span) -> Vec<Hop> {
        let mut origin = Vec::with_capacity(self.hops.len() + 2);
        origin.extend_from_slice(&self.hops);
        origin.push(Hop {
            what: self.name_of(file),
            span,
        });
        origin
    }

    fn configurations(&mut self, accumulator: &mut Accumulator, file: &File) {
        for entry in &file.configurations {
            let Some(at) = self.locate(file, entry, "configuration") else {
                continue;
            };
            self.files.insert(at.clone());
            match self.builder.configuration(&at) {
                Ok(read) => {
                    self.problems.extend(read.problems.iter().cloned());
                    accumulator.merge_config(&read.value, entry.span, &mut self.problems);
                }
                Err(error) => self.cannot_read(entry.span, "configuration", &error),
            }
        }
    }
}
