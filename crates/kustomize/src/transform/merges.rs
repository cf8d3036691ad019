//! `patches` and `patchesStrategicMerge`.

use std::collections::HashMap;
use std::sync::Arc;

use diag::{Hop, Sources, Span};
use model::yaml::{Node, Value};

use super::Outcome;
use super::json_patches;
use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::file::{File, Patch};
use crate::merge;
use crate::patch::{PatchText, read_inline};
use crate::problem::{Problem, ProblemKind};
use crate::resource::{Id, Resource};
use crate::scalar;

/// Runs `patchesStrategicMerge`: each entry is a path or the patch itself.
pub(super) fn legacy(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    if file.patches_strategic_merge.is_empty() {
        return;
    }
    let mut any = false;
    for patch in &file.patches_strategic_merge {
        let inline = inline(run, patch);
        let text = match inline.as_deref() {
            Some(PatchText::Merge(_)) => inline,
            _ => from_path(run, file, patch),
        };
        match text.as_deref() {
            Some(PatchText::Merge(nodes)) => {
                any = true;
                for node in nodes {
                    let outcome = to_one(accumulator, patch, node, run.builder.sources(), true);
                    run.note(outcome);
                }
            }
            Some(PatchText::Empty) => {}
            Some(PatchText::Json(_)) => {
                let message = "found a JSON patch, wanted a strategic merge patch".to_owned();
                run.problems
                    .push(Problem::error(patch.span, message).with_help("list it under `patches`"));
            }
            Some(PatchText::Broken(problems)) => run.problems.extend(problems.iter().cloned()),
            None => any = true,
        }
    }
    if !any {
        let span = file
            .patches_strategic_merge
            .first()
            .map_or(Span::NONE, |patch| patch.span);
        run.problems.push(Problem::error(
            span,
            "the patches of `patchesStrategicMerge` are empty",
        ));
    }
    accumulator.changed();
    run.ran(accumulator, file, "PatchStrategicMergeTransformer");
}

/// Runs `patches`.
pub(super) fn patches(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    for patch in &file.patches {
        if let Some(text) = load(run, file, patch) {
            apply(run, accumulator, patch, &text);
            accumulator.changed();
        }
        run.ran(accumulator, file, "PatchTransformer");
    }
}

/// The text of a patch, from its file or its entry.
pub(super) fn load(run: &mut Run<'_, '_>, file: &File, patch: &Patch) -> Option<Arc<PatchText>> {
    match (&patch.path, &patch.inline) {
        (Some(path), Some(_)) => {
            run.problems.push(Problem::error(
                path.span,
                "a patch has both `path` and `patch`, wanted one of them",
            ));
            None
        }
        (None, None) => {
            run.problems.push(Problem::error(
                patch.span,
                "a patch has neither `path` nor `patch`",
            ));
            None
        }
        (None, Some(_)) => inline(run, patch),
        (Some(_), None) => from_path(run, file, patch),
    }
}

fn inline(run: &Run<'_, '_>, patch: &Patch) -> Option<Arc<PatchText>> {
    let holder = patch.inline.as_ref()?;
    Some(
        patch
            .parsed
            .get_or_init(|| read_inline(holder, run.builder.sources()))
            .clone(),
    )
}

fn from_path(run: &mut Run<'_, '_>, file: &File, patch: &Patch) -> Option<Arc<PatchText>> {
    let path = patch.path.as_ref()?;
    let at = run.locate(file, path, "patch")?;
    run.files.insert(at.clone());
    match run.builder.patch(&at) {
        Ok(text) => Some(text),
        Err(error) => {
            run.cannot_read(path.span, "patch", &error);
            None
        }
    }
}

fn apply(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, patch: &Patch, text: &PatchText) {
    match text {
        PatchText::Empty => {}
        PatchText::Broken(problems) => run.problems.extend(problems.iter().cloned()),
        PatchText::Json(operations) => json_patches::apply(run, accumulator, patch, operations, true),
        PatchText::Merge(nodes) => match (&patch.target, nodes.as_slice()) {
            (None, nodes) => {
                for node in nodes {
                    let outcome = to_one(accumulator, patch, node, run.builder.sources(), false);
                    run.note(outcome);
                }
            }
            (Some(target), [node]) => {
                stringified(run, node);
                let mut any = false;
                for resource in accumulator
                    .resources
                    .iter_mut()
                    .filter(|resource| target.selects(resource))
                {
                    any = true;
                    let outcome = merge_into(resource, patch, node, run.builder.sources(), true);
                    run.note(outcome);
                }
                accumulator.resources.retain(|resource| !resource.node.is_null());
                accumulator.changed();
                if any {
                    duplicates(run, accumulator, patch);
                } else {
                    unmatched(run, patch);
                }
            }
            (Some(target), _) => run.problems.push(Problem::error(
                target.span,
                "a patch with several documents has a target, wanted one document or no target",
            )),
        },
    }
}

/// Warns that a target selects nothing.
pub(super) fn unmatched(run: &mut Run<'_, '_>, patch: &Patch) {
    let span = patch
        .target
        .as_ref()
        .map_or(patch.span, |target| target.name_span);
    run.problems.push(Problem::new(ProblemKind::Unmatched, span, "the patch matches no object").with_help(
        "names and namespaces are those before this file's prefix, suffix and namespace; patterns match the whole name",
    ));
}

/// Says where upstream turns a null into a text: in labels and annotations of a patch with a target.
fn stringified(run: &mut Run<'_, '_>, node: &Node) {
    for field in ["labels", "annotations"] {
        for entry in node
            .entries_at(&["metadata", field])
            .iter()
            .filter(|entry| entry.value.is_null())
        {
            let message = format!(
                "`{}: null` in a patch with a target sets the text `null`, it deletes nothing",
                entry.key
            );
            run.problems.push(
                Problem::new(ProblemKind::Warning, entry.key_span, message)
                    .with_help("drop the target, or use a JSON patch with `op: remove`"),
            );
        }
    }
}

/// Objects that a patch made equal, which upstream refuses.
fn duplicates(run: &mut Run<'_, '_>, accumulator: &Accumulator, patch: &Patch) {
    if !patch.allow_name_change && !patch.allow_kind_change {
        return;
    }
    let mut seen: HashMap<Id, Span> = HashMap::new();
    for resource in &accumulator.resources {
        let id = resource.id();
        if let Some(first) = seen.insert(id, resource.span()) {
            let message = format!("the patch makes two objects one: `{}`", resource.id());
            let problem = Problem::new(ProblemKind::DuplicateId, patch.span, message);
            run.problems.push(
                problem
                    .with_related(first, "the first")
                    .with_related(resource.span(), "the second"),
            );
        }
    }
}

/// Merges a patch into the one object that it names.
fn to_one(
    accumulator: &mut Accumulator,
    patch: &Patch,
    node: &Node,
    sources: &Sources,
    is_legacy: bool,
) -> Outcome {
    let wanted = Resource::new(node.clone(), Vec::new()).id();
    let named = |resource: &Resource| {
        resource.name() == wanted.name
            || resource
                .previous
                .iter()
                .any(|previous| previous.name == wanted.name)
    };
    let mut found: Vec<usize> = Vec::new();
    for (at, resource) in accumulator.resources.iter().enumerate() {
        if named(resource) && resource.ids().any(|id| id == wanted) {
            found.push(at);
        }
    }
    let span = model::object::span(node).or(patch.span);
    match found.as_slice() {
        [at] => {
            let outcome = match accumulator.resources.get_mut(*at) {
                Some(resource) => merge_into(resource, patch, node, sources, is_legacy),
                None => Ok(()),
            };
            accumulator.resources.retain(|resource| !resource.node.is_null());
            outcome
        }
        [] => {
            let names: Vec<String> = accumulator
                .resources
                .iter()
                .map(|resource| resource.id().to_string())
                .collect();
            let mut problem = Problem::error(
                span,
                format!(
                    "the patch is for `{wanted}` ({}), which is not there",
                    wanted.api_version
                ),
            )
            .with_related(patch.span, "patch listed here");
            if let Some(near) = model::nearest(&wanted.to_string(), names.iter().map(String::as_str)) {
                problem.help = format!("did you mean `{near}`? API version and namespace count too");
            }
            Err(problem)
        }
        _ => Err(Problem::error(
            span,
            format!(
                "the patch is for `{wanted}`, which {} objects are or were",
                found.len()
            ),
        )
        .with_related(patch.span, "patch listed here")),
    }
}

/// Merges; kind, name and namespace of the object stay unless the options say otherwise.
fn merge_into(
    resource: &mut Resource,
    patch: &Patch,
    node: &Node,
    sources: &Sources,
    with_target: bool,
) -> Outcome {
    let id = resource.id();
    let (name, kind) = (
        resource.node.at(&["metadata", "name"]).cloned(),
        resource.node.get("kind").cloned(),
    );
    let namespace = resource.node.at(&["metadata", "namespace"]).cloned();
    if patch.allow_name_change || patch.allow_kind_change {
        resource.store_previous();
    }
    let mut change = node.clone();
    if with_target {
        prepare(&mut change, resource);
    }
    let object = std::mem::replace(&mut resource.node, Node::new(Value::Null, Span::NONE));
    let span = model::object::span(node).or(patch.span);
    let merged = merge::merge(object.clone(), &change, sources);
    let merged = merged
        .map_err(|refusal| Problem::error(span, format!("the patch of `{id}` does not fit: {refusal}")));
    match merged {
        Ok(None) => return Ok(()),
        Ok(Some(node)) => resource.node = node,
        Err(problem) => {
            resource.node = object;
            return Err(problem);
        }
    }
    if !patch.allow_kind_change
        && let (Some(kind), Some(map)) = (kind, resource.node.as_map_mut())
    {
        map.set("kind", kind.span, kind);
    }
    if !patch.allow_name_change
        && let Some(name) = name
    {
        resource.set_metadata("name", name);
    }
    match namespace.filter(|namespace| !namespace.is_null()) {
        Some(namespace) => resource.set_metadata("namespace", namespace),
        None => resource.clear_metadata("namespace"),
    }
    resource.origin.push(Hop {
        what: "patch".to_owned(),
        span: patch.span,
    });
    Ok(())
}

/// What upstream does to a patch before it applies it to selected objects: labels and annotations become strings, the
/// version becomes the object's.
fn prepare(change: &mut Node, resource: &Resource) {
    let version = resource.node.get("apiVersion").cloned();
    let Some(map) = change.as_map_mut() else { return };
    match version {
        Some(version) => map.set("apiVersion", version.span, version),
        None => drop(map.remove("apiVersion")),
    }
    let Some(Value::Map(metadata)) = map.get_mut("metadata").map(|node| &mut node.value) else {
        return;
    };
    for field in ["labels", "annotations"] {
        let Some(of_field) = metadata.get_mut(field) else {
            continue;
        };
        let Value::Map(entries) = &mut of_field.value else {
            metadata.remove(field);
            continue;
        };
        for entry in entries.entries_mut() {
            entry.value = Node::string(scalar::text(&entry.value), entry.value.span);
        }
        if entries.is_empty() {
            metadata.remove(field);
        }
    }
}
