//! A manifest stands beside a kustomization file that does not list it.

use std::collections::BTreeSet;

use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};
use model::object;
use model::tree::path;
use model::yaml::{self, Dialect, Node};

use super::unknown_field;
use crate::absence::{Absence, KUSTOMIZATION_FILES, resources_of};
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "kustomize/unlisted-manifest",
        summary: "a manifest stands beside a kustomization file that does not list it",
        level: Level::Warning,
        stage: Stage::Written,
        docs: r"## What it does
Looks into each folder whose kustomization file some build reads, and reports YAML files with Kubernetes objects that no build
of any cluster reads. Where the kustomization file names such a file in a comment, it is a note.

## Why it matters
Nothing fails: the object is simply not on the cluster.

## Example
```yaml
--- clusters/demo/kustomization.yaml
resources:
#< warning[kustomize/unlisted-manifest]: `rules.yaml` is not listed
  - settings.yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
--- clusters/demo/rules.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: rules, namespace: default}
```

## How to fix
List the file, or remove it.
```yaml
--- clusters/demo/kustomization.yaml
resources:
  - settings.yaml
  - rules.yaml
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
--- clusters/demo/rules.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: rules, namespace: default}
```

## References
- <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let explained = explained(cx);
    let listings: BTreeSet<&str> = cx
        .views
        .iter()
        .flat_map(|view| view.files().iter().copied())
        .collect();
    for listing in listings
        .into_iter()
        .filter(|file| KUSTOMIZATION_FILES.contains(&path::file_name(file)))
    {
        if belongs_to_broken_build(cx, listing) || unknown_field::is_broken(cx, listing) {
            continue;
        }
        let folder = path::parent(listing);
        for name in cx.tree.names(folder) {
            let Ok(file) = path::join(folder, name) else {
                continue;
            };
            let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
            let candidate = is_yaml && !KUSTOMIZATION_FILES.contains(&name) && cx.tree.is_file(&file);
            if !candidate || cx.is_read(&file) || explained.contains(file.as_str()) {
                continue;
            }
            if let Some(object) = first_object(cx, &file) {
                findings.push(finding(cx, listing, name, &object));
            }
        }
    }
}

fn finding(cx: &Context<'_>, listing: &str, name: &str, object: &(diag::ObjectRef, Span)) -> Finding {
    let (reference, span) = object;
    let commented = cx.tree.read(listing).is_ok_and(|text| {
        text.text
            .lines()
            .any(|line| line.trim_start().starts_with('#') && line.contains(name))
    });
    let message = if commented {
        format!("`{name}` is commented out, so {reference} is not applied")
    } else {
        format!("`{name}` is not listed, so {reference} is not applied")
    };
    let finding = Finding::new(&CHECK.meta, resources_of(cx, listing), message)
        .with_path("resources")
        .with_object(reference.clone())
        .with_related(*span, "defined here")
        .with_why("nothing fails: the object is just not on the cluster")
        .with_help(format!("add `- {name}` to `resources`, or remove the file"));
    if commented {
        finding.with_level(Level::Note)
    } else {
        finding
    }
}

/// A build that fails may have stopped before it came to the file.
fn belongs_to_broken_build(cx: &Context<'_>, listing: &str) -> bool {
    cx.views
        .iter()
        .any(|view| view.broken().any(|built| built.files.contains(listing)))
}

/// Files whose absence from a kustomization a reference check reports, as an error.
fn explained(cx: &Context<'_>) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for view in &cx.views {
        for reference in crate::flux::references(cx, view) {
            if let Some(Absence::Unlisted(unlisted)) = crate::absence::absence(cx, view, &reference.key) {
                files.insert(unlisted.file);
            }
        }
    }
    files
}

/// The first object of a manifest; none for files that hold something else.
fn first_object(cx: &Context<'_>, file: &str) -> Option<(diag::ObjectRef, Span)> {
    let text = cx.tree.read(file).ok()?;
    if !text.text.contains("apiVersion") || !text.text.contains("kind") {
        return None;
    }
    let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
    let node = parsed.documents.iter().find(|node| is_object(node))?;
    Some((object::reference(node), object::span(node)))
}

/// Whether a document is an object for the API server; patches and configurations of kustomize are not.
fn is_object(node: &Node) -> bool {
    let version = object::api_version(node);
    let has_group = version == "v1" || version.contains('/');
    has_group
        && !object::kind(node).is_empty()
        && !object::name(node).is_empty()
        && object::group(node) != "kustomize.config.k8s.io"
        && object::group(node) != "config.kubernetes.io"
}
