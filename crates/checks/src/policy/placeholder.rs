//! A value that somebody was meant to fill in.

use std::sync::OnceLock;

use diag::{CheckMeta, Findings, Level, Span, Stage};
use model::object;
use model::yaml::{FieldPath, Node};
use regex::Regex;

use crate::context::{Check, Context};
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "policy/placeholder",
        summary: "a value that somebody was meant to fill in",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Reports values with `<APPROVED_REGISTRY>` and the like, `CHANGEME`, `REPLACE_ME`, `YOUR_TOKEN`. It looks at the `spec`, `data` and
`stringData` of what Flux would apply, not at descriptions, annotations, text of several lines, or CRDs.

## Why it matters
The manifest is valid, and what it describes does not exist.

## Example
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns, namespace: flux-system}
spec:
  interval: 1h
  url: oci://<APPROVED_REGISTRY>/charts/coredns
#      ^^^ error[policy/placeholder]: `<APPROVED_REGISTRY>` is a placeholder
  ref: {tag: 1.38.0}
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

/// Keys whose texts are for people.
const PROSE: &[&str] = &[
    "annotations",
    "description",
    "summary",
    "message",
    "comment",
    "help",
    "title",
    "runbook_url",
    "example",
    "usage",
];

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for subject in cx.views.iter().flat_map(|view| &view.objects) {
        if object::kind(subject.node) == "CustomResourceDefinition" {
            continue;
        }
        for (path, span, word) in placeholders(subject) {
            findings.push(
                subject
                    .finding(
                        &CHECK.meta,
                        span,
                        format!("`{word}` is a placeholder, wanted a value"),
                    )
                    .with_path(path)
                    .with_why("the manifest is valid, and what it describes does not exist")
                    .with_help("write the real value, or a variable that the cluster's settings set"),
            );
        }
    }
}

fn placeholders(subject: &Subject<'_>) -> Vec<(String, Span, String)> {
    let mut found = Vec::new();
    subject.node.walk(&mut |path, node: &Node| {
        let Some(text) = node.as_str().filter(|text| !text.contains('\n')) else {
            return;
        };
        let Some(word) = find(text).filter(|_| is_for_machines(path)) else {
            return;
        };
        // A value that comes from a variable is reported where the variable is set.
        if subject
            .written(node.span)
            .is_none_or(|written| written.contains(word))
        {
            found.push((path.to_string(), node.span, word.to_owned()));
        }
    });
    found
}

/// Whether a field lies in `spec` or the data, outside of what people read.
fn is_for_machines(path: &FieldPath<'_>) -> bool {
    match path {
        FieldPath::Root => false,
        FieldPath::Index(parent, _) => is_for_machines(parent),
        FieldPath::Key(parent, key) => {
            let is_prose = PROSE.iter().any(|prose| key.eq_ignore_ascii_case(prose));
            if matches!(parent, FieldPath::Root) {
                return matches!(*key, "spec" | "data" | "stringData");
            }
            !is_prose && is_for_machines(parent)
        }
    }
}

/// Whether a text holds a placeholder.
pub(crate) fn holds(text: &str) -> bool {
    find(text).is_some()
}

fn find(text: &str) -> Option<&str> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    // `(?P<NAME>` is a group of a regular expression, `<B>` an element of some markup.
    const WORDS: &str = r"(?x)
        (?: ^ | [^?P\w] ) ( < (?: [A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)+ | [A-Z]{4,} | (?i:your|replace|insert|change)[-_\ ][A-Za-z0-9_\ -]+ ) > )
        | (?: ^ | [^A-Za-z0-9] ) ( (?i: change[-_]?me | replace[-_]?me ) ) (?: $ | [^A-Za-z0-9] )
        | (?: ^ | [^A-Za-z0-9_] ) ( (?: YOUR | REPLACE_WITH )_[A-Z0-9_]+ ) (?: $ | [^A-Za-z0-9] )
    ";
    let pattern = PATTERN.get_or_init(|| Regex::new(WORDS).ok()).as_ref()?;
    let found = pattern.captures(text)?;
    (1..=3)
        .find_map(|group| found.get(group))
        .map(|word| word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_left_to_fill_in() {
        for (text, word) in [
            ("oci://<APPROVED_REGISTRY>/x", "<APPROVED_REGISTRY>"),
            ("<REGISTRY>", "<REGISTRY>"),
            ("https://<your-domain>/", "<your-domain>"),
            ("CHANGEME", "CHANGEME"),
            ("pw-change_me", "change_me"),
            ("YOUR_API_TOKEN", "YOUR_API_TOKEN"),
        ] {
            assert_eq!(find(text), Some(word), "{text}");
        }
    }

    #[test]
    fn leaves_other_text_alone() {
        for text in [
            "(?P<NAME>[a-z]+)",
            "<PRI>",
            "a < B and C > d",
            "<html>",
            "exchangement",
            "^(?<LEVEL>.*)$",
            "unchangemeasure",
            "FOR_YOUR_INFO",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn the_pattern_compiles() {
        assert!(holds("CHANGEME"));
    }
}
