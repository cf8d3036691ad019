//! JUnit XML.

use diag::{Finding, Sources, Span};
use report::Format;

use crate::sample;

#[test]
fn a_check_without_findings_has_passed() {
    let [clean, ..] = crate::samples(Format::Junit);
    let wanted = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="xtask" tests="4" failures="0" errors="0" skipped="0">
  <testsuite name="flux" tests="2" failures="0" errors="0" skipped="0">
    <testcase classname="flux/cycle" name="flux/cycle"/>
    <testcase classname="flux/depends-on-unknown" name="flux/depends-on-unknown"/>
  </testsuite>
  <testsuite name="helm" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="helm/chart-version-exact" name="helm/chart-version-exact"/>
  </testsuite>
  <testsuite name="images" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="images/there" name="images/there"/>
  </testsuite>
</testsuites>
"#;
    assert_eq!(clean, wanted);
}

#[test]
fn what_was_deferred_has_not_passed() {
    let [_, deferred, ..] = crate::samples(Format::Junit);
    assert!(deferred.contains(r#"<testsuite name="images" tests="4" failures="0" errors="0" skipped="4">"#));
    let wanted = r#"
    <testcase classname="images/there" name="images/there: quay.io/a:1">
      <skipped message="no network, `--offline` was given"/>
    </testcase>
"#;
    assert!(deferred.contains(wanted), "{deferred}");
    assert!(!deferred.contains(r#"name="images/there"/>"#), "{deferred}");
}

#[test]
fn findings_are_failures_and_suppressions_are_skipped() {
    let [.., typical, _] = crate::samples(Format::Junit);
    let wanted = r#"
    <testcase classname="flux/depends-on-unknown" name="flux/depends-on-unknown: Kustomization/flux-system/coredns">
      <failure type="error" message="no Kustomization `flux-system/cilium-cor`">kubernetes/components/coredns/ks.yaml:6:13: error[flux/depends-on-unknown] no Kustomization `flux-system/cilium-cor`
  why: Flux waits for it forever
  help: did you mean `cilium-core`?</failure>
    </testcase>
"#;
    assert!(typical.contains(wanted), "{typical}");
    let wanted = r#"
    <testcase classname="helm/chart-version-exact" name="helm/chart-version-exact: kubernetes/components/x/release.yaml">
      <skipped message="suppressed: upstream has no tags"/>
    </testcase>
"#;
    assert!(typical.contains(wanted), "{typical}");
}

#[test]
fn several_findings_in_one_subject_are_one_case() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "a: 1\n".into());
    let found = |at| {
        Finding::new(
            &sample::SILENT,
            Span::new(file, at, at + 1),
            format!("found {at}"),
        )
    };
    let report = sample::with_findings(vec![found(3), found(0)], &sources);
    let wanted = r#"
    <testcase classname="flux/cycle" name="flux/cycle: a.yaml">
      <failure type="error" message="found 0 (and 1 more)">a.yaml:1:1: error[flux/cycle] found 0
a.yaml:1:4: error[flux/cycle] found 3</failure>
    </testcase>
"#;
    let text = report::junit::render(&report, &[]);
    assert!(text.contains(wanted), "{text}");
    assert!(
        text.contains(r#"<testsuites name="xtask" tests="1" failures="1""#),
        "{text}"
    );
}

#[test]
fn text_from_files_is_escaped() {
    let [.., hostile] = crate::samples(Format::Junit);
    let wanted = r#"
    <testcase classname="helm/chart-version-exact" name="helm/chart-version-exact: a,b:c|`d&#10;.yaml">
      <failure type="warning" message="value `100%|` is&#10;::error::&lt;script&gt;]]&gt;&amp;&quot;&apos; @team [x](http://y) ␛[2J␀">a,b:c|`d␊.yaml:1:9: warning[helm/chart-version-exact] value `100%|` is␊::error::&lt;script&gt;]]&gt;&amp;&quot;&apos; @team [x](http://y) ␛[2J␀
  help: line 1
line 2</failure>
    </testcase>
"#;
    assert!(hostile.contains(wanted), "{hostile}");
    let wanted = r#"
    <testcase classname="images/there" name="images/there: evil␛]8;;&#10;&lt;i&gt;">
      <skipped message="said `]]&gt;`␡"/>
    </testcase>
"#;
    assert!(hostile.contains(wanted), "{hostile}");
}
