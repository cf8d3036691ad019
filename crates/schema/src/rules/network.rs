//! Services, Ingresses and `NetworkPolicies` across fields.

use std::collections::HashSet;

use model::yaml::Node;

use super::names::Text;
use super::native::{count_set, set};
use crate::validate::{Place, Walk, quoted, shown};

/// The rules of a definition of core/v1.
pub(super) fn core(walk: &mut Walk<'_>, id: &str, node: &Node, place: Place<'_>) {
    match id {
        "Service" if set(node, "spec").is_none() => walk.missing("spec", place),
        "ServiceSpec" => service(walk, node, place),
        _ => {}
    }
}

/// The rules of a definition of networking.k8s.io/v1.
pub(super) fn definition(walk: &mut Walk<'_>, id: &str, node: &Node, place: Place<'_>) {
    match id {
        "IngressSpec" if set(node, "defaultBackend").is_none() && node.seq_at(&["rules"]).is_empty() => {
            walk.refuse(node.span, place, || {
                "the Ingress has neither `defaultBackend` nor `rules`".to_owned()
            });
        }
        "IngressBackend" => match count_set(node, &["service", "resource"]) {
            1 => {}
            count => walk.refuse(node.span, place, || {
                let how = if count == 0 { "neither" } else { "both" };
                format!(
                    "{}sets {how} of `service` and `resource`, wanted one",
                    quoted(place.path)
                )
            }),
        },
        "IngressServiceBackend" => backend_port(walk, node, place),
        "HTTPIngressPath" => path(walk, node, place),
        "NetworkPolicySpec" if node.seq_at(&["policyTypes"]).len() > 2 => {
            walk.below(node, "policyTypes", place, |walk, types, place| {
                walk.refuse(types.span, place, || {
                    "`policyTypes` has more than two elements".to_owned()
                });
            });
        }
        "NetworkPolicyIngressRule" | "NetworkPolicyEgressRule" => {
            for key in ["from", "to"] {
                walk.each_below(node, key, place, peer);
            }
        }
        "NetworkPolicyPort" => policy_port(walk, node, place),
        _ => {}
    }
}

fn service(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>) {
    let kind = spec
        .str_at(&["type"])
        .filter(|kind| !kind.is_empty())
        .unwrap_or("ClusterIP");
    let headless = spec.str_at(&["clusterIP"]) == Some("None");
    let ports = spec.seq_at(&["ports"]);
    if ports.is_empty() && !headless && kind != "ExternalName" {
        walk.missing("ports", place);
    }
    if headless && matches!(kind, "LoadBalancer" | "NodePort") {
        walk.below(spec, "clusterIP", place, |walk, node, place| {
            walk.refuse(node.span, place, || {
                format!("`clusterIP` is `None`, which `type: {kind}` does not allow")
            });
        });
    }
    if kind == "ExternalName" {
        walk.below(spec, "externalName", place, |walk, name, place| {
            let text = name.as_str().unwrap_or_default();
            walk.text(
                Text::DnsSubdomain,
                text.strip_suffix('.').unwrap_or(text),
                name.span,
                place,
            );
        });
    }
    if kind == "ExternalName" && spec.str_at(&["externalName"]).is_none_or(str::is_empty) {
        walk.missing("externalName", place);
    }
    if kind != "LoadBalancer" {
        for key in [
            "loadBalancerSourceRanges",
            "loadBalancerClass",
            "allocateLoadBalancerNodePorts",
        ] {
            only_for(walk, spec, place, key, "LoadBalancer");
        }
    }
    if !matches!(kind, "LoadBalancer" | "NodePort") && spec.seq_at(&["externalIPs"]).is_empty() {
        only_for(walk, spec, place, "externalTrafficPolicy", "LoadBalancer");
    }
    walk.below(spec, "ipFamilies", place, |walk, families, place| {
        let mut seen = HashSet::new();
        walk.elements(families, place, |walk, family, place| {
            if let Some(text) = family.as_str()
                && !seen.insert(text.to_owned())
            {
                walk.refuse(family.span, place, || {
                    format!("IP family{} stands here twice", shown(family))
                });
            }
        });
    });
    service_ports(walk, spec, place, kind, ports.len() > 1);
}

fn only_for(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>, key: &str, kind: &str) {
    let is_set = set(spec, key).is_some_and(|value| {
        value.as_seq().is_none_or(|items| !items.is_empty())
            && value.as_str().is_none_or(|text| !text.is_empty())
    });
    if is_set {
        walk.below(spec, key, place, |walk, node, place| {
            walk.refuse(node.span.or(place.anchor), place, || {
                format!("`{key}` is set, wanted `type: {kind}` with it")
            });
        });
    }
}

fn service_ports(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>, kind: &str, many: bool) {
    let mut names = HashSet::new();
    let mut numbers = HashSet::new();
    walk.each_below(spec, "ports", place, |walk, port, place| {
        let name = port.str_at(&["name"]).unwrap_or_default();
        if name.is_empty() && many {
            walk.missing("name", place);
        } else if !name.is_empty() && !names.insert(name.to_owned()) {
            walk.repeated("name", port, place);
        }
        let protocol = port
            .str_at(&["protocol"])
            .filter(|protocol| !protocol.is_empty())
            .unwrap_or("TCP");
        let number = port.get("port").and_then(Node::as_int);
        if !numbers.insert((protocol.to_owned(), number)) {
            walk.repeated("port", port, place);
        }
        let node_port = port.get("nodePort").and_then(Node::as_int).unwrap_or(0);
        if node_port != 0 && kind == "ClusterIP" {
            walk.below(port, "nodePort", place, |walk, node, place| {
                walk.refuse(node.span, place, || {
                    "`nodePort` is set, which `type: ClusterIP` does not allow".to_owned()
                });
            });
        }
    });
}

fn backend_port(walk: &mut Walk<'_>, service: &Node, place: Place<'_>) {
    let name = service
        .str_at(&["port", "name"])
        .is_some_and(|name| !name.is_empty());
    let number = service
        .at(&["port", "number"])
        .and_then(Node::as_int)
        .is_some_and(|number| number != 0);
    match (name, number) {
        (false, false) => walk.missing("port", place),
        (true, true) => {
            walk.refuse(service.span, place, || {
                "the port has both a name and a number, wanted one".to_owned()
            });
        }
        _ => {}
    }
}

fn path(walk: &mut Walk<'_>, node: &Node, place: Place<'_>) {
    if !matches!(node.str_at(&["pathType"]), Some("Exact" | "Prefix")) {
        return;
    }
    let path = node.str_at(&["path"]).unwrap_or_default();
    if path.is_empty() {
        return walk.missing("path", place);
    }
    let bad = ["//", "/./", "/../", "%2f", "%2F"]
        .into_iter()
        .find(|part| path.contains(part));
    let bad = bad.or_else(|| ["/..", "/."].into_iter().find(|end| path.ends_with(end)));
    if let Some(bad) = bad {
        walk.below(node, "path", place, |walk, node, place| {
            walk.refuse(node.span, place, || {
                format!("`path` is{}, wanted it without `{bad}`", shown(node))
            });
        });
    }
}

fn peer(walk: &mut Walk<'_>, peer: &Node, place: Place<'_>) {
    let block = set(peer, "ipBlock").is_some();
    match count_set(peer, &["podSelector", "namespaceSelector", "ipBlock"]) {
        0 => walk.refuse(peer.span, place, || {
            "the peer has none of `podSelector`, `namespaceSelector` and `ipBlock`".to_owned()
        }),
        count if count > 1 && block => {
            walk.refuse(peer.span, place, || {
                "the peer has both `ipBlock` and a selector, wanted one".to_owned()
            });
        }
        _ => {}
    }
}

fn policy_port(walk: &mut Walk<'_>, port: &Node, place: Place<'_>) {
    let Some(end) = set(port, "endPort").and_then(Node::as_int) else {
        return;
    };
    let start = set(port, "port").and_then(Node::as_int);
    walk.below(port, "endPort", place, |walk, node, place| match start {
        None => walk.refuse(node.span, place, || {
            "`endPort` is set, wanted a number as `port` with it".to_owned()
        }),
        Some(start) if end < start => {
            walk.refuse(node.span, place, || {
                format!("`endPort` is `{end}`, less than `port` `{start}`")
            });
        }
        Some(_) => {}
    });
}
