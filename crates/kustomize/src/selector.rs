//! Targets of patches and replacements: which objects they mean.
//!
//! Group, version, kind, name and namespace are regular expressions over the whole text; the label and annotation
//! selectors have the syntax of Kubernetes.

use std::collections::BTreeMap;

use diag::Span;
use model::yaml::Node;
use regex::Regex;

use crate::file::Text;
use crate::problem::Problem;
use crate::resource::{Id, Resource};
use crate::scalar;

/// Which objects are meant; empty for all.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
    /// Where it is written.
    pub(crate) span: Span,
    /// Where the name is written, else the whole.
    pub(crate) name_span: Span,
}

/// A regular expression over a whole text; words without special characters are compared as they are.
#[derive(Debug, Clone, Default)]
enum Pattern {
    #[default]
    Any,
    Exact(String),
    Regex(Regex),
}

impl Pattern {
    fn new(text: &Text) -> Result<Self, Problem> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
        if text.value.chars().all(is_plain) {
            return Ok(Self::Exact(text.value.to_string()));
        }
        Regex::new(&format!("^(?:{})$", text.value))
            .map(Self::Regex)
            .map_err(|_syntax| {
                Problem::error(text.span, format!("`{}` is no regular expression", text.value))
            })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(word) => word == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

impl Selector {
    /// A selector from the fields that are written.
    pub(crate) fn new(
        patterns: &[(&'static str, Text)],
        labels: Option<&Text>,
        annotations: Option<&Text>,
        span: Span,
    ) -> Result<Self, Problem> {
        let pattern = |name| match patterns.iter().find(|(field, _)| *field == name) {
            Some((_, text)) => Pattern::new(text),
            None => Ok(Pattern::Any),
        };
        Ok(Self {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: labels.map_or(Ok(Vec::new()), requirements)?,
            annotations: annotations.map_or(Ok(Vec::new()), requirements)?,
            span,
            name_span: patterns
                .iter()
                .find(|(field, _)| *field == "name")
                .map_or(span, |(_, text)| text.span),
        })
    }

    /// Whether it selects by nothing but labels and annotations.
    pub(crate) fn has_no_identity(&self) -> bool {
        [
            &self.group,
            &self.version,
            &self.kind,
            &self.name,
            &self.namespace,
        ]
        .into_iter()
        .all(Pattern::is_any)
    }

    /// Whether it selects by labels or annotations.
    pub(crate) fn has_metadata(&self) -> bool {
        !self.labels.is_empty() || !self.annotations.is_empty()
    }

    /// Whether a patch with this target acts on an object: names and namespaces count as they are and as they were.
    pub(crate) fn selects(&self, resource: &Resource) -> bool {
        let id = resource.id();
        if !self.kind.matches(&id.kind)
            || !self.group.matches(id.group())
            || !self.version.matches(id.version())
        {
            return false;
        }
        if !self.name.is_any() || !self.namespace.is_any() {
            let original = resource.original();
            let named = self.name.matches(&original.name) || self.name.matches(&id.name);
            let placed = self.namespace.matches(&original.namespace) || self.namespace.matches(&id.namespace);
            if !named || !placed {
                return false;
            }
        }
        self.selects_metadata(&resource.node)
    }

    /// Whether one identity of an object is meant; `namespace` is the written one, which may be empty.
    pub(crate) fn selects_id(&self, id: &Id, namespace: &str) -> bool {
        self.kind.matches(&id.kind)
            && self.group.matches(id.group())
            && self.version.matches(id.version())
            && self.name.matches(&id.name)
            && self.namespace.matches(namespace)
    }

    /// Whether the labels and annotations of an object are as wanted.
    pub(crate) fn selects_metadata(&self, node: &Node) -> bool {
        let all = |wanted: &[Requirement], field: &str| {
            if wanted.is_empty() {
                return true;
            }
            let entries = node.entries_at(&["metadata", field]).iter();
            let texts: BTreeMap<&str, _> = entries.map(|e| (&*e.key, scalar::text(&e.value))).collect();
            wanted
                .iter()
                .all(|requirement| requirement.holds(texts.get(&*requirement.key).map(|text| &**text)))
        };
        all(&self.labels, "labels") && all(&self.annotations, "annotations")
    }
}

/// One part of a label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operator {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::Exists => value.is_some(),
            Operator::Absent => value.is_none(),
            Operator::In(values) => value.is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Operator::NotIn(values) => value.is_none_or(|value| values.iter().all(|other| other != value)),
            Operator::Greater(bound) => number().is_some_and(|number| number > *bound),
            Operator::Less(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

/// Reads a selector: `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1`.
fn requirements(text: &Text) -> Result<Vec<Requirement>, Problem> {
    let refuse = || Problem::error(text.span, format!("`{}` is no label selector", text.value));
    let mut parts = Vec::new();
    let mut depth = 0usize;
    let mut start = 0;
    for (at, c) in text.value.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or_else(refuse)?,
            ',' if depth == 0 => {
                parts.push(text.value.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.value.get(start..).unwrap_or_default());
    if depth != 0 {
        return Err(refuse());
    }
    if parts.len() == 1 && text.value.trim().is_empty() {
        return Ok(Vec::new());
    }
    parts
        .into_iter()
        .map(|part| requirement(part.trim()).ok_or_else(refuse))
        .collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    let make = |key: &str, operator| {
        let key = key.trim();
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let good = !key.is_empty() && key.chars().all(is_key);
        good.then(|| Requirement {
            key: key.to_owned(),
            operator,
        })
    };
    let value = |text: &str| vec![text.trim().to_owned()];
    if let Some(key) = part.strip_prefix('!') {
        return make(key, Operator::Absent);
    }
    if let Some(open) = part.find('(') {
        let values = part.get(open + 1..)?.trim_end().strip_suffix(')')?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let (key, word) = part.get(..open)?.trim_end().rsplit_once(char::is_whitespace)?;
        return match word {
            "in" => make(key, Operator::In(values)),
            "notin" => make(key, Operator::NotIn(values)),
            _ => None,
        };
    }
    if let Some((key, text)) = part.split_once("!=") {
        return make(key, Operator::NotIn(value(text)));
    }
    if let Some((key, text)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return make(key, Operator::In(value(text)));
    }
    if let Some((key, bound)) = part.split_once('>') {
        return make(key, Operator::Greater(bound.trim().parse().ok()?));
    }
    if let Some((key, bound)) = part.split_once('<') {
        return make(key, Operator::Less(bound.trim().parse().ok()?));
    }
    make(part, Operator::Exists)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Text {
        Text {
            value: value.into(),
            span: Span::NONE,
        }
    }

    fn holds(selector: &str, labels: &str) -> bool {
        let node = format!("metadata:\n  labels: {labels}\n");
        let node = model::yaml::parse(diag::SourceId::NONE, &node, model::yaml::Dialect::Kustomize)
            .documents
            .remove(0);
        Selector::new(&[], Some(&text(selector)), None, Span::NONE)
            .unwrap()
            .selects_metadata(&node)
    }

    #[test]
    fn label_selectors_have_the_syntax_of_kubernetes() {
        let labels = "{a: x, n: '5'}";
        for selector in [
            "a=x",
            "a==x,n",
            "a in (y, x),!b",
            "b notin (x)",
            "a!=y",
            "n>4",
            "n<6",
            "",
        ] {
            assert!(holds(selector, labels), "{selector}");
        }
        for selector in ["a=y", "!a", "b", "a notin (x)", "n>5", "a in (y,z)"] {
            assert!(!holds(selector, labels), "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in ["a in (x", "a ~ b", "a in x)", ",", "=x"] {
            assert!(requirements(&text(selector)).is_err(), "{selector}");
        }
    }

    #[test]
    fn patterns_match_the_whole_text() {
        let pattern = Pattern::new(&text("a.*|b")).unwrap();
        assert!(pattern.matches("ab") && pattern.matches("b") && !pattern.matches("xb"));
        assert!(!Pattern::new(&text("a")).unwrap().matches("ab"));
        assert!(Pattern::new(&text("a(")).is_err());
    }
}
