//! Charts that mean harm end with an error, soon.

use std::time::{Duration, Instant};

use helm::{Chart, ChartError, Helm, coalesce};
use model::yaml::Node;
use tar::{Builder, EntryType, Header};

use crate::packed::{self, add, chart_yaml, gzip, tgz};
use crate::program::document;

const SOON: Duration = Duration::from_secs(30);

fn error(tar: Builder<Vec<u8>>) -> ChartError {
    Chart::from_archive(&gzip(&tar.into_inner().unwrap())).unwrap_err()
}

fn started() -> Builder<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    add(
        &mut tar,
        "top/Chart.yaml",
        EntryType::Regular,
        chart_yaml("top").as_bytes(),
    );
    tar
}

#[test]
fn paths_that_lead_out_are_refused() {
    for path in [
        "top/../../etc/passwd",
        "top/..",
        "top//etc/passwd",
        "top\\..\\..\\boot.ini",
        "top/C:/windows/win.ini",
        "alone.yaml",
    ] {
        let mut tar = started();
        add(&mut tar, path, EntryType::Regular, b"x");
        assert!(
            matches!(error(tar), ChartError::Path { ref name, .. } if name == path),
            "{path}"
        );
    }
}

#[test]
fn errors_hold_nothing_that_a_terminal_obeys() {
    let mut tar = started();
    add(&mut tar, "top/../../\u{1b}[2J", EntryType::Regular, b"x");
    let mut texts = vec![error(tar).to_string()];
    let mut tar = started();
    add(&mut tar, "top/charts/\u{1b}[2J/x", EntryType::Regular, b"x");
    texts.push(error(tar).to_string());
    let mut tar = started();
    add(
        &mut tar,
        "top/values.yaml",
        EntryType::Regular,
        b"\"\\e[2J\": .nan\n{\x1b[2J",
    );
    texts.push(error(tar).to_string());
    assert!(texts.iter().all(|text| !text.contains('\u{1b}')), "{texts:?}");
}

#[test]
fn links_lead_nowhere() {
    for kind in [EntryType::Symlink, EntryType::Link] {
        let mut tar = started();
        add(&mut tar, "top/templates/host.yaml", kind, b"");
        let chart = Chart::from_archive(&gzip(&tar.into_inner().unwrap())).unwrap();
        assert!(chart.templates[0].data.is_empty());
    }
}

#[test]
fn the_last_file_of_a_name_counts_and_two_charts_are_refused() {
    let mut tar = started();
    add(&mut tar, "top/values.yaml", EntryType::Regular, b"a: 1");
    add(&mut tar, "top/./values.yaml", EntryType::Regular, b"a: 2");
    let chart = Chart::from_archive(&gzip(&tar.into_inner().unwrap())).unwrap();
    assert_eq!(chart.values.get("a").and_then(Node::as_int), Some(2));
    let mut tar = started();
    add(
        &mut tar,
        "other/Chart.yaml",
        EntryType::Regular,
        chart_yaml("other").as_bytes(),
    );
    assert!(matches!(error(tar), ChartError::Twice { .. }));
}

#[test]
fn bombs_end_at_the_limits() {
    let start = Instant::now();
    let mut tar = started();
    add(
        &mut tar,
        "top/big",
        EntryType::Regular,
        &vec![0; 5 * 1024 * 1024 + 1],
    );
    assert!(matches!(error(tar), ChartError::FileTooLarge { .. }));

    let mut tar = started();
    for index in 0..21 {
        add(
            &mut tar,
            &format!("top/{index}"),
            EntryType::Regular,
            &vec![0; 5 * 1024 * 1024],
        );
    }
    assert_eq!(error(tar), ChartError::TooLarge);

    // A gzip stream that never gets to the end of one long name.
    let mut tar = started();
    add(
        &mut tar,
        "././@LongLink",
        EntryType::GNULongName,
        &vec![b'a'; 110 * 1024 * 1024],
    );
    assert_eq!(error(tar), ChartError::TooLarge);

    // A header that promises more than there is.
    let mut tar = started();
    let mut header = Header::new_gnu();
    header.set_path("top/values.yaml").unwrap();
    header.set_size(4 * 1024 * 1024);
    header.set_cksum();
    tar.append(&header, &b"a: 1"[..]).unwrap();
    assert!(matches!(error(tar), ChartError::Broken { .. }));

    let many = (0..20_001).map(|index| (format!("top/{index}"), ""));
    assert_eq!(
        Chart::from_archive(&tgz(many)).unwrap_err(),
        ChartError::TooManyFiles
    );
    let charts = (0..600).map(|index| (format!("top/charts/c{index}/Chart.yaml"), chart_yaml("c")));
    let own = [("top/Chart.yaml".to_owned(), chart_yaml("top"))];
    let error = Chart::from_archive(&tgz(own.into_iter().chain(charts))).unwrap_err();
    assert!(error.to_string().ends_with("it holds too many charts"), "{error}");
    assert!(start.elapsed() < SOON * 2, "{:?}", start.elapsed());
}

#[test]
fn charts_in_charts_end() {
    let mut inner = tgz([("c/Chart.yaml", chart_yaml("c"))]);
    for _ in 0..20 {
        inner = tgz([
            ("c/Chart.yaml", chart_yaml("c").into_bytes()),
            ("c/charts/c.tgz", inner),
        ]);
    }
    let error = Chart::from_archive(&inner).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("its subcharts lie too deep in each other"),
        "{error}"
    );
}

#[test]
fn nested_bombs_share_one_limit() {
    let bomb = tgz((0..12).map(|index| (format!("c/{index}"), vec![0; 5 * 1024 * 1024])));
    let files = (0..3).map(|index| (format!("top/charts/c{index}.tgz"), bomb.clone()));
    let own = [("top/Chart.yaml".to_owned(), chart_yaml("top").into_bytes())];
    let yaml = own.into_iter().chain(files);
    let error = Chart::from_archive(&tgz(yaml)).unwrap_err();
    // The first one holds no chart, and is as far as it gets; with one in it, the limit is met.
    assert!(matches!(error, ChartError::Subchart { .. }), "{error}");
    let whole = (0..12).map(|index| (format!("c/{index}"), vec![0; 5 * 1024 * 1024]));
    let bomb = tgz(whole.chain([("c/Chart.yaml".to_owned(), chart_yaml("c").into_bytes())]));
    let files = (0..3).map(|index| (format!("top/charts/c{index}.tgz"), bomb.clone()));
    let own = [("top/Chart.yaml".to_owned(), chart_yaml("top").into_bytes())];
    let error = Chart::from_archive(&tgz(own.into_iter().chain(files))).unwrap_err();
    assert!(error.to_string().contains("bytes when unpacked"), "{error}");
}

#[test]
fn deep_and_endless_yaml_ends() {
    let with = |values: String| {
        let files = [("top/Chart.yaml", chart_yaml("top")), ("top/values.yaml", values)];
        Chart::from_archive(&tgz(files))
    };
    assert!(with("- ".repeat(2_000_000)).is_err());
    assert!(with("[".repeat(2_000_000)).is_err());
    let line = |index: usize| {
        let before = index - 1;
        format!("a{index}: &a{index} [*a{before}, *a{before}, *a{before}, *a{before}]\n")
    };
    let lines: Vec<String> = (1..30).map(line).collect();
    let bomb = format!("a0: &a0 {{x: 1}}\n{}", lines.concat());
    assert!(with(bomb).is_err());
}

#[test]
fn values_that_unfold_without_an_end_are_a_problem() {
    let start = Instant::now();
    // Each chart hands its globals to all charts below: 500 charts with 100,000 values each.
    let global: Vec<String> = (0..100_000).map(|index| format!("  k{index}: 1\n")).collect();
    let global = global.concat();
    let mut files = vec![
        ("Chart.yaml".to_owned(), chart_yaml("top")),
        ("values.yaml".to_owned(), format!("global:\n{global}")),
    ];
    for index in 0..490 {
        files.push((
            format!("charts/c{index}/Chart.yaml"),
            chart_yaml(&format!("c{index}")),
        ));
    }
    let chart = packed::chart(files);
    let found = coalesce(&chart, &document("{}"), Helm::V4);
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn imports_that_hold_themselves_end() {
    let chart = packed::chart([
        (
            "Chart.yaml",
            "apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n- name: sub\n  version: '*'\n  import-values:\n  - {child: a.b, parent: p}\n  - {child: a, parent: p.b}\n  - {child: a, parent: p}\n"
                .to_owned(),
        ),
        ("charts/sub/Chart.yaml", chart_yaml("sub")),
        ("charts/sub/values.yaml", "a: {b: {c: 1}}\n".to_owned()),
    ]);
    let found = coalesce(&chart, &document("{}"), Helm::V4);
    assert!(found.values.at(&["p", "b", "c"]).is_some());
    let long = format!("a.{}", "a.".repeat(1_000_000));
    let chart = packed::chart([
        (
            "Chart.yaml",
            format!(
                "apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n- name: sub\n  version: '*'\n  import-values:\n  - {{child: a, parent: {long}}}\n"
            ),
        ),
        ("charts/sub/Chart.yaml", chart_yaml("sub")),
        ("charts/sub/values.yaml", "a: {b: {c: 1}}\n".to_owned()),
    ]);
    let found = coalesce(&chart, &document("{}"), Helm::V4);
    assert_eq!(found.values.as_map().unwrap().len(), 1);
}
