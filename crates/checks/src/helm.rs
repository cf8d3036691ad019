//! Checks of HelmReleases: their charts' sources and their dependencies.

pub(crate) mod chart_unavailable;
pub(crate) mod depends_on_cycle;
pub(crate) mod depends_on_unknown;
pub(crate) mod render_failed;
pub(crate) mod source_unknown;
pub(crate) mod value_unknown;
pub(crate) mod values_from_missing;
pub(crate) mod values_invalid;

/// The API group of HelmRelease.
pub(crate) const GROUP: &str = "helm.toolkit.fluxcd.io";
