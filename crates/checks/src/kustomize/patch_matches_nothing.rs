//! A patch, or an image entry, matches no object.

use ::flux::{Built, Kustomization};
use ::kustomize::{Problem, ProblemKind};
use diag::{CheckMeta, Findings, Level, Span, Stage};
use model::tree::path;
use model::yaml::Node;

use super::{problem_finding, problems};
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "kustomize/patch-matches-nothing",
        summary: "a patch matches no object",
        level: Level::Warning,
        stage: Stage::Written,
        docs: r"## What it does
Reports patches with a `target` that selects no object of the build. Target names are regular expressions for the whole
name; they are compared before `namespace`, `namePrefix` and `nameSuffix` of the same file are applied. A patch that several builds
share, because a parent gives it to its children or a base has it, is reported when it matches in none of them.

## Why it matters
kustomize drops such a patch without a word: the build succeeds and the change is not there.

## Example
```yaml
--- clusters/demo/kustomization.yaml
resources:
  - settings.yaml
patches:
  - target: {kind: ConfigMap, name: setting}
#                                   ^^^ warning[kustomize/patch-matches-nothing]: matches no object
    patch: |
      - {op: add, path: /data/region, value: north}
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {zone: a}
```

## How to fix
```yaml
--- clusters/demo/kustomization.yaml
resources:
  - settings.yaml
patches:
  - target: {kind: ConfigMap, name: settings}
    patch: |
      - {op: add, path: /data/region, value: north}
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {zone: a}
```

## References
- <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (view, built, problem) in problems(cx, &[ProblemKind::Unmatched]) {
        if !matches_somewhere(cx, problem) && !waits_for_bootstrap(cx, problem) {
            findings.push(
                problem_finding(&CHECK.meta, view, built, problem)
                    .with_why("the build succeeds and the change is not in it"),
            );
        }
    }
}

/// Whether another build has the same patch and it matches there: one that a parent gives to all its children, or one of a
/// base that several overlays share.
fn matches_somewhere(cx: &Context<'_>, problem: &Problem) -> bool {
    let file = cx.tree.sources().locate(problem.span).map(|(file, _)| file);
    let reads_it = |built: &Built| file.as_deref().is_some_and(|file| built.files.contains(file));
    let is_given_it = |built: &Built| {
        let patches = built
            .node
            .as_ref()
            .map(|node| Kustomization(node).list("patches"));
        patches
            .unwrap_or_default()
            .iter()
            .any(|patch| holds(patch, problem.span))
    };
    let is_unmatched = |built: &Built| built.problems.iter().any(|other| other.span == problem.span);
    let builds = cx.clusters.iter().flat_map(|cluster| &cluster.kustomizations);
    builds
        .into_iter()
        .any(|built| (reads_it(built) || is_given_it(built)) && !is_unmatched(built))
}

/// Whether the patch stands beside a gotk-components.yaml that `flux bootstrap` has not yet written.
fn waits_for_bootstrap(cx: &Context<'_>, problem: &Problem) -> bool {
    let Some((file, _)) = cx.tree.sources().locate(problem.span) else {
        return false;
    };
    let components = path::join(path::parent(&file), "gotk-components.yaml").unwrap_or_default();
    cx.tree
        .read(&components)
        .is_ok_and(|text| !text.text.contains("kind:"))
}

fn holds(node: &Node, span: Span) -> bool {
    let mut found = false;
    node.walk(&mut |_, node| found |= node.span == span);
    found
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn a_patch_that_matches_in_some_child_is_meant_so() {
        testing::case(
            "--- clusters/demo/flux-system/gotk-sync.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: https://example.org/fleet, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/demo, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  patches:
    - target: {kind: Kustomization}
      patch: |
        - op: add
          path: /spec/patches
          value:
            - target: {kind: ConfigMap, name: a}
              patch: '[{op: add, path: /data/x, value: north}]'
--- apps/ks.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: a, namespace: flux-system}
spec: {interval: 10m, path: ./a, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: b, namespace: flux-system}
spec: {interval: 10m, path: ./b, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
--- a/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default}
data: {z: z}
--- b/b.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: default}
",
        );
    }
}
