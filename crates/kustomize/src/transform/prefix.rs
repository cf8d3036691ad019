//! `namePrefix` and `nameSuffix`.

use std::sync::Arc;

use super::Outcome;
use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::fieldspec::{Create, FieldSpec, set_scalar};
use crate::file::{File, Text};
use crate::problem::Problem;
use crate::resource::Resource;
use crate::scalar;

/// Which end of a name grows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Front,
    Back,
}

pub(super) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    let config = accumulator.config.clone();
    let ends = [
        (
            End::Front,
            &file.name_prefix,
            &config.name_prefix,
            "PrefixTransformer",
        ),
        (
            End::Back,
            &file.name_suffix,
            &config.name_suffix,
            "SuffixTransformer",
        ),
    ];
    for (end, text, specs, kind) in ends {
        let Some(text) = text else { continue };
        for resource in &mut accumulator.resources {
            let outcome = grow(resource, end, text, specs);
            run.note(outcome);
        }
        accumulator.changed();
        run.ran(accumulator, file, kind);
    }
}

/// Kinds whose names stay: custom resource definitions, API services and namespaces.
fn stays(resource: &Resource) -> bool {
    match &*resource.original_kind() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => resource.id().group() == "apiregistration.k8s.io",
        _ => false,
    }
}

fn grow(resource: &mut Resource, end: End, text: &Text, specs: &[FieldSpec]) -> Outcome {
    if stays(resource) {
        return Ok(());
    }
    let id = resource.original();
    for spec in specs.iter().filter(|spec| spec.selects(&id)) {
        if spec.path == "metadata/name" {
            match end {
                End::Front => resource.prefixes.push(text.value.clone()),
                End::Back => resource.suffixes.push(text.value.clone()),
            }
            resource.store_previous();
        }
        let mut grow = |node: &mut model::yaml::Node| {
            let old = scalar::text(node);
            let new: Arc<str> = match end {
                End::Front => format!("{}{old}", text.value).into(),
                End::Back => format!("{old}{}", text.value).into(),
            };
            let span = node.span;
            set_scalar(node, scalar::untyped(new, span))
        };
        let outcome = spec.apply(&mut resource.node, Create::Scalar, &mut grow);
        outcome.map_err(|message| Problem::error(resource.span(), format!("`{id}`: {message}")))?;
    }
    Ok(())
}
