//! Checks of flux::Kustomizations: their paths, their references to each other, and postBuild substitution.

pub(crate) mod depends_on_cycle;
pub(crate) mod depends_on_suspended;
pub(crate) mod depends_on_unknown;
pub(crate) mod external_source;
pub(crate) mod health_check_unknown;
pub(crate) mod namespace_missing;
pub(crate) mod object_owned_twice;
pub(crate) mod path_missing;
pub(crate) mod source_unknown;
pub(crate) mod substitute_from_missing;
pub(crate) mod substitute_name;
pub(crate) mod substitute_off;
pub(crate) mod substitute_result;
pub(crate) mod substitute_syntax;
pub(crate) mod substitute_type;
pub(crate) mod substitute_undefined;
pub(crate) mod substitute_unused;
mod waits;

use crate::absence::Reference;
use crate::cluster_view::ClusterView;
use crate::context::Context;
use crate::helm;

pub(crate) use waits::{State, Waits};

/// All references whose checks report an object that no build applies, as errors.
pub(crate) fn references<'a>(cx: &Context<'a>, view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let mut references = depends_on_unknown::references(view);
    references.extend(source_unknown::references(view));
    references.extend(substitute_from_missing::references(view));
    references.extend(health_check_unknown::references(view));
    references.extend(namespace_missing::references(cx, view));
    references.extend(helm::depends_on_unknown::references(view));
    references.extend(helm::values_from_missing::references(view));
    references.extend(helm::source_unknown::references(view));
    references
}
