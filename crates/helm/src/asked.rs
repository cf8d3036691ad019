//! Every chart that a cluster asks registries for, and the HelmReleases whose charts come from elsewhere.

use std::collections::BTreeMap;

use diag::Span;
use flux::substitute::ProblemKind;
use flux::{Built, BuiltObject, ClusterBuild};
use model::object;
use model::yaml::Node;
use oci::ChartRequest;
use oci::signature::Policy;

use crate::source::{self, Source};
use crate::verify;

/// A chart that a registry is asked for.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The build that applies the object.
    pub built: &'a Built,
    /// The OCIRepository, HelmChart or HelmRelease that names the chart and its version.
    pub object: &'a BuiltObject,
    /// `Kind/namespace/name` of the object.
    pub by: String,
    /// What is asked.
    pub request: ChartRequest,
    /// What its signature must be; none where nothing is demanded.
    pub policy: Option<Policy>,
    /// Where the version is written, else the URL or the chart's name.
    pub place: Span,
    /// The field at that place, `spec.ref.tag`; empty where none of them is written.
    pub field: String,
    /// The HelmReleases that install it, as `Kind/namespace/name`.
    pub releases: Vec<String>,
    /// Why nobody here knows what is really asked, such as a variable from a Secret; none where it is known.
    pub unknown: Option<String>,
}

/// A HelmRelease whose chart no registry is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Unasked {
    /// `Kind/namespace/name`.
    pub release: String,
    /// Where it names its chart.
    pub place: Span,
    /// Why.
    pub reason: String,
}

/// The charts that the OCIRepositories and HelmReleases of a cluster ask registries for, by the object that says so.
pub fn charts(cluster: &ClusterBuild) -> Vec<Asked<'_>> {
    let mut all: BTreeMap<String, Asked<'_>> = BTreeMap::new();
    for (built, object) in source::applied(cluster) {
        if let Some(request) = source::of_oci_repository(&object.node) {
            let asked = asked(cluster, built, object, request);
            all.entry(asked.by.clone()).or_insert(asked);
        }
    }
    let named = named(cluster);
    for release in source::releases(cluster) {
        let Source::Registry { request, by, .. } = release.source else {
            continue;
        };
        let Some((built, object)) = named.get(&by) else {
            continue;
        };
        let name = object::reference(&release.object.node).to_string();
        let asked = all
            .entry(by)
            .or_insert_with(|| asked(cluster, built, object, request));
        asked.releases.push(name);
    }
    all.into_values().collect()
}

/// The objects that can name a chart, by `Kind/namespace/name`; of equal ones the first.
fn named(cluster: &ClusterBuild) -> BTreeMap<String, (&Built, &BuiltObject)> {
    let mut named = BTreeMap::new();
    for (built, object) in source::applied(cluster) {
        let kind = object::kind(&object.node);
        if matches!(kind, "OCIRepository" | "HelmChart" | "HelmRelease") {
            let name = object::reference(&object.node).to_string();
            named.entry(name).or_insert((built, object));
        }
    }
    named
}

/// The HelmReleases of a cluster whose charts come from elsewhere, in their order.
pub fn elsewhere(cluster: &ClusterBuild) -> Vec<Unasked> {
    let reason = |source: Source| match source {
        Source::Registry { .. } => None,
        Source::Folder(path) => Some(format!("its chart is the folder `{path}` of this repository")),
        Source::Elsewhere(reason) => Some(reason),
    };
    let unasked = |release: source::Release<'_>| {
        let node = &release.object.node;
        Some(Unasked {
            release: object::reference(node).to_string(),
            place: first(
                node,
                &[&["spec", "chart", "spec", "chart"], &["spec", "chartRef", "name"]],
            )
            .map_or_else(|| object::span(node), |node| node.span),
            reason: reason(release.source)?,
        })
    };
    source::releases(cluster)
        .into_iter()
        .filter_map(unasked)
        .collect()
}

fn asked<'a>(
    cluster: &'a ClusterBuild,
    built: &'a Built,
    object: &'a BuiltObject,
    request: ChartRequest,
) -> Asked<'a> {
    let node = &object.node;
    let fields = fields(node);
    let place = fields.iter().find_map(|path| Some((path, node.at(path)?)));
    Asked {
        built,
        object,
        by: object::reference(node).to_string(),
        policy: verify::policy(cluster, object),
        place: place.map_or_else(|| object::span(node), |(_, node)| node.span),
        field: place.map(|(path, _)| path.join(".")).unwrap_or_default(),
        releases: Vec::new(),
        unknown: unknown(cluster, object, fields),
        request,
    }
}

/// The fields that say which chart and version, the one that decides on the version first.
fn fields(node: &Node) -> &'static [&'static [&'static str]] {
    match object::kind(node) {
        "OCIRepository" => &[
            &["spec", "ref", "digest"],
            &["spec", "ref", "semver"],
            &["spec", "ref", "tag"],
            &["spec", "ref", "semverFilter"],
            &["spec", "url"],
        ],
        "HelmChart" => &[
            &["spec", "version"],
            &["spec", "chart"],
            &["spec", "sourceRef", "name"],
        ],
        _ => &[
            &["spec", "chart", "spec", "version"],
            &["spec", "chart", "spec", "chart"],
            &["spec", "chart", "spec", "sourceRef", "name"],
        ],
    }
}

fn unknown(cluster: &ClusterBuild, object: &BuiltObject, fields: &[&[&str]]) -> Option<String> {
    let own = unknown_field(object, fields);
    own.or_else(|| unknown_field(source::repository_of(cluster, &object.node)?, &[&["spec", "url"]]))
}

fn unknown_field(object: &BuiltObject, fields: &[&[&str]]) -> Option<String> {
    let undefined = |span: Span| {
        let mut problems = object.problems.iter();
        problems.any(|problem| problem.span == span || !matches!(problem.kind, ProblemKind::Undefined(_)))
    };
    fields.iter().find_map(|path| {
        let span = object.node.at(path)?.span;
        let why = if object.unknown.contains(&span) {
            "holds a variable whose value is not known here"
        } else if undefined(span) {
            "holds a variable that is not set, or its object's substitution fails"
        } else {
            return None;
        };
        Some(format!("`{}` {why}", path.join(".")))
    })
}

fn first<'a>(node: &'a Node, paths: &[&[&str]]) -> Option<&'a Node> {
    paths.iter().find_map(|path| node.at(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cluster;

    const TEXT: &str = "
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: demo, namespace: apps}
spec:
  url: oci://ghcr.io/a/demo
  ref: {tag: 1.0.0}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: registry, namespace: flux-system}
spec: {type: oci, url: oci://ghcr.io/b}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: http, namespace: flux-system}
spec: {url: https://example.org}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: one, namespace: apps}
spec: {chartRef: {kind: OCIRepository, name: demo}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: two, namespace: apps}
spec:
  chart: {spec: {chart: other, version: 2.x, sourceRef: {kind: HelmRepository, name: registry, namespace: flux-system}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: three, namespace: apps}
spec:
  chart: {spec: {chart: third, sourceRef: {kind: HelmRepository, name: http, namespace: flux-system}}}
";

    #[test]
    fn lists_what_registries_are_asked_for_and_what_comes_from_elsewhere() {
        let cluster = cluster(TEXT);
        let charts = charts(&cluster);
        let shown: Vec<_> = charts
            .iter()
            .map(|asked| {
                (
                    asked.by.as_str(),
                    asked.request.url.as_str(),
                    asked.releases.join(" "),
                )
            })
            .collect();
        let wanted = [
            (
                "HelmRelease/apps/two",
                "oci://ghcr.io/b/other",
                "HelmRelease/apps/two".to_owned(),
            ),
            (
                "OCIRepository/apps/demo",
                "oci://ghcr.io/a/demo",
                "HelmRelease/apps/one".to_owned(),
            ),
        ];
        assert_eq!(shown, wanted);
        assert!(
            charts
                .iter()
                .all(|asked| asked.unknown.is_none() && asked.policy.is_none())
        );
        let elsewhere = elsewhere(&cluster);
        assert_eq!(elsewhere.len(), 1);
        assert_eq!(elsewhere[0].release, "HelmRelease/apps/three");
        assert!(
            elsewhere[0].reason.contains("over HTTP"),
            "{}",
            elsewhere[0].reason
        );
    }

    #[test]
    fn what_nobody_knows_is_not_asked_under_a_made_up_name() {
        let text = |url: &str| {
            format!(
                "
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec:
  path: ./apps
  sourceRef: {{kind: GitRepository, name: flux-system}}
  postBuild: {{substituteFrom: [{{kind: Secret, name: not-here}}]}}
--- apps/all.yaml
{}",
                TEXT.replace("oci://ghcr.io/b", url)
                    .replace("1.0.0", "'${VERSION}'")
            )
        };
        let cluster = cluster(&text("'oci://${HOST}/b'"));
        let charts = charts(&cluster);
        let unknown: Vec<_> = charts
            .iter()
            .map(|asked| asked.unknown.clone().unwrap_or_default())
            .collect();
        assert!(
            unknown[0].starts_with("`spec.url` holds a variable"),
            "{unknown:?}"
        );
        assert!(
            unknown[1].starts_with("`spec.ref.tag` holds a variable"),
            "{unknown:?}"
        );
    }
}
