//! Walks an object beside its schema and notes every defect at the node that has it.
//!
//! The order of the API server is kept: unknown fields and types of the whole object, values, then rules of the kind; a
//! CEL rule is evaluated only where nothing below it is wrong already.

pub(crate) mod format;
mod metadata;
mod structure;
mod values;

use std::collections::BTreeSet;

use diag::Span;
use model::yaml::{FieldPath, Map, Node};

use crate::document::{Dialect, Document};
use crate::schema::Schema;
use crate::store::KindSchema;
use crate::violation::{Verdict, Violation, ViolationKind};

/// No object has so many defects that people would read more of them.
const MAX_VIOLATIONS: usize = 200;

/// Validates one object.
pub(crate) fn validate(kind: &KindSchema, node: &Node) -> Verdict {
    let mut walk = Walk {
        kind,
        quiet: false,
        lenient: false,
        open: false,
        failed: 0,
        violations: Vec::new(),
        unchecked: BTreeSet::new(),
    };
    walk.root(node);
    Verdict {
        violations: walk.violations,
        unchecked: walk.unchecked.into_iter().collect(),
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a FieldPath<'a>,
    /// The key that holds the value; of a list's element and of the root the value's own place.
    pub(crate) anchor: Span,
}

pub(crate) struct Walk<'k> {
    pub(crate) kind: &'k KindSchema,
    /// Alternatives are tried without noting why they fail.
    quiet: bool,
    /// Below a status that the API server drops: only names and, for built-in kinds, types count.
    lenient: bool,
    /// Unknown fields are dropped and not refused.
    open: bool,
    failed: usize,
    violations: Vec<Violation>,
    unchecked: BTreeSet<String>,
}

impl Walk<'_> {
    fn root(&mut self, node: &Node) {
        let kind = self.kind;
        let document: &Document = &kind.document;
        let Some(schema) = document.definition(kind.root) else {
            self.unchecked.insert(format!(
                "the schema of `{}` is missing in the bundle",
                kind.gvk.kind
            ));
            return;
        };
        let place = Place {
            path: &FieldPath::Root,
            anchor: model::object::span(node),
        };
        let Some(map) = node.as_map() else {
            self.wrong_type(node, place, "object");
            return;
        };
        self.value(document, schema, Some(kind.root), node, place);
        self.metadata(map, place);
        crate::rules::native::object(self, map);
    }

    /// Whether a key of a mapping holds a value after nulls are pruned and defaults are set; `base` knows the defaults.
    pub(crate) fn is_present(document: &Document, base: Option<&Schema>, map: &Map, name: &str) -> bool {
        let known = base
            .and_then(|base| base.field(name))
            .and_then(|field| document.follow(&field.schema));
        if document.dialect == Dialect::Custom && known.is_some_and(|(schema, _)| schema.default.is_some()) {
            return true;
        }
        match map.get(name) {
            Some(value) if value.is_null() => {
                document.dialect == Dialect::Custom
                    && known.map_or(base.is_some_and(|base| base.open), |(schema, _)| schema.nullable)
            }
            Some(_) => true,
            None => false,
        }
    }

    /// Notes a defect; the words are made only when somebody will read them.
    pub(crate) fn report(
        &mut self,
        span: Span,
        place: Place<'_>,
        words: impl FnOnce() -> (ViolationKind, String, String),
    ) {
        self.failed += 1;
        if self.quiet || self.violations.len() >= MAX_VIOLATIONS {
            return;
        }
        let (kind, message, help) = words();
        let span = span.or(place.anchor);
        self.violations.push(Violation {
            span,
            path: place.path.to_string(),
            kind,
            message,
            help,
        });
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, place: Place<'_>, wanted: &'static str) {
        let found = node.value.type_name();
        self.report(node.span, place, || {
            let field = quoted(place.path);
            let shown = shown(node);
            let message = format!("{field}is {found}{shown}, wanted {wanted}");
            let help = match (found, wanted) {
                ("boolean" | "integer" | "number", "string") => "put the value in quotes".to_owned(),
                _ => String::new(),
            };
            (ViolationKind::WrongType { found, wanted }, message, help)
        });
    }

    /// Notes that a rule could not be evaluated.
    pub(crate) fn leave_unchecked(&mut self, note: impl FnOnce() -> String) {
        if !self.quiet && self.unchecked.len() < MAX_VIOLATIONS {
            self.unchecked.insert(note());
        }
    }

    /// Whether `trial` runs without a defect; nothing that it finds is kept.
    pub(crate) fn holds(&mut self, trial: impl FnOnce(&mut Self)) -> bool {
        let (quiet, failed) = (self.quiet, self.failed);
        self.quiet = true;
        trial(self);
        let holds = self.failed == failed;
        (self.quiet, self.failed) = (quiet, failed);
        holds
    }
}

/// A field's last part in backticks with a space behind it; the root has no words.
pub(crate) fn quoted(path: &FieldPath<'_>) -> String {
    match path {
        FieldPath::Root => String::new(),
        FieldPath::Key(_, key) => format!("`{key}` "),
        FieldPath::Index(parent, index) => match parent {
            FieldPath::Key(_, key) => format!("`{key}[{index}]` "),
            _ => format!("`[{index}]` "),
        },
    }
}

/// A scalar as it is written, in backticks with a space before it; nothing for lists, mappings and null.
pub(crate) fn shown(node: &Node) -> String {
    if node.is_null() {
        return String::new();
    }
    node.scalar_text()
        .map_or_else(String::new, |text| format!(" `{}`", shortened(&text)))
}

/// Long text cut, for one line of a message.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.replace('\n', "\\n");
    }
    let cut: String = text.chars().take(MOST).collect();
    format!("{}…", cut.replace('\n', "\\n"))
}
