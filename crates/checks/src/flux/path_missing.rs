//! `spec.path` of a Kustomization names no folder of the tree.

use ::flux::State;
use diag::{CheckMeta, Findings, Level, Stage};
use model::tree::path;

use crate::cluster_view::{ClusterView, source_of};
use crate::context::{Check, Context};
use crate::subject::Subject;
use crate::wording::did_you_mean;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/path-missing",
        summary: "the path of a Kustomization is no folder of the repository",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports a Kustomization whose `spec.path` names no folder of the git tree. A folder that exists on the disk and that an ignore
file keeps out of the tree counts as absent, and the finding says which rule hides it.

## Why it matters
Flux reports `kustomization path not found` and applies nothing.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./aps
#       ^^^ error[flux/path-missing]: `aps` is no folder
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## How to fix
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#path>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for subject in view
            .kustomizations
            .iter()
            .filter(|subject| is_missing(cx, view, subject))
        {
            let (folder, span) = subject.kustomization().path();
            let message = if cx.tree.is_file(&folder) {
                format!("path `{folder}` is a file, wanted a folder")
            } else if let Some(by) = cx.tree.hidden_by(&folder) {
                format!("path `{folder}` is on the disk but not in the git tree: {by}")
            } else {
                format!("path `{folder}` is no folder of the repository")
            };
            findings.push(
                subject
                    .finding(&CHECK.meta, span, message)
                    .with_path("spec.path")
                    .with_why("Flux finds no manifests and applies nothing")
                    .with_help(help(cx, &folder)),
            );
        }
    }
}

/// Whether the folder should be here. Where no file says which source this repository is, a source that is not applied either
/// is taken for it when other folders of that source are here, or one with almost that name is.
fn is_missing(cx: &Context<'_>, view: &ClusterView<'_>, subject: &Subject<'_>) -> bool {
    match subject.built.state {
        State::NoFolder => true,
        State::External(_) if view.build.cluster.source.is_none() => {
            let source = source_of(subject);
            let own =
                source.as_ref().is_some_and(|key| view.get(key).is_none()) && source == view.own_source();
            let (folder, _) = subject.kustomization().path();
            let here = |other: &Subject<'_>| other.built.state == State::Built && source_of(other) == source;
            let is_meant = || view.kustomizations.iter().any(here) || nearest_folder(cx, &folder).is_some();
            own && !cx.tree.is_folder(&folder) && is_meant()
        }
        _ => false,
    }
}

fn help(cx: &Context<'_>, folder: &str) -> String {
    if cx.tree.is_file(folder) {
        return format!("write the folder: `./{}`", path::parent(folder));
    }
    did_you_mean(
        nearest_folder(cx, folder)
            .map(|folder| format!("./{folder}"))
            .as_deref(),
    )
}

/// The path with its first wrong part replaced by the folder that is nearest to it; or a folder of the same name elsewhere.
fn nearest_folder(cx: &Context<'_>, folder: &str) -> Option<String> {
    let mut good = String::new();
    for part in folder.split('/') {
        let next = path::join(&good, part).ok()?;
        if cx.tree.is_folder(&next) {
            good = next;
            continue;
        }
        let folders: Vec<&str> = cx
            .tree
            .names(&good)
            .filter(|name| path::join(&good, name).is_ok_and(|at| cx.tree.is_folder(&at)))
            .collect();
        let Some(meant) = model::nearest(part, folders) else {
            break;
        };
        good = path::join(&good, meant).ok()?;
    }
    if path::file_name(&good) == path::file_name(folder)
        || good.split('/').count() == folder.split('/').count()
    {
        return Some(good).filter(|good| !good.is_empty());
    }
    same_name_elsewhere(cx, path::file_name(folder))
}

fn same_name_elsewhere(cx: &Context<'_>, name: &str) -> Option<String> {
    let parents = cx.tree.files().flat_map(|file| path::ancestors(file).skip(1));
    let mut found: Vec<&str> = parents.filter(|folder| path::file_name(folder) == name).collect();
    found.dedup();
    found.sort_by_key(|folder| folder.len());
    found.first().map(|folder| (*folder).to_owned())
}
