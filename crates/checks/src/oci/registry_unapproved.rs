//! A chart comes from a registry that the project does not approve.

use diag::{CheckMeta, Findings, Level, Stage};
use model::config::Config;

use super::url;
use crate::context::{Check, Context};
use crate::wording::some_of;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "oci/registry-unapproved",
        summary: "a source's registry is none of those that the project approves",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Compares the URL of every OCIRepository and HelmRepository with `approvedRegistries` of `.config/xtask.yaml`. An entry is a host,
or a host with a path: it approves everything below that path. Without entries nothing is compared.

## Why it matters
What a chart may do in a cluster is decided by whoever publishes it.

## Example
```yaml
--- .config/xtask.yaml
approvedRegistries: [ghcr.io/coredns]
--- clusters/demo/charts.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/somebody/charts/coredns
#      ^^^ error[oci/registry-unapproved]: `ghcr.io/somebody/charts/coredns` is not in an approved registry
  ref: {tag: 1.38.0}
```

## How to fix
```yaml
--- .config/xtask.yaml
approvedRegistries: [ghcr.io/coredns]
--- clusters/demo/charts.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/coredns/charts/coredns
  ref: {tag: 1.38.0}
```

## References
- <https://fluxcd.io/flux/security/best-practices/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let approved: Vec<&str> = cx.config.approved_registries.iter().map(String::as_str).collect();
    if approved.is_empty() {
        return;
    }
    for subject in cx.views.iter().flat_map(|view| &view.objects) {
        let Some((node, text)) = url(subject, &["OCIRepository", "HelmRepository"]) else {
            continue;
        };
        let place = without_scheme(text);
        if is_approved(cx.config, text) == Some(false) {
            findings.push(
                subject
                    .finding(
                        &CHECK.meta,
                        node.span,
                        format!("`{place}` is not in an approved registry"),
                    )
                    .with_path("spec.url")
                    .with_why("what a chart does in the cluster is decided by its publisher")
                    .with_help(format!(
                        "take the chart from {}, or approve the registry in `{}`",
                        some_of(&approved, 4),
                        model::config::PATH
                    )),
            );
        }
    }
}

/// Whether a URL's registry is one that the project approves; none where the project approves none by name.
pub fn is_approved(config: &Config, url: &str) -> Option<bool> {
    let place = without_scheme(url);
    let mut approved = config.approved_registries.iter();
    (!config.approved_registries.is_empty())
        .then(|| approved.any(|entry| is_below(place, without_scheme(entry))))
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://")
        .map_or(url, |(_, rest)| rest)
        .trim_end_matches('/')
}

/// Whether a place is an entry or lies below it, part by part; hosts do not mind case.
fn is_below(place: &str, entry: &str) -> bool {
    let mut parts = place.split('/');
    entry.split('/').enumerate().all(|(index, wanted)| {
        parts
            .next()
            .is_some_and(|part| part == wanted || index == 0 && part.eq_ignore_ascii_case(wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_approve_what_lies_below_them() {
        assert!(is_below("ghcr.io/coredns/charts", "ghcr.io"));
        assert!(is_below("GHCR.io/coredns/charts", "ghcr.io/coredns"));
        assert!(!is_below("ghcr.io/coredns-evil/charts", "ghcr.io/coredns"));
        assert!(!is_below("ghcr.io.example.org/coredns", "ghcr.io"));
        assert!(!is_below("ghcr.io", "ghcr.io/coredns"));
    }
}
