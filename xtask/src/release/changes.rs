//! What changes in the rendered objects between two revisions. No value of a Secret, or of a field that looks like one, is told.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::rendered::{Rendered, Revision};

/// The most fields that are told of one object.
const FIELDS: usize = 6;
/// The longest value that is told, in characters.
const LONGEST: usize = 60;
/// Parts of names of fields whose values are not told.
const SECRET: [&str; 5] = ["secret", "password", "token", "credential", "apikey"];

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum What {
    /// It comes.
    Added,
    /// It is another.
    Changed,
    /// It goes.
    Removed,
}

/// One object that changes in the same way on some clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    pub(super) what: What,
    /// `HelmRelease/kube-system/coredns`.
    pub(super) object: String,
    pub(super) kustomization: String,
    pub(super) clusters: Vec<String>,
    /// The fields that change, ``spec.values.replicaCount: `2` to `3` ``.
    pub(super) fields: Vec<String>,
}

/// The changes from one revision to another: added, changed, removed, each by name.
pub(super) fn between(before: &Revision, after: &Revision) -> Vec<Change> {
    let keys = before.objects.keys().chain(after.objects.keys());
    let mut keys: Vec<&(String, String)> = keys.collect();
    keys.sort();
    keys.dedup();
    let mut changes: BTreeMap<(What, &str, &str, Vec<String>), Vec<String>> = BTreeMap::new();
    for key in keys {
        let (object, cluster) = key;
        let (was, is) = (before.objects.get(key), after.objects.get(key));
        let Some((what, rendered, fields)) = one(object, was, is) else {
            continue;
        };
        changes
            .entry((what, object, &rendered.kustomization, fields))
            .or_default()
            .push(cluster.clone());
    }
    let change = |((what, object, kustomization, fields), clusters): ((What, &str, &str, _), _)| Change {
        what,
        object: object.to_owned(),
        kustomization: kustomization.to_owned(),
        clusters,
        fields,
    };
    changes.into_iter().map(change).collect()
}

fn one<'a>(
    object: &str,
    was: Option<&'a Rendered>,
    is: Option<&'a Rendered>,
) -> Option<(What, &'a Rendered, Vec<String>)> {
    match (was, is) {
        (None, Some(is)) => Some((What::Added, is, Vec::new())),
        (Some(was), None) => Some((What::Removed, was, Vec::new())),
        (Some(was), Some(is)) => {
            let mut fields = Vec::new();
            let silent = object.starts_with("Secret/");
            differences("", &was.content, &is.content, silent, &mut fields);
            let more = fields.len().saturating_sub(FIELDS);
            fields.truncate(FIELDS);
            if more > 0 {
                fields.push(format!("{more} more fields"));
            }
            (!fields.is_empty()).then_some((What::Changed, is, fields))
        }
        (None, None) => None,
    }
}

fn differences(path: &str, was: &Value, is: &Value, silent: bool, into: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let at = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                let lower = name.to_lowercase();
                let silent = silent || SECRET.iter().any(|word| lower.contains(word));
                let nothing = Value::Null;
                let (was, is) = (was.get(name), is.get(name));
                differences(&at, was.unwrap_or(&nothing), is.unwrap_or(&nothing), silent, into);
            }
        }
        (was, is) if was == is => {}
        _ if silent => into.push(format!("{path}: another value")),
        (was, is) => into.push(format!("{path}: {} to {}", shown(was), shown(is))),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => return "other contents".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() > LONGEST || text.contains('\n') {
        "a long text".to_owned()
    } else {
        format!("`{text}`")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn revision(objects: &[(&str, &str, Value)]) -> Revision {
        let mut revision = Revision::default();
        for (object, cluster, content) in objects {
            let rendered = Rendered {
                kustomization: "flux-system/app".into(),
                content: content.clone(),
            };
            revision
                .objects
                .insert(((*object).to_owned(), (*cluster).to_owned()), rendered);
        }
        revision
    }

    #[test]
    fn the_same_change_of_two_clusters_is_one() {
        let before = revision(&[
            ("A/x", "a", json!({"n": 1, "s": {"t": "u"}})),
            ("A/x", "b", json!({"n": 1})),
            ("A/old", "a", json!({})),
        ]);
        let after = revision(&[
            ("A/x", "a", json!({"n": 2, "s": {"t": "u"}})),
            ("A/x", "b", json!({"n": 2})),
            ("A/new", "b", json!({})),
        ]);
        let found: Vec<String> = between(&before, &after)
            .iter()
            .map(|change| {
                format!(
                    "{:?} {} {:?} {:?}",
                    change.what, change.object, change.clusters, change.fields
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                r#"Added A/new ["b"] []"#,
                r#"Changed A/x ["a", "b"] ["n: `1` to `2`"]"#,
                r#"Removed A/old ["a"] []"#,
            ]
        );
        assert_eq!(between(&before, &before), []);
    }

    #[test]
    fn secrets_are_not_told() {
        let fields = |object: &str, was: Value, is: Value| {
            let change = between(&revision(&[(object, "a", was)]), &revision(&[(object, "a", is)]));
            change[0].fields.join("; ")
        };
        let secret = fields(
            "Secret/x",
            json!({"data": {"a": "b2xk"}}),
            json!({"data": {"a": "bmV3"}}),
        );
        assert_eq!(secret, "data.a: another value");
        let value = fields(
            "A/x",
            json!({"adminPassword": "old"}),
            json!({"adminPassword": "new"}),
        );
        assert_eq!(value, "adminPassword: another value");
        let long = fields("A/x", json!({"a": "x".repeat(61)}), json!({"a": [1]}));
        assert_eq!(long, "a: a long text to other contents");
        let many = fields(
            "A/x",
            json!({}),
            json!({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1}),
        );
        assert!(many.ends_with("f: nothing to `1`; 2 more fields"), "{many}");
    }
}
