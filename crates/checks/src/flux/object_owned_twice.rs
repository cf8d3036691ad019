//! Two Kustomizations of one cluster apply the same object.

use std::collections::BTreeMap;

use ::flux::Kustomization;
use diag::{CheckMeta, Finding, Findings, Level, Stage};
use model::object;

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::judgement::is_partial;
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/object-owned-twice",
        summary: "two Kustomizations of one cluster apply the same object",
        level: Level::Warning,
        stage: Stage::Built,
        docs: r"## What it does
Reports an object (group, kind, namespace, name) that two Kustomizations of one cluster apply. Where two Kustomizations
share several objects, because one's path lies in the other's, that is one finding.

## Why it matters
Each of them overwrites the other's version, and when one is removed, pruning deletes the object of both.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 10m, path: ./a, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 10m, path: ./b, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- a/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
--- b/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
#                ^^^ warning[flux/object-owned-twice]: is applied by Kustomizations `flux-system/a` and `flux-system/b`
```

## How to fix
Let one of them apply it, and make the other depend on that one.

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#prune>
",
    },
    run,
};

type Pair<'v, 'a> = (&'v Subject<'a>, &'v Subject<'a>);

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        let shared: Vec<Vec<Subject<'_>>> = view
            .keys()
            .map(|(_, subjects)| subjects)
            .filter(|all| all.len() > 1)
            .collect();
        let mut pairs: BTreeMap<(String, String), Vec<Pair<'_, '_>>> = BTreeMap::new();
        for subjects in &shared {
            let Some((first, others)) = subjects.split_first() else {
                continue;
            };
            for other in others.iter().filter(|other| are_rivals(first, other)) {
                let (mut one, mut two) = (first, other);
                if one.built.id > two.built.id {
                    (one, two) = (two, one);
                }
                let names = (one.built.id.to_string(), two.built.id.to_string());
                pairs.entry(names).or_default().push((one, two));
            }
        }
        findings
            .found
            .extend(pairs.values().filter_map(|pairs| report(view, pairs)));
    }
}

/// Whether two Kustomizations pull at one object. One that keeps its hands off when it is removed is no rival when the data
/// are the same.
fn are_rivals(one: &Subject<'_>, two: &Subject<'_>) -> bool {
    let prunes = |subject: &Subject<'_>| {
        let spec = subject
            .built
            .node
            .as_ref()
            .and_then(|node| Kustomization(node).spec("prune"));
        let kept = object::annotation(subject.node, "kustomize.toolkit.fluxcd.io/prune") == Some("disabled");
        !kept && spec.is_none_or(|prune| prune.as_bool() == Some(true))
    };
    let harmless = !prunes(one) && !prunes(two) && one.node.same_data(two.node);
    let shared = is_partial(one.node) || is_partial(two.node);
    one.built.id != two.built.id && !shared && !harmless && !one.is_suspended() && !two.is_suspended()
}

fn report(view: &ClusterView<'_>, pairs: &[Pair<'_, '_>]) -> Option<Finding> {
    let (one, two) = pairs.first()?;
    let (first, second) = (&one.built.id, &two.built.id);
    let why = "they overwrite each other, and pruning one deletes what both apply";
    let here = object::span(two.node);
    if pairs.len() == 1 && here != object::span(one.node) {
        let message = format!(
            "{} is applied by Kustomizations `{first}` and `{second}`",
            object::reference(two.node)
        );
        return Some(
            two.finding(&CHECK.meta, here, message)
                .with_related(object::span(one.node), format!("applied by `{first}`"))
                .with_why(why)
                .with_help("let one of them apply it, and the other depend on that one"),
        );
    }
    let message = format!(
        "Kustomizations `{first}` and `{second}` both apply {} and {} more",
        object::reference(two.node),
        pairs.len() - 1
    )
    .replace(" and 0 more", "");
    let owner = view
        .kustomizations
        .iter()
        .find(|subject| subject.built.id == *second)?;
    let (_, span) = owner.kustomization().path();
    let other = view
        .kustomizations
        .iter()
        .find(|subject| subject.built.id == *first);
    let other = other.map_or(diag::Span::NONE, |subject| subject.kustomization().path().1);
    Some(
        owner
            .finding(&CHECK.meta, span, message)
            .with_path("spec.path")
            .with_related(other, format!("the path of `{first}`"))
            .with_related(here, "one of the objects")
            .with_why(why)
            .with_help("give them folders that share nothing"),
    )
}
