//! `Chart.yaml`, read and refused as helm does.
//!
//! Source: helm's `pkg/chart/metadata.go` and `dependency.go`, and sigs.k8s.io/yaml, which turns numbers and booleans
//! into strings where a string is wanted.

use std::collections::BTreeSet;

use model::yaml::{Node, to_json};

use super::text::{self, TextError};
use super::{ChartError, Dependency, Metadata};

/// Reads `Chart.yaml` and the `requirements.yaml` of old charts.
pub(super) fn metadata(chart_yaml: &str, requirements: Option<&str>) -> Result<Metadata, ChartError> {
    let reader = Reader::new("Chart.yaml", chart_yaml)?;
    let mut metadata = Metadata {
        api_version: reader.text(&reader.root, "apiVersion")?,
        name: reader.text(&reader.root, "name")?,
        version: reader.text(&reader.root, "version")?,
        app_version: reader.optional(&reader.root, "appVersion")?,
        kube_version: reader.optional(&reader.root, "kubeVersion")?,
        chart_type: reader.optional(&reader.root, "type")?,
        deprecated: reader.flag(&reader.root, "deprecated")?,
        dependencies: reader.dependencies()?,
    };
    if metadata.api_version.is_empty() {
        "v1".clone_into(&mut metadata.api_version);
    }
    reader.judge(&metadata)?;
    if let Some(requirements) = requirements {
        let reader = Reader::new("requirements.yaml", requirements)?;
        if reader.root.get("dependencies").is_some() {
            metadata.dependencies = reader.dependencies()?;
            reader.judge_dependencies(&metadata)?;
        }
    }
    Ok(metadata)
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    root: Node,
}

impl<'a> Reader<'a> {
    fn new(path: &'a str, text: &'a str) -> Result<Self, ChartError> {
        match text::mapping(text) {
            Ok(root) => Ok(Self { path, text, root }),
            Err(TextError { line, message }) => Err(ChartError::text(path, line, message)),
        }
    }

    fn error(&self, at: &Node, message: impl Into<String>) -> ChartError {
        let line = text::line_of(self.text, at.span.start);
        ChartError::text(
            self.path,
            if at.span.is_none() && at.span.end == 0 {
                1
            } else {
                line
            },
            message,
        )
    }

    fn optional(&self, node: &Node, key: &str) -> Result<Option<String>, ChartError> {
        match node.get(key) {
            None => Ok(None),
            Some(value) if value.is_null() => Ok(None),
            Some(value) => match value.scalar_text() {
                Some(text) => Ok(Some(text::printable(&text))),
                None => Err(self.mistyped(key, value, "a string")),
            },
        }
    }

    fn text(&self, node: &Node, key: &str) -> Result<String, ChartError> {
        Ok(self.optional(node, key)?.unwrap_or_default())
    }

    fn flag(&self, node: &Node, key: &str) -> Result<bool, ChartError> {
        match node.get(key) {
            None => Ok(false),
            Some(value) if value.is_null() => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.mistyped(key, value, "a boolean")),
        }
    }

    fn list<'n>(&self, node: &'n Node, key: &str) -> Result<&'n [Node], ChartError> {
        match node.get(key) {
            None => Ok(&[]),
            Some(value) if value.is_null() => Ok(&[]),
            Some(value) => value.as_seq().ok_or_else(|| self.mistyped(key, value, "a list")),
        }
    }

    fn mistyped(&self, key: &str, value: &Node, wanted: &str) -> ChartError {
        let found = value.value.type_name();
        self.error(value, format!("`{key}` is of type {found}, wanted {wanted}"))
    }

    fn dependencies(&self) -> Result<Vec<Dependency>, ChartError> {
        let list = self.list(&self.root, "dependencies")?;
        list.iter().map(|node| self.dependency(node)).collect()
    }

    fn dependency(&self, node: &Node) -> Result<Dependency, ChartError> {
        if node.as_map().is_none() {
            return Err(self.mistyped("dependencies[]", node, "a mapping"));
        }
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let tags = self.list(node, "tags")?;
        Ok(Dependency {
            name: self.text(node, "name")?,
            version: self.text(node, "version")?,
            alias: filled(self.optional(node, "alias")?),
            condition: filled(self.optional(node, "condition")?),
            tags: tags.iter().filter_map(Node::scalar_text).collect(),
            import_values: self.list(node, "import-values")?.iter().map(to_json).collect(),
        })
    }

    fn judge(&self, metadata: &Metadata) -> Result<(), ChartError> {
        let at = |key: &str| self.root.get(key).unwrap_or(&self.root);
        let name = &metadata.name;
        if name.is_empty() {
            return Err(self.error(at("name"), "`name` is missing"));
        }
        if name == "." || name == ".." || name.contains('/') {
            return Err(self.error(at("name"), format!("`{name}` is no name of a chart")));
        }
        if metadata.version.is_empty() {
            return Err(self.error(at("version"), "`version` is missing"));
        }
        if oci::loose_version(&metadata.version).is_none() {
            let message = format!("`{}` is no version, wanted such as `1.2.3`", metadata.version);
            return Err(self.error(at("version"), message));
        }
        if !matches!(
            metadata.chart_type.as_deref(),
            None | Some("" | "application" | "library")
        ) {
            let message = "`type` is neither `application` nor `library`";
            return Err(self.error(at("type"), message));
        }
        self.judge_dependencies(metadata)
    }

    fn judge_dependencies(&self, metadata: &Metadata) -> Result<(), ChartError> {
        let list = self
            .root
            .get("dependencies")
            .and_then(Node::as_seq)
            .unwrap_or_default();
        let mut names = BTreeSet::new();
        for (dependency, node) in metadata.dependencies.iter().zip(list) {
            let alias = dependency.alias.as_deref();
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if let Some(alias) = alias.filter(|alias| !alias.chars().all(plain)) {
                let message =
                    format!("the alias `{alias}` has characters beyond letters, digits, `_` and `-`");
                return Err(self.error(node, message));
            }
            let name = alias.unwrap_or(&dependency.name);
            if !names.insert(name) {
                return Err(self.error(node, format!("two dependencies are called `{name}`")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_for_the_texts_that_they_stand_for() {
        let read = metadata("name: a\nversion: 1.10\nappVersion: 1\ntype:\n", None).unwrap();
        assert_eq!(
            (read.version.as_str(), read.app_version.as_deref()),
            ("1.1", Some("1"))
        );
        assert_eq!(read.api_version, "v1");
        let read = metadata("name: \"a\\e[31m\"\nversion: v1\n", None).unwrap();
        assert_eq!(read.name, "a[31m");
    }

    #[test]
    fn old_charts_name_their_dependencies_elsewhere() {
        let read = metadata(
            "name: a\nversion: 1\n",
            Some("dependencies: [{name: b, version: '*'}]"),
        )
        .unwrap();
        assert_eq!(read.dependencies.len(), 1);
    }

    #[test]
    fn what_helm_refuses_is_refused_with_its_line() {
        let good = "apiVersion: v2\nname: a\nversion: 1.2.3\n";
        assert!(metadata(good, None).is_ok());
        for (text, wanted) in [
            ("name: a\n", "Chart.yaml:1: `version` is missing"),
            ("version: 1.0.0\n", "Chart.yaml:1: `name` is missing"),
            (
                "name: ..\nversion: 1.0.0\n",
                "Chart.yaml:1: `..` is no name of a chart",
            ),
            (
                "name: a\nversion: one\n",
                "Chart.yaml:2: `one` is no version, wanted such as `1.2.3`",
            ),
            (
                "name: a\nversion: 1.0.0\ndeprecated: 'true'\n",
                "Chart.yaml:3: `deprecated` is of type string, wanted a boolean",
            ),
            (
                "name: a\nversion: 1.0.0\ntype: plugin\n",
                "Chart.yaml:3: `type` is neither `application` nor `library`",
            ),
            (
                "name: a\nversion: 1.0.0\ndependencies:\n- name: b\n- name: c\n  alias: b\n",
                "Chart.yaml:5: two dependencies are called `b`",
            ),
            (
                "name: a\nversion: 1.0.0\ndependencies:\n- name: b\n  alias: b.c\n",
                "Chart.yaml:4: the alias `b.c` has characters beyond letters, digits, `_` and `-`",
            ),
        ] {
            assert_eq!(metadata(text, None).unwrap_err().to_string(), wanted);
        }
    }
}
