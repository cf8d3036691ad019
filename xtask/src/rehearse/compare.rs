//! The verdict of `validate` beside what Flux made of the same tree.

use std::collections::BTreeSet;

use diag::{Finding, Level};
use flux::ClusterBuild;
use helm::install::ClusterInstall;
use rehearse::{FluxObject, Outcome, Verdict};
use serde::Serialize;
use tools::Toolbox;

use crate::charts::Charts;
use crate::project::Project;

/// Reasons that name another object's failure.
pub(super) const FOLLOWS: [&str; 3] = ["DependencyNotReady", "HealthCheckFailed", "SourceNotReady"];

/// One defect as both sides see it; one side may see nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sides {
    pub(super) cluster: String,
    /// `Kind/namespace/name: reason`.
    pub(super) flux: Option<String>,
    /// `check-id at file:line: message`.
    pub(super) validate: Vec<String>,
}

/// What both sides say of one cluster: everything that Flux refuses, then what only `validate` calls an error.
pub(super) fn sides(
    project: &Project,
    toolbox: &Toolbox,
    builds: &[ClusterBuild],
    installs: &[ClusterInstall<'_>],
    outcome: &Outcome,
) -> Vec<Sides> {
    let (schemas, _) = Project::schemas(builds, installs);
    let checked = Charts::new(project, toolbox).check(builds, installs, &schemas);
    let errors: Vec<(BTreeSet<String>, String)> = checked
        .findings
        .found
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| (concerned(finding), words(project, finding)))
        .collect();
    pair(&outcome.cluster, &outcome.objects, &errors)
}

fn pair(cluster: &str, objects: &[FluxObject], errors: &[(BTreeSet<String>, String)]) -> Vec<Sides> {
    let failed: Vec<&FluxObject> = objects
        .iter()
        .filter(|object| matches!(object.verdict, Verdict::Failed | Verdict::Waiting))
        .collect();
    let is_cause = |object: &FluxObject| !FOLLOWS.contains(&object.reason.as_str());
    let some_cause = failed.iter().any(|object| is_cause(object));
    let mut sides = Vec::new();
    for object in &failed {
        let said: Vec<String> = errors
            .iter()
            .filter(|(concerned, _)| concerned.contains(&object.object))
            .map(|(_, words)| words.clone())
            .collect();
        // What follows from another failure is no defect of its own.
        if said.is_empty() && some_cause && !is_cause(object) {
            continue;
        }
        sides.push(Sides {
            cluster: cluster.to_owned(),
            flux: Some(format!("{}: {}", object.object, object.reason)),
            validate: said,
        });
    }
    let is_seen =
        |concerned: &BTreeSet<String>| failed.iter().any(|object| concerned.contains(&object.object));
    sides.extend(
        errors
            .iter()
            .filter(|(concerned, _)| !is_seen(concerned))
            .map(|(_, words)| Sides {
                cluster: cluster.to_owned(),
                flux: None,
                validate: vec![words.clone()],
            }),
    );
    sides
}

/// The Flux objects that a finding is about or that apply what it is about, `Kind/namespace/name`; of the Kustomizations only
/// the innermost, since those further out are Ready when they have applied it.
fn concerned(finding: &Finding) -> BTreeSet<String> {
    let own = finding.object.as_ref().map(ToString::to_string);
    let mut hops = finding.origin.iter().rev();
    let innermost = hops.find_map(|hop| hop.what.strip_prefix("Kustomization "));
    let innermost = innermost.map(|id| format!("Kustomization/{id}"));
    let releases = finding.origin.iter().map(|hop| hop.what.clone());
    let releases = releases.filter(|what| what.starts_with("HelmRelease/"));
    own.into_iter().chain(innermost).chain(releases).collect()
}

fn words(project: &Project, finding: &Finding) -> String {
    let place = project.tree.sources().locate(finding.primary);
    let place = place.map_or_else(String::new, |(file, at)| format!(" at {file}:{}", at.line));
    format!("{}{place}: {}", finding.check, finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(id: &str, reason: &str) -> FluxObject {
        FluxObject {
            object: id.to_owned(),
            verdict: Verdict::Failed,
            reason: reason.to_owned(),
            message: String::new(),
            revision: String::new(),
            place: None,
            ready_after: None,
        }
    }

    #[test]
    fn what_one_side_alone_sees_stands_alone() {
        let objects = [
            object("HelmRelease/a/a", "InstallFailed"),
            object("Kustomization/f/a", "HealthCheckFailed"),
            object("Kustomization/f/b", "BuildFailed"),
        ];
        let concerning = |id: &str| BTreeSet::from([id.to_owned()]);
        let errors = [
            (concerning("HelmRelease/a/a"), "x/y: z".to_owned()),
            (concerning("Kustomization/f/c"), "p/q: r".to_owned()),
        ];
        let sides = pair("infra", &objects, &errors);
        let seen: Vec<(Option<&str>, usize)> = sides
            .iter()
            .map(|side| (side.flux.as_deref(), side.validate.len()))
            .collect();
        assert_eq!(
            seen,
            [
                (Some("HelmRelease/a/a: InstallFailed"), 1),
                (Some("Kustomization/f/b: BuildFailed"), 0),
                (None, 1),
            ]
        );
    }
}
