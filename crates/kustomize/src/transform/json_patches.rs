//! `patchesJson6902`, and the JSON patches of `patches`.

use diag::Hop;
use model::yaml::Node;

use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::file::{File, Patch};
use crate::json6902::{self, Operation};
use crate::patch::PatchText;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::{finish, transform::merges};

/// Runs `patchesJson6902`.
pub(super) fn legacy(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    for patch in &file.patches_json6902 {
        if patch
            .target
            .as_ref()
            .is_none_or(|target| target.name_span == target.span)
        {
            run.problems
                .push(Problem::error(patch.span, "a JSON patch has no `target.name`"));
            continue;
        }
        let Some(text) = merges::load(run, file, patch) else {
            continue;
        };
        match &*text {
            PatchText::Json(operations) => apply(run, accumulator, patch, operations, false),
            PatchText::Broken(problems) => run.problems.extend(problems.iter().cloned()),
            PatchText::Empty | PatchText::Merge(_) => {
                run.problems.push(Problem::error(
                    patch.span,
                    "found no JSON patch, wanted a list of operations",
                ));
            }
        }
        run.ran(accumulator, file, "PatchJson6902Transformer");
    }
}

/// Applies operations to the objects that the patch selects. `remembers` is whether the patch keeps previous names.
pub(super) fn apply(
    run: &mut Run<'_, '_>,
    accumulator: &mut Accumulator,
    patch: &Patch,
    operations: &[Operation],
    remembers: bool,
) {
    let Some(target) = &patch.target else {
        run.problems
            .push(Problem::error(patch.span, "a JSON patch has no `target`"));
        return;
    };
    let mut any = false;
    let sources = run.builder.tree.sources().clone();
    for resource in accumulator
        .resources
        .iter_mut()
        .filter(|resource| target.selects(resource))
    {
        any = true;
        if remembers {
            resource.store_previous();
        }
        let changed = change(resource, patch, operations, &sources);
        if let Err(problem) = changed {
            let id = resource.id();
            run.problems.push(
                Problem {
                    message: format!("the patch of `{id}` does not fit: {}", problem.message),
                    ..problem
                }
                .with_related(resource.span(), "the object"),
            );
        }
    }
    accumulator.changed();
    if !any {
        merges::unmatched(run, patch);
    }
}

fn change(
    resource: &mut Resource,
    patch: &Patch,
    operations: &[Operation],
    sources: &diag::Sources,
) -> Result<(), Problem> {
    if resource.has_internal_annotations() {
        finish::strings(resource, sources);
        let span = resource.node.span;
        if let Some(metadata) = resource.metadata_mut() {
            metadata.map_or_insert("annotations", span);
        }
    }
    let mut object: Node = resource.node.clone();
    json6902::apply(&mut object, operations)?;
    resource.node = object;
    resource.origin.push(Hop {
        what: "patch".to_owned(),
        span: patch.span,
    });
    Ok(())
}
