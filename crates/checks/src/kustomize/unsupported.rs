//! A build needs what the built-in engine does not have: no defect, and not checked either.

use ::kustomize::ProblemKind;
use diag::{CheckMeta, Deferred, Findings, Level, Stage};

use super::problems;
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "kustomize/unsupported",
        summary: "a build needs a feature that the built-in engine does not have",
        level: Level::Error,
        stage: Stage::Written,
        docs: r"## What it does
Names what a kustomize build needs and the built-in engine does not have: remote resources, which need the network, and rare
features such as `helmCharts`. It reports no finding: what could not be checked is deferred, and for a missing feature the
program ends with 2.

## Why it matters
Whatever is skipped without a word counts as checked.

## Example
```yaml
--- clusters/demo/kustomization.yaml
resources:
  - https://example.org/crds.yaml
# deferred[kustomize/unsupported]: needs the network
```

## How to fix
Vendor the remote file, or let the real program build the folder: `cargo xtask validate --engine tools`.

## References
- <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/>
",
    },
    run,
};

/// How the reason of a remote resource begins.
const NEEDS_NETWORK: &str = "needs the network: ";

/// Whether a deferral names a feature that the engine does not have; a remote resource is out of reach, not out of scope.
pub(crate) fn is_feature(deferred: &Deferred) -> bool {
    deferred.check == CHECK.meta.id && !deferred.reason.starts_with(NEEDS_NETWORK)
}

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (_, built, problem) in problems(cx, &[ProblemKind::Unsupported]) {
        let place = cx.tree.sources().locate(problem.span);
        let subject = place.map_or_else(
            || built.folder.clone(),
            |(file, at)| format!("{file}:{}", at.line),
        );
        let needs = if problem.message.starts_with("remote ") {
            NEEDS_NETWORK
        } else {
            ""
        };
        let reason = format!("{needs}{}", problem.message);
        let deferred = Deferred {
            check: CHECK.meta.id,
            subject,
            reason,
        };
        // A base that several builds share is one thing that was not checked.
        if !findings.deferred.contains(&deferred) {
            findings.deferred.push(deferred);
        }
    }
}
