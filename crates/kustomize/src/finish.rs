//! What happens once, after the root kustomization: hashes, references, order, and the annotations of the output.

use std::collections::HashMap;

use diag::{Hop, Sources, Span};
use model::tree::path;
use model::yaml::{Node, Style, Value, emit};

use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::file::{File, SortOptions, SortOrder};
use crate::problem::{Problem, ProblemKind};
use crate::resource::{Id, Resource};
use crate::{Object, Order, hash, names, order, scalar};

const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const LOCAL: &str = "config.kubernetes.io/local-config";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The release whose behaviour this engine has.
const VERSION: &str = "kustomize-v5.8.1";

/// Turns the objects of the root into those of the build.
pub(crate) fn finish(run: &mut Run<'_, '_>, accumulator: Accumulator, file: &File) -> Vec<Object> {
    let Accumulator {
        mut resources,
        config,
        ..
    } = accumulator;
    for resource in &resources {
        run.problems.extend(defect(resource));
    }
    for resource in resources.iter_mut().filter(|resource| resource.needs_hash) {
        let suffix = hash::suffix(resource);
        resource.store_previous();
        let name = format!("{}-{suffix}", resource.name());
        resource.set_name(name.into());
    }
    run.problems.extend(names::fix(&mut resources, &config));
    let sources = run.builder.tree.sources().clone();
    resources.retain(|resource| {
        let local = resource.node.at(&["metadata", "annotations", LOCAL]);
        local.is_none_or(|value| &*scalar::written(value, &sources) == "false")
    });
    duplicates(run, &resources);
    let default = match run.options.order {
        Order::Fifo => None,
        Order::Legacy => Some(SortOptions {
            order: SortOrder::Legacy,
            lists: None,
        }),
    };
    order::sort(&mut resources, file.sort_options.as_ref().or(default.as_ref()));
    let metadata = run.metadata;
    let objects = resources.into_iter().map(|mut resource| {
        if metadata.managed_by {
            managed_by(&mut resource);
        }
        strings(&mut resource, &sources);
        if metadata.origin
            && let Some(text) = resource.origin_annotation.take()
        {
            annotate(&mut resource, ORIGIN, text);
        }
        if metadata.transformations && !resource.transformations.is_empty() {
            let text = std::mem::take(&mut resource.transformations);
            annotate(&mut resource, TRANSFORMATIONS, text);
        }
        Object {
            node: resource.node,
            origin: resource.origin,
        }
    });
    objects.collect()
}

/// What makes the real program fail in the end, whatever else an object is.
fn defect(resource: &Resource) -> Option<Problem> {
    let patch = resource.origin.iter().rev().find(|hop| hop.what == "patch");
    let span = patch.map_or(resource.span(), |hop| hop.span);
    let (kind, name) = (resource.kind(), resource.name());
    if resource.needs_hash && !matches!(&*kind, "ConfigMap" | "Secret") {
        let message = format!("the hash of a generated object that became a `{kind}` is not supported");
        return Some(Problem::new(ProblemKind::Unsupported, span, message));
    }
    if name.is_empty() || kind.is_empty() {
        let field = if kind.is_empty() { "kind" } else { "metadata.name" };
        return Some(Problem::error(
            span,
            format!("the object `{}` has no `{field}` any more", resource.original()),
        ));
    }
    let message = || {
        format!(
            "the name or kind of `{}` is empty or has a comma on the way",
            resource.id()
        )
    };
    resource.is_broken.then(|| Problem::error(span, message()))
}

/// Objects that patches gave the same name.
fn duplicates(run: &mut Run<'_, '_>, resources: &[Resource]) {
    if run
        .problems
        .iter()
        .any(|problem| problem.kind == ProblemKind::DuplicateId)
    {
        return;
    }
    let mut seen: HashMap<Id, &Resource> = HashMap::with_capacity(resources.len());
    for resource in resources {
        let id = resource.id();
        if let Some(first) = seen.insert(id, resource) {
            let message = format!("two objects are `{}` after all changes", resource.id());
            let by_patch = |hops: &[Hop]| hops.last().filter(|hop| hop.what == "patch").map(|hop| hop.span);
            let span = by_patch(&resource.origin)
                .or_else(|| by_patch(&first.origin))
                .unwrap_or(resource.span());
            run.problems.push(
                Problem::new(ProblemKind::DuplicateId, span, message)
                    .with_related(first.span(), "the first")
                    .with_related(resource.span(), "the second"),
            );
        }
    }
}

/// Makes strings of all annotations, as they are written; empty annotations go.
pub(crate) fn strings(resource: &mut Resource, sources: &Sources) {
    let Some(annotations) = resource.node.at(&["metadata", "annotations"]) else {
        return;
    };
    if annotations.as_map().is_none_or(model::yaml::Map::is_empty) {
        return resource.clear_metadata("annotations");
    }
    let all_strings = annotations.as_map().is_some_and(|map| {
        map.entries()
            .iter()
            .all(|entry| entry.value.as_str().is_some_and(|text| !may_be_time(text)))
    });
    if all_strings {
        return;
    }
    let Some(Value::Map(map)) = resource
        .metadata_mut()
        .and_then(|metadata| metadata.get_mut("annotations"))
        .map(|node| &mut node.value)
    else {
        return;
    };
    for entry in map.entries_mut() {
        entry.value = Node::string(scalar::written(&entry.value, sources), entry.value.span);
    }
}

fn may_be_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.starts_with(|c: char| c.is_ascii_digit())
}

fn annotate(resource: &mut Resource, key: &str, text: String) {
    let span = resource.node.span;
    if let Some(metadata) = resource.metadata_mut()
        && let Some(annotations) = metadata.map_or_insert("annotations", span)
    {
        annotations.set(key, Span::NONE, Node::string(text, Span::NONE));
    }
}

fn managed_by(resource: &mut Resource) {
    let span = resource.node.span;
    if let Some(metadata) = resource.metadata_mut()
        && let Some(labels) = metadata.map_or_insert("labels", span)
    {
        labels.set(MANAGED_BY, Span::NONE, Node::string(VERSION, Span::NONE));
    }
}

/// The text that names a built-in generator or transformer of a file in annotations.
pub(crate) fn configured(origin_path: &str, file: &File, kind: &str) -> String {
    let at = join_origin(origin_path, path::file_name(&file.path));
    format!(
        "configuredIn: {}\nconfiguredBy:\n  apiVersion: builtin\n  kind: {kind}\n",
        yaml_scalar(&at)
    )
}

/// Adds an entry to the text of a YAML list.
pub(crate) fn append_list(list: &mut String, entry: &str) {
    for (at, line) in entry.lines().enumerate() {
        list.push_str(if at == 0 { "- " } else { "  " });
        list.push_str(line);
        list.push('\n');
    }
}

/// A path as a YAML scalar.
pub(crate) fn yaml_scalar(text: &str) -> String {
    emit(&Node::string(text, Span::NONE), Style::Readable)
        .trim_end()
        .to_owned()
}

/// Joins paths as Go's `filepath.Join` does: `..` may lead above the start.
pub(crate) fn join_origin(above: &str, entry: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in above.split('/').chain(entry.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_may_lead_above_the_root() {
        assert_eq!(join_origin("", "../base"), "../base");
        assert_eq!(join_origin("../base", "../x/a.yaml"), "../x/a.yaml");
        assert_eq!(join_origin("a/b", "./../c"), "a/c");
    }
}
