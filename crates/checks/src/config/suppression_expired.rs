//! A suppression whose last day has passed.

use diag::{CheckMeta, Findings, Level, Stage};

use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "config/suppression-expired",
        summary: "a suppression has come to its end",
        level: Level::Warning,
        stage: Stage::Written,
        docs: r"## What it does
Reports entries of `suppress` in `.config/xtask.yaml` whose `until` lies before today, or is no date. They suppress nothing.

## Why it matters
An exception without an end is a rule that nobody decided on.

## Example
```yaml
--- .config/xtask.yaml
suppress:
  - {check: yaml/syntax, reason: to be repaired, until: '2020-01-01'}
#   ^ warning[config/suppression-expired]: ended on 2020-01-01
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## How to fix
Remove the entry with what it excused, or give it a new end and say why.

## References
- `docs/reference/config.md`
",
    },
    run,
};

/// The suppressions are applied, and judged, after all checks have run.
fn run(_: &Context<'_>, _: &mut Findings) {}
