//! The kustomization file at a Flux Kustomization's path has a field that nobody reads.

use std::collections::BTreeSet;

use ::flux::State;
use diag::{CheckMeta, Findings, Level, Stage};
use model::object;
use model::tree::path;
use model::yaml::{self, Dialect};

use crate::absence::KUSTOMIZATION_FILES;
use crate::context::{Check, Context};
use crate::wording::did_you_mean;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "kustomize/unknown-field",
        summary: "a kustomization file has a field that kustomize does not know",
        level: Level::Error,
        stage: Stage::Written,
        docs: r"## What it does
Reports unknown fields of the kustomization file that stands at the `path` of a Kustomization. Nested kustomization files are
read strictly: there an unknown field already fails the build.

## Why it matters
Flux reads the file at `path` leniently: a misspelled `resources` builds nothing, and the Kustomization is Ready.

## Example
```yaml
--- clusters/demo/kustomization.yaml
resource:
#< error[kustomize/unknown-field]: unknown field `resource`
  - settings.yaml
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
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for built in view
            .build
            .kustomizations
            .iter()
            .filter(|built| !matches!(built.state, State::External(_)))
        {
            let at = |name: &str| path::join(&built.folder, name).ok();
            let Some(file) = KUSTOMIZATION_FILES
                .iter()
                .filter_map(|name| at(name))
                .find(|at| cx.tree.is_file(at))
            else {
                continue;
            };
            let Ok(text) = cx.tree.read(&file) else { continue };
            let reported: BTreeSet<_> = built.problems.iter().map(|problem| problem.span).collect();
            let parsed = yaml::parse(text.source, &text.text, Dialect::Sigs);
            let root = parsed.documents.first().and_then(yaml::Node::as_map);
            for entry in root.into_iter().flat_map(yaml::Map::entries) {
                let known = ::kustomize::FIELDS
                    .iter()
                    .any(|field| field.eq_ignore_ascii_case(&entry.key));
                if known || reported.contains(&entry.key_span) {
                    continue;
                }
                let message = format!("unknown field `{}` in the kustomization file", entry.key);
                let meant = model::nearest(&entry.key, ::kustomize::FIELDS.iter().copied());
                let mut finding = diag::Finding::new(&CHECK.meta, entry.key_span, message)
                    .with_path(&*entry.key)
                    .with_cluster(view.build.cluster.name.as_str())
                    .with_origin(built.origin.clone())
                    .with_why("Flux drops the field without a word, and is Ready")
                    .with_help(meant.map_or_else(
                        || "remove the field".to_owned(),
                        |meant| did_you_mean(Some(meant)),
                    ));
                if let Some(node) = &built.node {
                    finding = finding.with_object(object::reference(node));
                }
                findings.push(finding);
            }
        }
    }
}

/// Whether a build has this check's defect in a kustomization file: then other checks leave its folder alone.
pub(crate) fn is_broken(cx: &Context<'_>, file: &str) -> bool {
    let Ok(text) = cx.tree.read(file) else { return true };
    let parsed = yaml::parse(text.source, &text.text, Dialect::Sigs);
    let root = parsed.documents.first().and_then(yaml::Node::as_map);
    let known = |entry: &yaml::Entry| {
        ::kustomize::FIELDS
            .iter()
            .any(|field| field.eq_ignore_ascii_case(&entry.key))
    };
    !parsed.problems.is_empty() || !root.is_some_and(|map| map.entries().iter().all(known))
}
