//! Replacements, in the kustomization file and in files of their own.

use diag::SourceId;
use model::yaml::{Node, Value};

use super::{Decoder, Fields, Strictness};
use crate::file::{FieldOptions, Replacement, ReplacementEntry, ReplacementTarget, Source};
use crate::problem::Problem;

const SELECTOR: &[&str] = &[
    "group",
    "version",
    "kind",
    "name",
    "namespace",
    "annotationSelector",
    "labelSelector",
];

/// Reads a file with one replacement or a list of them. Unknown fields are dropped there.
pub(crate) fn replacement_file(source: SourceId, text: &str) -> (Vec<Replacement>, Vec<Problem>) {
    let mut decoder = Decoder::new(Strictness::Lenient);
    let Some(node) = decoder.document(source, text) else {
        return (Vec::new(), decoder.problems);
    };
    let replacements = match &node.value {
        Value::Seq(items) => items
            .iter()
            .filter_map(|item| decoder.replacement_node(item))
            .collect(),
        Value::Map(_) => decoder.replacement_node(&node).into_iter().collect(),
        _ => {
            decoder.wrong_type(&node, "the file", "a replacement or a list of them");
            Vec::new()
        }
    };
    (replacements, decoder.problems)
}

impl Decoder {
    pub(super) fn replacement_entry(&mut self, node: &Node) -> Option<ReplacementEntry> {
        let fields = self.fields(
            node,
            "a replacement",
            &["path", "source", "sourceValue", "targets"],
        )?;
        match self.text_field(&fields, "path") {
            Some(path) if fields.get("source").is_none() && self.items(&fields, "targets").is_empty() => {
                Some(ReplacementEntry::File(path))
            }
            Some(path) => {
                self.error(
                    path.span,
                    "a replacement has both a `path` and a replacement of its own",
                );
                None
            }
            None => Some(ReplacementEntry::Inline(Box::new(
                self.replacement(node, &fields),
            ))),
        }
    }

    fn replacement_node(&mut self, node: &Node) -> Option<Replacement> {
        let fields = self.fields(node, "a replacement", &["source", "sourceValue", "targets"])?;
        Some(self.replacement(node, &fields))
    }

    fn replacement(&mut self, node: &Node, fields: &Fields<'_>) -> Replacement {
        let source_value = fields
            .get("sourceValue")
            .and_then(|node| self.text(node, "`sourceValue`"));
        let targets = self.items(fields, "targets");
        Replacement {
            source: fields.get("source").and_then(|node| self.source(node)),
            source_value,
            targets: targets
                .iter()
                .filter_map(|node| self.replacement_target(node))
                .collect(),
            span: node.span,
        }
    }

    fn source(&mut self, node: &Node) -> Option<Source> {
        let known = [
            "group",
            "version",
            "kind",
            "name",
            "namespace",
            "fieldPath",
            "options",
        ];
        let fields = self.fields(node, "the source of a replacement", &known)?;
        Some(Source {
            group: self.string_field(&fields, "group"),
            version: self.string_field(&fields, "version"),
            kind: self.string_field(&fields, "kind"),
            name: self.string_field(&fields, "name"),
            namespace: self.string_field(&fields, "namespace"),
            field_path: self.string_field(&fields, "fieldPath"),
            options: self.field_options(&fields),
            span: node.span,
        })
    }

    fn replacement_target(&mut self, node: &Node) -> Option<ReplacementTarget> {
        let known = ["select", "reject", "fieldPaths", "options"];
        let fields = self.fields(node, "a target of a replacement", &known)?;
        let select = match fields.get("select") {
            Some(node) => Some(self.selector(node, SELECTOR)?),
            None => None,
        };
        let reject = self.items(&fields, "reject");
        Some(ReplacementTarget {
            select,
            reject: reject
                .iter()
                .filter_map(|node| self.selector(node, SELECTOR))
                .collect(),
            field_paths: self.texts_field(&fields, "fieldPaths"),
            options: self.field_options(&fields),
            span: node.span,
        })
    }

    fn field_options(&mut self, fields: &Fields<'_>) -> FieldOptions {
        let known = ["delimiter", "index", "encoding", "create"];
        let options = fields
            .get("options")
            .and_then(|node| self.fields(node, "the options", &known));
        let Some(options) = options else {
            return FieldOptions::default();
        };
        FieldOptions {
            delimiter: self.string_field(&options, "delimiter"),
            index: self.int_field(&options, "index"),
            create: self.bool_field(&options, "create"),
        }
    }
}
