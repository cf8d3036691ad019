//! `preflight`: the charts of every cluster, asked for in their registries.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use flux::ClusterBuild;
use kustomize::Builder;
use model::object;
use oci::{ChartRequest, Options, Verdict, Wanted};
use report::color::Tone;
use report::table::{Cell, Table};
use serde_json::json;

use crate::cli::{self, Preflight};
use crate::output;
use crate::project::Project;

/// One chart and who wants it.
pub(crate) struct Row {
    /// `Kind/namespace/name`.
    pub(crate) subject: String,
    pub(crate) clusters: Vec<String>,
    pub(crate) request: ChartRequest,
    file: String,
    line: u32,
}

/// Asks for every chart; exit code 1 when one is missing, or unknown where that counts.
pub(crate) fn run(args: &Preflight) -> anyhow::Result<u8> {
    let rows = if let Some(url) = &args.url {
        vec![single(url, args.version.clone())]
    } else {
        let project = Project::open(&args.common)?;
        let builder = Builder::new(&project.tree);
        let rows = rows(&project, &project.build(&builder)?);
        if rows.is_empty() {
            bail!("no chart to ask for: no cluster applies an OCIRepository that holds a chart");
        }
        rows
    };
    let verdicts = ask(&rows, &options(&args.registries, args.offline)?);
    if args.output == "json" {
        output::data(&json(&rows, &verdicts))?;
    } else {
        output::data(&text(args, &rows, &verdicts))?;
    }
    let needs_network = args.require_network || std::env::var("CI").is_ok_and(|ci| ci == "true");
    let bad = verdicts.iter().any(|verdict| match verdict {
        Verdict::There { .. } => false,
        Verdict::Missing { .. } => true,
        Verdict::Unknown { .. } => needs_network,
    });
    Ok(if bad {
        report::exit::FINDINGS
    } else {
        report::exit::CLEAN
    })
}

/// The verdicts on the rows, in their order.
pub(crate) fn ask(rows: &[Row], options: &Options) -> Vec<Verdict> {
    let requests: Vec<ChartRequest> = rows.iter().map(|row| row.request.clone()).collect();
    oci::preflight(&requests, options)
        .into_iter()
        .map(|result| result.verdict)
        .collect()
}

/// How to ask, from the command line.
pub(crate) fn options(args: &cli::Registries, offline: bool) -> anyhow::Result<Options> {
    let mirrors = args
        .mirror
        .iter()
        .map(|mirror| {
            let (from, to) = mirror
                .split_once('=')
                .with_context(|| format!("`{mirror}` is no HOST=HOST[/PREFIX]"))?;
            Ok((from.to_owned(), to.to_owned()))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Options {
        deadline: Duration::from_secs(args.timeout),
        mirrors,
        registry_config: args.registry_config.clone(),
        offline,
        ..Options::default()
    })
}

fn single(url: &str, version: Option<String>) -> Row {
    let wanted = Wanted {
        semver: version,
        ..Wanted::default()
    };
    Row {
        subject: url.to_owned(),
        clusters: Vec::new(),
        request: ChartRequest {
            url: url.to_owned(),
            wanted,
            insecure: false,
            layer_media_type: Some(oci::CHART_LAYER_MEDIA_TYPE.to_owned()),
        },
        file: String::new(),
        line: 0,
    }
}

/// The charts that the clusters' OCIRepositories name, after substitution; the same chart of two clusters is one row.
pub(crate) fn rows(project: &Project, clusters: &[ClusterBuild]) -> Vec<Row> {
    let mut rows: BTreeMap<(String, ChartRequest), Row> = BTreeMap::new();
    for build in clusters {
        for (_, object) in build.objects() {
            let Some(request) = helm::source::of_oci_repository(&object.node) else {
                continue;
            };
            let subject = object::reference(&object.node).to_string();
            let place = object
                .node
                .at(&["spec", "url"])
                .map_or_else(|| object::span(&object.node), |url| url.span);
            let (file, line) = project
                .tree
                .sources()
                .locate(place)
                .map_or_else(Default::default, |(file, place)| (file.to_string(), place.line));
            let row = rows
                .entry((subject.clone(), request.clone()))
                .or_insert_with(|| Row {
                    subject,
                    clusters: Vec::new(),
                    request,
                    file,
                    line,
                });
            row.clusters.push(build.cluster.name.clone());
        }
    }
    rows.into_values().collect()
}

fn wanted(wanted: &Wanted) -> String {
    let parts = [&wanted.digest, &wanted.semver, &wanted.tag];
    parts
        .into_iter()
        .flatten()
        .next()
        .cloned()
        .unwrap_or_else(|| "latest".to_owned())
}

fn text(args: &Preflight, rows: &[Row], verdicts: &[Verdict]) -> String {
    let mut table = Table::new(["chart", "url", "wanted", "verdict", "what was found"]);
    for (row, verdict) in rows.iter().zip(verdicts) {
        let (tone, word, found) = match verdict {
            Verdict::There {
                version,
                digest,
                app_version,
                ..
            } => {
                let app = app_version
                    .as_ref()
                    .map(|app| format!(", app {app}"))
                    .unwrap_or_default();
                (Tone::Good, "there", format!("{version}{app}, {digest}"))
            }
            Verdict::Missing { reason, nearest } if nearest.is_empty() => {
                (Tone::Bad, "not there", reason.clone())
            }
            Verdict::Missing { reason, nearest } => (
                Tone::Bad,
                "not there",
                format!("{reason}; nearest: {}", nearest.join(", ")),
            ),
            Verdict::Unknown { reason } => (Tone::Doubtful, "cannot tell", reason.clone()),
        };
        table.row([
            Cell::from(row.subject.clone()),
            Cell::from(row.request.url.clone()),
            Cell::from(wanted(&row.request.wanted)),
            Cell::new(tone, word),
            Cell::from(found),
        ]);
    }
    table.render(args.common.color.paint(&std::io::stdout()))
}

fn json(rows: &[Row], verdicts: &[Verdict]) -> String {
    let charts: Vec<serde_json::Value> = rows
        .iter()
        .zip(verdicts)
        .map(|(row, verdict)| {
            let mut chart = json!({
                "source": row.subject, "clusters": row.clusters, "url": row.request.url,
                "wanted": wanted(&row.request.wanted), "file": row.file, "line": row.line,
            });
            if let (Some(chart), Ok(serde_json::Value::Object(fields))) =
                (chart.as_object_mut(), serde_json::to_value(verdict))
            {
                chart.extend(fields);
            }
            chart
        })
        .collect();
    report::json::document(&json!({
        "apiVersion": report::API_VERSION, "kind": "Preflight", "tool": report::Tool::THIS, "charts": charts,
    }))
}
