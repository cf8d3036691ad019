//! The entry point, and what the builds of a run share: each file is read and parsed once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use diag::Sources;
use model::tree::{ReadError, Text, Tree};

use crate::accumulate::Run;
use crate::config::Config;
use crate::decode::{self, Strictness};
use crate::file::{File, Replacement};
use crate::manifest::{self, Manifest};
use crate::patch::{self, PatchText};
use crate::problem::Problem;
use crate::{Build, Options};

/// A kustomization file that was read.
#[derive(Debug)]
pub(crate) struct Kustomization {
    pub(crate) file: Arc<File>,
    pub(crate) problems: Vec<Problem>,
}

/// A file of replacements or a configuration that was read.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    pub(crate) value: T,
    pub(crate) problems: Vec<Problem>,
}

/// Builds folders of one tree. Many threads may build at once; what one has parsed the others need not parse again.
#[derive(Debug)]
pub struct Builder<'t> {
    pub(crate) tree: &'t Tree,
    kustomizations: Cache<Kustomization>,
    manifests: Cache<Manifest>,
    patches: Cache<PatchText>,
    replacements: Cache<Decoded<Vec<Replacement>>>,
    configurations: Cache<Decoded<Arc<Config>>>,
}

/// What a file was read as, by path.
#[derive(Debug)]
struct Cache<T>(RwLock<HashMap<String, Result<Arc<T>, ReadError>>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> Cache<T> {
    /// What is known of a path, else what `make` says. Two threads may make the same; they make it equal.
    fn get(&self, tree: &Tree, path: &str, make: impl FnOnce(&Text) -> T) -> Result<Arc<T>, ReadError> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return known.clone();
        }
        let made = tree.read(path).map(|text| Arc::new(make(&text)));
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned(), made.clone());
        made
    }
}

impl<'t> Builder<'t> {
    /// A builder of the folders of a tree.
    pub fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            kustomizations: Cache::default(),
            manifests: Cache::default(),
            patches: Cache::default(),
            replacements: Cache::default(),
            configurations: Cache::default(),
        }
    }

    /// Builds a folder of the tree, named by its path from the root.
    pub fn build(&self, folder: &str, options: &Options) -> Build {
        Run::new(self, options).build(&model::tree::path::normalize(folder))
    }

    pub(crate) fn sources(&self) -> &Sources {
        self.tree.sources()
    }

    pub(crate) fn kustomization(&self, path: &str) -> Result<Arc<Kustomization>, ReadError> {
        self.kustomizations.get(self.tree, path, |text| {
            let (file, problems) = decode::kustomization(path, text.source, &text.text, Strictness::Strict);
            Kustomization {
                file: Arc::new(file),
                problems,
            }
        })
    }

    pub(crate) fn manifest(&self, path: &str) -> Result<Arc<Manifest>, ReadError> {
        self.manifests
            .get(self.tree, path, |text| manifest::read(text.source, &text.text))
    }

    pub(crate) fn patch(&self, path: &str) -> Result<Arc<PatchText>, ReadError> {
        self.patches
            .get(self.tree, path, |text| patch::read(text.source, &text.text))
    }

    pub(crate) fn replacements(&self, path: &str) -> Result<Arc<Decoded<Vec<Replacement>>>, ReadError> {
        self.replacements.get(self.tree, path, |text| {
            let (value, problems) = decode::replacement_file(text.source, &text.text);
            Decoded { value, problems }
        })
    }

    pub(crate) fn configuration(&self, path: &str) -> Result<Arc<Decoded<Arc<Config>>>, ReadError> {
        self.configurations.get(self.tree, path, |text| {
            let (value, problems) = decode::configuration_file(text.source, &text.text);
            Decoded {
                value: Arc::new(value),
                problems,
            }
        })
    }
}
