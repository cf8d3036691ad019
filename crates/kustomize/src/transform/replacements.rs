//! `replacements`: copies a value from one object into fields of others.

use std::sync::Arc;

use diag::{Sources, Span};
use model::yaml::{Dialect, Node, Value, parse};

use super::Outcome;
use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::file::{FieldOptions, File, Replacement, ReplacementEntry, ReplacementTarget, Source, Text};
use crate::pointer::{self, Leaf};
use crate::problem::{Problem, ProblemKind};
use crate::resource::{Id, Resource};
use crate::{hash, scalar};

const NAME: &str = "metadata.name";

pub(super) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    for entry in &file.replacements {
        match entry {
            ReplacementEntry::Inline(replacement) => one(run, accumulator, replacement),
            ReplacementEntry::File(path) => {
                let Some(at) = run.locate(file, path, "replacement") else {
                    continue;
                };
                run.files.insert(at.clone());
                match run.builder.replacements(&at) {
                    Ok(read) => {
                        run.problems.extend(read.problems.iter().cloned());
                        read.value
                            .iter()
                            .for_each(|replacement| one(run, accumulator, replacement));
                    }
                    Err(error) => run.cannot_read(path.span, "replacement", &error),
                }
            }
        }
    }
    accumulator.changed();
    if !file.replacements.is_empty() {
        run.ran(accumulator, file, "ReplacementTransformer");
    }
}

fn one(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, replacement: &Replacement) {
    let sources = run.builder.tree.sources().clone();
    let outcome = value(&accumulator.resources, replacement, &sources).and_then(|value| {
        let mut targets = replacement.targets.iter();
        targets.try_for_each(|target| put(&mut accumulator.resources, &value, target, &sources))
    });
    run.note(outcome);
}

/// The value to copy.
fn value(resources: &[Resource], replacement: &Replacement, sources: &Sources) -> Result<Node, Problem> {
    if replacement.targets.is_empty() {
        return Err(Problem::error(replacement.span, "a replacement has no `targets`"));
    }
    match (&replacement.source, &replacement.source_value) {
        (None, None) => Err(Problem::error(replacement.span, "a replacement has no `source`")),
        (Some(_), Some(text)) => Err(Problem::error(
            text.span,
            "a replacement has both `source` and `sourceValue`, wanted one of them",
        )),
        (None, Some(text)) => Ok(scalar::untyped(text.value.clone(), text.span)),
        (Some(source), None) => from_source(resources, source, sources),
    }
}

fn from_source(resources: &[Resource], source: &Source, sources: &Sources) -> Result<Node, Problem> {
    let mut found = resources.iter().filter(|resource| is_source(resource, source));
    let fail = |message: String| Problem::error(source.span, message);
    let Some(resource) = found.next() else {
        return Err(fail(format!("no object is the source {}", shown(source))));
    };
    if let Some(second) = found.next() {
        let message = format!("several objects are the source {}", shown(source));
        let problem = fail(message).with_related(resource.span(), "the first");
        return Err(problem.with_related(second.span(), "the second"));
    }
    let path = if source.field_path.is_empty() {
        NAME
    } else {
        &source.field_path
    };
    let parts = pointer::split(path).map_err(fail)?;
    let node = pointer::lookup(&resource.node, &parts).map_err(fail)?;
    let is_empty = |node: &&Node| match &node.value {
        Value::Null => true,
        Value::Seq(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    };
    let Some(node) = node.filter(|node| !is_empty(node)) else {
        let problem = fail(format!("the source `{}` has no field `{path}`", resource.id()));
        return Err(problem.with_related(resource.span(), "the source"));
    };
    if source.options.delimiter.is_empty() {
        return Ok(node.clone());
    }
    if Leaf::of(node) != Leaf::Scalar {
        return Err(fail(format!(
            "`{path}` is {}, a delimiter wants a string",
            scalar::type_word(node)
        )));
    }
    let text = scalar::written(node, sources);
    let index = usize::try_from(source.options.index).ok();
    let part = index.and_then(|index| text.split(&*source.options.delimiter).nth(index));
    match part {
        Some(part) => Ok(scalar::untyped(part.into(), node.span)),
        None => Err(fail(format!(
            "index {} is out of range in `{text}`",
            source.options.index
        ))),
    }
}

fn shown(source: &Source) -> String {
    let parts = [&source.kind, &source.namespace, &source.name];
    let parts: Vec<&str> = parts
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    format!("`{}`", parts.join("/"))
}

/// The identities that selectors of replacements look at: the one now first, each with its namespace.
fn identities(resource: &Resource) -> Vec<(Id, Arc<str>)> {
    let mut all: Vec<(Id, Arc<str>)> = resource.ids().map(|id| (id.clone(), id.namespace)).collect();
    if let Some((_, namespace)) = all.last_mut() {
        *namespace = resource.namespace();
    }
    all.rotate_right(1);
    all
}

fn is_source(resource: &Resource, source: &Source) -> bool {
    let same = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    let effective = |namespace: &str| {
        if namespace.is_empty() {
            "default".to_owned()
        } else {
            namespace.to_owned()
        }
    };
    identities(resource).iter().any(|(id, namespace)| {
        same(&source.name, &id.name)
            && same(&source.kind, &id.kind)
            && same(&source.group, id.group())
            && same(&source.version, id.version())
            && (source.namespace.is_empty() || effective(namespace) == source.namespace)
    })
}

/// Puts the value into all objects of a target.
fn put(resources: &mut [Resource], value: &Node, target: &ReplacementTarget, sources: &Sources) -> Outcome {
    let Some(select) = &target.select else {
        return Err(Problem::error(
            target.span,
            "a target of a replacement has no `select`",
        ));
    };
    let name = [Text {
        value: NAME.into(),
        span: target.span,
    }];
    let paths = if target.field_paths.is_empty() {
        &name[..]
    } else {
        &target.field_paths
    };
    for resource in resources {
        if !select.selects_metadata(&resource.node)
            || target
                .reject
                .iter()
                .any(|reject| reject.has_metadata() && reject.selects_metadata(&resource.node))
        {
            continue;
        }
        let ids = identities(resource);
        let is_rejected = target
            .reject
            .iter()
            .filter(|reject| !reject.has_no_identity())
            .any(|reject| ids.iter().any(|(id, namespace)| reject.selects_id(id, namespace)));
        if is_rejected || !ids.iter().any(|(id, namespace)| select.selects_id(id, namespace)) {
            continue;
        }
        for path in paths {
            let parts = pointer::split(&path.value).map_err(|message| Problem::error(path.span, message))?;
            field(resource, &parts, value, target, sources).map_err(|problem| {
                if problem.span.is_none() {
                    let placed = Problem {
                        span: path.span,
                        ..problem
                    };
                    return placed.with_related(resource.span(), "the object");
                }
                problem
            })?;
        }
    }
    Ok(())
}

fn field(
    resource: &mut Resource,
    parts: &[String],
    value: &Node,
    target: &ReplacementTarget,
    sources: &Sources,
) -> Outcome {
    let fail = |message: String| Problem::error(Span::NONE, message);
    if let Some(done) = inside_text(resource, parts, value, target, sources) {
        return done;
    }
    let create = target.options.create.then(|| Leaf::of(value));
    let mut set = |node: &mut Node| set(node, value, &target.options, sources);
    let id = resource.id();
    let count = pointer::visit(&mut resource.node, parts, create, &mut set)
        .map_err(|message| fail(format!("`{id}`: {message}")))?;
    if count == 0 {
        let problem = fail(format!("the target `{id}` has no field `{}`", parts.join(".")));
        return Err(problem.with_help("set `options.create: true` to add it"));
    }
    Ok(())
}

/// Sets one field. A scalar keeps its own type; a list or mapping is replaced.
fn set(node: &mut Node, value: &Node, options: &FieldOptions, sources: &Sources) -> Result<(), String> {
    let is_scalar = Leaf::of(node) == Leaf::Scalar;
    let mut text = if Leaf::of(value) == Leaf::Scalar {
        scalar::written(value, sources)
    } else {
        scalar::empty()
    };
    if !options.delimiter.is_empty() {
        if !is_scalar {
            return Err(format!(
                "found {}, a delimiter wants a string",
                scalar::type_word(node)
            ));
        }
        let is_new = node.is_null() && node.span.is_none();
        let old = if is_new {
            scalar::empty()
        } else {
            scalar::written(node, sources)
        };
        let mut parts: Vec<&str> = old.split(&*options.delimiter).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &text),
            Ok(index) if index >= parts.len() => parts.push(&text),
            Ok(index) => {
                if let Some(part) = parts.get_mut(index) {
                    *part = &text;
                }
            }
        }
        text = parts.join(&options.delimiter).into();
    }
    if !is_scalar {
        *node = value.clone();
        return Ok(());
    }
    let typed = scalar::untyped(text.clone(), value.span);
    let fits = match (&node.value, &typed.value) {
        (Value::Str(_), _) => {
            *node = Node::new(Value::Str(text), value.span);
            return Ok(());
        }
        (Value::Null, _) | (Value::Int(_), Value::Int(_)) | (Value::Bool(_), Value::Bool(_)) => true,
        (Value::Float(_), other) => matches!(other, Value::Float(_) | Value::Int(_)),
        _ => false,
    };
    if !fits {
        return Err(format!(
            "`{text}` does not fit, the field holds {}",
            scalar::type_word(node)
        ));
    }
    *node = typed;
    Ok(())
}

/// Sets a field inside the JSON that a string holds, where the path leads into one. None when it does not.
fn inside_text(
    resource: &mut Resource,
    parts: &[String],
    value: &Node,
    target: &ReplacementTarget,
    sources: &Sources,
) -> Option<Outcome> {
    let cut = (1..parts.len()).find(|cut| {
        let found = pointer::lookup(&resource.node, parts.get(..*cut).unwrap_or_default());
        found.is_ok_and(|node| node.is_some_and(|node| !node.is_null() && Leaf::of(node) == Leaf::Scalar))
    })?;
    let (outer, inner) = parts.split_at(cut);
    let old = pointer::lookup(&resource.node, outer).ok()??;
    let (text, span) = (scalar::text(old), old.span);
    let mut parsed = parse(diag::SourceId::NONE, &text, Dialect::Kustomize)
        .documents
        .into_iter()
        .next()?;
    let create = target.options.create.then(|| Leaf::of(value));
    let mut set_inner = |node: &mut Node| set(node, value, &target.options, sources);
    let count = pointer::visit(&mut parsed, inner, create, &mut set_inner).ok()?;
    if count == 0 {
        return None;
    }
    if !text.trim_start().starts_with(['{', '[']) {
        let message = "a replacement inside YAML text is not supported by the built-in kustomize engine";
        return Some(Err(Problem::new(ProblemKind::Unsupported, target.span, message)));
    }
    let mut json = String::new();
    if text.contains('\n') && text.contains("  ") {
        pretty(&mut json, &parsed, 0);
    } else {
        hash::write(&mut json, &parsed);
    }
    let mut put = |node: &mut Node| {
        *node = Node::string(json.clone(), span);
        Ok(())
    };
    let done = pointer::visit(&mut resource.node, outer, None, &mut put);
    Some(
        done.map(drop)
            .map_err(|message| Problem::error(Span::NONE, message)),
    )
}

/// JSON with an indentation of two, as Go writes it.
fn pretty(json: &mut String, node: &Node, depth: usize) {
    let line = |json: &mut String, depth: usize| {
        json.push('\n');
        json.extend(std::iter::repeat_n(' ', depth * 2));
    };
    match &node.value {
        Value::Seq(items) if !items.is_empty() => {
            json.push('[');
            for (at, item) in items.iter().enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                line(json, depth + 1);
                pretty(json, item, depth + 1);
            }
            line(json, depth);
            json.push(']');
        }
        Value::Map(map) if !map.is_empty() => {
            let mut entries: Vec<_> = map.entries().iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            json.push('{');
            for (at, entry) in entries.into_iter().enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                line(json, depth + 1);
                hash::write(json, &Node::new(Value::Str(entry.key.clone()), Span::NONE));
                json.push_str(": ");
                pretty(json, &entry.value, depth + 1);
            }
            line(json, depth);
            json.push('}');
        }
        _ => hash::write(json, node),
    }
}
