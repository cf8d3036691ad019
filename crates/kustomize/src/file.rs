//! A kustomization file in types, each value with the place where it is written.

use std::sync::{Arc, OnceLock};

use diag::Span;
use model::yaml::Node;

use crate::fieldspec::FieldSpec;
use crate::patch::PatchText;
use crate::selector::Selector;

/// A text and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) value: Arc<str>,
    pub(crate) span: Span,
}

/// What a kustomization file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    #[default]
    Kustomization,
    Component,
}

/// A `kustomize::Kustomization` or component.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    /// Path of the file in the tree; of the file that would be there, when it was made up.
    pub(crate) path: String,
    /// The folder that it stands in.
    pub(crate) folder: String,
    pub(crate) kind: Kind,
    /// Whether no field but `apiVersion` and `kind` is set.
    pub(crate) is_empty: bool,
    /// Whether `resources` has entries; `bases` do not count here.
    pub(crate) has_resources: bool,
    pub(crate) resources: Vec<Text>,
    pub(crate) components: Vec<Text>,
    pub(crate) configurations: Vec<Text>,
    pub(crate) namespace: Option<Text>,
    pub(crate) name_prefix: Option<Text>,
    pub(crate) name_suffix: Option<Text>,
    pub(crate) labels: Vec<Labels>,
    pub(crate) common_labels: Vec<Pair>,
    pub(crate) common_annotations: Vec<Pair>,
    pub(crate) patches_strategic_merge: Vec<Patch>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) patches_json6902: Vec<Patch>,
    pub(crate) images: Vec<Image>,
    pub(crate) replicas: Vec<Replicas>,
    pub(crate) replacements: Vec<ReplacementEntry>,
    pub(crate) generators: Vec<Generator>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    pub(crate) build_metadata: Vec<Text>,
    pub(crate) sort_options: Option<SortOptions>,
}

/// A key with its value, as labels and annotations are given.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) key: Text,
    pub(crate) value: Text,
}

/// An entry of `labels`.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
    pub(crate) span: Span,
}

/// An entry of `patches`, `patchesStrategicMerge` or `patchesJson6902`.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    pub(crate) path: Option<Text>,
    /// The text of an inline patch, as the node that holds it.
    pub(crate) inline: Option<Node>,
    pub(crate) target: Option<Selector>,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
    pub(crate) span: Span,
    /// The inline patch, read once.
    pub(crate) parsed: OnceLock<Arc<PatchText>>,
}

/// An entry of `images`.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) name: Arc<str>,
    pub(crate) new_name: Option<Text>,
    pub(crate) new_tag: Option<Text>,
    pub(crate) tag_suffix: Option<Text>,
    pub(crate) digest: Option<Text>,
    pub(crate) span: Span,
}

/// An entry of `replicas`.
#[derive(Debug, Clone)]
pub(crate) struct Replicas {
    pub(crate) name: Text,
    pub(crate) count: i128,
    pub(crate) span: Span,
}

/// An entry of `replacements`: a file, or the replacement itself.
#[derive(Debug, Clone)]
pub(crate) enum ReplacementEntry {
    File(Text),
    Inline(Box<Replacement>),
}

/// One replacement.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {
    pub(crate) source: Option<Source>,
    pub(crate) source_value: Option<Text>,
    pub(crate) targets: Vec<ReplacementTarget>,
    pub(crate) span: Span,
}

/// Where a replacement takes its value.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
    pub(crate) options: FieldOptions,
    pub(crate) span: Span,
}

/// Where a replacement puts its value.
#[derive(Debug, Clone)]
pub(crate) struct ReplacementTarget {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<Text>,
    pub(crate) options: FieldOptions,
    pub(crate) span: Span,
}

/// How a replacement reads and writes parts of a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i128,
    pub(crate) create: bool,
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Clone)]
pub(crate) struct Generator {
    pub(crate) is_secret: bool,
    pub(crate) name: Option<Text>,
    pub(crate) namespace: Option<Text>,
    pub(crate) behavior: Option<Text>,
    pub(crate) literals: Vec<Text>,
    pub(crate) files: Vec<Text>,
    pub(crate) envs: Vec<Text>,
    pub(crate) secret_type: Option<Text>,
    pub(crate) options: GeneratorOptions,
    pub(crate) span: Span,
}

/// `generatorOptions`, and the `options` of one generator.
#[derive(Debug, Clone, Default)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: Vec<Pair>,
    pub(crate) annotations: Vec<Pair>,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

impl GeneratorOptions {
    /// These options with the global ones: own labels and annotations win, a global `true` cannot be undone.
    pub(crate) fn with_global(&self, global: Option<&Self>) -> Self {
        let mut merged = self.clone();
        if let Some(global) = global {
            let add = |own: &mut Vec<Pair>, more: &[Pair]| {
                for pair in more {
                    if own.iter().all(|old| old.key.value != pair.key.value) {
                        own.push(pair.clone());
                    }
                }
            };
            add(&mut merged.labels, &global.labels);
            add(&mut merged.annotations, &global.annotations);
            merged.disable_name_suffix_hash |= global.disable_name_suffix_hash;
            merged.immutable |= global.immutable;
        }
        merged
    }
}

/// `sortOptions`.
#[derive(Debug, Clone)]
pub(crate) struct SortOptions {
    pub(crate) order: SortOrder,
    /// `legacySortOptions`, where they are given.
    pub(crate) lists: Option<SortLists>,
}

/// `legacySortOptions`.
#[derive(Debug, Clone)]
pub(crate) struct SortLists {
    pub(crate) first: Vec<Arc<str>>,
    pub(crate) last: Vec<Arc<str>>,
}

/// The orders of `sortOptions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortOrder {
    Fifo,
    Legacy,
}
