//! A kustomize build fails.

use ::flux::Built;
use ::kustomize::ProblemKind;
use diag::{CheckMeta, Findings, Level, Stage};

use super::{problem_finding, problems};
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "kustomize/build-failed",
        summary: "a kustomize build fails",
        level: Level::Error,
        stage: Stage::Written,
        docs: r"## What it does
Builds the folder of every Kustomization of every cluster as Flux does, and reports each reason for which the build fails:
files and folders that are listed and do not exist, objects that come up twice, patches that cannot be applied, and so on.

## Why it matters
Flux applies nothing of a Kustomization whose build fails, and keeps what was there before.

## Example
```yaml
--- clusters/demo/kustomization.yaml
resources:
  - setings.yaml
#   ^^^ error[kustomize/build-failed]: `clusters/demo/setings.yaml` does not exist
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## How to fix
```yaml
--- clusters/demo/kustomization.yaml
resources:
  - settings.yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## References
- <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>
- <https://fluxcd.io/flux/faq/#why-are-kustomize-builds-failing>
",
    },
    run,
};

const KINDS: &[ProblemKind] = &[
    ProblemKind::Error,
    ProblemKind::Missing,
    ProblemKind::UnknownField,
    ProblemKind::DuplicateId,
    ProblemKind::Cycle,
];

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (view, built, problem) in problems(cx, KINDS) {
        if problem.kind == ProblemKind::Error && lacks_something(built) {
            let reason = format!(
                "may follow from what was not fetched or supported: {}",
                problem.message
            );
            findings.defer(&CHECK.meta, format!("Kustomization `{}`", built.id), reason);
            continue;
        }
        findings.push(
            problem_finding(&CHECK.meta, view, built, problem)
                .with_why("Flux applies nothing of a Kustomization whose build fails"),
        );
    }
}

/// Whether something of the build was left out here: a patch for it then finds nothing.
fn lacks_something(built: &Built) -> bool {
    built
        .problems
        .iter()
        .any(|problem| problem.kind == ProblemKind::Unsupported)
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn a_patch_for_what_was_not_fetched_is_no_defect() {
        testing::case(
            "--- clusters/demo/kustomization.yaml
resources: [https://example.org/remote.yaml]
patches: [{path: patch.yaml}]
--- clusters/demo/patch.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: remote, namespace: default}
data: {a: b}
# deferred[kustomize/build-failed]: may follow from
# deferred[kustomize/unsupported]: needs the network
",
        );
    }
}
