//! RBAC, webhooks and CRDs across fields.

use model::yaml::{FieldPath, Map, Node};

use super::names::Text;
use super::native::{count_set, set};
use crate::validate::{Place, Walk, quoted, shown};

const RBAC: &str = "rbac.authorization.k8s.io";

/// The rules of a definition, named with its group.
pub(super) fn definition(walk: &mut Walk<'_>, id: &str, node: &Node, place: Place<'_>) {
    match id {
        "rbac.v1.PolicyRule" => policy_rule(walk, node, place),
        "rbac.v1.Subject" => subject(walk, node, place),
        "admissionregistration.v1.WebhookClientConfig" if count_set(node, &["url", "service"]) != 1 => {
            walk.refuse(node.span, place, || {
                format!("{}wants exactly one of `url` and `service`", quoted(place.path))
            });
        }
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec" => {
            crd(walk, node, place);
        }
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion"
            if set(node, "schema").is_none() =>
        {
            walk.missing("schema", place);
        }
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation" => {
            walk.below(node, "openAPIV3Schema", place, |walk, schema, place| {
                let kind = schema.str_at(&["type"]).unwrap_or_default();
                let open = schema
                    .get("x-kubernetes-preserve-unknown-fields")
                    .and_then(Node::as_bool)
                    == Some(true);
                if kind != "object" && !(kind.is_empty() && open) {
                    walk.refuse(schema.span, place, || {
                        "the schema's `type` is not `object`".to_owned()
                    });
                }
                structural(walk, schema, place, 0);
            });
        }
        _ => {}
    }
}

fn policy_rule(walk: &mut Walk<'_>, rule: &Node, place: Place<'_>) {
    let filled = |key: &str| !rule.seq_at(&[key]).is_empty();
    if filled("nonResourceURLs") {
        if ["apiGroups", "resources", "resourceNames"]
            .into_iter()
            .any(filled)
        {
            walk.refuse(rule.span, place, || {
                "the rule has both resources and `nonResourceURLs`, wanted one".to_owned()
            });
        }
        if walk.kind.gvk.kind == "Role" {
            walk.refuse(rule.span, place, || {
                "`nonResourceURLs` stands in a Role, wanted a ClusterRole".to_owned()
            });
        }
        return;
    }
    for key in ["apiGroups", "resources"] {
        if !filled(key) {
            walk.missing(key, place);
        }
    }
}

fn subject(walk: &mut Walk<'_>, subject: &Node, place: Place<'_>) {
    let group = subject.str_at(&["apiGroup"]).unwrap_or_default();
    if subject.str_at(&["kind"]) == Some("ServiceAccount") {
        if !group.is_empty() {
            walk.below(subject, "apiGroup", place, |walk, node, place| {
                walk.refuse(node.span, place, || {
                    format!("`apiGroup` is{}, wanted none", shown(node))
                });
            });
        }
        walk.below(subject, "name", place, |walk, name, place| {
            walk.text(
                Text::DnsSubdomain,
                name.as_str().unwrap_or_default(),
                name.span,
                place,
            );
        });
        if walk.kind.gvk.kind == "ClusterRoleBinding"
            && subject.str_at(&["namespace"]).is_none_or(str::is_empty)
        {
            walk.missing("namespace", place);
        }
    } else if !group.is_empty() && group != RBAC {
        walk.below(subject, "apiGroup", place, |walk, node, place| {
            walk.not_in_enum(&[RBAC], node, place);
        });
    }
}

fn crd(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>) {
    walk.below(spec, "versions", place, |walk, versions, place| {
        let stored = versions
            .as_seq()
            .unwrap_or_default()
            .iter()
            .filter(|version| version.get("storage").and_then(Node::as_bool) == Some(true))
            .count();
        if stored != 1 {
            walk.refuse(versions.span, place, || {
                format!("{stored} versions have `storage: true`, wanted 1")
            });
        }
        walk.unique_by("name", versions, place);
    });
}

/// What makes a schema structural, as far as its own fields tell: every value has a type.
fn structural(walk: &mut Walk<'_>, schema: &Node, place: Place<'_>, depth: usize) {
    if depth > 100 {
        return;
    }
    let open = |key: &str| schema.get(key).and_then(Node::as_bool) == Some(true);
    let untyped = schema.str_at(&["type"]).is_none_or(str::is_empty);
    if untyped && !open("x-kubernetes-int-or-string") && !open("x-kubernetes-preserve-unknown-fields") {
        walk.missing("type", place);
    }
    for key in ["items", "additionalProperties"] {
        walk.below(schema, key, place, |walk, below, place| {
            if below.as_map().is_some() {
                structural(walk, below, place, depth + 1);
            }
        });
    }
    walk.below(schema, "properties", place, |walk, properties, place| {
        for entry in properties.as_map().map(Map::entries).unwrap_or_default() {
            let path = FieldPath::Key(place.path, &entry.key);
            let place = Place {
                path: &path,
                anchor: entry.key_span.or(place.anchor),
            };
            structural(walk, &entry.value, place, depth + 1);
        }
    });
}

/// A CRD's name is made of its plural and its group.
pub(super) fn crd_name(walk: &mut Walk<'_>, root: &Map) {
    let text = |path: &[&str]| {
        root.get("spec")
            .and_then(|spec| spec.str_at(path))
            .unwrap_or_default()
    };
    let wanted = format!("{}.{}", text(&["names", "plural"]), text(&["group"]));
    let Some(name) = root.get("metadata").and_then(|metadata| metadata.get("name")) else {
        return;
    };
    if name.as_str().is_some_and(|name| name != wanted) {
        let metadata = FieldPath::Key(&FieldPath::Root, "metadata");
        let path = FieldPath::Key(&metadata, "name");
        let place = Place {
            path: &path,
            anchor: name.span,
        };
        walk.refuse(name.span, place, || {
            format!("`name` is{}, wanted `{wanted}`", shown(name))
        });
    }
}

/// The levels of the Pod Security admission plugin, which every API server runs.
pub(super) fn pod_security(walk: &mut Walk<'_>, root: &Map) {
    const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
    let metadata = FieldPath::Key(&FieldPath::Root, "metadata");
    let labels = FieldPath::Key(&metadata, "labels");
    let found = root
        .get("metadata")
        .map(|metadata| metadata.entries_at(&["labels"]))
        .unwrap_or_default();
    for entry in found {
        let mode = entry.key.strip_prefix("pod-security.kubernetes.io/");
        let value = entry.value.as_str().unwrap_or_default();
        let minor = value.strip_prefix("v1.").unwrap_or_default();
        let is_version =
            value == "latest" || (!minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()));
        if matches!(mode, Some("enforce-version" | "audit-version" | "warn-version")) && !is_version {
            let path = FieldPath::Key(&labels, &entry.key);
            let place = Place {
                path: &path,
                anchor: entry.key_span,
            };
            walk.refuse(entry.value.span, place, || {
                format!(
                    "{}is{}, wanted `latest` or `v1.x`",
                    quoted(place.path),
                    shown(&entry.value)
                )
            });
        }
        if !matches!(mode, Some("enforce" | "audit" | "warn")) {
            continue;
        }
        if !LEVELS.contains(&entry.value.as_str().unwrap_or_default()) {
            let path = FieldPath::Key(&labels, &entry.key);
            walk.not_in_enum(
                &LEVELS,
                &entry.value,
                Place {
                    path: &path,
                    anchor: entry.key_span,
                },
            );
        }
    }
}
