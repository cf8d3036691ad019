//! A chart is asked for in another version than the lock file has.

use diag::{CheckMeta, Finding, Findings, Level, Stage};

use super::lock::{self, State};
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "oci/lock-drift",
        summary: "a chart's version is not the one in the lock file",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Compares every OCIRepository that holds a chart, and every HelmRelease with a chart from a registry, with the lock file
(`lock` of `.config/xtask.yaml`; else `kubernetes/charts.lock.yaml`, without that folder `charts.lock.yaml`): URL and version,
after substitution. Reports a damaged lock file, too. Without a lock file nothing is compared. No registry is asked: whether a
tag still leads to the digest in the lock, `cargo xtask preflight` tells.

## Why it matters
The lock says which content was looked at. A version that it does not have was looked at by nobody.

## Example
```yaml
--- charts.lock.yaml
- url: oci://ghcr.io/coredns/charts/coredns
  wanted:
    tag: 1.38.0
  version: 1.38.0
  digest: sha256:1111111111111111111111111111111111111111111111111111111111111111
  archive: sha256:2222222222222222222222222222222222222222222222222222222222222222
  mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
  size: 4711
  when: 2026-11-23T10:00:00Z
--- clusters/demo/charts.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/coredns/charts/coredns
  layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}
  ref:
    tag: 1.39.0
#        ^^^ error[oci/lock-drift]: asked for as tag `1.39.0`, the lock has tag `1.38.0`
```

## How to fix
Run `cargo xtask preflight --update-lock` where the registries can be reached, and commit what it writes.
```yaml
--- charts.lock.yaml
- url: oci://ghcr.io/coredns/charts/coredns
  wanted:
    tag: 1.39.0
  version: 1.39.0
  digest: sha256:3333333333333333333333333333333333333333333333333333333333333333
  archive: sha256:4444444444444444444444444444444444444444444444444444444444444444
  mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
  size: 4712
  when: 2026-11-24T10:00:00Z
--- clusters/demo/charts.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/coredns/charts/coredns
  layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}
  ref:
    tag: 1.39.0
```

## References
- `cargo xtask preflight --help`
- <https://fluxcd.io/flux/components/source/ocirepositories/#reference>
",
    },
    run,
};

const UPDATE: &str = "run `cargo xtask preflight --update-lock`";

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let locked = match lock::read(cx) {
        State::Absent => return,
        State::Unread(reason) => {
            findings.defer(&CHECK.meta, cx.config.lock_path(cx.tree), reason);
            return;
        }
        State::Damaged(place, error) => {
            findings.push(
                Finding::new(
                    &CHECK.meta,
                    place,
                    format!("the lock file cannot be used: {error}"),
                )
                .with_why("what a person changed in it is what no registry said")
                .with_help(format!("remove it and {UPDATE}")),
            );
            return;
        }
        State::Read(locked) => locked,
    };
    for view in &cx.views {
        for asked in lock::charts(view) {
            if let Some(reason) = &asked.unknown {
                findings.defer(&CHECK.meta, &asked.by, reason);
                continue;
            }
            if locked.lock.entry(&asked.request).is_some() {
                continue;
            }
            let (url, words) = (&asked.request.url, asked.request.wanted.words());
            let mut others = locked.lock.entries().filter(|entry| entry.url == *url);
            let finding = match others.next() {
                Some(other) => lock::subject(view, &asked)
                    .finding(
                        &CHECK.meta,
                        asked.place,
                        format!(
                            "chart `{url}` is asked for as {words}, the lock has {}",
                            other.wanted.words()
                        ),
                    )
                    .with_related(locked.place(other), "locked here"),
                None => lock::subject(view, &asked).finding(
                    &CHECK.meta,
                    asked.place,
                    format!("chart `{url}` with {words} is not in the lock"),
                ),
            };
            findings.push(
                finding
                    .with_path(&asked.field)
                    .with_why("the lock says which content was looked at, and this is none of it")
                    .with_help(UPDATE),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const RELEASE: &str = "--- clusters/demo/all.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: registry, namespace: flux-system}
spec: {type: oci, url: oci://ghcr.io/b, interval: 1h}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: two, namespace: flux-system}
spec:
  interval: 1h
  chart:
    spec:
      chart: other
      version: 2.x
";
    const REST: &str = "      sourceRef: {kind: HelmRepository, name: registry}\n";
    const ENTRY: &str = "  version: 2.1.0
  digest: sha256:1111111111111111111111111111111111111111111111111111111111111111
  archive: sha256:2222222222222222222222222222222222222222222222222222222222222222
  mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
  size: 4711
  when: 2026-11-23T10:00:00Z
";

    #[test]
    fn releases_from_registries_are_compared_too() {
        let wanted = "- url: oci://ghcr.io/b/other\n  wanted: {semver: 2.x}\n";
        testing::case(&format!("{RELEASE}{REST}--- charts.lock.yaml\n{wanted}{ENTRY}"));
        let another = "- url: oci://ghcr.io/b/another\n#      ^^^ warning[oci/lock-unused]: nothing asks for\n  wanted: {semver: 2.x}\n";
        let mark = "#              ^^^ error[oci/lock-drift]: `oci://ghcr.io/b/other` with semver `2.x` is not in the lock\n";
        testing::case(&format!(
            "{RELEASE}{mark}{REST}--- charts.lock.yaml\n{another}{ENTRY}"
        ));
        testing::case(&format!("{RELEASE}{REST}"));
    }

    #[test]
    fn damage_is_shown_at_its_line_and_nothing_else_is_said() {
        testing::case(&format!(
            "{RELEASE}{REST}--- charts.lock.yaml
- url: oci://ghcr.io/b/other
  wanted: {{semver: 2.x}}
{ENTRY}- url: oci://ghcr.io/b/other
#< error[oci/lock-drift]: two entries of `oci://ghcr.io/b/other` with semver `2.x`
  wanted: {{semver: 2.x}}
{ENTRY}"
        ));
        testing::case(&format!(
            "{RELEASE}{REST}--- .config/xtask.yaml
lock: locks/charts.yaml
--- locks/charts.yaml
- url: oci://ghcr.io/b/other
#< error[oci/lock-drift]: missing field `version`
  wanted: {{semver: 2.x}}
"
        ));
    }

    #[test]
    fn a_version_that_nobody_knows_is_not_compared() {
        let text = format!("{RELEASE}{REST}").replace("2.x", "${VERSION}").replace(
            "--- clusters/demo/all.yaml",
            "--- clusters/demo/all.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  prune: true
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: Secret, name: elsewhere}]}
--- apps/all.yaml",
        );
        let found = testing::findings(&format!("{text}--- charts.lock.yaml\n[]\n"));
        assert!(
            found
                .found
                .iter()
                .all(|finding| finding.check != "oci/lock-drift"),
            "{:?}",
            found.found
        );
        let mut deferred = found.deferred.iter();
        assert!(
            deferred.any(|deferred| deferred.check == "oci/lock-drift"),
            "{:?}",
            found.deferred
        );
    }
}
