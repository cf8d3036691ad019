//! Files named by `configurations`.

use diag::SourceId;

use super::{Decoder, Strictness};
use crate::config::{Config, Target};
use crate::fieldspec::FieldSpec;
use crate::problem::Problem;

const FIELDS: &[&str] = &[
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "commonAnnotations",
    "nameReference",
    "varReference",
    "images",
    "replicas",
];

/// Reads a transformer configuration. Unknown fields are dropped; `varReference` acts on `vars` alone, which are refused.
pub(crate) fn configuration_file(source: SourceId, text: &str) -> (Config, Vec<Problem>) {
    let mut decoder = Decoder::new(Strictness::Lenient);
    let mut config = Config::default();
    if let Some(node) = decoder.document(source, text)
        && let Some(fields) = decoder.fields(&node, "the configuration", FIELDS)
    {
        let mut specs = |name: &'static str| -> Vec<FieldSpec> {
            let items = decoder.items(&fields, name);
            items.iter().filter_map(|node| decoder.field_spec(node)).collect()
        };
        config.name_prefix = specs("namePrefix");
        config.name_suffix = specs("nameSuffix");
        config.namespace = specs("namespace");
        config.common_labels = specs("commonLabels");
        config.labels = specs("labels");
        config.template_labels = specs("templateLabels");
        config.common_annotations = specs("commonAnnotations");
        config.images = specs("images");
        config.replicas = specs("replicas");
        for node in decoder.items(&fields, "nameReference") {
            let known = ["group", "version", "kind", "fieldSpecs"];
            let Some(fields) = decoder.fields(node, "an entry of `nameReference`", &known) else {
                continue;
            };
            let specs = decoder.items(&fields, "fieldSpecs");
            config.name_reference.push(Target {
                group: decoder.string_field(&fields, "group"),
                version: decoder.string_field(&fields, "version"),
                kind: decoder.string_field(&fields, "kind"),
                fields: specs.iter().filter_map(|node| decoder.field_spec(node)).collect(),
            });
        }
    }
    (config, decoder.problems)
}
