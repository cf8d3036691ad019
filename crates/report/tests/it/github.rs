//! Workflow commands.

use diag::{Finding, Sources};
use report::Format;

use crate::sample;

const LAST: &str = "::notice title=validate::checked 2 clusters, 6 Kustomizations, 24 objects";

#[test]
fn annotates_lines() {
    let [clean, deferred, typical, _] = crate::samples(Format::Github);
    let counts = "(24 against a schema), 2 of 3 HelmReleases rendered (7 objects, 6 against a schema), 16 of 18 files: 0 errors, 0 warnings, 0 notes, 0 deferred";
    assert_eq!(clean, format!("{LAST} {counts}\n"));
    let wanted = "::notice title=not checked%3A images/there::no network, `--offline` was given: \
quay.io/a:1, quay.io/b:2, quay.io/c:3 and 1 more (4 subjects)\n";
    assert!(deferred.starts_with(wanted), "{deferred}");
    let wanted = "\
::error title=images/there::image `quay.io/x:1` is not in its registry%0Aobject: Deployment/kube-system/coredns
::error file=kubernetes/components/coredns/ks.yaml,line=6,col=13,endLine=6,endColumn=23,\
title=flux/depends-on-unknown::no Kustomization `flux-system/cilium-cor`%0Awhy: Flux waits for it forever%0A\
help: did you mean `cilium-core`?
::warning file=kubernetes/components/coredns/release.yaml,line=5,col=16,endLine=5,endColumn=26,\
title=helm/chart-version-exact::chart version `1.38` is not exact, wanted `x.y.z`
";
    assert!(typical.starts_with(&format!("{wanted}{LAST}")), "{typical}");
}

#[test]
fn text_from_files_ends_no_command_and_starts_none() {
    let [.., hostile] = crate::samples(Format::Github);
    let wanted = "\
::warning file=a%2Cb%3Ac|`d%0A.yaml,line=1,col=9,endLine=1,endColumn=15,title=helm/chart-version-exact::\
value `100%25|` is%0A::error::<script>]]>&\"' @team [x](http://y) ␛[2J␀%0Ahelp: line 1%0Aline 2
::notice title=not checked%3A images/there::said `]]>`␡: evil␛]8;;%0A<i> (1 subject)
";
    assert!(hostile.starts_with(&format!("{wanted}{LAST}")), "{hostile}");
}

#[test]
fn a_range_of_lines_has_no_columns() {
    let sources = Sources::default();
    let file = sources.add("a.yaml", "k: |\n  one\n  two\n\nb: 1\n".into());
    let span = sample::find(&sources, file, "|\n  one\n  two\n\n");
    let report = sample::with_findings(vec![Finding::new(&sample::SILENT, span, "long")], &sources);
    let wanted = "::error file=a.yaml,line=1,endLine=3,title=flux/cycle::long\n";
    assert!(report::github::render(&report).starts_with(wanted));
}
