//! An entry of the lock file that no chart has any more.

use std::collections::{BTreeMap, BTreeSet};

use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};

use super::lock::{self, State};
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "oci/lock-unused",
        summary: "an entry of the lock file is asked for by nothing",
        level: Level::Warning,
        stage: Stage::Built,
        docs: r"## What it does
Reports entries of the lock file whose URL and version no cluster asks for any more. It stays silent where that cannot be told:
when only some clusters are looked at, when a build fails, or when a version is not known.

## Why it matters
A stale entry says that something is used which is not, and passes for news when it comes back.

## Example
```yaml
--- charts.lock.yaml
- url: oci://ghcr.io/coredns/charts/coredns
#      ^^^ warning[oci/lock-unused]: nothing asks for `oci://ghcr.io/coredns/charts/coredns` with tag `1.38.0`
  wanted:
    tag: 1.38.0
  version: 1.38.0
  digest: sha256:1111111111111111111111111111111111111111111111111111111111111111
  archive: sha256:2222222222222222222222222222222222222222222222222222222222222222
  mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
  size: 4711
  when: 2026-11-23T10:00:00Z
--- clusters/demo/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## How to fix
Run `cargo xtask preflight --update-lock`, which drops such entries.

## References
- `cargo xtask preflight --help`
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let State::Read(locked) = lock::read(cx) else {
        return;
    };
    let mut used = BTreeSet::new();
    let mut drifted = BTreeSet::new();
    let mut places: BTreeMap<String, Span> = BTreeMap::new();
    for chart in cx.views.iter().flat_map(lock::charts) {
        if chart.unknown.is_some() {
            return;
        }
        let request = chart.request;
        places.entry(request.url.clone()).or_insert(chart.place);
        if locked.lock.entry(&request).is_none() {
            drifted.insert(request.url);
        } else {
            used.insert((request.url, request.wanted));
        }
    }
    if !sees_everything(cx) {
        return;
    }
    for entry in locked.lock.entries() {
        // Where the chart drifted, that finding shows this entry.
        if drifted.contains(&entry.url) || used.contains(&(entry.url.clone(), entry.wanted.clone())) {
            continue;
        }
        let finding = Finding::new(
            &CHECK.meta,
            locked.place(entry),
            format!(
                "nothing asks for `{}` with {} any more",
                entry.url,
                entry.wanted.words()
            ),
        );
        let elsewhere = places.get(&entry.url).copied().unwrap_or(Span::NONE);
        findings.push(
            finding
                .with_related(elsewhere, "this asks for another version of the chart")
                .with_why("a stale entry passes for news when it comes back")
                .with_help("run `cargo xtask preflight --update-lock`"),
        );
    }
}

/// Whether every cluster of the tree is looked at and every build of them gave its objects.
fn sees_everything(cx: &Context<'_>) -> bool {
    let explicit: Vec<(String, String)> = cx.config.clusters.clone().into_iter().collect();
    let seen = |folder: &str| cx.clusters.iter().any(|build| build.cluster.folder == folder);
    let mut all = ::flux::discover(cx.tree, &explicit).into_iter();
    all.all(|cluster| seen(&cluster.folder)) && cx.views.iter().all(|view| view.broken().next().is_none())
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const LOCK: &str = "--- charts.lock.yaml
- url: oci://ghcr.io/a/demo
MARK  wanted: {tag: 1.0.0}
  version: 1.0.0
  digest: sha256:1111111111111111111111111111111111111111111111111111111111111111
  archive: sha256:2222222222222222222222222222222222222222222222222222222222222222
  mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
  size: 4711
  when: 2026-11-23T10:00:00Z
- url: oci://ghcr.io/a/demo
  wanted: {tag: 1.1.0}
  version: 1.1.0
  digest: sha256:3111111111111111111111111111111111111111111111111111111111111111
  archive: sha256:4222222222222222222222222222222222222222222222222222222222222222
  mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
  size: 4711
  when: 2026-11-23T10:00:00Z
";
    const SOURCE: &str = "--- clusters/demo/charts.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: demo, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/a/demo
  layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}
  ref: {tag: 1.1.0}
";

    #[test]
    fn an_old_version_beside_the_new_one_is_unused_and_the_new_one_is_shown() {
        let mark =
            "#      ^^^ warning[oci/lock-unused]: nothing asks for `oci://ghcr.io/a/demo` with tag `1.0.0`\n";
        let text = format!("{}{SOURCE}", LOCK.replace("MARK", mark));
        testing::case(&text);
        let findings = testing::findings(&format!("{}{SOURCE}", LOCK.replace("MARK", "")));
        assert_eq!(findings.found[0].related.len(), 1);
    }

    #[test]
    fn a_drifted_chart_is_one_finding() {
        let text = format!("{}{SOURCE}", LOCK.replace("MARK", ""));
        let findings = testing::findings(&text.replace("ref: {tag: 1.1.0}", "ref: {tag: 1.2.0}"));
        let checks: Vec<_> = findings.found.iter().map(|finding| finding.check).collect();
        assert_eq!(checks, ["oci/lock-drift"]);
    }

    #[test]
    fn a_build_that_fails_may_ask_for_it() {
        let broken = "--- clusters/demo/kustomization.yaml\nresources: [charts.yaml, missing.yaml]\n";
        let text = format!("{}{SOURCE}{broken}", LOCK.replace("MARK", ""));
        let findings = testing::findings(&text);
        assert!(
            findings
                .found
                .iter()
                .all(|finding| finding.check != "oci/lock-unused"),
            "{:?}",
            findings.found
        );
    }
}
