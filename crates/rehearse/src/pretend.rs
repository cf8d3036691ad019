//! What a storage driver and a cloud would do, pretended as kwok pretends pods: claims get volumes, load balancers addresses.
//!
//! Without them what is waited for would never be ready, for a reason that no real cluster has.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::api::Api;
use crate::error::RehearseError;

/// Gives what waits for it a volume or an address.
pub(crate) fn pretend(api: &Api) -> Result<(), RehearseError> {
    for claim in items(api, "/api/v1/persistentvolumeclaims")?
        .iter()
        .filter(|claim| is_unbound(claim))
    {
        api.create("/api/v1/persistentvolumes", &volume(claim))?;
    }
    let services = items(api, "/api/v1/services")?;
    for (n, service) in services
        .iter()
        .enumerate()
        .filter(|(_, service)| is_without_address(service))
    {
        let path = format!(
            "/api/v1/namespaces/{}/services/{}/status",
            text(service, "/metadata/namespace"),
            text(service, "/metadata/name")
        );
        // Gone in between, or changed: the next look sees it.
        let _next_time = api.ask(Method::PATCH, &path, Some(&address(n)))?;
    }
    Ok(())
}

fn is_unbound(claim: &Json) -> bool {
    text(claim, "/status/phase") == "Pending" && text(claim, "/spec/volumeName").is_empty()
}

/// A volume that is bound to this claim from the start, as one that a driver provisions.
fn volume(claim: &Json) -> Json {
    let mut spec = json!({
        "capacity": {"storage": claim.pointer("/spec/resources/requests/storage").cloned().unwrap_or_else(|| "1Gi".into())},
        "accessModes": claim["spec"]["accessModes"],
        "persistentVolumeReclaimPolicy": "Delete",
        "hostPath": {"path": "/rehearsal"},
        "claimRef": {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "uid": claim["metadata"]["uid"],
            "namespace": claim["metadata"]["namespace"], "name": claim["metadata"]["name"],
        },
    });
    for field in ["storageClassName", "volumeMode"] {
        if let Some(value) = claim["spec"].get(field) {
            spec[field] = value.clone();
        }
    }
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": format!("rehearsal-{}", text(claim, "/metadata/uid"))},
        "spec": spec,
    })
}

fn is_without_address(service: &Json) -> bool {
    let addresses = service
        .pointer("/status/loadBalancer/ingress")
        .and_then(Json::as_array);
    text(service, "/spec/type") == "LoadBalancer" && addresses.is_none_or(Vec::is_empty)
}

/// An address of a network that is kept for documentation.
fn address(n: usize) -> Json {
    json!({"status": {"loadBalancer": {"ingress": [{"ip": format!("198.51.100.{}", n % 250 + 1)}]}}})
}

fn items(api: &Api, path: &str) -> Result<Vec<Json>, RehearseError> {
    let list = api.get(path)?;
    let items = list.and_then(|mut list| list.get_mut("items").map(Json::take));
    Ok(items
        .and_then(|items| items.as_array().cloned())
        .unwrap_or_default())
}

fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_what_its_claim_asks_for() {
        let claim = json!({
            "metadata": {"name": "data-a-0", "namespace": "apps", "uid": "u1"},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "fast",
                "resources": {"requests": {"storage": "8Gi"}},
            },
            "status": {"phase": "Pending"},
        });
        assert!(is_unbound(&claim));
        let volume = volume(&claim);
        assert_eq!(volume["spec"]["capacity"]["storage"], "8Gi");
        assert_eq!(volume["spec"]["storageClassName"], "fast");
        assert_eq!(volume["spec"]["claimRef"]["uid"], "u1");
        assert!(volume["spec"].get("volumeMode").is_none());
    }

    #[test]
    fn only_load_balancers_without_an_address_get_one() {
        let service = |kind: &str, ingress: Json| json!({"spec": {"type": kind}, "status": {"loadBalancer": {"ingress": ingress}}});
        assert!(is_without_address(&service("LoadBalancer", json!([]))));
        assert!(!is_without_address(&service(
            "LoadBalancer",
            json!([{"ip": "10.0.0.1"}])
        )));
        assert!(!is_without_address(&service("ClusterIP", json!([]))));
        assert_eq!(
            address(250)["status"]["loadBalancer"]["ingress"][0]["ip"],
            "198.51.100.1"
        );
    }
}
