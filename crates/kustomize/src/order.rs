//! The order of the objects: as read, or `legacy`, by kind, group and name.

use crate::file::{SortOptions, SortOrder};
use crate::resource::Resource;

/// Kinds that come first in the legacy order.
const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come last in the legacy order.
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

fn rank(kind: &str) -> i64 {
    rank_in(kind, FIRST.iter().copied(), LAST.iter().copied())
}

/// The place of a kind: negative for the first ones, positive for the last ones, zero for all others.
fn rank_in<'a>(
    kind: &str,
    first: impl ExactSizeIterator<Item = &'a str>,
    mut last: impl Iterator<Item = &'a str>,
) -> i64 {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    if let Some(at) = last.position(|name| name == kind) {
        return number(at) + 1;
    }
    let count = first.len();
    let mut first = first;
    first
        .position(|name| name == kind)
        .map_or(0, |at| number(at) - number(count))
}

fn or<'a>(text: &'a str, stand_in: &'a str) -> &'a str {
    if text.is_empty() { stand_in } else { text }
}

/// What field specs and reference targets are sorted by: the rank of the kind, then group, version and kind.
pub(crate) fn gvk_key(group: &str, version: &str, kind: &str) -> (i64, String) {
    (
        rank(kind),
        format!("{}_{}_{}", or(group, "~G"), or(version, "~V"), or(kind, "~K")),
    )
}

/// Sorts as the options say; no options leave the order alone.
pub(crate) fn sort(resources: &mut [Resource], options: Option<&SortOptions>) {
    let Some(SortOptions {
        order: SortOrder::Legacy,
        lists,
    }) = options
    else {
        return;
    };
    resources.sort_by_cached_key(|resource| {
        let id = resource.id();
        let rank = match lists {
            None => rank(&id.kind),
            Some(lists) => rank_in(
                &id.kind,
                lists.first.iter().map(|k| &**k),
                lists.last.iter().map(|k| &**k),
            ),
        };
        // Among themselves, Namespaces of the core group come before those of other groups, unlike all other kinds.
        let is_core_namespace = &*id.kind == "Namespace" && id.group().is_empty() && rank != 0;
        let group = if is_core_namespace {
            ""
        } else {
            or(id.group(), "~G")
        };
        let gvk = format!("{group}_{}_{}", or(id.version(), "~V"), or(&id.kind, "~K"));
        let written = resource.namespace();
        let shown = format!(
            "{}.{}.{}",
            or(&id.kind, "[noKind]"),
            or(id.version(), "[noVer]"),
            or(id.group(), "[noGrp]")
        );
        (
            rank,
            gvk,
            format!("{shown}|{}|{}", or(&written, "~X"), or(&id.name, "~N")),
        )
    });
}
