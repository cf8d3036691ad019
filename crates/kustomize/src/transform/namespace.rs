//! `namespace`: sets the namespace of everything that is not certainly cluster-scoped.

use std::collections::HashMap;

use diag::Span;
use model::yaml::{Node, Value};

use super::Outcome;
use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::config::Config;
use crate::fieldspec::{Create, set_string};
use crate::file::{File, Text};
use crate::problem::{Problem, ProblemKind};
use crate::resource::{Id, Resource};
use crate::scalar;

pub(super) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    let Some(namespace) = &file.namespace else { return };
    let config = accumulator.config.clone();
    for resource in &mut accumulator.resources {
        let outcome = set(resource, namespace, &config);
        run.note(outcome);
    }
    accumulator.changed();
    conflicts(run, &accumulator.resources, namespace);
    run.ran(accumulator, file, "NamespaceTransformer");
}

fn set(resource: &mut Resource, namespace: &Text, config: &Config) -> Outcome {
    let id = resource.id();
    let is_cluster_scoped = resource.is_cluster_scoped();
    resource.store_previous();
    let fail = |span: Span, message: String| Problem::error(span, format!("`{id}`: {message}"));
    if !is_cluster_scoped {
        let old = resource.node.at(&["metadata", "namespace"]);
        if let Some(wrong) = old.filter(|old| matches!(old.value, Value::Map(_) | Value::Seq(_))) {
            let message = format!(
                "`metadata.namespace` is {}, wanted a string",
                scalar::type_word(wrong)
            );
            return Err(fail(wrong.span, message));
        }
        resource.set_metadata("namespace", Node::string(namespace.value.clone(), namespace.span));
    }
    let is_binding = matches!(&*id.kind, "RoleBinding" | "ClusterRoleBinding");
    if is_binding {
        subjects(resource, namespace).map_err(|(span, message)| fail(span, message))?;
    }
    for spec in config.namespace.iter().filter(|spec| spec.selects(&id)) {
        let is_elsewhere = spec.path == "metadata/namespace"
            || (spec.path == "metadata/name" && &*id.api_version != "v1")
            || (is_binding
                && matches!(&*spec.kind, "RoleBinding" | "ClusterRoleBinding")
                && spec.path == "subjects/namespace");
        if !is_elsewhere {
            let mut setter = |node: &mut Node| set_string(node, &namespace.value, namespace.span);
            let outcome = spec.apply(&mut resource.node, Create::Scalar, &mut setter);
            outcome.map_err(|message| fail(resource.span(), message))?;
        }
    }
    Ok(())
}

/// Sets the namespace of the subjects named `default`, whatever their kind.
fn subjects(resource: &mut Resource, namespace: &Text) -> Result<(), (Span, String)> {
    let Some(subjects) = resource.node.as_map_mut().and_then(|map| map.get_mut("subjects")) else {
        return Ok(());
    };
    if subjects.is_null() {
        return Ok(());
    }
    let span = subjects.span;
    let Some(items) = subjects.as_seq_mut() else {
        return Err((span, "`subjects` is no list".to_owned()));
    };
    for item in items {
        let Value::Map(subject) = &mut item.value else {
            continue;
        };
        if subject
            .get("name")
            .is_some_and(|name| &*scalar::text(name) == "default")
        {
            let value = Node::string(namespace.value.clone(), namespace.span);
            match subject.get_mut("namespace") {
                Some(old) => *old = value,
                None => subject.set("namespace", namespace.span, value),
            }
        }
    }
    Ok(())
}

/// Objects that became one by being moved into one namespace.
fn conflicts(run: &mut Run<'_, '_>, resources: &[Resource], namespace: &Text) {
    let mut seen: HashMap<Id, Span> = HashMap::with_capacity(resources.len());
    for resource in resources {
        let (id, span) = (resource.id(), resource.span());
        if let Some(first) = seen.insert(id, span) {
            let id = resource.id();
            let message = format!("namespace `{}` makes two objects one: `{id}`", namespace.value);
            run.problems.push(
                Problem::new(ProblemKind::DuplicateId, namespace.span, message)
                    .with_related(first, "the first")
                    .with_related(span, "the second"),
            );
        }
    }
}
