//! Has the cluster's sources lead to the rehearsal before Flux sees any of them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::error::RehearseError;
use crate::own::{Kind, Own};
use crate::plane::{NAMESPACE, Plane};
use crate::rewrite::{self, Rewrite};
use crate::server::Server;
use crate::wait;

/// The time that policies have to take effect.
const POLICIES: Duration = Duration::from_mins(1);

/// Makes the policies and the namespaces of the own sources, and waits until addresses change.
pub(crate) fn redirect(
    plane: &Plane<'_>,
    server: &Server,
    prefix: &str,
    own: &Own,
) -> Result<(), RehearseError> {
    let minor = plane.kubernetes_version.split('.').nth(1);
    let minor = minor.and_then(|text| text.parse().ok());
    let git_url = server.git_url();
    let rewrite = Rewrite {
        version: minor.and_then(rewrite::version).unwrap_or("v1"),
        own,
        git_url: &git_url,
        oci_prefix: prefix,
    };
    for (path, object) in rewrite.objects() {
        plane.api.create(&path, &object)?;
    }
    for namespace in own.sources.iter().map(|source| &source.namespace) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        plane.api.create("/api/v1/namespaces", &namespace)?;
    }
    let is_there = |url: &str| url == git_url || url.starts_with(prefix);
    for (path, object) in probes(own) {
        // Refusals count for nothing at first: "there can be a delay between when CustomResourceDefinitions are created and
        // when they are available".
        let mut refusal = None;
        let probed = wait::until(plane.run, "the policies that redirect sources", POLICIES, || {
            let answer = plane.api.ask(Method::POST, &path, Some(&object))?;
            let url = answer.body.pointer("/spec/url").and_then(Json::as_str);
            refusal = (answer.status >= 400).then(|| answer.message());
            Ok(is_there(url.unwrap_or_default()).then_some(()))
        });
        match (probed, refusal) {
            (Err(RehearseError::Late { .. }), Some(message)) => {
                return Err(RehearseError::Api { what: path, message });
            }
            (probed, _) => probed?,
        }
    }
    Ok(())
}

/// One object for each policy that changes addresses, to be made in name only.
fn probes(own: &Own) -> Vec<(String, Json)> {
    let path = |plural: &str, namespace: &str| {
        format!("/apis/source.toolkit.fluxcd.io/v1/namespaces/{namespace}/{plural}?dryRun=All")
    };
    let mut probes: Vec<(String, Json)> = [Kind::Git, Kind::Oci]
        .into_iter()
        .filter_map(|kind| own.of_kind(kind).next())
        .map(|source| (path(source.kind.plural(), &source.namespace), source.object()))
        .collect();
    for (kind, plural) in [
        ("OCIRepository", "ocirepositories"),
        ("HelmRepository", "helmrepositories"),
    ] {
        let probe = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind,
            "metadata": {"name": "probe", "namespace": NAMESPACE},
            "spec": {"interval": "1m", "url": "oci://rehearsal.invalid/chart"},
        });
        probes.push((path(plural, NAMESPACE), probe));
    }
    probes
}
