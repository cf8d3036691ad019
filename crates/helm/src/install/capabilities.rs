//! `.Capabilities.APIVersions`: what custom APIs the clusters have, as far as the repository tells.

use std::collections::{BTreeMap, BTreeSet};

use diag::SourceId;
use model::object;
use model::yaml::{self, Dialect, Node};

use super::{ClusterInstall, Install, is_crd};
use crate::chart::Chart;

/// What every API server serves and helm does not know by itself: it lists the kinds of Kubernetes' client library, and these
/// come from the aggregator and the extension server.
const EXTENDED: [(&str, &str); 2] = [
    ("apiregistration.k8s.io/v1", "APIService"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
];

/// By cluster: `group/version` and `group/version/Kind` of custom kinds.
#[derive(Debug, Default)]
pub(super) struct ApiVersions(BTreeMap<String, BTreeSet<String>>);

impl ApiVersions {
    /// Those of one cluster, sorted.
    pub(super) fn of_cluster(&self, cluster: &str) -> Vec<String> {
        self.0.get(cluster).into_iter().flatten().cloned().collect()
    }

    /// Takes in more; whether any of it is new.
    pub(super) fn learn(&mut self, more: Self) -> bool {
        let mut is_new = false;
        for (cluster, versions) in more.0 {
            let known = self.0.entry(cluster).or_default();
            for version in versions {
                is_new |= known.insert(version);
            }
        }
        is_new
    }

    fn add_crd(&mut self, cluster: &str, crd: &Node) {
        let text = |path: &[&str]| crd.str_at(path).unwrap_or_default();
        let (group, kind) = (text(&["spec", "group"]), text(&["spec", "names", "kind"]));
        for version in crd.seq_at(&["spec", "versions"]) {
            if version.get("served").and_then(Node::as_bool) != Some(false)
                && let Some(version) = version.str_at(&["name"])
            {
                self.add(cluster, &format!("{group}/{version}"), kind);
            }
        }
    }

    fn add(&mut self, cluster: &str, api_version: &str, kind: &str) {
        let known = self.0.entry(cluster.to_owned()).or_default();
        known.insert(api_version.to_owned());
        known.insert(format!("{api_version}/{kind}"));
    }
}

/// What builds apply, and what lies below `crds/` of charts: a custom object that is applied has its API.
pub(super) fn of_charts(installs: &[ClusterInstall<'_>]) -> ApiVersions {
    let mut known = ApiVersions::default();
    for cluster in installs {
        let name = &cluster.cluster.cluster.name;
        for (api_version, kind) in EXTENDED {
            known.add(name, api_version, kind);
        }
        for (_, built) in cluster.cluster.objects() {
            note(&mut known, name, &built.node);
        }
        for install in &cluster.releases {
            if let Ok(loaded) = &install.chart {
                of_chart(&mut known, name, &loaded.chart);
            }
        }
    }
    known
}

/// What charts have rendered.
pub(super) fn of_objects(installs: &[ClusterInstall<'_>]) -> ApiVersions {
    let mut known = ApiVersions::default();
    for cluster in installs {
        for object in cluster.releases.iter().flat_map(Install::objects) {
            if is_crd(&object.node) {
                known.add_crd(&cluster.cluster.cluster.name, &object.node);
            }
        }
    }
    known
}

/// Whether any template of a chart asks for APIs.
pub(super) fn asks(chart: &Chart) -> bool {
    let mentions = |data: &[u8]| data.windows(11).any(|word| word == b"APIVersions");
    chart.templates.iter().any(|file| mentions(&file.data)) || chart.subcharts.iter().any(asks)
}

fn note(known: &mut ApiVersions, cluster: &str, node: &Node) {
    if is_crd(node) {
        known.add_crd(cluster, node);
    }
    let group = object::group(node);
    let is_custom = group.contains('.') && !group.ends_with(".k8s.io");
    if is_custom {
        known.add(cluster, object::api_version(node), object::kind(node));
    }
}

fn of_chart(known: &mut ApiVersions, cluster: &str, chart: &Chart) {
    for crd in crds(chart) {
        known.add_crd(cluster, &crd);
    }
}

/// What lies below `crds/` of a chart and its subcharts.
pub(super) fn crds(chart: &Chart) -> impl Iterator<Item = Node> {
    let mut found = Vec::new();
    let mut charts = vec![chart];
    while let Some(chart) = charts.pop() {
        for file in &chart.crds {
            let text = String::from_utf8_lossy(&file.data);
            let documents = yaml::parse(SourceId::NONE, &text, Dialect::Sigs).documents;
            found.extend(documents.into_iter().filter(is_crd));
        }
        charts.extend(&chart.subcharts);
    }
    found.into_iter()
}
