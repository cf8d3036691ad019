//! The entries of the lists of a kustomization file: labels, patches, images, replicas, generators.

use std::sync::OnceLock;

use model::yaml::Node;

use super::Decoder;
use crate::fieldspec::FieldSpec;
use crate::file::{Generator, GeneratorOptions, Image, Labels, Patch, Replicas};
use crate::scalar;
use crate::selector::Selector;

const SELECTOR: &[&str] = &[
    "group",
    "version",
    "kind",
    "name",
    "namespace",
    "annotationSelector",
    "labelSelector",
];

impl Decoder {
    pub(super) fn labels(&mut self, node: &Node) -> Option<Labels> {
        let known = ["pairs", "includeSelectors", "includeTemplates", "fields"];
        let fields = self.fields(node, "an entry of `labels`", &known)?;
        let specs = self.items(&fields, "fields");
        Some(Labels {
            pairs: self.pairs_field(&fields, "pairs"),
            include_selectors: self.bool_field(&fields, "includeSelectors"),
            include_templates: self.bool_field(&fields, "includeTemplates"),
            fields: specs.iter().filter_map(|node| self.field_spec(node)).collect(),
            span: node.span,
        })
    }

    pub(super) fn field_spec(&mut self, node: &Node) -> Option<FieldSpec> {
        let fields = self.fields(
            node,
            "a field spec",
            &["group", "version", "kind", "path", "create"],
        )?;
        let (group, version) = (
            self.string_field(&fields, "group"),
            self.string_field(&fields, "version"),
        );
        let (kind, path) = (
            self.string_field(&fields, "kind"),
            self.string_field(&fields, "path"),
        );
        let create = self.bool_field(&fields, "create");
        if path.is_empty() {
            self.error(node.span, "a field spec has no `path`");
            return None;
        }
        let spec = FieldSpec::new(&group, &version, &kind, &path, create);
        if spec.is_none() {
            self.error(node.span, "the path of a field spec has too many parts");
        }
        spec
    }

    /// An entry of `patches` or `patchesJson6902`.
    pub(crate) fn patch(&mut self, node: &Node) -> Option<Patch> {
        let fields = self.fields(node, "a patch", &["path", "patch", "target", "options"])?;
        let path = self.text_field(&fields, "path");
        let inline = match fields.get("patch") {
            Some(text) => self
                .text(text, "`patch`")
                .map(|text_read| Node::string(text_read.value, text.span)),
            None => None,
        };
        let inline = inline.filter(|node| node.as_str().is_some_and(|text| !text.trim().is_empty()));
        let target = match fields.get("target") {
            Some(target) => Some(self.selector(target, SELECTOR)?),
            None => None,
        };
        let known = ["allowNameChange", "allowKindChange"];
        let options = fields
            .get("options")
            .and_then(|node| self.fields(node, "the options of a patch", &known));
        let mut option = |name| {
            options
                .as_ref()
                .is_some_and(|options| self.bool_field(options, name))
        };
        Some(Patch {
            allow_name_change: option("allowNameChange"),
            allow_kind_change: option("allowKindChange"),
            path,
            inline,
            target,
            span: node.span,
            parsed: OnceLock::new(),
        })
    }

    /// An entry of `patchesStrategicMerge`: a path or the patch itself. Which of them shows when it is read.
    pub(super) fn strategic_merge(&mut self, node: &Node) -> Option<Patch> {
        let text = self.text(node, "an entry of `patchesStrategicMerge`")?;
        Some(Patch {
            inline: Some(Node::string(text.value.clone(), text.span)),
            path: Some(text),
            target: None,
            allow_name_change: false,
            allow_kind_change: false,
            span: node.span,
            parsed: OnceLock::new(),
        })
    }

    /// A target of a patch or replacement.
    pub(super) fn selector(&mut self, node: &Node, known: &[&'static str]) -> Option<Selector> {
        let fields = self.fields(node, "a target", known)?;
        let mut pattern = |name: &'static str| {
            let text = self.text_field(&fields, name)?;
            Some((name, text))
        };
        let patterns: Vec<_> = ["group", "version", "kind", "name", "namespace"]
            .into_iter()
            .filter_map(&mut pattern)
            .collect();
        let labels = self.text_field(&fields, "labelSelector");
        let annotations = self.text_field(&fields, "annotationSelector");
        match Selector::new(&patterns, labels.as_ref(), annotations.as_ref(), node.span) {
            Ok(selector) => Some(selector),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// The entries of `images`.
    pub(crate) fn images(&mut self, node: Option<&Node>) -> Vec<Image> {
        let Some(node) = node else { return Vec::new() };
        let Some(items) = node.as_seq() else {
            self.wrong_type(node, "`images`", "a list");
            return Vec::new();
        };
        items.iter().filter_map(|node| self.image(node)).collect()
    }

    fn image(&mut self, node: &Node) -> Option<Image> {
        let known = ["name", "newName", "newTag", "tagSuffix", "digest"];
        let fields = self.fields(node, "an entry of `images`", &known)?;
        Some(Image {
            name: self
                .text_field(&fields, "name")
                .map_or_else(scalar::empty, |name| name.value),
            new_name: self.text_field(&fields, "newName"),
            new_tag: self.text_field(&fields, "newTag"),
            tag_suffix: self.text_field(&fields, "tagSuffix"),
            digest: self.text_field(&fields, "digest"),
            span: node.span,
        })
    }

    pub(super) fn replicas(&mut self, node: &Node) -> Option<Replicas> {
        let fields = self.fields(node, "an entry of `replicas`", &["name", "count"])?;
        let count = self.int_field(&fields, "count");
        let name = self.text_field(&fields, "name");
        if name.is_none() {
            self.error(node.span, "an entry of `replicas` has no `name`");
        }
        let span = fields.get("count").map_or(node.span, |count| count.span);
        Some(Replicas {
            name: name?,
            count,
            span,
        })
    }

    pub(super) fn generator(&mut self, node: &Node, is_secret: bool) -> Option<Generator> {
        let mut known = vec![
            "namespace",
            "name",
            "behavior",
            "literals",
            "files",
            "envs",
            "env",
            "options",
        ];
        if is_secret {
            known.push("type");
        }
        let fields = self.fields(node, "a generator", &known)?;
        let mut envs = self.texts_field(&fields, "envs");
        envs.extend(self.text_field(&fields, "env"));
        Some(Generator {
            is_secret,
            name: self.text_field(&fields, "name"),
            namespace: self.text_field(&fields, "namespace"),
            behavior: self.text_field(&fields, "behavior"),
            literals: self.texts_field(&fields, "literals"),
            files: self.texts_field(&fields, "files"),
            envs,
            secret_type: if is_secret {
                self.text_field(&fields, "type")
            } else {
                None
            },
            options: fields
                .get("options")
                .and_then(|node| self.generator_options(node))
                .unwrap_or_default(),
            span: fields.span,
        })
    }

    pub(super) fn generator_options(&mut self, node: &Node) -> Option<GeneratorOptions> {
        let known = ["labels", "annotations", "disableNameSuffixHash", "immutable"];
        let fields = self.fields(node, "generator options", &known)?;
        Some(GeneratorOptions {
            labels: self.pairs_field(&fields, "labels"),
            annotations: self.pairs_field(&fields, "annotations"),
            disable_name_suffix_hash: self.bool_field(&fields, "disableNameSuffixHash"),
            immutable: self.bool_field(&fields, "immutable"),
        })
    }
}
