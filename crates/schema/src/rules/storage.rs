//! Volumes, claims, Secrets and limits across fields.

use model::yaml::{Map, Node};

use super::{pods, quantity};
use crate::validate::{Place, Walk, quoted, shown};

/// The rules of a definition of core/v1.
pub(super) fn definition(walk: &mut Walk<'_>, id: &str, node: &Node, place: Place<'_>) {
    match id {
        "Pod" => walk.below(node, "spec", place, |walk, spec, place| {
            pods::mounts(walk, spec, place, &[]);
            pods::trimmed_images(walk, spec, place);
        }),
        "PersistentVolumeClaimSpec" => claim(walk, node, place),
        // An empty reference is dropped.
        "TypedLocalObjectReference"
            if node.as_map().is_some_and(|map| !map.is_empty())
                && node.str_at(&["name"]).is_none_or(str::is_empty) =>
        {
            walk.missing("name", place);
        }
        "LimitRangeItem" => limit(walk, node, place),
        "Secret" => secret(walk, node, place),
        _ => {}
    }
}

fn claim(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>) {
    walk.below(spec, "resources", place, |walk, resources, place| {
        let Some(storage) = resources.at(&["requests", "storage"]) else {
            return walk.missing("requests.storage", place);
        };
        if quantity::of(storage).is_some_and(|size| size <= 0.0) {
            walk.below(resources, "requests", place, |walk, requests, place| {
                walk.below(requests, "storage", place, |walk, node, place| {
                    walk.refuse(node.span, place, || {
                        format!("`storage` is{}, wanted more than 0", shown(node))
                    });
                });
            });
        }
    });
    let modes = spec.seq_at(&["accessModes"]);
    if modes.len() > 1 && modes.iter().any(|mode| mode.as_str() == Some("ReadWriteOncePod")) {
        walk.refuse(spec.span, place, || {
            "`ReadWriteOncePod` stands beside another access mode".to_owned()
        });
    }
}

/// What must not be less than what, of a resource's limits.
const ORDER: [(&str, &str); 6] = [
    ("min", "max"),
    ("min", "defaultRequest"),
    ("defaultRequest", "max"),
    ("defaultRequest", "default"),
    ("min", "default"),
    ("default", "max"),
];

fn limit(walk: &mut Walk<'_>, item: &Node, place: Place<'_>) {
    if item.str_at(&["type"]) == Some("Pod") {
        for key in ["default", "defaultRequest"] {
            walk.below(item, key, place, |walk, node, place| {
                if node.as_map().is_some_and(|map| !map.is_empty()) {
                    walk.refuse(node.span, place, || {
                        format!("`{key}` is set, which `type: Pod` does not allow")
                    });
                }
            });
        }
    }
    for (low, high) in ORDER {
        walk.below(item, low, place, |walk, lows, place| {
            for entry in lows.as_map().map(Map::entries).unwrap_or_default() {
                let most = item.at(&[high, &*entry.key]);
                let (Some(least), Some(limit)) = (quantity::of(&entry.value), most.and_then(quantity::of))
                else {
                    continue;
                };
                if least > limit {
                    walk.below(lows, &entry.key, place, |walk, node, place| {
                        let most = most.map_or(String::new(), shown);
                        walk.refuse(node.span, place, || {
                            format!(
                                "{}of `{low}` is{}, more than `{high}`{most}",
                                quoted(place.path),
                                shown(node)
                            )
                        });
                    });
                }
            }
        });
    }
}

/// The keys that a Secret of a type must have: all of them, or for basic authentication one of two.
fn secret(walk: &mut Walk<'_>, secret: &Node, place: Place<'_>) {
    let has = |key: &str| secret.at(&["data", key]).is_some() || secret.at(&["stringData", key]).is_some();
    let wanted: &[&str] = match secret.str_at(&["type"]) {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/dockercfg") => &[".dockercfg"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        Some("kubernetes.io/basic-auth") if !has("password") => &["username"],
        _ => &[],
    };
    for key in [".dockerconfigjson", ".dockercfg"]
        .into_iter()
        .filter(|key| wanted.contains(key))
    {
        walk.below(secret, "stringData", place, |walk, data, place| {
            walk.below(data, key, place, |walk, node, place| {
                let is_object = node.as_str().is_some_and(|text| {
                    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
                });
                if !is_object {
                    walk.refuse(node.span, place, || format!("`{key}` is no JSON object"));
                }
            });
        });
    }
    for key in wanted.iter().filter(|key| !has(key)) {
        walk.missing(key, place);
    }
}
