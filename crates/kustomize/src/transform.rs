//! The transformers of one kustomization, in upstream's order.

mod images;
mod json_patches;
mod labels;
mod merges;
mod namespace;
mod prefix;
mod replacements;
mod replicas;

use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::file::File;
use crate::finish;
use crate::problem::Problem;

/// What a transformer could not do.
type Outcome = Result<(), Problem>;

/// Runs all transformers that the file asks for.
pub(crate) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    merges::legacy(run, accumulator, file);
    merges::patches(run, accumulator, file);
    namespace::run(run, accumulator, file);
    prefix::run(run, accumulator, file);
    labels::run(run, accumulator, file);
    json_patches::legacy(run, accumulator, file);
    replicas::run(run, accumulator, file);
    images::run(run, accumulator, file);
    replacements::run(run, accumulator, file);
}

impl Run<'_, '_> {
    /// Notes that a transformer ran, where `buildMetadata` asks for it, and drops what it deleted.
    fn ran(&mut self, accumulator: &mut Accumulator, file: &File, kind: &str) {
        if !self.metadata.tracks_origin() {
            return;
        }
        let by = finish::configured(&self.origin_path, file, kind);
        for resource in &mut accumulator.resources {
            if resource.origin_annotation.is_none() {
                resource.origin_annotation = Some(by.clone());
            } else if self.metadata.transformations {
                finish::append_list(&mut resource.transformations, &by);
            }
        }
    }

    /// Takes note of a transformer that failed.
    fn note(&mut self, outcome: Outcome) {
        self.problems.extend(outcome.err());
    }
}
