//! Kinds that nobody here knows: their objects were not validated.

use std::collections::BTreeMap;

use diag::{CheckMeta, Findings, Level, Stage};

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::judgement::Judgement;
use crate::wording::count;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "schema/missing",
        summary: "a kind has no schema here, so its objects were not validated",
        level: Level::Note,
        stage: Stage::Built,
        docs: r"## What it does
Counts the objects of each kind that is neither built in nor defined by a CRD of the repository. It reports no finding: what
could not be validated is deferred.

## Why it matters
An object that is skipped looks like one that is valid.

## Example
```yaml
apiVersion: example.org/v1
kind: Thing
metadata: {name: a, namespace: default}
# deferred[schema/missing]: Thing
```

## How to fix
Keep the CRD in the repository, or name a place with schemas: `--schema-location`.

## References
- <https://github.com/yannh/kubeconform#overriding-schemas-location>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
    for (_, judgement) in cx.views.iter().flat_map(ClusterView::judged) {
        if let Judgement::NoSchema(gvk) = judgement {
            *kinds.entry(gvk).or_default() += 1;
        }
    }
    for (gvk, number) in kinds {
        let subject = format!(
            "{} of {}, {}",
            gvk.kind,
            gvk.api_version(),
            count(number, "object")
        );
        findings.defer(
            &CHECK.meta,
            subject,
            "no schema: neither built in nor defined by a CRD of the repository",
        );
    }
}
