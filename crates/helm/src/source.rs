//! Which chart a HelmRelease installs and where it comes from, after substitution.

use diag::Span;
use flux::{Built, BuiltObject, ClusterBuild, State};
use model::object;
use model::yaml::Node;
use oci::{CHART_LAYER_MEDIA_TYPE, ChartRequest, Wanted};

const SOURCES: &str = "source.toolkit.fluxcd.io";

/// A HelmRelease of a cluster with the place of its chart.
#[derive(Debug)]
pub struct Release<'a> {
    /// The build that applies it.
    pub built: &'a Built,
    /// The HelmRelease.
    pub object: &'a BuiltObject,
    /// Where its chart comes from.
    pub source: Source,
}

/// Where a chart comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A registry.
    Registry {
        /// What is asked of it.
        request: ChartRequest,
        /// `Kind/namespace/name` of the object that says so.
        by: String,
        /// Where that object says so: its URL, the chart's name or the version.
        place: Span,
    },
    /// A folder of this repository, by its path.
    Folder(String),
    /// Somewhere that cannot be looked at; the reason.
    Elsewhere(String),
}

/// The HelmReleases that builds of a cluster apply, in their order.
pub fn releases(cluster: &ClusterBuild) -> Vec<Release<'_>> {
    applied(cluster)
        .filter(|(_, object)| is_release(&object.node))
        .map(|(built, object)| Release {
            built,
            object,
            source: source(cluster, &object.node),
        })
        .collect()
}

/// What an OCIRepository that holds a chart asks of its registry. One without the chart's layerSelector may hold manifests: none.
pub fn of_oci_repository(node: &Node) -> Option<ChartRequest> {
    if !is_source(node, "OCIRepository") {
        return None;
    }
    let layer = node.str_at(&["spec", "layerSelector", "mediaType"]);
    if layer != Some(CHART_LAYER_MEDIA_TYPE) {
        return None;
    }
    oci_request(node)
}

/// Whether an object is a HelmRelease.
pub fn is_release(node: &Node) -> bool {
    object::kind(node) == "HelmRelease" && object::group(node) == "helm.toolkit.fluxcd.io"
}

/// What builds of a cluster apply, in their order.
pub(crate) fn applied(cluster: &ClusterBuild) -> impl Iterator<Item = (&Built, &BuiltObject)> {
    cluster.objects().filter(|(built, _)| built.state == State::Built)
}

fn is_source(node: &Node, kind: &str) -> bool {
    object::kind(node) == kind && object::group(node) == SOURCES
}

fn source(cluster: &ClusterBuild, release: &Node) -> Source {
    if let Some(reference) = release.at(&["spec", "chartRef"]) {
        return match find(cluster, release, reference) {
            Ok(node) if is_source(node, "OCIRepository") => of_repository(node),
            Ok(node) if is_source(node, "HelmChart") => node.get("spec").map_or_else(
                || Source::Elsewhere("its HelmChart has no spec".to_owned()),
                |spec| of_template(cluster, node, spec),
            ),
            Ok(node) => Source::Elsewhere(format!(
                "its chart comes from a source of kind {}",
                object::kind(node)
            )),
            Err(reason) => Source::Elsewhere(reason),
        };
    }
    match release.at(&["spec", "chart", "spec"]) {
        Some(template) => of_template(cluster, release, template),
        None => Source::Elsewhere("it names no chart".to_owned()),
    }
}

/// The HelmRepository that the chart template of a HelmRelease, or a HelmChart, names.
pub(crate) fn repository_of<'a>(cluster: &'a ClusterBuild, owner: &Node) -> Option<&'a BuiltObject> {
    let template = owner
        .at(&["spec", "chart", "spec"])
        .or_else(|| owner.get("spec"))?;
    find_object(cluster, owner, template.get("sourceRef")?).ok()
}

/// The source that a reference of an object names.
fn find<'a>(cluster: &'a ClusterBuild, from: &Node, reference: &Node) -> Result<&'a Node, String> {
    find_object(cluster, from, reference).map(|object| &object.node)
}

fn find_object<'a>(
    cluster: &'a ClusterBuild,
    from: &Node,
    reference: &Node,
) -> Result<&'a BuiltObject, String> {
    let field = |name: &str| reference.str_at(&[name]).unwrap_or_default();
    let (kind, name) = (field("kind"), field("name"));
    let namespace = reference
        .str_at(&["namespace"])
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or_else(|| object::namespace(from));
    applied(cluster)
        .map(|(_, object)| object)
        .find(|BuiltObject { node, .. }| {
            is_source(node, kind) && object::name(node) == name && object::namespace(node) == namespace
        })
        .ok_or_else(|| format!("its source {kind} `{namespace}/{name}` is not applied here"))
}

fn of_repository(node: &Node) -> Source {
    match oci_request(node) {
        Some(request) => Source::Registry {
            request,
            by: object::reference(node).to_string(),
            place: place(node, &["spec", "url"]),
        },
        None => Source::Elsewhere("its OCIRepository has no URL".to_owned()),
    }
}

fn oci_request(node: &Node) -> Option<ChartRequest> {
    let reference = |field: &str| node.at(&["spec", "ref", field]).and_then(Node::scalar_text);
    Some(ChartRequest {
        url: node.str_at(&["spec", "url"])?.to_owned(),
        wanted: Wanted {
            tag: reference("tag"),
            semver: reference("semver"),
            semver_filter: reference("semverFilter"),
            digest: reference("digest"),
        },
        insecure: is_insecure(node),
        layer_media_type: node
            .str_at(&["spec", "layerSelector", "mediaType"])
            .map(str::to_owned),
    })
}

/// `spec.chart.spec` of a HelmRelease, or `spec` of a HelmChart.
fn of_template(cluster: &ClusterBuild, owner: &Node, template: &Node) -> Source {
    let Some(chart) = template.str_at(&["chart"]) else {
        return Source::Elsewhere("it names no chart".to_owned());
    };
    let Some(reference) = template.get("sourceRef") else {
        return Source::Elsewhere("it names no source".to_owned());
    };
    let own = cluster.cluster.source.as_ref();
    if own.is_some_and(|(kind, namespace, name)| is_own(owner, reference, (kind, namespace, name))) {
        return Source::Folder(model::tree::path::normalize(chart));
    }
    let node = match find(cluster, owner, reference) {
        Ok(node) => node,
        // Where no file says what the cluster's own source is, a GitRepository that nothing applies is meant for it.
        Err(_) if own.is_none() && reference.str_at(&["kind"]) == Some("GitRepository") => {
            return Source::Folder(model::tree::path::normalize(chart));
        }
        Err(reason) => return Source::Elsewhere(reason),
    };
    let url = node.str_at(&["spec", "url"]).unwrap_or_default();
    if !is_source(node, "HelmRepository") {
        return Source::Elsewhere(format!("its chart comes from a {}", object::kind(node)));
    }
    // The controller takes the scheme for the type where the type is left out.
    if !url.starts_with("oci://") {
        return Source::Elsewhere(
            "its chart comes from a HelmRepository over HTTP, which is not asked".to_owned(),
        );
    }
    let version = template.at(&["version"]).and_then(Node::scalar_text);
    Source::Registry {
        request: ChartRequest {
            url: format!("{}/{chart}", url.trim_end_matches('/')),
            wanted: Wanted {
                semver: Some(version.unwrap_or_else(|| "*".to_owned())),
                ..Wanted::default()
            },
            insecure: is_insecure(node),
            layer_media_type: Some(CHART_LAYER_MEDIA_TYPE.to_owned()),
        },
        by: object::reference(owner).to_string(),
        place: template
            .get("version")
            .or_else(|| template.get("chart"))
            .map_or(owner.span, |node| node.span),
    }
}

fn is_own(owner: &Node, reference: &Node, (kind, namespace, name): (&str, &str, &str)) -> bool {
    let at = reference
        .str_at(&["namespace"])
        .unwrap_or_else(|| object::namespace(owner));
    reference.str_at(&["kind"]) == Some(kind) && reference.str_at(&["name"]) == Some(name) && at == namespace
}

fn is_insecure(node: &Node) -> bool {
    node.at(&["spec", "insecure"])
        .and_then(Node::as_bool)
        .unwrap_or(false)
}

fn place(node: &Node, path: &[&str]) -> Span {
    node.at(path).map_or_else(|| object::span(node), |node| node.span)
}
