//! `metadata`, the same for every kind: decoded strictly, then names, labels and annotations.

use diag::Span;
use model::yaml::{FieldPath, Map, Node};

use super::{Place, Walk};
use crate::document::Dialect;
use crate::rules::names::{self, Text};
use crate::violation::ViolationKind;

/// The most bytes that keys and values of all annotations may have together.
const MAX_ANNOTATIONS: usize = 256 * 1024;

impl Walk<'_> {
    /// The metadata of the root: decoded here for custom resources, its values for all.
    pub(super) fn metadata(&mut self, root: &Map, place: Place<'_>) {
        let path = FieldPath::Key(place.path, "metadata");
        let Some(entry) = root.entry("metadata") else {
            return self.missing_name(Place { path: &path, ..place });
        };
        let place = Place {
            path: &path,
            anchor: entry.key_span.or(place.anchor),
        };
        if self.kind.document.dialect == Dialect::Custom {
            self.object_meta(&entry.value, place);
            self.declared_metadata(&entry.value, place);
        }
        match entry.value.as_map() {
            Some(metadata) => self.name(metadata, place),
            None if entry.value.is_null() => self.missing_name(place),
            None => {}
        }
    }

    /// What the CRD itself demands of `metadata.name` and `metadata.generateName`.
    fn declared_metadata(&mut self, node: &Node, place: Place<'_>) {
        let kind = self.kind;
        let document = &*kind.document;
        let declared = document
            .definition(kind.root)
            .and_then(|root| root.field("metadata"));
        if let Some((schema, _)) = declared.and_then(|field| document.follow(&field.schema)) {
            self.alternative(document, schema, Some(schema), node, place);
        }
    }

    /// An `ObjectMeta`, decoded as a Go struct in custom resources too.
    pub(super) fn object_meta(&mut self, node: &Node, place: Place<'_>) {
        let Some((document, number)) = self.kind.object_meta.clone() else {
            return;
        };
        if let Some(schema) = document.definition(number) {
            self.value(&document, schema, Some(number), node, place);
        }
    }

    fn name(&mut self, metadata: &Map, place: Place<'_>) {
        let name = metadata.get("name").filter(|name| !name.is_null());
        let generated = metadata
            .get("generateName")
            .and_then(Node::as_str)
            .is_some_and(|name| !name.is_empty());
        match name {
            Some(node) => match node.as_str() {
                Some("") if !generated => self.missing_name(place),
                Some(text) if !text.is_empty() => {
                    let path = FieldPath::Key(place.path, "name");
                    let rule = names::of_kind(&self.kind.gvk);
                    self.text(rule, text, node.span, Place { path: &path, ..place });
                }
                _ => {}
            },
            None if generated => {}
            None => self.missing_name(place),
        }
    }

    fn missing_name(&mut self, place: Place<'_>) {
        if names::may_lack_name(&self.kind.gvk) {
            return;
        }
        self.report(Span::NONE, place, || {
            (
                ViolationKind::MissingField {
                    field: "name".to_owned(),
                },
                "missing required field `name` in `metadata`".to_owned(),
                String::new(),
            )
        });
    }

    /// Keys and values of labels.
    pub(crate) fn labels(&mut self, labels: &Node, place: Place<'_>) {
        for entry in labels.as_map().map(Map::entries).unwrap_or_default() {
            let path = FieldPath::Key(place.path, &entry.key);
            let place = Place {
                path: &path,
                anchor: entry.key_span.or(place.anchor),
            };
            self.text(Text::QualifiedName, &entry.key, entry.key_span, place);
            if let Some(value) = entry.value.as_str() {
                self.text(Text::LabelValue, value, entry.value.span, place);
            }
        }
    }

    /// Keys of annotations, in any case, and their size.
    pub(crate) fn annotations(&mut self, annotations: &Node, place: Place<'_>) {
        let mut size = 0;
        for entry in annotations.as_map().map(Map::entries).unwrap_or_default() {
            let path = FieldPath::Key(place.path, &entry.key);
            let place = Place {
                path: &path,
                anchor: entry.key_span.or(place.anchor),
            };
            self.text(
                Text::QualifiedName,
                &entry.key.to_lowercase(),
                entry.key_span,
                place,
            );
            size += entry.key.len() + entry.value.as_str().map_or(0, str::len);
        }
        if size > MAX_ANNOTATIONS {
            self.report(annotations.span, place, || {
                let message = format!("annotations have {size} bytes, wanted at most {MAX_ANNOTATIONS}");
                (ViolationKind::OutOfBounds, message, String::new())
            });
        }
    }

    /// A string that must have a form with a name.
    pub(crate) fn text(&mut self, rule: Text, text: &str, span: Span, place: Place<'_>) {
        if rule.holds(text) {
            return;
        }
        self.report(span, place, || {
            let shown = super::shortened(text);
            (
                ViolationKind::Rule,
                format!("`{shown}` is no {}", rule.name()),
                rule.help().to_owned(),
            )
        });
    }
}
