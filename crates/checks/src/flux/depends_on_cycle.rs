//! Kustomizations that wait for each other.

use ::flux::{Id, Kustomization};
use diag::{CheckMeta, Finding, Findings, Hop, Level, Span, Stage};
use model::yaml::Node;

use super::waits::{Cycle, State, Waits};
use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/depends-on-cycle",
        summary: "Kustomizations wait for each other",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Follows who waits for whom: `dependsOn`, a Kustomization that applies another one, and `wait` or a health check on a
Kustomization. Each way that leads back to its start is one finding that lists the steps.

## Why it matters
Flux looks for no cycles: all of them wait for ever, without an error that names the cause.

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
  dependsOn:
    - name: base
#           ^^^ error[flux/depends-on-cycle]: `flux-system/apps` depends on `flux-system/base`, `flux-system/base` depends on
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  dependsOn:
    - name: apps
--- apps/kustomization.yaml
resources: []
```

## How to fix
Remove one of the steps.
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
  dependsOn:
    - name: base
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec: {interval: 10m, path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- apps/kustomization.yaml
resources: []
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for cycle in waits(view).cycles() {
            findings.extend(report(view, &cycle));
        }
    }
}

fn report(view: &ClusterView<'_>, cycle: &Cycle) -> Findings {
    let mut findings = Findings::default();
    // The step to break is a dependency where there is one.
    let steps = &cycle.steps;
    let first = steps.iter().position(|step| step.1 == DEPENDS).unwrap_or(0);
    let Some((name, _, _, span)) = steps.get(first) else {
        return findings;
    };
    let Some(subject) = view
        .kustomizations
        .iter()
        .find(|subject| subject.built.id.to_string() == *name)
    else {
        return findings;
    };
    let verb = if steps.len() == 1 {
        "waits for itself"
    } else {
        "wait for each other"
    };
    let message = format!("Kustomizations {verb}: {}", cycle.story());
    let message = if steps.len() == 1 {
        message.replacen("Kustomizations", "Kustomization", 1)
    } else {
        message
    };
    let mut finding: Finding = subject
        .finding(&CHECK.meta, *span, message)
        .with_path("spec.dependsOn")
        .with_why("none of them ever becomes Ready")
        .with_help("remove one of the steps");
    for (index, (from, how, to, span)) in steps.iter().enumerate() {
        if index != first {
            finding = finding.with_related(*span, format!("`{from}` {how} `{to}`"));
        }
    }
    findings.push(finding);
    findings
}

const DEPENDS: &str = "depends on";

fn waits(view: &ClusterView<'_>) -> Waits {
    let mut waits = Waits::default();
    // What the entrypoint applies is often applied with it by hand at the start.
    let entry = view
        .build
        .kustomizations
        .first()
        .map(|built| built.id.to_string());
    for subject in view
        .kustomizations
        .iter()
        .filter(|subject| !subject.remote && !subject.kustomization().suspended())
    {
        let name = subject.built.id.to_string();
        waits.add(
            State::Ready(name.clone()),
            State::Applied(name.clone()),
            "",
            Span::NONE,
        );
        for target in subject.kustomization().depends_on() {
            let id = Id {
                namespace: target.namespace,
                name: target.name,
            };
            if view.build.get(&id).is_some() {
                waits.add(
                    State::Applied(name.clone()),
                    State::Ready(id.to_string()),
                    DEPENDS,
                    target.span,
                );
            }
        }
        if let Some(parent) = parent(subject).filter(|parent| Some(parent) != entry.as_ref()) {
            let span = model::object::span(subject.node);
            waits.add(
                State::Applied(name.clone()),
                State::Applied(parent),
                "is applied by",
                span,
            );
        }
        for (child, how, span) in awaited_children(view, subject) {
            waits.add(State::Ready(name.clone()), State::Ready(child), how, span);
        }
    }
    waits
}

/// The flux::Kustomization that applies this one, unless it applies itself.
fn parent(subject: &Subject<'_>) -> Option<String> {
    let is_kustomization = |hop: &&Hop| hop.what.starts_with("Kustomization ");
    let mut hops = subject.built.origin.iter().rev().filter(is_kustomization);
    let own = hops.next()?;
    let parent = hops.next()?;
    (own.what != parent.what).then(|| parent.what.trim_start_matches("Kustomization ").to_owned())
}

/// The flux::Kustomizations that one applies and whose readiness it waits for.
fn awaited_children(view: &ClusterView<'_>, subject: &Subject<'_>) -> Vec<(String, &'static str, Span)> {
    let kustomization = subject.kustomization();
    let own = subject.built.id.to_string();
    if let Some(wait) = kustomization
        .spec("wait")
        .filter(|wait| wait.as_bool() == Some(true))
    {
        let children = view
            .kustomizations
            .iter()
            .filter(|child| parent(child).as_deref() == Some(own.as_str()));
        return children
            .map(|child| (child.built.id.to_string(), "waits for", wait.span))
            .collect();
    }
    let of_kustomization = |check: &&Node| check.str_at(&["kind"]) == Some("Kustomization");
    let target = |check: &Node| {
        let name = check.get("name")?;
        let id = Id {
            namespace: check.str_at(&["namespace"])?.to_owned(),
            name: name.as_str()?.to_owned(),
        };
        let is_other = id.to_string() != own && view.build.get(&id).is_some();
        is_other.then(|| (id.to_string(), "waits for", name.span))
    };
    let checks = Kustomization(subject.node).list("healthChecks");
    checks
        .iter()
        .filter(of_kustomization)
        .filter_map(target)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn a_child_that_depends_on_a_parent_that_waits_for_it() {
        testing::case(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: parent, namespace: flux-system}
spec: {interval: 10m, path: ./parent, prune: true, wait: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- parent/child.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: child, namespace: flux-system}
spec:
  interval: 10m
  path: ./child
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  dependsOn: [{name: parent}]
#                    ^ error[flux/depends-on-cycle]: `flux-system/parent` waits for `flux-system/child`
--- child/kustomization.yaml
resources: []
",
        );
    }
}
