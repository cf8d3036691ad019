//! A manifest reads a variable that nothing sets.

use std::collections::BTreeMap;

use ::flux::substitute::ProblemKind;
use ::flux::{Built, Kustomization};
use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::subject::Subject;
use crate::wording::{did_you_mean, nearest_name, some_of};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/substitute-undefined",
        summary: "a manifest reads a variable that nothing sets",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports `${NAME}` without a default where neither `substitute` nor an object of `substituteFrom` sets `NAME`. A variable that
other clusters set, or that is read in many places, is one finding; the other places are listed with it.

## Why it matters
Flux 2.9 fails the Kustomization. Older versions put nothing in its place; there the finding is a warning.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {REGION: north}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  a: in ${REGION}
  b: in ${REGON}
#       ^^^ error[flux/substitute-undefined]: variable `REGON` is not set
```

## How to fix
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {REGION: north}}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  a: in ${REGION}
  b: in ${ZONE:=a}
  script: echo $${HOME}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>
",
    },
    run,
};

/// How many other places a finding lists.
const MOST_PLACES: usize = 8;

/// A variable that is read in vain, and where.
struct Reads<'a> {
    first: Subject<'a>,
    message: String,
    spans: Vec<Span>,
}

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for ((name, _), reads) in reads(cx, view) {
            findings.push(report(cx, view, &name, &reads));
        }
    }
}

/// By name and, for names that look like no setting, by Kustomization: those are slips at the places that read them.
fn reads<'a>(cx: &Context<'_>, view: &ClusterView<'a>) -> BTreeMap<(String, String), Reads<'a>> {
    let mut all: BTreeMap<(String, String), Reads<'a>> = BTreeMap::new();
    let subjects = view.objects.iter().filter(|subject| subject.has_holes());
    for subject in subjects.filter(|subject| !has_broken_post_build(cx, subject.built)) {
        for problem in subject.object.iter().flat_map(|object| &object.problems) {
            let ProblemKind::Undefined(name) = &problem.kind else {
                continue;
            };
            let place = if is_set_somewhere(cx, name) || is_named_as_setting(name) {
                String::new()
            } else {
                subject.built.id.to_string()
            };
            let reads = all.entry((name.clone(), place)).or_insert_with(|| Reads {
                first: *subject,
                message: problem.message.clone(),
                spans: Vec::new(),
            });
            if !reads.spans.contains(&problem.span) {
                reads.spans.push(problem.span);
            }
        }
    }
    all
}

fn report(cx: &Context<'_>, view: &ClusterView<'_>, name: &str, reads: &Reads<'_>) -> Finding {
    let span = reads.spans.first().copied().unwrap_or(Span::NONE);
    let is_lax = model::config::major_minor(cx.config.flux_version.as_deref().unwrap_or("2.9"))
        .is_some_and(|v| v < (2, 9));
    let mut finding = reads
        .first
        .finding(&CHECK.meta, span, reads.message.as_str())
        .with_why(if is_lax {
            "Flux puts nothing in its place"
        } else {
            "Flux fails the Kustomization"
        })
        .with_help(help(cx, view, name, reads.first.built));
    for other in reads.spans.iter().skip(1).take(MOST_PLACES) {
        finding = finding.with_related(*other, "and read here");
    }
    if is_lax {
        finding.with_level(Level::Warning)
    } else {
        finding
    }
}

fn help(cx: &Context<'_>, view: &ClusterView<'_>, name: &str, built: &Built) -> String {
    let known = built
        .variables
        .iter()
        .flat_map(|variables| variables.known.keys());
    if let Some(meant) = nearest_name(name, known.map(String::as_str)) {
        return did_you_mean(Some(meant));
    }
    let setter = |built: &&Built| {
        built
            .variables
            .as_ref()
            .is_some_and(|variables| variables.known.contains_key(name))
    };
    if let Some(other) = view.build.kustomizations.iter().find(setter) {
        let variables = other
            .variables
            .as_ref()
            .and_then(|variables| variables.known.get(name));
        let from = variables.map_or("", |variable| variable.from.as_str());
        return format!(
            "Kustomization `{}` takes it from {from}: do the same here",
            other.id
        );
    }
    let others: Vec<&str> = cx
        .views
        .iter()
        .filter(|other| other.build.kustomizations.iter().any(|built| setter(&built)))
        .map(|other| other.build.cluster.name.as_str())
        .collect();
    let set = format!("write `${{{name}:=default}}`, or `$${{{name}}}` for the text as it is");
    if others.is_empty() {
        return format!("set it, {set}");
    }
    let (noun, verb) = if others.len() == 1 {
        ("cluster", "sets")
    } else {
        ("clusters", "set")
    };
    format!(
        "{noun} {} {verb} it: set it for this one too, or {set}",
        some_of(&others, 3)
    )
}

/// Settings are written in capitals; what is not is mostly a script's own variable.
fn is_named_as_setting(name: &str) -> bool {
    !name.contains(|c: char| c.is_lowercase())
}

fn is_set_somewhere(cx: &Context<'_>, name: &str) -> bool {
    let builds = cx.views.iter().flat_map(|view| &view.build.kustomizations);
    builds.into_iter().any(|built| {
        built
            .variables
            .as_ref()
            .is_some_and(|variables| variables.known.contains_key(name))
    })
}

/// A schema error in `postBuild` is the cause of what is undefined because of it.
fn has_broken_post_build(cx: &Context<'_>, built: &Built) -> bool {
    let Some(node) = &built.node else { return false };
    let schema = cx.schemas.lookup(&model::object::gvk(node));
    let violations = schema
        .map(|schema| schema.validate(node).violations)
        .unwrap_or_default();
    Kustomization(node).has_post_build()
        && violations
            .iter()
            .any(|violation| violation.path.starts_with("spec.postBuild"))
}

#[cfg(test)]
mod tests {
    use crate::testing;

    fn cluster(name: &str, settings: &str) -> String {
        format!(
            "--- clusters/{name}/apps.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: flux-system}}
data: {{{settings}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
  postBuild: {{substituteFrom: [{{kind: ConfigMap, name: settings}}]}}
"
        )
    }

    #[test]
    fn says_which_other_cluster_sets_it() {
        let apps = "--- apps/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default}
data:
  region: in ${REGION}
#            ^ error[flux/substitute-undefined]: variable `REGION` is not set and has no default
  again: in ${REGION}
";
        let text = format!(
            "{}{}{apps}",
            cluster("one", "REGION: north"),
            cluster("two", "ZONE: a")
        );
        let unused = "variable `ZONE`";
        let findings = testing::findings(&text);
        let undefined = findings
            .found
            .iter()
            .find(|finding| finding.check == "flux/substitute-undefined")
            .unwrap();
        assert!(undefined.help.starts_with("cluster `one` sets it"));
        assert_eq!(undefined.related.len(), 1);
        assert!(
            findings
                .found
                .iter()
                .any(|finding| finding.message.contains(unused))
        );
    }
}
