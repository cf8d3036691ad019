//! The entrypoint as `flux bootstrap` leaves it in a cluster: the source of this repository and the Kustomization that starts.

use flux::ClusterBuild;
use model::{object, yaml};
use serde_json::{Value as Json, json};

use crate::plane::NAMESPACE;

/// Kind, namespace and name of the cluster's own source.
pub(crate) fn source(build: &ClusterBuild) -> (String, String, String) {
    build.cluster.source.clone().unwrap_or_else(|| {
        (
            "GitRepository".to_owned(),
            NAMESPACE.to_owned(),
            "flux-system".to_owned(),
        )
    })
}

/// The GitRepository and the Kustomization, with the paths of their collections.
pub(crate) fn objects(build: &ClusterBuild) -> [(String, Json); 2] {
    let (_, namespace, name) = source(build);
    let written = build.objects().map(|(_, built)| &built.node).find(|node| {
        object::kind(node) == "GitRepository"
            && object::namespace(node) == namespace
            && object::name(node) == name
    });
    let repository = written.map_or_else(
        || {
            json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "GitRepository",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"interval": "1m", "url": "https://rehearsal.invalid/tree"},
            })
        },
        yaml::to_json,
    );
    let sync = build.cluster.sync.as_ref().map_or_else(
        || {
            json!({
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": "flux-system", "namespace": namespace},
                "spec": {
                    "interval": "10m", "prune": true, "path": format!("./{}", build.cluster.folder),
                    "sourceRef": {"kind": "GitRepository", "name": name},
                },
            })
        },
        yaml::to_json,
    );
    [
        (collection(&repository, "gitrepositories"), repository),
        (collection(&sync, "kustomizations"), sync),
    ]
}

fn collection(object: &Json, plural: &str) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    format!(
        "/apis/{}/namespaces/{}/{plural}",
        text("/apiVersion"),
        text("/metadata/namespace")
    )
}
