//! The object that a finding is about, with the way that led to it.

use ::flux::substitute::{Problem, ProblemKind};
use ::flux::{Built, BuiltObject, ClusterBuild, Kustomization};
use ::helm::install::Install;
use diag::{CheckMeta, Finding, Hop, Level, Span, Stage};
use model::object;
use model::yaml::{Node, Value};

/// An object of a cluster: one that a build applies, or the flux::Kustomization of a build itself.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) cluster: &'a ClusterBuild,
    /// The build that applies it; for a flux::Kustomization as such its own.
    pub(crate) built: &'a Built,
    /// None for a flux::Kustomization as such.
    pub(crate) object: Option<&'a BuiltObject>,
    pub(crate) node: &'a Node,
    /// The HelmRelease whose chart installs it; none for what builds apply.
    pub(crate) install: Option<&'a Install<'a>>,
    /// Whether it is applied to another cluster than the one that its Flux runs on.
    pub(crate) remote: bool,
}

impl<'a> Subject<'a> {
    /// The typed view, for the flux::Kustomization of a build.
    pub(crate) fn kustomization(&self) -> Kustomization<'a> {
        Kustomization(self.node)
    }

    /// Whether the flux::Kustomization that applies it is suspended.
    pub(crate) fn is_suspended(&self) -> bool {
        let applier = self.built.node.as_ref();
        applier.is_some_and(|node| Kustomization(node).suspended())
    }

    /// A finding about this object; about a suspended flux::Kustomization it is a warning at most.
    pub(crate) fn finding(&self, check: &CheckMeta, span: Span, message: impl Into<String>) -> Finding {
        let span = span.or(object::span(self.node));
        let mut origin = match (self.object, self.install) {
            // It brings the whole way along.
            (Some(object), Some(_)) => object.origin.clone(),
            (object, _) => {
                let own = object.map(|object| object.origin.clone()).unwrap_or_default();
                [self.built.origin.clone(), own].concat()
            }
        };
        origin.extend(self.variable_hops(span));
        let finding = Finding::new(check, span, message)
            .with_object(object::reference(self.node))
            .with_cluster(self.cluster.cluster.name.clone())
            .with_origin(origin);
        if self.install.is_some() {
            return finding.with_stage(Stage::Installed);
        }
        let suspended = self.object.is_none() && self.kustomization().suspended();
        if suspended && check.level == Level::Error {
            finding.with_level(Level::Warning)
        } else {
            finding
        }
    }

    /// The variables that are read inside a value.
    pub(crate) fn variables_in(
        &self,
        span: Span,
    ) -> impl Iterator<Item = (&'a str, Option<&'a ::flux::Variable>)> {
        let known = self.built.variables.as_ref();
        let used = self
            .object
            .map(|object| object.used.as_slice())
            .unwrap_or_default();
        used.iter()
            .filter(move |(_, at)| at.source == span.source && at.start >= span.start && at.end <= span.end)
            .map(move |(name, _)| (name.as_str(), known.and_then(|known| known.known.get(name))))
    }

    fn variable_hops(&self, span: Span) -> Vec<Hop> {
        let hop = |(name, variable): (&str, Option<&::flux::Variable>)| {
            let span = variable?.span;
            Some(Hop {
                what: format!("variable {name}"),
                span,
            })
        };
        let mut hops: Vec<Hop> = self.variables_in(span).filter_map(hop).collect();
        hops.dedup();
        hops
    }

    /// Whether a value holds a variable whose content nobody here knows.
    pub(crate) fn is_unknown(&self, span: Span) -> bool {
        self.object.is_some_and(|object| object.unknown.contains(&span))
    }

    /// Whether a value is what the API server will see: not unknown, not undefined, not of an object whose substitution fails.
    pub(crate) fn is_settled(&self, span: Span) -> bool {
        let Some(object) = self.object else { return true };
        let inside = |at: Span| at.source == span.source && at.start >= span.start && at.end <= span.end;
        let broken = |problem: &Problem| {
            !matches!(problem.kind, ProblemKind::Undefined(_)) && self.reads_variables(span)
        };
        !self.is_unknown(span)
            && !object
                .problems
                .iter()
                .any(|problem| inside(problem.span) || broken(problem))
    }

    /// Whether variables that are not set leave holes in the object.
    pub(crate) fn has_holes(&self) -> bool {
        let mut problems = self.object.iter().flat_map(|object| &object.problems);
        problems.any(|problem| matches!(problem.kind, ProblemKind::Undefined(_)))
    }

    fn reads_variables(&self, span: Span) -> bool {
        self.text_at(span).is_some_and(|text| text.contains("${"))
    }

    /// The string of the object at a place.
    pub(crate) fn text_at(&self, span: Span) -> Option<&'a str> {
        text_at(self.node, span)
    }

    /// The text of a value before substitution, where that changed the object: the string at the same place.
    pub(crate) fn written(&self, span: Span) -> Option<&'a str> {
        text_at(self.object?.before.as_ref()?, span)
    }
}

fn text_at(node: &Node, span: Span) -> Option<&str> {
    match &node.value {
        Value::Str(text) if node.span == span => Some(text),
        Value::Seq(items) => items.iter().find_map(|item| text_at(item, span)),
        Value::Map(map) => map.entries().iter().find_map(|entry| text_at(&entry.value, span)),
        _ => None,
    }
}
