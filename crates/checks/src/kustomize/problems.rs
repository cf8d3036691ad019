//! What the kustomize builds of all clusters have to say.

use ::flux::{Built, State};
use ::kustomize::{Problem, ProblemKind};
use diag::{CheckMeta, Finding};
use model::object;

use crate::cluster_view::ClusterView;
use crate::context::Context;

/// Every problem of the given kinds, with the build that has it. What a build that fails does not do says nothing.
pub(crate) fn problems<'a>(
    cx: &'a Context<'_>,
    kinds: &'static [ProblemKind],
) -> impl Iterator<Item = (&'a ClusterView<'a>, &'a Built, &'a Problem)> {
    cx.views.iter().flat_map(move |view| {
        view.build.kustomizations.iter().flat_map(move |built| {
            let counts = move |problem: &&Problem| problem.kind.fails() || built.state == State::Built;
            let wanted = built.problems.iter().filter(counts);
            let wanted = wanted.filter(move |problem| kinds.contains(&problem.kind));
            wanted.map(move |problem| (view, built, problem))
        })
    })
}

/// A finding with a problem's words.
pub(crate) fn problem_finding(
    check: &CheckMeta,
    view: &ClusterView<'_>,
    built: &Built,
    problem: &Problem,
) -> Finding {
    let node = built.node.as_ref();
    let fallback = node.map_or(diag::Span::NONE, object::span);
    let mut finding = Finding::new(check, problem.span.or(fallback), problem.message.as_str())
        .with_cluster(view.build.cluster.name.as_str())
        .with_origin(built.origin.clone())
        .with_help(problem.help.as_str());
    finding.related.clone_from(&problem.related);
    match node {
        Some(node) => finding.with_object(object::reference(node)),
        None => finding,
    }
}
