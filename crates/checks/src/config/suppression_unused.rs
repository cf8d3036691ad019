//! A suppression that suppresses nothing.

use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "config/suppression-unused",
        summary: "a suppression matches no finding",
        level: Level::Warning,
        stage: Stage::Written,
        docs: r"## What it does
Reports entries of `suppress` in `.config/xtask.yaml` that match no finding of this run.

## Why it matters
A stale exception hides the next defect that looks like the old one.

## Example
```yaml
--- .config/xtask.yaml
suppress:
  - {check: yaml/syntax, reason: to be repaired, until: '2999-01-01'}
#   ^ warning[config/suppression-unused]: matches no finding
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## How to fix
Remove the entry.

## References
- `docs/reference/config.md`
",
    },
    run,
};

/// The suppressions are applied, and judged, after all checks have run.
fn run(_: &Context<'_>, _: &mut Findings) {}
