//! Runs all checks and applies what the project's settings say about levels and exceptions: here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use diag::{Deferred, Finding, Findings, Level, Span};
use model::config::ConfiguredLevel;
use rayon::prelude::*;

use crate::blame;
use crate::cluster_view::ClusterView;
use crate::context::Context;
use crate::judgement::Judgement;
use crate::kustomize::unsupported;
use crate::registry::registry;
use crate::schema::missing;
use crate::suppress::{self, Suppressed};

/// What a run of all checks gives.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Findings and deferrals, sorted by place.
    pub findings: Findings,
    /// Findings that do not count.
    pub suppressed: Vec<Suppressed>,
    /// What the built-in engine cannot build: the job could not be done, so the exit code is 2.
    pub unsupported: Vec<Deferred>,
    /// Objects that Flux would apply, all clusters together.
    pub objects: usize,
    /// HelmReleases of all clusters.
    pub releases: usize,
    /// Those whose objects are known.
    pub releases_rendered: usize,
    /// Objects that these install.
    pub installed: usize,
    /// Those of them that were validated against a schema.
    pub installed_schema_checked: usize,
    /// Objects of builds that were validated against a schema.
    pub schema_checked: usize,
    /// Those that were not, by reason.
    pub excused: BTreeMap<String, usize>,
    /// Files of the tree that some build read.
    pub files_reached: usize,
}

/// Runs every check. The order of the result does not depend on threads.
pub fn run(cx: &Context<'_>) -> Outcome {
    let of_checks: Vec<Findings> = registry()
        .par_iter()
        .map(|check| {
            let mut findings = Findings::default();
            (check.run)(cx, &mut findings);
            findings
        })
        .collect();
    let mut outcome = Outcome::default();
    for findings in of_checks {
        outcome.findings.extend(findings);
    }
    let findings = &mut outcome.findings;
    findings
        .found
        .par_iter_mut()
        .for_each(|finding| blame::point(cx, finding));
    findings.found = set_levels(cx, once_each(cx, std::mem::take(&mut findings.found)));
    outcome.suppressed = suppress::apply(cx, findings);
    findings.deferred.sort();
    findings.deferred.dedup();
    let is_unsupported = |deferred: &&Deferred| unsupported::is_feature(deferred);
    outcome.unsupported = findings.deferred.iter().filter(is_unsupported).cloned().collect();
    count(cx, &mut outcome);
    outcome
}

/// Sorted by place; what two builds of one cluster say in the same words at the same place is said once.
fn once_each(cx: &Context<'_>, mut found: Vec<Finding>) -> Vec<Finding> {
    let place = |span: Span| {
        let located = cx.tree.sources().locate(span);
        located.map(|(file, at)| (file, at.line, at.column))
    };
    found.sort_by_cached_key(|finding| {
        (
            place(finding.primary),
            finding.check,
            finding.message.clone(),
            finding.cluster.clone(),
            finding.path.clone(),
        )
    });
    let mut seen = BTreeSet::new();
    found.retain(|finding| {
        seen.insert((
            finding.primary,
            finding.check,
            finding.message.clone(),
            finding.cluster.clone(),
        ))
    });
    found
}

fn set_levels(cx: &Context<'_>, found: Vec<Finding>) -> Vec<Finding> {
    let with_level = |finding: Finding| match cx.config.levels.get(finding.check) {
        None => Some(finding),
        Some(ConfiguredLevel::Off) => None,
        Some(ConfiguredLevel::Error) => Some(finding.with_level(Level::Error)),
        Some(ConfiguredLevel::Warning) => Some(finding.with_level(Level::Warning)),
        Some(ConfiguredLevel::Note) => Some(finding.with_level(Level::Note)),
    };
    found.into_iter().filter_map(with_level).collect()
}

fn count(cx: &Context<'_>, outcome: &mut Outcome) {
    for (subject, judgement) in cx.views.iter().flat_map(ClusterView::judged) {
        if subject.install.is_some() {
            outcome.installed += 1;
        } else {
            outcome.objects += 1;
        }
        let reason = match judgement {
            Judgement::Verdict(_) | Judgement::Unserved(_) | Judgement::NoSuchKind(_) => {
                let count = match subject.install {
                    Some(_) => &mut outcome.installed_schema_checked,
                    None => &mut outcome.schema_checked,
                };
                *count += 1;
                continue;
            }
            Judgement::Excused(reason) => (*reason).to_owned(),
            Judgement::NoSchema(_) => format!("no schema ({})", missing::CHECK.meta.id),
        };
        *outcome.excused.entry(reason).or_default() += 1;
    }
    let releases = || cx.views.iter().flat_map(|view| &view.releases);
    outcome.releases = releases().count();
    outcome.releases_rendered = releases()
        .filter(|release| release.install.silence().is_none())
        .count();
    let files: BTreeSet<&str> = cx
        .views
        .iter()
        .flat_map(|view| view.files().iter().copied())
        .collect();
    outcome.files_reached = files.len();
}
