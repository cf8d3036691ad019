//! A key stands twice in one mapping.

use ::kustomize::ProblemKind;
use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};
use crate::kustomize::{problem_finding, problems};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "yaml/duplicate-key",
        summary: "a key stands twice in one mapping",
        level: Level::Error,
        stage: Stage::Written,
        docs: r"## What it does
Reports a key that a mapping holds twice, in every file that a build of a cluster reads. In a kustomization file, where the
last one wins without a word, it is a warning.

## Why it matters
kustomize refuses a manifest with a repeated key; where it does not, one of the two values is lost.

## Example
```yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  region: north
  region: south
# ^^^^^^ error[yaml/duplicate-key]: `region` stands twice
```

## How to fix
```yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data:
  region: south
```

## References
- <https://yaml.org/spec/1.2.2/#3213-node-comparison>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (view, built, problem) in problems(cx, &[ProblemKind::DuplicateKey, ProblemKind::Warning]) {
        let fails = problem.kind == ProblemKind::DuplicateKey;
        if !fails && !is_duplicate(&problem.message) {
            continue;
        }
        let finding = problem_finding(&CHECK.meta, view, built, problem).with_why(if fails {
            "kustomize refuses the file"
        } else {
            "the last value wins, the first is lost"
        });
        findings.push(if fails {
            finding
        } else {
            finding.with_level(Level::Warning)
        });
    }
}

/// Whether a warning of the kustomize engine is that of the YAML reader about a repeated key.
pub(crate) fn is_duplicate(message: &str) -> bool {
    message.starts_with("the key `") && message.contains("twice")
}
