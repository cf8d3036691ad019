//! `labels`, `commonLabels` and `commonAnnotations`.

use model::yaml::{Node, Value};

use super::Outcome;
use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::config::Config;
use crate::fieldspec::{self, Create, FieldSpec};
use crate::file::{File, Labels, Pair};
use crate::problem::Problem;
use crate::resource::Resource;
use crate::scalar;

pub(super) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    let config = accumulator.config.clone();
    for labels in &file.labels {
        match specs(labels, &config) {
            Ok(specs) => set_all(run, accumulator, &specs, &labels.pairs),
            Err(message) => run.problems.push(Problem::error(labels.span, message)),
        }
        run.ran(accumulator, file, "LabelTransformer");
    }
    set_all(run, accumulator, &config.common_labels, &file.common_labels);
    if !file.labels.is_empty() || !file.common_labels.is_empty() {
        run.ran(accumulator, file, "LabelTransformer");
    }
    if !file.common_annotations.is_empty() {
        set_all(
            run,
            accumulator,
            &config.common_annotations,
            &file.common_annotations,
        );
        run.ran(accumulator, file, "AnnotationsTransformer");
    }
}

/// The fields that an entry of `labels` sets.
fn specs(labels: &Labels, config: &Config) -> Result<Vec<FieldSpec>, String> {
    let mut specs = labels.fields.clone();
    fieldspec::merge(&mut specs, &config.labels)?;
    if labels.include_selectors {
        fieldspec::merge(&mut specs, &config.common_labels)?;
    } else {
        if labels.include_templates {
            fieldspec::merge(&mut specs, &config.template_labels)?;
        }
        let own = FieldSpec::new("", "", "", "metadata/labels", true);
        fieldspec::merge(&mut specs, own.as_slice())?;
    }
    Ok(specs)
}

fn set_all(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, specs: &[FieldSpec], pairs: &[Pair]) {
    if pairs.is_empty() {
        return;
    }
    for resource in &mut accumulator.resources {
        let outcome = set(resource, specs, pairs);
        run.note(outcome);
    }
}

fn set(resource: &mut Resource, specs: &[FieldSpec], pairs: &[Pair]) -> Outcome {
    let id = resource.id();
    for spec in specs.iter().filter(|spec| spec.selects(&id)) {
        let outcome = spec.apply(&mut resource.node, Create::Mapping, &mut |node| put(node, pairs));
        outcome.map_err(|message| Problem::error(resource.span(), format!("`{id}`: {message}")))?;
    }
    Ok(())
}

fn put(node: &mut Node, pairs: &[Pair]) -> Result<(), String> {
    if node.is_null() {
        return Ok(());
    }
    let found = scalar::type_word(node);
    let Value::Map(map) = &mut node.value else {
        return Err(format!("found {found}, wanted a mapping"));
    };
    for pair in pairs {
        let value = Node::string(pair.value.value.clone(), pair.value.span);
        map.set(pair.key.value.clone(), pair.key.span, value);
    }
    Ok(())
}
