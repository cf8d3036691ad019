//! Markdown.

use diag::{Finding, Level, Sources, Span};
use report::Format;

use crate::sample;

const LAST: &str = "checked 2 clusters, 6 Kustomizations, 24 objects (24 against a schema), 2 of 3 HelmReleases rendered (7 objects, 6 against a schema), 16 of 18 files";

#[test]
fn a_clean_run_has_no_table() {
    let [clean, ..] = crate::samples(Format::Markdown);
    let counts = "0 errors, 0 warnings, 0 notes, 0 deferred";
    assert_eq!(clean, format!("## {counts}\n\n{LAST}: {counts}\n"));
}

#[test]
fn tells_what_was_not_checked() {
    let [_, deferred, ..] = crate::samples(Format::Markdown);
    let wanted = "\
## 0 errors, 0 warnings, 0 notes, 4 deferred

| not checked | why | subjects |
| --- | --- | --- |
| `images/there` | no network, `--offline` was given | 4 subjects: quay.io/a:1, quay.io/b:2, quay.io/c:3 and 1 more |
| `schema` | no schema for `Widget` | 2 objects |

checked 2 clusters";
    assert!(deferred.starts_with(wanted), "{deferred}");
}

#[test]
fn a_row_for_each_finding() {
    let [.., typical, _] = crate::samples(Format::Markdown);
    let counts = "2 errors, 1 warning, 0 notes, 0 deferred, 1 suppressed";
    let wanted = "\
| level | where | what |
| --- | --- | --- |
| error | `Deployment/kube-system/coredns` | image `quay.io/x:1` is not in its registry<br>`images/there` |
| error | `kubernetes/components/coredns/ks.yaml:6:13` | no Kustomization `flux-system/cilium-cor`<br>\
`flux/depends-on-unknown`<br>why: Flux waits for it forever<br>help: did you mean `cilium-core`? |
| warning | `kubernetes/components/coredns/release.yaml:5:16` | chart version `1.38` is not exact, wanted `x.y.z`<br>\
`helm/chart-version-exact` |

| suppressed | where | why |
| --- | --- | --- |
| `helm/chart-version-exact` | `kubernetes/components/x/release.yaml:7` | upstream has no tags, until 2026-01-01 |
";
    assert_eq!(typical, format!("## {counts}\n\n{wanted}\n{LAST}: {counts}\n"));
}

#[test]
fn text_from_files_stays_in_its_cell() {
    let [.., hostile] = crate::samples(Format::Markdown);
    let wanted = "\
| warning | `` a,b:c\\|`d␊.yaml:1:9 `` | value `100%\\|` is␊::error::\\<script\\>\\]\\]\\>\\&\"' @&#8203;team \
\\[x\\](http://y) ␛\\[2J␀<br>`helm/chart-version-exact`<br>help: line 1␊line 2 |

| not checked | why | subjects |
| --- | --- | --- |
| `images/there` | said `]]>`␡ | 1 subject: evil␛\\]8;;␊\\<i\\> |
";
    assert!(hostile.contains(wanted), "{hostile}");
}

#[test]
fn backticks_that_do_not_pair_are_no_code() {
    let sources = Sources::default();
    let found = Finding::new(&sample::EXACT, Span::NONE, "a ` <b> and `` ");
    let text = report::markdown::render(&sample::with_findings(vec![found], &sources));
    assert!(text.contains("| a \\` \\<b\\> and \\`\\` <br>"), "{text}");
}

#[test]
fn stays_short_keeps_the_worst_and_says_what_was_cut() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "a: 1\n".into());
    let mut findings: Vec<Finding> = (0..500)
        .map(|number| {
            Finding::new(
                &sample::EXACT,
                Span::file(file),
                format!("{number}{}", "é<".repeat(900)),
            )
        })
        .collect();
    let worst = Finding::new(&sample::EXACT, Span::new(file, 3, 4), "the worst").with_level(Level::Error);
    findings.push(worst);
    let deferred = (0..2_000).map(|number| diag::Deferred {
        check: sample::IMAGES.id,
        subject: String::new(),
        reason: format!("{number}{}", "x".repeat(300)),
    });
    let run = report::Run {
        findings,
        deferred: deferred.collect(),
        ..sample::clean()
    };
    let text = report::markdown::render(&report::assemble(run, &sources));
    assert!(text.chars().count() < 65_000, "{}", text.chars().count());
    let first = text
        .lines()
        .find(|line| line.starts_with("| error") || line.starts_with("| warning"));
    assert_eq!(
        first,
        Some("| error | `a.yaml:1:4` | the worst<br>`helm/chart-version-exact` |")
    );
    let cuts: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("cut to keep this short"))
        .collect();
    let [findings, reasons] = cuts[..] else {
        panic!("{cuts:?}")
    };
    assert!(
        findings.contains(" more findings cut to keep this short; `--output json=FILE` has all"),
        "{findings}"
    );
    assert!(reasons.contains(" more reasons cut"), "{reasons}");
}
