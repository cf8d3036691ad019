//! A file that a build reads is no YAML.

use ::kustomize::ProblemKind;
use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};
use crate::kustomize::{problem_finding, problems};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "yaml/syntax",
        summary: "a file that a build reads is no YAML",
        level: Level::Error,
        stage: Stage::Written,
        docs: r"## What it does
Reports text that the YAML reader of kustomize refuses, in every file that a build of a cluster reads.

## Why it matters
kustomize stops at the first such file, and Flux then applies nothing of the whole Kustomization.

## Example
```yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata:
	name: settings
#< error[yaml/syntax]: a tab indents this line
```

## How to fix
```yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
```

## References
- <https://yaml.org/spec/1.2.2/#61-indentation-spaces>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (view, built, problem) in problems(cx, &[ProblemKind::Syntax]) {
        findings.push(
            problem_finding(&CHECK.meta, view, built, problem)
                .with_why("Flux applies nothing of a Kustomization with a file that is no YAML"),
        );
    }
}
