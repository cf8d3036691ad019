//! The text format.

use diag::{Finding, Level, Sources, Span};
use report::color::Paint;
use report::{Format, text};

use crate::sample;

const LAST: &str = "checked 2 clusters, 6 Kustomizations, 24 objects";

fn findings(sources: &Sources, findings: Vec<Finding>) -> String {
    text::findings(
        &sample::with_findings(findings, sources).findings,
        text::Options::default(),
    )
}

#[test]
fn a_clean_run_is_one_line() {
    let [clean, ..] = crate::samples(Format::Text);
    let wanted = "(24 against a schema), 2 of 3 HelmReleases rendered (7 objects, 6 against a schema), 16 of 18 files: 0 errors, 0 warnings, 0 notes, 0 deferred\n";
    assert_eq!(clean, format!("{LAST} {wanted}"));
}

#[test]
fn tells_what_was_not_checked() {
    let [_, deferred, ..] = crate::samples(Format::Text);
    let wanted = "\
not checked:
  images/there: no network, `--offline` was given (4 subjects)
    quay.io/a:1, quay.io/b:2, quay.io/c:3 and 1 more
  schema: no schema for `Widget` (2 objects)

checked 2 clusters, 6 Kustomizations, 24 objects (22 against a schema), 2 of 3 HelmReleases rendered (7 objects, 6 against a schema), 16 of 18 files: \
0 errors, 0 warnings, 0 notes, 4 deferred
";
    assert_eq!(deferred, wanted);
}

#[test]
fn lists_every_subject_on_demand() {
    let options = text::Options {
        verbose: true,
        ..text::Options::default()
    };
    let text = text::deferred(&sample::only_deferred().deferred, options);
    let wanted = "\
not checked:
  images/there: no network, `--offline` was given (4 subjects)
    quay.io/a:1
    quay.io/b:2
    quay.io/c:3
    quay.io/d:4

";
    assert_eq!(text, wanted);
}

#[test]
fn shows_lines_origin_and_advice() {
    let [.., typical, _] = crate::samples(Format::Text);
    let wanted = "\
error[images/there]: image `quay.io/x:1` is not in its registry
 |
 = object: Deployment/kube-system/coredns, field `spec.template.spec.containers[0].image`, as installed, \
written in no file
 = origin: cluster `apps`

error[flux/depends-on-unknown]: no Kustomization `flux-system/cilium-cor`
 --> kubernetes/components/coredns/ks.yaml:6:13
  |
6 |     - name: cilium-cor
  |             ^^^^^^^^^^ spec.dependsOn[0].name
  |
  = object: Kustomization/flux-system/coredns, as built
  = origin: cluster `apps`
            -> Kustomization/flux-system/coredns (kubernetes/clusters/apps/coredns.yaml:1)
            -> kubernetes/components/coredns/ks.yaml:1
  = note: also in cluster `edge` (kubernetes/clusters/edge/coredns.yaml:1:1)
  = why: Flux waits for it forever
  = help: did you mean `cilium-core`?

warning[helm/chart-version-exact]: chart version `1.38` is not exact, wanted `x.y.z`
 --> kubernetes/components/coredns/release.yaml:5:16
  |
4 |       chart: coredns
  |              ------- of this chart
5 |       version: ${VERSION} # é
  |                ^^^^^^^^^^
  |
 ::: kubernetes/clusters/apps/settings.yaml:2:12
  |
2 |   VERSION: '1.38'
  |            ------ `VERSION` is set here

suppressed:
  helm/chart-version-exact at kubernetes/components/x/release.yaml:7: upstream has no tags, until 2026-01-01

checked 2 clusters, 6 Kustomizations, 24 objects (24 against a schema), 2 of 3 HelmReleases rendered (7 objects, 6 against a schema), 16 of 18 files: \
2 errors, 1 warning, 0 notes, 0 deferred, 1 suppressed
";
    assert_eq!(typical, wanted);
}

#[test]
fn shows_control_characters_instead_of_sending_them() {
    let [.., hostile] = crate::samples(Format::Text);
    let wanted = "\
warning[helm/chart-version-exact]: value `100%|` is␊::error::<script>]]>&\"' @team [x](http://y) ␛[2J␀
 --> a,b:c|`d␊.yaml:1:9
  |
1 | k: ␛[31m]]><b>� # x
  |         ^^^^^^
  |
  = help: line 1
          line 2

not checked:
  images/there: said `]]>`␡ (1 subject)
    evil␛]8;;␊<i>
";
    assert!(hostile.starts_with(wanted), "{hostile}");
}

#[test]
fn a_whole_file_is_named_without_a_line() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "a: 1\n".into());
    let found =
        Finding::new(&sample::EXACT, Span::file(file), "no cluster uses this").with_level(Level::Note);
    let wanted = "note[helm/chart-version-exact]: no cluster uses this\n--> a.yaml\n\n";
    assert_eq!(findings(&sources, vec![found]), wanted);
}

#[test]
fn a_block_is_marked_at_its_first_line() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "k: |\n  one\n  two\n\nb: 1\n".into());
    let span = sample::find(&sources, file, "|\n  one\n  two\n\n");
    let found = Finding::new(&sample::EXACT, span, "too long").with_path("k");
    let wanted = "\
warning[helm/chart-version-exact]: too long
 --> a.yaml:1:4
  |
1 | k: |
  |    ^ k

";
    assert_eq!(findings(&sources, vec![found]), wanted);
}

#[test]
fn a_window_is_cut_from_a_long_line_and_a_long_file() {
    let sources = Sources::default();
    let long = format!(
        "{}k: {}HERE {}\n",
        "a: 1\n".repeat(9_000),
        "x".repeat(500),
        "y".repeat(100_000)
    );
    let file = sources.add("a.yaml", long.into());
    let found = Finding::new(&sample::EXACT, sample::find(&sources, file, "HERE"), "found");
    let text = findings(&sources, vec![found]);
    assert!(text.contains("--> a.yaml:9001:504\n"), "{text}");
    let quoted = text.lines().nth(3).unwrap();
    assert!(
        quoted.starts_with("9001 | ...xxx") && quoted.ends_with("yyy..."),
        "{text}"
    );
    assert!(quoted.contains("HERE") && quoted.len() < 120, "{text}");
}

#[test]
fn what_is_too_far_to_the_right_is_named_by_its_place() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", format!("k: {} HERE", "x".repeat(5_000)).into());
    let here = sample::find(&sources, file, "HERE");
    let found = Finding::new(&sample::EXACT, here, "found").with_related(here, "and this");
    let wanted = "\
warning[helm/chart-version-exact]: found
--> a.yaml:1:5005
 = note: and this (a.yaml:1:5005)

";
    assert_eq!(findings(&sources, vec![found]), wanted);
}

#[test]
fn further_clusters_are_cut_to_a_few() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "a: 1\n".into());
    let span = sample::find(&sources, file, "1");
    let in_cluster = |name: &str| Finding::new(&sample::EXACT, span, "found").with_cluster(name);
    let report = sample::with_findings(["e", "d", "c", "b", "a"].map(in_cluster).to_vec(), &sources);
    let text = text::findings(&report.findings, text::Options::default());
    let wanted = "
  = origin: cluster `a`
  = note: also in cluster `b` (a.yaml:1:4)
  = note: also in cluster `c` (a.yaml:1:4)
  = note: also in cluster `d` (a.yaml:1:4)
  = note: and 1 more, listed with `-v`

";
    assert!(text.ends_with(wanted), "{text}");
    let all = text::findings(
        &report.findings,
        text::Options {
            verbose: true,
            ..text::Options::default()
        },
    );
    assert!(
        all.contains("= note: also in cluster `e` (a.yaml:1:4)\n"),
        "{all}"
    );
}

#[test]
fn colors_only_on_demand() {
    let report = sample::typical();
    let color = text::render(
        &report,
        text::Options {
            paint: Paint::Ansi,
            ..text::Options::default()
        },
    );
    assert!(color.contains("\u{1b}["), "{color}");
    let bare = anstream::adapter::strip_str(&color).to_string();
    assert_eq!(bare, text::render(&report, text::Options::default()));
}
