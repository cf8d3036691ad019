//! `kustomize build` in process: a tree of files in, objects with their origin out.
//!
//! Behaves as kustomize 5.8.1 does; [`Mode::Flux`] adds what kustomize-controller changes. What is not supported is
//! refused by name ([`ProblemKind::Unsupported`]), never skipped. Nothing outside the tree is read, nothing is fetched.

mod accumulate;
mod accumulator;
mod builder;
mod config;
mod decode;
mod fieldspec;
mod file;
mod finish;
mod flux;
mod generate;
mod hash;
mod json6902;
mod manifest;
mod merge;
mod names;
mod order;
mod patch;
mod paths;
mod pointer;
mod problem;
mod resource;
mod scalar;
mod scope;
mod selector;
mod transform;

use std::collections::BTreeSet;

use model::yaml::Node;

pub use builder::Builder;
pub use decode::FIELDS;
pub use problem::{Problem, ProblemKind};

/// Whose build is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// `kustomize build`: the root file is read strictly and must exist.
    #[default]
    Kustomize,
    /// kustomize-controller: the root file is read leniently, made up when it is absent, and the Flux spec is merged in.
    Flux,
}

/// Which files a kustomization may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadRestrictor {
    /// Those in or below its own folder: the default of `kustomize build`.
    #[default]
    RootOnly,
    /// All files of the tree: what Flux sets.
    None,
}

/// The order of the objects, unless the root file has `sortOptions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As they were read: what Flux sets.
    Fifo,
    /// By kind, group and name: the default of `kustomize build`.
    #[default]
    Legacy,
}

/// The fields of a `flux::Kustomization` spec that are merged into the root file, as the nodes of that spec.
#[derive(Debug, Default, Clone)]
pub struct RootOverlay {
    /// `spec.targetNamespace`.
    pub target_namespace: Option<Node>,
    /// `spec.namePrefix`.
    pub name_prefix: Option<Node>,
    /// `spec.nameSuffix`.
    pub name_suffix: Option<Node>,
    /// `spec.patches`.
    pub patches: Option<Node>,
    /// `spec.components`.
    pub components: Option<Node>,
    /// `spec.ignoreMissingComponents`.
    pub ignore_missing_components: bool,
    /// `spec.images`.
    pub images: Option<Node>,
    /// `spec.buildMetadata`.
    pub build_metadata: Option<Node>,
}

/// How to build.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Whose build is meant.
    pub mode: Mode,
    /// Which files a kustomization may name.
    pub restrictor: LoadRestrictor,
    /// The order of the objects.
    pub order: Order,
    /// What the Flux spec adds; looked at in [`Mode::Flux`] only.
    pub overlay: RootOverlay,
}

impl Options {
    /// What kustomize-controller sets, with the fields of a `flux::Kustomization`.
    pub fn flux(overlay: RootOverlay) -> Self {
        Self {
            mode: Mode::Flux,
            restrictor: LoadRestrictor::None,
            order: Order::Fifo,
            overlay,
        }
    }
}

/// What a build made.
#[derive(Debug, Default)]
pub struct Build {
    /// The objects in order; incomplete when the build failed.
    pub objects: Vec<Object>,
    /// What went wrong, in the order in which it was met.
    pub problems: Vec<Problem>,
    /// Every file of the tree that was read.
    pub files: BTreeSet<String>,
    /// Whether the folder had no kustomization file and one was made up, as Flux does.
    pub generated: bool,
}

impl Build {
    /// Whether the real program would have failed, or a feature is missing here.
    pub fn failed(&self) -> bool {
        self.problems.iter().any(|problem| problem.kind.fails())
    }
}

/// One object and where it comes from.
#[derive(Debug, Clone)]
pub struct Object {
    /// The object; each value points at the text that it was written in.
    pub node: Node,
    /// The kustomization files from the root to the one that lists the object's file or generator, each with its entry
    /// that led on; then one hop for each patch that touched the object.
    pub origin: Vec<diag::Hop>,
}
