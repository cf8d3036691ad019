//! From a run to a report.

use diag::{Finding, Hop, Level, Sources, Span};
use report::exit::{CLEAN, FINDINGS, code};
use report::{Excused, FailOn, Run, Summary, assemble};

use crate::sample;

#[test]
fn the_same_defect_is_one_finding() {
    let sources = Sources::default();
    let [file, set] = ["a.yaml", "set.yaml"].map(|path| sources.add(path, "a: 1\n".into()));
    let at = Span::new(file, 3, 4);
    let found = |cluster: &str| {
        let entry = sources.add(&format!("{cluster}.yaml"), "x\n".into());
        Finding::new(&sample::EXACT, at, "found")
            .with_cluster(cluster)
            .with_origin(vec![Hop {
                what: "ks".to_owned(),
                span: Span::file(entry),
            }])
    };
    let findings = vec![
        found("b").with_related(Span::new(set, 0, 1), "set here"),
        found("c")
            .with_related(Span::new(set, 0, 1), "set here")
            .with_level(Level::Error),
        found("a").with_related(Span::file(file), "first"),
        found("b"),
        found(""),
    ];
    let report = sample::with_findings(findings, &sources);
    let [merged] = &report.findings[..] else {
        panic!("{:#?}", report.findings)
    };
    assert_eq!((merged.cluster.as_str(), merged.level), ("a", Level::Error));
    let related: Vec<String> = merged
        .related
        .iter()
        .map(|place| format!("{}:{} {}", place.file, place.line, place.message))
        .collect();
    let wanted = [
        "a.yaml:1 first",
        "set.yaml:1 set here",
        "b.yaml:1 also in cluster `b`",
        "c.yaml:1 also in cluster `c`",
    ];
    assert_eq!(related, wanted);
}

#[test]
fn other_places_messages_checks_and_objects_stay_apart() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "a: 1\n".into());
    let (first, second) = (Span::new(file, 0, 1), Span::new(file, 3, 4));
    let nowhere = |name| {
        Finding::new(&sample::IMAGES, Span::NONE, "gone").with_object(sample::object("Pod", "default", name))
    };
    let findings = vec![
        Finding::new(&sample::EXACT, second, "found"),
        Finding::new(&sample::EXACT, first, "other"),
        Finding::new(&sample::EXACT, first, "found"),
        Finding::new(&sample::DEPENDS_ON, first, "found"),
        nowhere("b"),
        nowhere("a"),
        nowhere("b"),
    ];
    let report = sample::with_findings(findings, &sources);
    let lines: Vec<String> = report.findings.iter().map(report::concise::line).collect();
    let wanted = [
        "Pod/default/a: error[images/there] gone",
        "Pod/default/b: error[images/there] gone",
        "a.yaml:1:1: error[flux/depends-on-unknown] found",
        "a.yaml:1:1: warning[helm/chart-version-exact] found",
        "a.yaml:1:1: warning[helm/chart-version-exact] other",
        "a.yaml:1:4: warning[helm/chart-version-exact] found",
    ];
    assert_eq!(lines, wanted);
    assert_eq!(
        report.summary,
        Summary {
            errors: 3,
            warnings: 3,
            ..Summary::default()
        }
    );
}

#[test]
fn places_count_characters_and_end_before_trailing_newlines() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "é: |\n  öne\n\n\nb: 1\n".into());
    let span = sample::find(&sources, file, "|\n  öne\n\n\n");
    let report = sample::with_findings(vec![Finding::new(&sample::EXACT, span, "found")], &sources);
    let found = &report.findings[0];
    assert_eq!(
        (found.line, found.column, found.end_line, found.end_column),
        (1, 4, 2, 6)
    );
}

#[test]
fn the_first_of_several_objects_is_the_same_in_any_order() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "a: 1\n".into());
    let of = |name| {
        Finding::new(&sample::EXACT, Span::new(file, 0, 1), "found")
            .with_object(sample::object("Pod", "", name))
    };
    let shown = |findings| {
        sample::with_findings(findings, &sources).findings[0]
            .object
            .clone()
            .unwrap()
            .name
    };
    assert_eq!(
        [shown(vec![of("a"), of("b")]), shown(vec![of("b"), of("a")])],
        ["a", "a"]
    );
}

#[test]
fn everything_is_sorted_whatever_the_order_of_the_run() {
    let excused = |reason: &str, count| Excused {
        reason: reason.to_owned(),
        count,
    };
    let coverage = report::Coverage {
        excused: vec![excused("z", 1), excused("a", 2), excused("z", 3)],
        ..sample::clean().coverage
    };
    let report = assemble(
        Run {
            coverage,
            ..sample::clean()
        },
        &Sources::default(),
    );
    assert_eq!(report.coverage.excused, [excused("a", 2), excused("z", 4)]);
    let names: Vec<&str> = report
        .clusters
        .iter()
        .map(|cluster| cluster.name.as_str())
        .collect();
    assert_eq!(names, ["apps", "edge"]);
}

#[test]
fn the_exit_code_follows_the_level_that_counts() {
    let of = |level: Level| {
        let found = Finding::new(&sample::EXACT, Span::NONE, "found").with_level(level);
        let report = sample::with_findings(vec![found], &Sources::default());
        FailOn::VALUES.map(|fail_on| code(&report, fail_on))
    };
    assert_eq!(of(Level::Error), [FINDINGS, FINDINGS, FINDINGS]);
    assert_eq!(of(Level::Warning), [CLEAN, FINDINGS, FINDINGS]);
    assert_eq!(of(Level::Note), [CLEAN, CLEAN, FINDINGS]);
    assert_eq!(code(&sample::only_deferred(), FailOn::Note), CLEAN);
}
