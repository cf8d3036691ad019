//! Charts from text.

use std::sync::Arc;

use diag::SourceId;
use model::yaml::{Dialect, Node, parse};

use super::{Reads, Unread};
use crate::chart::{Chart, Dependency, File, Metadata};

/// Values from YAML.
pub(super) fn values(text: &str) -> Node {
    let mut parsed = parse(SourceId::NONE, text, Dialect::Sigs);
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    match parsed.documents.len() {
        0 => Node::map(diag::Span::NONE),
        _ => parsed.documents.remove(0),
    }
}

/// A chart that is built up.
pub(super) struct Builder(Chart);

/// A chart with its name.
pub(super) fn chart(name: &str) -> Builder {
    Builder(Chart {
        metadata: Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        },
        values: Node::map(diag::Span::NONE),
        schema: None,
        templates: Vec::new(),
        crds: Vec::new(),
        files: Vec::new(),
        subcharts: Vec::new(),
    })
}

fn file(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        data: Arc::from(text.as_bytes()),
    }
}

impl Builder {
    /// Adds `templates/NAME`.
    pub(super) fn template(mut self, name: &str, text: &str) -> Self {
        self.0.templates.push(file(&format!("templates/{name}"), text));
        self
    }

    pub(super) fn file(mut self, path: &str, text: &str) -> Self {
        self.0.files.push(file(path, text));
        self
    }

    pub(super) fn values(mut self, text: &str) -> Self {
        self.0.values = values(text);
        self
    }

    pub(super) fn library(mut self) -> Self {
        self.0.metadata.chart_type = Some("library".to_owned());
        self
    }

    /// Adds an entry of `dependencies`, as JSON.
    pub(super) fn depends(mut self, entry: &str) -> Self {
        let dependency: Dependency = serde_json::from_str(entry).unwrap();
        self.0.metadata.dependencies.push(dependency);
        self
    }

    pub(super) fn subchart(mut self, subchart: Self) -> Self {
        self.0.subcharts.push(subchart.0);
        self
    }

    /// The fields of given values that nothing reads.
    pub(super) fn unread(&self, given: &str) -> Vec<String> {
        let given = values(given);
        let reads = Reads::of(&self.0, &given);
        let found = reads.unread(&self.0, &given);
        found.iter().map(Unread::field).collect()
    }

    /// The nearest key of the first value that nothing reads.
    pub(super) fn nearest(&self, given: &str) -> Option<String> {
        let given = values(given);
        let reads = Reads::of(&self.0, &given);
        let found = reads.unread(&self.0, &given);
        found.into_iter().next().unwrap().nearest
    }

    pub(super) fn reads(&self) -> Reads {
        Reads::of(&self.0, &values(""))
    }
}

/// The fields of given values that a single template leaves unread.
pub(super) fn unread(template: &str, given: &str) -> Vec<String> {
    chart("app").template("a.yaml", template).unread(given)
}
