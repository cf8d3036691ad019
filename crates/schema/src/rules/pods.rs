//! Pods: containers, their ports, mounts, variables, probes and resources.

use std::collections::HashSet;

use model::yaml::{Map, Node};

use super::names::Text;
use super::native::set;
use super::quantity;
use crate::validate::{Place, Walk, quoted, shown};

const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// The rules of a definition of core/v1.
pub(super) fn definition(walk: &mut Walk<'_>, id: &str, node: &Node, place: Place<'_>) {
    match id {
        "PodSpec" => pod(walk, node, place),
        "Container" => container(walk, node, place),
        "Volume" => one_of(walk, node, place, "a source of the volume", |key| key != "name"),
        "EnvVar" => variable(walk, node, place),
        "EnvVarSource" | "EnvFromSource" => {
            one_of(walk, node, place, "a source of the value", |key| key != "prefix");
        }
        "Probe" | "LifecycleHandler" => {
            one_of(walk, node, place, "a handler", |key| HANDLERS.contains(&key));
        }
        "ResourceRequirements" => resources(walk, node, place),
        "Toleration" => toleration(walk, node, place),
        "NodeSelectorTerm" => walk.each_below(node, "matchExpressions", place, node_expression),
        _ => {}
    }
}

fn pod(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>) {
    if spec.str_at(&["dnsPolicy"]) == Some("None") && spec.seq_at(&["dnsConfig", "nameservers"]).is_empty() {
        walk.missing("dnsConfig.nameservers", place);
    }
    let mut names = HashSet::new();
    for list in ["initContainers", "containers"] {
        walk.each_below(spec, list, place, |walk, container, place| {
            if let Some(name) = container.str_at(&["name"])
                && !names.insert(name.to_owned())
            {
                walk.repeated("name", container, place);
            }
        });
    }
}

/// Whether every volume that a pod's containers mount is there; `more` are the claims of a set of pods.
pub(super) fn mounts(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>, more: &[Node]) {
    let names: HashSet<&str> = spec
        .seq_at(&["volumes"])
        .iter()
        .filter_map(|volume| volume.str_at(&["name"]))
        .chain(
            more.iter()
                .filter_map(|claim| claim.str_at(&["metadata", "name"])),
        )
        .collect();
    for list in ["initContainers", "containers"] {
        walk.each_below(spec, list, place, |walk, container, place| {
            for mounts in ["volumeMounts", "volumeDevices"] {
                walk.each_below(container, mounts, place, |walk, mount, place| {
                    walk.below(mount, "name", place, |walk, name, place| {
                        if name.as_str().is_some_and(|name| !names.contains(name)) {
                            walk.refuse(name.span, place, || {
                                format!("the pod has no volume{}", shown(name))
                            });
                        }
                    });
                });
            }
        });
    }
}

/// Whether a pod's images are written without spaces around them; templates are not looked at for that.
pub(super) fn trimmed_images(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>) {
    for list in ["initContainers", "containers"] {
        walk.each_below(spec, list, place, |walk, container, place| {
            walk.below(container, "image", place, |walk, image, place| {
                if image.as_str().is_some_and(|text| text.trim() != text) {
                    walk.refuse(image.span, place, || {
                        format!("`image` is{}, with spaces around it", shown(image))
                    });
                }
            });
        });
    }
}

fn container(walk: &mut Walk<'_>, container: &Node, place: Place<'_>) {
    walk.below(container, "ports", place, |walk, ports, place| {
        walk.unique_by("name", ports, place);
    });
    let mut paths = HashSet::new();
    walk.each_below(container, "volumeMounts", place, |walk, mount, place| {
        if let Some(path) = mount.str_at(&["mountPath"])
            && !paths.insert(path.to_owned())
        {
            walk.repeated("mountPath", mount, place);
        }
    });
    if let Some(probe) = set(container, "livenessProbe")
        && probe
            .get("successThreshold")
            .and_then(Node::as_int)
            .is_some_and(|count| count > 1)
    {
        walk.below(container, "livenessProbe", place, |walk, probe, place| {
            walk.below(probe, "successThreshold", place, |walk, count, place| {
                walk.refuse(count.span, place, || {
                    format!("`successThreshold` is{}, wanted 1", shown(count))
                });
            });
        });
    }
}

fn variable(walk: &mut Walk<'_>, variable: &Node, place: Place<'_>) {
    let has_value = variable.str_at(&["value"]).is_some_and(|value| !value.is_empty());
    if has_value && set(variable, "valueFrom").is_some() {
        walk.refuse(variable.span, place, || {
            format!("{}sets both `value` and `valueFrom`", quoted(place.path))
        });
    }
}

/// What an expression compares a node's labels with.
fn node_expression(walk: &mut Walk<'_>, expression: &Node, place: Place<'_>) {
    walk.below(expression, "key", place, |walk, key, place| {
        walk.text(
            Text::QualifiedName,
            key.as_str().unwrap_or_default(),
            key.span,
            place,
        );
    });
    let values = expression.seq_at(&["values"]);
    let problem = match expression.str_at(&["operator"]) {
        Some("In" | "NotIn") if values.is_empty() => "has no `values`",
        Some("Exists" | "DoesNotExist") if !values.is_empty() => {
            "has `values`, which its operator does not compare"
        }
        Some("Gt" | "Lt") if values.len() != 1 => "wants exactly one of `values`",
        _ => {
            walk.each_below(expression, "values", place, |walk, value, place| {
                walk.text(
                    Text::LabelValue,
                    value.as_str().unwrap_or_default(),
                    value.span,
                    place,
                );
            });
            return;
        }
    };
    walk.refuse(expression.span, place, || {
        format!("{}{problem}", quoted(place.path))
    });
}

/// Exactly one of the fields that `counts` names must be set.
fn one_of(walk: &mut Walk<'_>, node: &Node, place: Place<'_>, what: &str, counts: impl Fn(&str) -> bool) {
    let entries = node.as_map().map(Map::entries).unwrap_or_default();
    let found: Vec<String> = entries
        .iter()
        .filter(|entry| counts(&entry.key) && !entry.value.is_null())
        .map(|entry| format!("`{}`", entry.key))
        .collect();
    // A volume without a source is an empty directory.
    if found.len() == 1 || (found.is_empty() && what == "a source of the volume") {
        return;
    }
    walk.refuse(node.span, place, || {
        let field = quoted(place.path);
        if found.is_empty() {
            format!("{field}has no {}", what.trim_start_matches("a "))
        } else {
            format!("{field}sets {}, wanted exactly one", found.join(" and "))
        }
    });
}

fn resources(walk: &mut Walk<'_>, resources: &Node, place: Place<'_>) {
    walk.below(resources, "requests", place, |walk, requests, place| {
        for entry in requests.as_map().map(Map::entries).unwrap_or_default() {
            let limit = resources.at(&["limits", &*entry.key]);
            let (Some(wanted), Some(most)) = (quantity::of(&entry.value), limit.and_then(quantity::of))
            else {
                continue;
            };
            if wanted > most {
                walk.below(requests, &entry.key, place, |walk, request, place| {
                    walk.refuse(request.span, place, || {
                        let limit = limit.map_or(String::new(), shown);
                        format!(
                            "{}request is{}, more than the limit{limit}",
                            quoted(place.path),
                            shown(request)
                        )
                    });
                });
            }
        }
    });
}

fn toleration(walk: &mut Walk<'_>, toleration: &Node, place: Place<'_>) {
    let text = |key: &str| toleration.str_at(&[key]).unwrap_or_default();
    let exists = text("operator") == "Exists";
    let problem = if text("key").is_empty() && !exists {
        "tolerates without `key`, wanted `operator: Exists`"
    } else if exists && !text("value").is_empty() {
        "has a `value`, which `operator: Exists` does not compare"
    } else if set(toleration, "tolerationSeconds").is_some() && text("effect") != "NoExecute" {
        "has `tolerationSeconds`, wanted `effect: NoExecute`"
    } else {
        if !matches!(text("operator"), "Lt" | "Gt") {
            walk.below(toleration, "value", place, |walk, value, place| {
                walk.text(
                    Text::LabelValue,
                    value.as_str().unwrap_or_default(),
                    value.span,
                    place,
                );
            });
        }
        return;
    };
    walk.refuse(toleration.span, place, || {
        format!("{}{problem}", quoted(place.path))
    });
}

/// Whether a pod's restart policy is one that its owner allows; the default is Always.
pub(super) fn restart_policy(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>, allowed: &[&str]) {
    let policy = spec
        .str_at(&["restartPolicy"])
        .filter(|policy| !policy.is_empty());
    match policy {
        Some(policy) if !allowed.contains(&policy) => {
            walk.below(spec, "restartPolicy", place, |walk, node, place| {
                walk.not_in_enum(allowed, node, place);
            });
        }
        None if !allowed.contains(&"Always") => walk.missing("restartPolicy", place),
        _ => {}
    }
}
