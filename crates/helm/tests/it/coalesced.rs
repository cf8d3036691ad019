//! `.Values` in templates is what helm says.

use std::fs;

use helm::{Chart, Helm, coalesce};
use model::yaml::{Node, to_json};

use crate::packed;
use crate::program::{self, PRINTER};

/// The files of a case, with a `Chart.yaml`.
fn files(case: &Node) -> Vec<(String, String)> {
    let entries = case.entries_at(&["files"]).iter();
    let mut files: Vec<_> = entries
        .map(|entry| (entry.key.to_string(), entry.value.as_str().unwrap().to_owned()))
        .collect();
    if !files.iter().any(|(path, _)| path == "Chart.yaml") {
        files.push(("Chart.yaml".to_owned(), packed::chart_yaml("top")));
    }
    files
}

fn chart(case: &Node) -> Chart {
    packed::chart(files(case))
}

fn name(case: &Node) -> &str {
    case.str_at(&["name"]).unwrap()
}

#[test]
fn agrees_with_the_libraries_of_helm() {
    for case in program::cases("coalesce.yaml") {
        for (helm, key) in [(Helm::V3, "helm3"), (Helm::V4, "helm4")] {
            let found = coalesce(&chart(&case), case.get("values").unwrap(), helm);
            let Some(wanted) = case.get("wanted").or_else(|| case.get(key)) else {
                assert!(case.get("error").is_some());
                assert!(!found.problems.is_empty(), "{}", name(&case));
                continue;
            };
            assert!(
                found.values.same_data(wanted),
                "{} in {key}:\nfound  {}\nwanted {}",
                name(&case),
                to_json(&found.values),
                to_json(wanted)
            );
        }
    }
}

#[test]
fn agrees_with_the_program() {
    let Some(helm) = program::helm("coalesced::agrees_with_the_program") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (index, case) in program::cases("coalesce.yaml").into_iter().enumerate() {
        let root = folder.path().join(format!("case{index}"));
        let printer = [("templates/values.yaml".to_owned(), PRINTER.to_owned())];
        for (path, text) in files(&case).into_iter().chain(printer) {
            let at = root.join(path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, text).unwrap();
        }
        let given = case.get("values").unwrap();
        let found = coalesce(&chart(&case), given, Helm::V3);
        match program::template(&helm, &root, given, None) {
            Ok(text) => {
                let printed = program::document(&text);
                let (found, printed) = (to_json(&found.values), to_json(&printed));
                assert_eq!(found, printed, "{}", name(&case));
            }
            Err(text) => assert!(!found.problems.is_empty(), "{}: {text}", name(&case)),
        }
    }
}

#[test]
fn names_the_subcharts_that_are_on() {
    let names = |case: &str| {
        let cases = program::cases("coalesce.yaml");
        let case = cases.iter().find(|one| name(one) == case).unwrap();
        let found = coalesce(&chart(case), case.get("values").unwrap(), Helm::V4).chart;
        found
            .subcharts
            .iter()
            .map(|chart| chart.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("an alias and the chart's own name"), ["one", "two", "sub"]);
    assert_eq!(names("conditions switch subcharts"), ["a", "d", "e"]);
    assert_eq!(names("tags switch subcharts, conditions win"), ["b", "c", "d"]);
    assert_eq!(
        names("a dependency whose version does not fit leaves the chart on"),
        ["sub"]
    );
}

#[test]
fn tells_of_a_switch_that_is_no_boolean() {
    let cases = program::cases("coalesce.yaml");
    let case = cases
        .iter()
        .find(|case| name(case) == "conditions switch subcharts")
        .unwrap();
    let tree = model::tree::Tree::from_files([("v.yaml", "c:\n  text: 'no'\n")]);
    let text = tree.read("v.yaml").unwrap();
    let given = model::yaml::parse(text.source, &text.text, model::yaml::Dialect::Sigs)
        .documents
        .remove(0);
    let found = coalesce(&chart(case), &given, Helm::V4);
    let problem = found
        .problems
        .iter()
        .find(|problem| problem.message.contains("c.text"))
        .unwrap();
    assert_eq!(
        problem.message,
        "`c.text` is of type string and does not switch the subchart `c`, wanted a boolean"
    );
    assert_eq!(
        tree.sources()
            .get(problem.span.source)
            .unwrap()
            .position(problem.span.start)
            .line,
        2
    );
    // The chart's own text there is not the user's business.
    assert!(
        coalesce(&chart(case), case.get("values").unwrap(), Helm::V4)
            .problems
            .is_empty()
    );
}
