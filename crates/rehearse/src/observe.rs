//! One look at the API server: every Flux object with its Ready condition, and what runs.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::api::Api;
use crate::error::RehearseError;
use crate::outcome::Workload;

/// The kinds of Flux that are reported: path and kind. Who makes objects stands before what it makes: when it is Ready, they
/// are in the lists that are asked for after it.
const FLUX: [(&str, &str); 7] = [
    (
        "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
        "Kustomization",
    ),
    ("/apis/helm.toolkit.fluxcd.io/v2/helmreleases", "HelmRelease"),
    ("/apis/source.toolkit.fluxcd.io/v1/helmcharts", "HelmChart"),
    (
        "/apis/source.toolkit.fluxcd.io/v1/gitrepositories",
        "GitRepository",
    ),
    (
        "/apis/source.toolkit.fluxcd.io/v1/ocirepositories",
        "OCIRepository",
    ),
    (
        "/apis/source.toolkit.fluxcd.io/v1/helmrepositories",
        "HelmRepository",
    ),
    ("/apis/source.toolkit.fluxcd.io/v1/buckets", "Bucket"),
];

/// The kinds of workloads, with the fields that count ready and wanted pods.
const WORKLOADS: [(&str, &str, &str, &str); 3] = [
    (
        "/apis/apps/v1/deployments",
        "Deployment",
        "/status/readyReplicas",
        "/spec/replicas",
    ),
    (
        "/apis/apps/v1/statefulsets",
        "StatefulSet",
        "/status/readyReplicas",
        "/spec/replicas",
    ),
    (
        "/apis/apps/v1/daemonsets",
        "DaemonSet",
        "/status/numberReady",
        "/status/desiredNumberScheduled",
    ),
];

/// A Flux object as it is now.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "conditions that hold or do not")]
pub(crate) struct Live {
    pub(crate) kind: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) ready: Ready,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Flux has given up.
    pub(crate) is_stalled: bool,
    /// Flux is at work: its condition Reconciling.
    pub(crate) is_at_work: bool,
    pub(crate) is_suspended: bool,
    pub(crate) revision: String,
    /// The revision that a Kustomization has begun with last, or the digest of the chart that a HelmRelease has.
    pub(crate) attempted: String,
    /// What Flux says of the work that goes on.
    pub(crate) progress: String,
    /// The last request for a look that Flux has answered.
    pub(crate) handled: String,
    /// It is being deleted.
    pub(crate) is_going: bool,
    /// What it says is about its present spec.
    pub(crate) is_current: bool,
    /// How often a HelmRelease has failed with its present spec, and in whose words.
    pub(crate) failures: u64,
    pub(crate) failed: (String, String),
    pub(crate) spec: Json,
    /// `Kind/namespace/name` of what a flux::Kustomization has applied.
    pub(crate) applied: Vec<String>,
    path: &'static str,
}

/// The status of the Ready condition, for the present generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    Yes,
    No,
    /// Nobody has said yet.
    Unknown,
}

/// Everything at one moment.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) objects: Vec<Live>,
    pub(crate) workloads: Vec<Workload>,
}

/// Looks once.
pub(crate) fn look(api: &Api) -> Result<Snapshot, RehearseError> {
    let mut snapshot = Snapshot::default();
    for (path, kind) in FLUX {
        let objects = items(api, path)?;
        let live = objects.iter().map(|object| live(path, kind, object));
        snapshot.objects.extend(live);
    }
    for (path, kind, ready, wanted) in WORKLOADS {
        let number = |object: &Json, field: &str| object.pointer(field).and_then(Json::as_u64).unwrap_or(0);
        let workloads = items(api, path)?;
        snapshot.workloads.extend(workloads.iter().map(|object| Workload {
            object: format!(
                "{kind}/{}/{}",
                text(object, "/metadata/namespace"),
                text(object, "/metadata/name")
            ),
            ready: number(object, ready),
            wanted: number(object, wanted),
        }));
    }
    snapshot.workloads.sort();
    Ok(snapshot)
}

/// Whether objects of this kind are in a snapshot.
pub(crate) fn is_looked_at(kind: &str) -> bool {
    let flux = FLUX.iter().map(|(_, kind)| *kind);
    flux.chain(WORKLOADS.iter().map(|(_, kind, ..)| *kind))
        .any(|known| known == kind)
}

fn items(api: &Api, path: &str) -> Result<Vec<Json>, RehearseError> {
    let list = api.get(path)?;
    Ok(list
        .and_then(|mut list| list.get_mut("items").map(Json::take))
        .and_then(|items| items.as_array().cloned())
        .unwrap_or_default())
}

fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

pub(crate) fn live(path: &'static str, kind: &'static str, object: &Json) -> Live {
    let conditions = object.pointer("/status/conditions").and_then(Json::as_array);
    let condition = |name: &str| {
        let mut all = conditions.into_iter().flatten();
        all.find(|condition| condition["type"] == name)
    };
    let holds = |name: &str| condition(name).is_some_and(|condition| condition["status"] == "True");
    let generation = object.pointer("/metadata/generation").and_then(Json::as_i64);
    let observed = object
        .pointer("/status/observedGeneration")
        .and_then(Json::as_i64);
    let ready = condition("Ready");
    let status = match ready.map(|condition| text(condition, "/status")) {
        // A HelmRepository of this type is an address and has no status.
        None if text(object, "/spec/type") == "oci" && kind == "HelmRepository" => Ready::Yes,
        Some("True") if observed == generation => Ready::Yes,
        Some("False") => Ready::No,
        _ => Ready::Unknown,
    };
    let said = |pointer: &str| {
        ready
            .map(|condition| text(condition, pointer))
            .unwrap_or_default()
    };
    let number = |pointer: &str| object.pointer(pointer).and_then(Json::as_u64);
    let is_attempted = number("/status/lastAttemptedGeneration") == number("/metadata/generation");
    let released = condition("Released").filter(|condition| condition["status"] == "False");
    let failed = |pointer: &str| {
        released
            .map(|condition| text(condition, pointer).to_owned())
            .unwrap_or_default()
    };
    let revision = [
        "/status/lastAppliedRevision",
        "/status/artifact/revision",
        "/status/history/0/chartVersion",
    ]
    .into_iter()
    .map(|pointer| text(object, pointer))
    .find(|text| !text.is_empty());
    Live {
        kind,
        namespace: text(object, "/metadata/namespace").to_owned(),
        name: text(object, "/metadata/name").to_owned(),
        ready: status,
        reason: said("/reason").to_owned(),
        message: said("/message").to_owned(),
        is_stalled: holds("Stalled"),
        is_at_work: holds("Reconciling"),
        is_suspended: object.pointer("/spec/suspend") == Some(&Json::Bool(true)),
        revision: revision.unwrap_or_default().to_owned(),
        attempted: if kind == "HelmRelease" {
            text(object, "/status/lastAttemptedRevisionDigest")
        } else {
            text(object, "/status/lastAttemptedRevision")
        }
        .to_owned(),
        progress: condition("Reconciling")
            .map(|condition| text(condition, "/message"))
            .unwrap_or_default()
            .to_owned(),
        handled: text(object, "/status/lastHandledReconcileAt").to_owned(),
        is_going: object.pointer("/metadata/deletionTimestamp").is_some(),
        is_current: observed == generation,
        failures: number("/status/failures")
            .filter(|_| is_attempted)
            .unwrap_or_default(),
        failed: (failed("/reason"), failed("/message")),
        spec: object.get("spec").cloned().unwrap_or_default(),
        applied: inventory(object),
        path,
    }
}

/// The entries have the form `namespace_name_group_kind`; kinds and groups hold no underscore.
fn inventory(object: &Json) -> Vec<String> {
    let entries = object
        .pointer("/status/inventory/entries")
        .and_then(Json::as_array);
    let ids = entries.into_iter().flatten().map(|entry| text(entry, "/id"));
    ids.filter_map(|id| {
        let mut parts = id.rsplitn(3, '_');
        let (kind, _group, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (namespace, name) = rest.split_once('_')?;
        Some(format!("{kind}/{namespace}/{name}"))
    })
    .collect()
}

/// Asks Flux to upgrade every release, whatever it thinks of it: what another release took away comes back.
pub(crate) fn force(api: &Api, snapshot: &Snapshot, token: &str) -> Result<(), RehearseError> {
    for live in snapshot.objects.iter().filter(|live| live.kind == "HelmRelease") {
        let annotations = json!({
            "reconcile.fluxcd.io/requestedAt": token, "reconcile.fluxcd.io/forceAt": token,
        });
        live.annotate(api, &annotations)?;
    }
    Ok(())
}

/// Asks Flux to fetch the cluster's own source at once, as its interval would later.
pub(crate) fn ask_source(api: &Api, namespace: &str, name: &str, token: &str) -> Result<(), RehearseError> {
    let path = format!("/apis/source.toolkit.fluxcd.io/v1/namespaces/{namespace}/gitrepositories/{name}");
    api.patch(
        &path,
        &json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}),
    )
}

impl Live {
    /// `Kind/namespace/name`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}/{}", self.kind, self.namespace, self.name)
    }

    /// A string of the spec, by JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        text(&self.spec, pointer)
    }

    /// `Kind/namespace/name` of what a reference in the spec names.
    pub(crate) fn reference(&self, pointer: &str) -> Option<String> {
        let reference = self.spec.pointer(pointer)?;
        let namespace = Some(text(reference, "/namespace"))
            .filter(|text| !text.is_empty())
            .unwrap_or(&self.namespace);
        Some(format!(
            "{}/{namespace}/{}",
            text(reference, "/kind"),
            text(reference, "/name")
        ))
    }

    /// The objects of its own kind that it waits for.
    pub(crate) fn depends_on(&self) -> Vec<String> {
        let all = self.spec.get("dependsOn").and_then(Json::as_array);
        all.into_iter()
            .flatten()
            .map(|reference| {
                let namespace = Some(text(reference, "/namespace"))
                    .filter(|text| !text.is_empty())
                    .unwrap_or(&self.namespace);
                format!("{}/{namespace}/{}", self.kind, text(reference, "/name"))
            })
            .collect()
    }

    /// Asks Flux to try again at once, as its retry interval would later.
    pub(crate) fn retry(&self, api: &Api, token: &str) -> Result<(), RehearseError> {
        self.annotate(api, &json!({"reconcile.fluxcd.io/requestedAt": token}))
    }

    fn annotate(&self, api: &Api, annotations: &Json) -> Result<(), RehearseError> {
        let (collection, namespace, name) = (self.path, &self.namespace, &self.name);
        let (group, plural) = collection.rsplit_once('/').unwrap_or((collection, ""));
        let path = format!("{group}/namespaces/{namespace}/{plural}/{name}");
        api.patch(&path, &json!({"metadata": {"annotations": annotations}}))
    }

    /// Whether it is a HelmRelease that was tried twice with its present spec, in vain.
    pub(crate) fn has_failed_twice(&self) -> bool {
        self.kind == "HelmRelease" && self.failures >= 2 && !self.failed.0.is_empty()
    }

    /// Whether it is a Kustomization that waits for what it has applied.
    pub(crate) fn is_checking_health(&self) -> bool {
        self.kind == "Kustomization"
            && self.ready == Ready::Unknown
            && self.progress.starts_with("Running health checks")
    }

    /// What a Kustomization waits for: everything that it applies, or what its health checks name.
    pub(crate) fn health_checks(&self) -> Vec<String> {
        if self.spec.get("wait") == Some(&Json::Bool(true)) {
            return self.applied.clone();
        }
        let checks = self.spec.get("healthChecks").and_then(Json::as_array);
        let checks = checks.into_iter().flatten();
        checks
            .map(|check| {
                let field = |name: &str| check.get(name).and_then(Json::as_str).unwrap_or_default();
                format!("{}/{}/{}", field("kind"), field("namespace"), field("name"))
            })
            .collect()
    }
}

impl Snapshot {
    /// By `Kind/namespace/name`.
    pub(crate) fn by_id(&self) -> BTreeMap<String, &Live> {
        self.objects.iter().map(|live| (live.id(), live)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_kustomization_has_applied() {
        let entries = json!([
            {"id": "apps_web_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"},
            {"id": "_cluster-admin__x_rbac.authorization.k8s.io_ClusterRole", "v": "v1"},
            {"id": "odd"},
        ]);
        let object = json!({"status": {"inventory": {"entries": entries}}});
        assert_eq!(
            live("", "Kustomization", &object).applied,
            ["HelmRelease/apps/web", "ClusterRole//cluster-admin__x"]
        );
    }

    #[test]
    fn a_kustomization_waits_for_what_it_applies_or_names() {
        let object = |spec: Json| {
            json!({
                "metadata": {"name": "a", "namespace": "f", "generation": 2}, "spec": spec,
                "status": {
                    "observedGeneration": 1, "lastAttemptedRevision": "b@sha1:1",
                    "inventory": {"entries": [
                        {"id": "web_app_apps_Deployment", "v": "v1"}, {"id": "_web__Namespace", "v": "v1"},
                    ]},
                    "conditions": [
                        {"type": "Ready", "status": "Unknown", "reason": "Progressing", "message": ""},
                        {"type": "Reconciling", "status": "True", "message": "Running health checks for revision b@sha1:1"},
                    ],
                },
            })
        };
        let checks = json!([{"kind": "DaemonSet", "namespace": "web", "name": "b"}]);
        let waiting = live(
            "",
            "Kustomization",
            &object(json!({"wait": true, "healthChecks": checks})),
        );
        assert!(waiting.is_checking_health());
        assert_eq!(waiting.health_checks(), ["Deployment/web/app", "Namespace//web"]);
        let named = live("", "Kustomization", &object(json!({"healthChecks": checks})));
        assert_eq!(named.health_checks(), ["DaemonSet/web/b"]);
        assert_eq!(named.attempted, "b@sha1:1");
    }
}
