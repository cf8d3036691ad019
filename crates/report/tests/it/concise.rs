//! The concise format.

use report::Format;

const LAST: &str = "checked 2 clusters, 6 Kustomizations, 24 objects (24 against a schema), 2 of 3 HelmReleases rendered (7 objects, 6 against a schema), 16 of 18 files";

#[test]
fn one_line_for_each_finding() {
    let [clean, deferred, typical, _] = crate::samples(Format::Concise);
    assert_eq!(
        clean,
        format!("{LAST}: 0 errors, 0 warnings, 0 notes, 0 deferred\n")
    );
    let wanted = "\
deferred[images/there] quay.io/a:1, quay.io/b:2, quay.io/c:3 and 1 more: no network, `--offline` was given
";
    assert!(deferred.starts_with(wanted), "{deferred}");
    let wanted = "\
Deployment/kube-system/coredns: error[images/there] image `quay.io/x:1` is not in its registry
kubernetes/components/coredns/ks.yaml:6:13: error[flux/depends-on-unknown] no Kustomization `flux-system/cilium-cor`
kubernetes/components/coredns/release.yaml:5:16: warning[helm/chart-version-exact] \
chart version `1.38` is not exact, wanted `x.y.z`
";
    assert_eq!(
        typical,
        format!("{wanted}{LAST}: 2 errors, 1 warning, 0 notes, 0 deferred, 1 suppressed\n")
    );
}

#[test]
fn newlines_do_not_make_lines() {
    let [.., hostile] = crate::samples(Format::Concise);
    let wanted = "\
a,b:c|`d␊.yaml:1:9: warning[helm/chart-version-exact] \
value `100%|` is␊::error::<script>]]>&\"' @team [x](http://y) ␛[2J␀
deferred[images/there] evil␛]8;;␊<i>: said `]]>`␡
";
    assert_eq!(
        hostile,
        format!("{wanted}{LAST}: 0 errors, 1 warning, 0 notes, 1 deferred\n")
    );
}
