//! Archives load as helm loads them.

use std::fs;

use flate2::Compression;
use flate2::write::GzEncoder;
use helm::{Chart, ChartError};
use tar::{Builder, EntryType};

use crate::packed::{self, chart_yaml, tgz};
use crate::program;

fn paths(files: &[helm::File]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn every_file_finds_its_place() {
    let chart = packed::chart([
        ("Chart.yaml", chart_yaml("top")),
        ("Chart.lock", "digest: x".to_owned()),
        ("values.yaml", "\u{feff}a: yes\n".to_owned()),
        ("values.schema.json", "{\"type\": \"object\"}".to_owned()),
        ("templates/z.yaml", "z".to_owned()),
        ("templates/_helpers.tpl", "h".to_owned()),
        ("templates/tests/t.yaml", "t".to_owned()),
        ("crds/one.yaml", "c".to_owned()),
        ("README.md", "r".to_owned()),
        ("files/a.txt", "f".to_owned()),
        ("charts/sub/Chart.yaml", chart_yaml("sub")),
        ("charts/sub/templates/s.yaml", "s".to_owned()),
        ("charts/sub/charts/deep/Chart.yaml", chart_yaml("deep")),
        ("charts/_hidden/x", "x".to_owned()),
        ("charts/sub.tgz.prov", "p".to_owned()),
    ]);
    assert_eq!(
        chart.values.get("a").and_then(model::yaml::Node::as_bool),
        Some(true)
    );
    assert!(chart.schema.is_some());
    assert_eq!(
        paths(&chart.templates),
        [
            "templates/_helpers.tpl",
            "templates/tests/t.yaml",
            "templates/z.yaml"
        ]
    );
    assert_eq!(paths(&chart.crds), ["crds/one.yaml"]);
    assert_eq!(
        paths(&chart.files),
        ["README.md", "charts/sub.tgz.prov", "files/a.txt"]
    );
    assert_eq!(chart.subcharts.len(), 1);
    assert_eq!(paths(&chart.subcharts[0].templates), ["templates/s.yaml"]);
    assert_eq!(chart.subcharts[0].subcharts[0].name(), "deep");
}

#[test]
fn archives_in_archives_are_subcharts() {
    let deep = tgz([("deep/Chart.yaml", chart_yaml("deep").into_bytes())]);
    let sub = tgz([
        ("sub/Chart.yaml", chart_yaml("sub").into_bytes()),
        ("sub/charts/deep-1.0.0.tgz", deep),
    ]);
    let top = tgz([
        ("top/Chart.yaml", chart_yaml("top").into_bytes()),
        ("top/charts/sub-1.0.0.tgz", sub),
    ]);
    let chart = Chart::from_archive(&top).unwrap();
    assert_eq!(chart.subcharts[0].subcharts[0].name(), "deep");
}

#[test]
fn long_names_and_the_header_of_git_archive_are_fine() {
    let mut tar = Builder::new(Vec::new());
    packed::add(
        &mut tar,
        "pax_global_header",
        EntryType::XGlobalHeader,
        b"20 comment=0123456\n",
    );
    packed::add(&mut tar, "top/", EntryType::Directory, b"");
    packed::add(
        &mut tar,
        "top/Chart.yaml",
        EntryType::Regular,
        chart_yaml("top").as_bytes(),
    );
    let long = format!("top/templates/{}/a.yaml", "long".repeat(60));
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    tar.append_data(&mut header, &long, &b"a"[..]).unwrap();
    let chart = Chart::from_archive(&packed::gzip(&tar.into_inner().unwrap())).unwrap();
    assert_eq!(chart.templates[0].path, long.strip_prefix("top/").unwrap());
}

#[test]
fn a_number_for_a_version_is_read_as_helm_reads_it() {
    let Some(helm) = program::helm("archives::a_number_for_a_version_is_read_as_helm_reads_it") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("top");
    fs::create_dir_all(root.join("templates")).unwrap();
    fs::write(
        root.join("Chart.yaml"),
        "apiVersion: v2\nname: top\nversion: 1.2.3\nappVersion: 1.10\n",
    )
    .unwrap();
    let shown = "v: {{ .Chart.AppVersion | quote }}\n";
    fs::write(root.join("templates/v.yaml"), shown).unwrap();
    let printed = program::template(&helm, &root, &program::document("{}"), None).unwrap();
    let files = [("Chart.yaml", fs::read(root.join("Chart.yaml")).unwrap())];
    let read = packed::chart(files).metadata.app_version.unwrap();
    assert_eq!(program::document(&printed).str_at(&["v"]), Some(read.as_str()));
}

#[test]
fn broken_archives_say_what_is_wrong() {
    let good = tgz([("top/Chart.yaml", chart_yaml("top"))]);
    assert!(Chart::from_archive(&good).is_ok());
    let error = |bytes: &[u8]| Chart::from_archive(bytes).unwrap_err();
    assert_eq!(error(b""), ChartError::NotGzip);
    assert_eq!(error(b"apiVersion: v2"), ChartError::NotGzip);
    assert!(matches!(
        error(&good[..good.len() / 2]),
        ChartError::Broken { .. }
    ));
    let found = error(&packed::gzip(b"no tar at all"));
    assert!(matches!(found, ChartError::Broken { .. }), "{found}");
    assert!(matches!(
        error(b"\x1f\x8b\x08\x00garbage"),
        ChartError::Broken { .. }
    ));
    assert_eq!(error(&packed::gzip(&[0; 1024])), ChartError::Empty);
    // However early it ends: an error, and not a chart that lacks files.
    let good = tgz([
        ("top/Chart.yaml", chart_yaml("top")),
        ("top/values.yaml", "a: 1\n".repeat(300)),
    ]);
    for length in 0..good.len() {
        if let Ok(chart) = Chart::from_archive(&good[..length]) {
            assert!(chart.values.get("a").is_some(), "{length}");
        }
    }
}

#[test]
fn texts_that_cannot_be_read_are_named_with_their_line() {
    let error = |path: &str, data: &[u8]| {
        let yaml = chart_yaml("top").into_bytes();
        let files = [
            ("top/Chart.yaml".to_owned(), yaml),
            (format!("top/{path}"), data.to_vec()),
        ];
        Chart::from_archive(&tgz(files)).unwrap_err().to_string()
    };
    assert_eq!(
        error("values.yaml", b"a: 1\nb: \xff\n"),
        "values.yaml:2: it is no UTF-8 text"
    );
    assert_eq!(
        error("values.yaml", b"- a\n"),
        "values.yaml:1: found array, wanted a mapping"
    );
    assert!(error("values.schema.json", b"{\n\"a\": }").starts_with("values.schema.json:2: it is no JSON"));
    assert_eq!(
        error("charts/README.md", b"x"),
        "in `charts/README.md`: it has no Chart.yaml"
    );
    assert_eq!(
        error("charts/sub/Chart.yaml", b"name: sub\n"),
        "in `charts/sub`: Chart.yaml:1: `version` is missing"
    );
    assert_eq!(
        error("charts/sub.tgz", b"x"),
        "in `charts/sub.tgz`: it is no gzip archive"
    );
    let error = Chart::from_archive(&tgz([("top/values.yaml", "a: 1")])).unwrap_err();
    assert_eq!(error, ChartError::NoChartYaml);
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    assert!(Chart::from_archive(&encoder.finish().unwrap()).is_err());
}
