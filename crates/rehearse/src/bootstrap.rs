//! What `flux bootstrap` leaves in a cluster besides the entrypoint: the accounts of the controllers and what they may do.
//!
//! Where the repository holds them (gotk-components.yaml), Flux applies them over these. Where it does not, a
//! flux::Kustomization with `serviceAccountName: kustomize-controller` would be refused for a reason that is none.

use serde_json::{Value as Json, json};

use crate::plane::NAMESPACE;

const RBAC: &str = "rbac.authorization.k8s.io";
const CONTROLLERS: [&str; 6] = [
    "kustomize-controller",
    "helm-controller",
    "source-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
];
/// Those that apply what others wrote.
const RECONCILERS: usize = 2;

/// Objects with the paths of their collections.
pub(crate) fn objects() -> Vec<(String, Json)> {
    let account = |name: &&str| {
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE},
        })
    };
    let accounts = CONTROLLERS.iter().map(account);
    let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts");
    let mut objects: Vec<(String, Json)> = accounts.map(|account| (path.clone(), account)).collect();
    let subjects = CONTROLLERS
        .iter()
        .take(RECONCILERS)
        .map(|name| json!({"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}));
    objects.push((
        format!("/apis/{RBAC}/v1/clusterrolebindings"),
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "ClusterRoleBinding",
            "metadata": {"name": format!("cluster-reconciler-{NAMESPACE}")},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": subjects.collect::<Vec<Json>>(),
        }),
    ));
    objects
}
