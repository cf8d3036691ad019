//! Files to charts.
//!
//! Source: helm's `pkg/chart/loader/load.go` and `directory.go`.

use std::collections::BTreeMap;
use std::sync::Arc;

use diag::Span;
use model::tree::Tree;
use model::yaml::Node;

use super::ignore::Rules;
use super::text::{self, TextError};
use super::{Chart, ChartError, File, Metadata, metadata};
use crate::archive::{self, Budget, Files};

/// How deep subcharts may lie in each other.
const MAX_DEPTH: usize = 16;

/// The files of a chart's folder, by their path below it.
pub(super) fn files(tree: &Tree, folder: &str, budget: &mut Budget) -> Result<Files, ChartError> {
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let ignore_file = format!("{prefix}.helmignore");
    let rules = if tree.is_file(&ignore_file) {
        Rules::parse(&String::from_utf8_lossy(&tree.read_bytes(&ignore_file)?))?
    } else {
        Rules::parse("")?
    };
    let mut files = Files::new();
    for path in tree.files_below(folder) {
        let inner = path.strip_prefix(&prefix).unwrap_or(path);
        if rules.hide(inner) {
            continue;
        }
        let data = tree.read_bytes(path)?;
        budget.take_file(inner, data.len() as u64)?;
        budget.take_bytes(data.len() as u64)?;
        files.insert(inner.to_owned(), archive::without_mark(&data).into());
    }
    if files.is_empty() {
        return Err(ChartError::Empty);
    }
    Ok(files)
}

/// The chart that files make.
pub(super) fn chart(files: Files, budget: &mut Budget, depth: usize) -> Result<Chart, ChartError> {
    budget.take_chart()?;
    if depth > MAX_DEPTH {
        return Err(ChartError::TooDeep);
    }
    let mut chart = Chart {
        metadata: read_metadata(&files)?,
        values: Node::map(Span::NONE),
        schema: None,
        templates: Vec::new(),
        crds: Vec::new(),
        files: Vec::new(),
        subcharts: Vec::new(),
    };
    let mut below: BTreeMap<String, Files> = BTreeMap::new();
    for (path, data) in files {
        match path.as_str() {
            "Chart.yaml" | "Chart.lock" => continue,
            "requirements.yaml" | "requirements.lock" if chart.metadata.api_version != "v1" => continue,
            "values.yaml" => {
                chart.values = text::merged_mappings(utf8(&path, &data)?).map_err(at(&path))?;
                continue;
            }
            "values.schema.json" => {
                chart.schema = Some(json(&path, &data)?);
                continue;
            }
            _ => {}
        }
        if let Some(inner) = path.strip_prefix("charts/").filter(|_| !path.ends_with(".prov")) {
            let name = inner.split('/').next().unwrap_or_default().to_owned();
            below.entry(name).or_default().insert(inner.to_owned(), data);
            continue;
        }
        let list = if path.starts_with("templates/") {
            &mut chart.templates
        } else if path.starts_with("crds/") {
            &mut chart.crds
        } else {
            &mut chart.files
        };
        list.push(File { path, data });
    }
    for (name, files) in below {
        if name.starts_with(['_', '.']) {
            continue;
        }
        match subchart(&name, files, budget, depth) {
            Ok(subchart) => chart.subcharts.push(subchart),
            Err(cause) => {
                let (name, cause) = (text::printable(&name), Box::new(cause));
                return Err(ChartError::Subchart { name, cause });
            }
        }
    }
    Ok(chart)
}

fn subchart(name: &str, files: Files, budget: &mut Budget, depth: usize) -> Result<Chart, ChartError> {
    if name.ends_with(".tgz") {
        let Some(bytes) = files.get(name) else {
            let reason = "a folder must not be called like an archive";
            let name = text::printable(name);
            return Err(ChartError::Path { name, reason });
        };
        let files = archive::unpack(bytes, budget)?;
        return chart(files, budget, depth + 1);
    }
    let inner = |(path, data): (String, Arc<[u8]>)| Some((path.split_once('/')?.1.to_owned(), data));
    chart(files.into_iter().filter_map(inner).collect(), budget, depth + 1)
}

fn read_metadata(files: &Files) -> Result<Metadata, ChartError> {
    let text = |path: &str| files.get(path).map(|data| utf8(path, data)).transpose();
    let Some(chart_yaml) = text("Chart.yaml")? else {
        return Err(ChartError::NoChartYaml);
    };
    metadata::metadata(chart_yaml, text("requirements.yaml")?)
}

fn utf8<'a>(path: &str, data: &'a [u8]) -> Result<&'a str, ChartError> {
    std::str::from_utf8(data).map_err(|error| {
        let good = data.get(..error.valid_up_to()).unwrap_or_default();
        let line = String::from_utf8_lossy(good).matches('\n').count() + 1;
        ChartError::text(path, line, "it is no UTF-8 text")
    })
}

fn json(path: &str, data: &[u8]) -> Result<serde_json::Value, ChartError> {
    serde_json::from_slice(data)
        .map_err(|error| ChartError::text(path, error.line(), format!("it is no JSON: {error}")))
}

fn at(path: &str) -> impl Fn(TextError) -> ChartError {
    let path = path.to_owned();
    move |TextError { line, message }| ChartError::text(&path, line, message)
}
