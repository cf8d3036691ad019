//! Charts that lie in the repository.

use helm::{Chart, ChartError};
use model::tree::Tree;

use crate::packed::chart_yaml;

fn tree(more: &[(&str, &str)]) -> Tree {
    let own = [
        ("charts/app/Chart.yaml".to_owned(), chart_yaml("app")),
        ("charts/app/templates/a.yaml".to_owned(), "a".to_owned()),
        ("charts/app/docs/x.md".to_owned(), "x".to_owned()),
        ("charts/app/charts/sub/Chart.yaml".to_owned(), chart_yaml("sub")),
        (
            "charts/application/Chart.yaml".to_owned(),
            chart_yaml("application"),
        ),
    ];
    let more = more
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Tree::from_files(own.into_iter().chain(more))
}

#[test]
fn a_folder_is_a_chart() {
    let chart = Chart::from_tree(&tree(&[]), "charts/app").unwrap();
    assert_eq!(
        (chart.name(), chart.subcharts.len(), chart.templates.len()),
        ("app", 1, 1)
    );
    assert_eq!(chart.files.len(), 1);
    let root = Tree::from_files([("Chart.yaml", chart_yaml("root"))]);
    assert_eq!(Chart::from_tree(&root, "").unwrap().name(), "root");
}

#[test]
fn ignored_files_are_no_part_of_it() {
    let ignoring = tree(&[
        ("charts/app/.helmignore", "docs/\n.helmignore\n"),
        ("charts/app/templates/.x", "x"),
    ]);
    let chart = Chart::from_tree(&ignoring, "charts/app").unwrap();
    assert!(chart.files.is_empty(), "{:?}", chart.files);
    assert_eq!(chart.templates.len(), 1);
    let bad = tree(&[("charts/app/.helmignore", "docs\n**/x\n")]);
    let error = Chart::from_tree(&bad, "charts/app").unwrap_err();
    assert_eq!(
        error.to_string(),
        ".helmignore:2: `**/x` holds `**`, which helm refuses"
    );
}

#[test]
fn a_folder_that_is_not_there_or_too_large_is_an_error() {
    assert_eq!(
        Chart::from_tree(&tree(&[]), "charts/none").unwrap_err(),
        ChartError::Empty
    );
    assert_eq!(
        Chart::from_tree(&tree(&[]), "charts").unwrap_err(),
        ChartError::NoChartYaml
    );
    let large = "x".repeat(5 * 1024 * 1024 + 1);
    let error = Chart::from_tree(&tree(&[("charts/app/big", &large)]), "charts/app").unwrap_err();
    assert!(
        matches!(error, ChartError::FileTooLarge { ref path, .. } if path == "big"),
        "{error}"
    );
}
