//! The URL of an OCIRepository names no repository of a registry.

use diag::{CheckMeta, Findings, Level, Stage};

use super::url;
use crate::context::{Check, Context};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "oci/url-invalid",
        summary: "the URL of an OCIRepository names no repository",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reads the URL of every OCIRepository as source-controller does: host and repository, in lower case, without tag and digest.

## Why it matters
The source is stalled with `URLInvalid`, and whatever takes its files from it waits.

## Example
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/coredns/charts/coredns:1.38.0
#      ^^^ error[oci/url-invalid]: has the tag `1.38.0`
```

## How to fix
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/coredns/charts/coredns
  ref: {tag: 1.38.0}
```

## References
- <https://fluxcd.io/flux/components/source/ocirepositories/#url>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(|view| &view.objects) {
        let Some((node, text)) = url(subject, &["OCIRepository"]) else {
            continue;
        };
        // Another scheme breaks the pattern of the schema.
        let Some(reference) = text.strip_prefix("oci://") else {
            continue;
        };
        if let Some((trouble, help)) = trouble(reference) {
            findings.push(
                subject
                    .finding(
                        &CHECK.meta,
                        node.span,
                        format!("URL `{text}` {trouble}, wanted host and repository"),
                    )
                    .with_path("spec.url")
                    .with_why("the source is stalled with URLInvalid")
                    .with_help(help),
            );
        }
    }
}

fn trouble(reference: &str) -> Option<(String, String)> {
    if let Some((name, digest)) = reference.split_once('@') {
        return Some((
            format!("has the digest `{digest}`"),
            format!("write `url: oci://{name}` and `ref.digest: {digest}`"),
        ));
    }
    let (path, last) = reference
        .rsplit_once('/')
        .map_or(("", reference), |(path, last)| (path, last));
    if let Some((name, tag)) = last.split_once(':').filter(|_| !path.is_empty()) {
        return Some((
            format!("has the tag `{tag}`"),
            format!("write `url: oci://{path}/{name}` and `ref.tag: {tag}`"),
        ));
    }
    let (host, repository) = reference.split_once('/').unwrap_or((reference, ""));
    if host.is_empty() || host.contains(|c: char| !c.is_ascii_alphanumeric() && !"-.:[]_".contains(c)) {
        return Some((format!("has the host `{host}`"), String::new()));
    }
    if let Some(odd) = repository
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '-' | '.' | '/'))
    {
        let help = if odd.is_ascii_uppercase() {
            "repositories are written in lower case"
        } else {
            ""
        };
        return Some((format!("has `{odd}` in its repository"), help.to_owned()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag() {
        assert!(trouble("localhost:5000/charts/coredns").is_none());
        assert!(
            trouble("localhost:5000/charts/coredns:1")
                .unwrap()
                .0
                .contains("`1`")
        );
        assert!(trouble("ghcr.io/a/b@sha256:00").unwrap().0.contains("digest"));
        assert!(trouble("ghcr.io/CoreDNS/b").unwrap().0.contains("`C`"));
        assert!(trouble("/b").unwrap().0.contains("host"));
    }
}
