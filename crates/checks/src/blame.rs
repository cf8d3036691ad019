//! Points findings about installed objects at the HelmRelease: at the value that causes them where that can be told.

use diag::{Finding, Stage};
use helm::install::{Install, is_rendered};

use crate::context::Context;

/// Moves a finding from the rendered text, which no file holds, to the line that a person must edit.
pub(crate) fn point(cx: &Context<'_>, finding: &mut Finding) {
    if finding.stage != Stage::Installed {
        return;
    }
    let located = cx.tree.sources().locate(finding.primary);
    if !located.is_some_and(|(file, _)| is_rendered(&file)) {
        return;
    }
    let Some(install) = install_of(cx, finding) else {
        return;
    };
    let rendered = finding.primary;
    let culprit = cx.blame.and_then(|blame| blame(finding));
    let (primary, label) = match culprit {
        Some((path, span)) => (
            span,
            format!("`{}` as `spec.values.{path}` makes it", finding.path),
        ),
        None => (
            install.values_span(),
            format!("`{}` as the chart renders it", finding.path),
        ),
    };
    finding.primary = primary;
    finding.related.insert(
        0,
        diag::Label {
            span: rendered,
            message: label,
        },
    );
}

fn install_of<'a>(cx: &'a Context<'_>, finding: &Finding) -> Option<&'a Install<'a>> {
    let view = cx
        .views
        .iter()
        .find(|view| view.build.cluster.name == finding.cluster)?;
    let object = finding.object.as_ref()?;
    let subject = view
        .installed
        .iter()
        .find(|subject| model::object::reference(subject.node) == *object)?;
    subject.install
}
