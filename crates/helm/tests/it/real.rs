//! Charts that people use, from a folder of archives that the environment names.

use std::env;
use std::fs;
use std::path::PathBuf;

use diag::Span;
use helm::{Chart, Helm, coalesce, values_schema};
use model::yaml::{Node, Value, to_json};
use serde_json::Value as Json;

use crate::program;

const VARIABLE: &str = "XTASK_TEST_CHARTS";

/// The archives, or nothing after a line that says so.
pub(crate) fn archives(test: &str) -> Vec<PathBuf> {
    let Some(folder) = env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else {
        eprintln!("skipped {test}: no {VARIABLE}");
        return Vec::new();
    };
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut archives: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|ext| ext == "tgz"))
        .collect();
    archives.sort();
    assert!(!archives.is_empty());
    archives
}

pub(crate) fn load(archive: &PathBuf) -> Chart {
    Chart::from_archive(&fs::read(archive).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", archive.display()))
}

#[test]
fn satisfy_their_own_schema() {
    for archive in archives("real::satisfy_their_own_schema") {
        for helm in [Helm::V3, Helm::V4] {
            let coalesced = coalesce(&load(&archive), &program::document("{}"), helm);
            assert!(
                coalesced.problems.is_empty(),
                "{}: {:?}",
                archive.display(),
                coalesced.problems
            );
            let report = values_schema::violations(&coalesced);
            assert!(
                report.violations.is_empty(),
                "{}: {:?}",
                archive.display(),
                report.violations
            );
            assert!(
                report.deferred.is_empty(),
                "{}: {:?}",
                archive.display(),
                report.deferred
            );
        }
    }
}

/// The chart with one template, which prints `.Values`; the subcharts without any.
fn repacked(archive: &PathBuf, at: &std::path::Path) {
    fn write(chart: &Chart, original: &std::path::Path, at: &std::path::Path, top: bool) {
        fs::create_dir_all(at.join("templates")).unwrap();
        for name in ["Chart.yaml", "values.yaml", "requirements.yaml"] {
            if original.join(name).is_file() {
                fs::copy(original.join(name), at.join(name)).unwrap();
            }
        }
        if top {
            fs::write(at.join("templates/values.yaml"), program::PRINTER).unwrap();
        }
        for subchart in &chart.subcharts {
            let below = original.join("charts").join(subchart.name());
            write(subchart, &below, &at.join("charts").join(subchart.name()), false);
        }
    }
    let unpacked = tempfile::tempdir().unwrap();
    let bytes = fs::read(archive).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()))
        .unpack(unpacked.path())
        .unwrap();
    let chart = load(archive);
    let top = unpacked.path().join(chart.name());
    inflate(&top);
    write(&chart, &top, at, true);
}

/// Unpacks the archives below `charts/`.
pub(crate) fn inflate(chart: &std::path::Path) {
    let Ok(entries) = fs::read_dir(chart.join("charts")) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|ext| ext == "tgz") {
            let bytes = fs::read(&path).unwrap();
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
            archive.unpack(chart.join("charts")).unwrap();
        }
    }
    for entry in fs::read_dir(chart.join("charts")).unwrap() {
        inflate(&entry.unwrap().path());
    }
}

#[test]
fn have_the_values_that_helm_prints() {
    let test = "real::have_the_values_that_helm_prints";
    let Some(helm) = program::helm(test) else {
        return;
    };
    for archive in archives(test) {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("chart");
        repacked(&archive, &at);
        let chart = load(&archive);
        for given in [program::document("{}"), meddling(&chart.values)] {
            let printed = program::template(&helm, &at, &given, None).unwrap();
            let printed: Json = to_json(&program::document(&printed));
            let found = coalesce(&chart, &given, Helm::V3);
            assert!(
                found.problems.is_empty(),
                "{}: {:?}",
                archive.display(),
                found.problems
            );
            assert_eq!(to_json(&found.values), printed, "{}", archive.display());
        }
    }
}

/// Values that take away or replace some of a chart's own, at each level.
fn meddling(values: &Node) -> Node {
    let mut out = Node::map(Span::NONE);
    for (index, entry) in values.entries_at(&[]).iter().enumerate() {
        let is_map = entry.value.as_map().is_some();
        let value = match index % 4 {
            0 | 1 if is_map => meddling(&entry.value),
            0 if !is_map => Node::new(Value::Null, Span::NONE),
            2 if !is_map => Node::string("given", Span::NONE),
            3 => entry.value.clone(),
            _ => continue,
        };
        out.as_map_mut()
            .unwrap()
            .set(entry.key.clone(), Span::NONE, value);
    }
    out
}
