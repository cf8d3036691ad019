//! What is asked: one row for each chart and source, whatever the number of clusters.

use std::collections::BTreeMap;

use diag::{Hop, ObjectRef, Span};
use flux::ClusterBuild;
use helm::asked::{self, Asked};
use model::object;
use oci::ChartRequest;
use oci::signature::Policy;

use crate::project::Project;

/// One chart and who wants it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// `Kind/namespace/name` of the object that names the chart; the URL where no object does.
    pub(crate) subject: String,
    pub(crate) clusters: Vec<String>,
    /// What is asked, and of whom.
    pub(crate) ask: Ask,
    /// The HelmReleases that install it.
    pub(crate) releases: Vec<String>,
    pub(super) place: Place,
}

impl Row {
    /// A chart that is there, for the record: what it is, and whether another registry was asked for it.
    pub(crate) fn found(&self, mirrors: &[(String, String)], version: &str, digest: &str) -> String {
        let Ask::Registry { request, .. } = &self.ask else {
            return String::new();
        };
        let url = &request.url;
        let host = url.trim_start_matches("oci://").split('/').next();
        let mirror = mirrors.iter().find(|(from, _)| Some(from.as_str()) == host);
        let asked = mirror.map_or_else(String::new, |(_, to)| format!(", asked of {to}"));
        format!("{url} {version} {digest}{asked}")
    }
}

/// Where the version of a chart is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) span: Option<Span>,
    pub(super) file: String,
    /// From 1; 0 without a file.
    pub(super) line: u32,
    pub(super) field: String,
    pub(super) object: Option<ObjectRef>,
    /// The way from the first cluster's entrypoint.
    pub(super) origin: Vec<Hop>,
}

/// Whom a row asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    /// A registry.
    Registry {
        request: ChartRequest,
        policy: Option<Policy>,
    },
    /// Nobody can be asked; why.
    Nobody { reason: String },
}

/// The charts that the clusters' sources and HelmReleases name, after substitution; the same chart of two clusters is one
/// row. What cannot be asked is a row, too.
pub(crate) fn rows(project: &Project, clusters: &[ClusterBuild]) -> Vec<Row> {
    let mut rows: BTreeMap<(String, Ask), Row> = BTreeMap::new();
    let mut add = |cluster: &ClusterBuild, row: Row| {
        let known = rows.entry((row.subject.clone(), row.ask.clone())).or_insert(Row {
            clusters: Vec::new(),
            releases: Vec::new(),
            ..row
        });
        known.clusters.push(cluster.cluster.name.clone());
        known.releases.extend(row.releases);
    };
    for cluster in clusters {
        for chart in asked::charts(cluster) {
            add(cluster, of_chart(project, chart));
        }
        for release in asked::elsewhere(cluster) {
            let place = locate(project, release.place);
            add(
                cluster,
                Row {
                    subject: release.release,
                    clusters: Vec::new(),
                    ask: Ask::Nobody {
                        reason: release.reason,
                    },
                    releases: Vec::new(),
                    place,
                },
            );
        }
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    for row in &mut rows {
        row.releases.sort();
        row.releases.dedup();
        row.clusters.dedup();
    }
    rows
}

fn of_chart(project: &Project, chart: Asked<'_>) -> Row {
    let mut origin = chart.built.origin.clone();
    origin.extend(chart.object.origin.iter().cloned());
    Row {
        subject: chart.by,
        clusters: Vec::new(),
        ask: match chart.unknown {
            Some(reason) => Ask::Nobody { reason },
            None => Ask::Registry {
                request: chart.request,
                policy: chart.policy,
            },
        },
        releases: chart.releases,
        place: Place {
            field: chart.field,
            object: Some(object::reference(&chart.object.node)),
            origin,
            ..locate(project, chart.place)
        },
    }
}

fn locate(project: &Project, span: Span) -> Place {
    let found = project.tree.sources().locate(span);
    let (file, line) = found.map_or_else(Default::default, |(file, place)| (file.to_string(), place.line));
    Place {
        span: Some(span),
        file,
        line,
        ..Place::default()
    }
}
