//! The root mapping of a kustomization file.

use diag::SourceId;
use model::yaml::Node;

use super::{Decoder, Fields, Strictness, values};
use crate::file::{File, Kind, SortLists, SortOptions, SortOrder};
use crate::problem::{Problem, ProblemKind};

/// The fields of a kustomization file (kustomize 5.8 `api/types`), those of old files included. Their case does not count.
pub const FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Fields of kustomize that this engine does not act on.
const UNSUPPORTED: &[&str] = &[
    "vars",
    "openapi",
    "crds",
    "helmCharts",
    "helmGlobals",
    "helmChartInflationGenerator",
    "generators",
    "transformers",
    "validators",
];

/// Fields that kustomize warns about, and what to use.
const DEPRECATED: &[(&str, &str)] = &[
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
];

const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

/// Reads a kustomization file. The problems say what is wrong with it; the file holds what could be read.
pub(crate) fn kustomization(
    path: &str,
    source: SourceId,
    text: &str,
    strictness: Strictness,
) -> (File, Vec<Problem>) {
    let mut decoder = Decoder::new(strictness);
    let mut file = File {
        path: path.to_owned(),
        folder: model::tree::path::parent(path).to_owned(),
        is_empty: true,
        ..File::default()
    };
    if let Some(node) = decoder.document(source, text)
        && let Some(fields) = decoder.fields(&node, "the kustomization file", FIELDS)
    {
        decoder.file(&fields, &mut file);
    }
    (file, decoder.problems)
}

impl Decoder {
    fn file(&mut self, fields: &Fields<'_>, file: &mut File) {
        self.head(fields, file);
        self.refuse(fields);
        let metadata = ["name", "namespace", "labels", "annotations"];
        if let Some(node) = fields.get("metadata") {
            self.fields(node, "`metadata`", &metadata);
        }
        file.resources = self.texts_field(fields, "resources");
        file.has_resources = !file.resources.is_empty();
        file.resources.extend(self.texts_field(fields, "bases"));
        file.components = self.texts_field(fields, "components");
        file.configurations = self.texts_field(fields, "configurations");
        file.namespace = self.text_field(fields, "namespace");
        file.name_prefix = self.text_field(fields, "namePrefix");
        file.name_suffix = self.text_field(fields, "nameSuffix");
        file.common_labels = self.pairs_field(fields, "commonLabels");
        file.common_annotations = self.pairs_field(fields, "commonAnnotations");
        file.labels = self
            .items(fields, "labels")
            .iter()
            .filter_map(|node| self.labels(node))
            .collect();
        file.patches = self
            .items(fields, "patches")
            .iter()
            .filter_map(|node| self.patch(node))
            .collect();
        let json = self.items(fields, "patchesJson6902");
        file.patches_json6902 = json.iter().filter_map(|node| self.patch(node)).collect();
        let merges = self.items(fields, "patchesStrategicMerge");
        file.patches_strategic_merge = merges
            .iter()
            .filter_map(|node| self.strategic_merge(node))
            .collect();
        file.images = self.images(fields.get("images"));
        let old_images = self.images(fields.get("imageTags"));
        file.images.extend(old_images);
        let replicas = self.items(fields, "replicas");
        file.replicas = replicas.iter().filter_map(|node| self.replicas(node)).collect();
        let replacements = self.items(fields, "replacements");
        file.replacements = replacements
            .iter()
            .filter_map(|node| self.replacement_entry(node))
            .collect();
        let maps = self.items(fields, "configMapGenerator");
        file.generators = maps
            .iter()
            .filter_map(|node| self.generator(node, false))
            .collect();
        let secrets = self.items(fields, "secretGenerator");
        file.generators
            .extend(secrets.iter().filter_map(|node| self.generator(node, true)));
        file.generator_options = fields
            .get("generatorOptions")
            .and_then(|node| self.generator_options(node));
        file.build_metadata = self.texts_field(fields, "buildMetadata");
        file.sort_options = fields.get("sortOptions").and_then(|node| self.sort_options(node));
    }

    /// `kind` and `apiVersion`, and whether there is anything else.
    fn head(&mut self, fields: &Fields<'_>, file: &mut File) {
        file.is_empty = fields.found.iter().all(|(name, entry)| {
            matches!(*name, "apiVersion" | "kind")
                || entry.value.is_null()
                || entry.value.as_str() == Some("")
        });
        let kind = self.text_field(fields, "kind");
        match kind.as_ref().map(|kind| (&*kind.value, kind.span)) {
            None | Some(("Kustomization", _)) => {}
            Some(("Component", _)) => file.kind = Kind::Component,
            Some((other, span)) => {
                self.error(
                    span,
                    format!("kind is `{other}`, wanted `Kustomization` or `Component`"),
                );
                return;
            }
        }
        let wanted = if file.kind == Kind::Component {
            COMPONENT_VERSION
        } else {
            KUSTOMIZATION_VERSION
        };
        if let Some(version) = self.text_field(fields, "apiVersion")
            && *version.value != *wanted
        {
            let message = format!("apiVersion is `{}`, wanted `{wanted}`", version.value);
            self.error(version.span, message);
        }
    }

    fn refuse(&mut self, fields: &Fields<'_>) {
        for name in UNSUPPORTED {
            let Some(entry) = fields.entry(name) else { continue };
            let is_empty = entry.value.as_seq().is_some_and(<[Node]>::is_empty)
                || entry.value.as_map().is_some_and(model::yaml::Map::is_empty);
            if !is_empty {
                self.problems.push(
                    Problem::new(
                        ProblemKind::Unsupported,
                        entry.key_span,
                        format!("`{name}` is not supported by the built-in kustomize engine"),
                    )
                    .with_help("build with the real program: `--engine tools`"),
                );
            }
        }
        for (old, new) in DEPRECATED {
            if let Some(entry) = fields.entry(old) {
                let message = format!("`{old}` is deprecated, wanted `{new}`");
                self.problems.push(
                    Problem::new(ProblemKind::Deprecated, entry.key_span, message)
                        .with_help("`kustomize edit fix` rewrites the file"),
                );
            }
        }
    }

    fn sort_options(&mut self, node: &Node) -> Option<SortOptions> {
        let fields = self.fields(node, "`sortOptions`", &["order", "legacySortOptions"])?;
        let order = match self.text_field(&fields, "order") {
            Some(order) if &*order.value == "legacy" => SortOrder::Legacy,
            Some(order) if &*order.value == "fifo" => SortOrder::Fifo,
            other => {
                let (span, found) = other.map_or((node.span, "nothing".to_owned()), |order| {
                    (order.span, format!("`{}`", order.value))
                });
                self.error(
                    span,
                    format!("`sortOptions.order` is {found}, wanted `legacy` or `fifo`"),
                );
                return None;
            }
        };
        let legacy = fields.get("legacySortOptions");
        let lists =
            legacy.and_then(|node| self.fields(node, "`legacySortOptions`", &["orderFirst", "orderLast"]));
        if let (Some(legacy), SortOrder::Fifo) = (legacy, order) {
            self.error(legacy.span, "`legacySortOptions` is set and the order is `fifo`");
        }
        let lists = lists.map(|fields| SortLists {
            first: values(self.texts_field(&fields, "orderFirst")),
            last: values(self.texts_field(&fields, "orderLast")),
        });
        Some(SortOptions { order, lists })
    }
}
