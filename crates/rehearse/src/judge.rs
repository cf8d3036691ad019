//! What Flux's conditions mean: Ready, failed, still waiting, or nothing that can be told here.

use std::collections::{BTreeMap, BTreeSet};

use flux::{ClusterBuild, Id, Kustomization};
use model::object;

use crate::observe::{Live, Ready, Snapshot};
use crate::outcome::Verdict;

/// What a rehearsal cannot have.
pub(crate) struct Beyond<'a> {
    pub(crate) build: &'a ClusterBuild,
    /// Charts that are served, by `oci://` URL as manifests have it.
    pub(crate) served: &'a BTreeSet<String>,
    /// Charts that their registry does not have either.
    pub(crate) missing: &'a BTreeSet<String>,
    /// `oci://127.0.0.1:PORT/SECRET/`.
    pub(crate) oci_prefix: &'a str,
    /// `Kind/namespace/name` of the cluster's own source.
    pub(crate) own: &'a str,
}

/// Reasons that say that an object's own content is wrong, whatever it waits for.
const OWN_FAULT: [&str; 6] = [
    "BuildFailed",
    "ReconciliationFailed",
    "PruneFailed",
    "URLInvalid",
    "InstallFailed",
    "UpgradeFailed",
];

impl Beyond<'_> {
    /// Why objects cannot be judged here, by `Kind/namespace/name`: what comes from elsewhere, and what waits for it.
    pub(crate) fn deferred(&self, snapshot: &Snapshot) -> BTreeMap<String, String> {
        let live = snapshot.by_id();
        let mut deferred: BTreeMap<String, String> = BTreeMap::new();
        for (id, object) in &live {
            if let Some(why) = self.elsewhere(id, object) {
                deferred.insert(id.clone(), why);
            }
        }
        loop {
            let mut more = Vec::new();
            for (id, object) in &live {
                if deferred.contains_key(id) || object.ready == Ready::Yes || is_own_fault(object) {
                    continue;
                }
                let mut waits = self.waits_for(object).into_iter();
                if let Some(on) = waits.find(|on| deferred.contains_key(on)) {
                    more.push((id.clone(), format!("it needs {on}, which cannot be had here")));
                }
            }
            if more.is_empty() {
                return deferred;
            }
            deferred.extend(more);
        }
    }

    /// A source outside of this repository, or a Secret that is made elsewhere.
    fn elsewhere(&self, id: &str, object: &Live) -> Option<String> {
        if object.is_suspended {
            return Some("it is suspended".to_owned());
        }
        if object.ready == Ready::Yes || id == self.own || is_own_fault(object) && !self.lacks_secret(object)
        {
            return None;
        }
        let is_external = |pointer: &str| object.text(pointer) == "ExternalArtifact";
        if is_external("/sourceRef/kind") || is_external("/chartRef/kind") {
            return Some("its source is an ExternalArtifact, which another controller makes".to_owned());
        }
        match object.kind {
            "OCIRepository" => self.chart(object.text("/url")),
            "HelmChart" => {
                let repository = object.reference("/sourceRef")?;
                let url = self.repository_url(&repository)?;
                if !url.starts_with("oci://") {
                    // A source that is not there is a reason of its own.
                    return None;
                }
                self.chart(&format!(
                    "{}/{}",
                    url.trim_end_matches('/'),
                    object.text("/chart")
                ))
            }
            "GitRepository" | "HelmRepository" | "Bucket" => {
                Some("it is another source than this repository".to_owned())
            }
            _ if self.lacks_secret(object) => Some("it needs a Secret that is made elsewhere".to_owned()),
            _ => None,
        }
    }

    /// Why a chart cannot be had; none where it can, and where its registry has no such chart.
    fn chart(&self, url: &str) -> Option<String> {
        let url = url
            .strip_prefix(self.oci_prefix)
            .map_or_else(|| url.to_owned(), |rest| format!("oci://{rest}"));
        let known = |urls: &BTreeSet<String>| urls.iter().any(|known| flat(known) == flat(&url));
        if known(self.served) || known(self.missing) {
            return None;
        }
        Some(format!(
            "the chart `{url}` is neither in the cache nor to be fetched from here"
        ))
    }

    fn repository_url(&self, id: &str) -> Option<String> {
        let mut objects = self.build.objects();
        let found = objects.find(|(_, built)| object::reference(&built.node).to_string() == id);
        found.and_then(|(_, built)| built.node.str_at(&["spec", "url"]).map(str::to_owned))
    }

    /// Whether Flux misses a Secret that no build makes.
    fn lacks_secret(&self, object: &Live) -> bool {
        let message = object.message.to_lowercase();
        if !message.contains("secrets \"") || !message.contains("not found") {
            return false;
        }
        let name = message
            .split("secrets \"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default();
        let mut objects = self.build.objects();
        !objects.any(|(_, built)| object::kind(&built.node) == "Secret" && object::name(&built.node) == name)
    }

    /// `Kind/namespace/name` of everything that an object waits for.
    pub(crate) fn waits_for(&self, object: &Live) -> Vec<String> {
        let mut waits = object.depends_on();
        match object.kind {
            "HelmRelease" => {
                waits.extend(object.reference("/chartRef"));
                waits.extend(object.reference("/chart/spec/sourceRef"));
                let source = object.reference("/chart/spec/sourceRef");
                let namespace = source.as_deref().and_then(|id| id.split('/').nth(1));
                let namespace = namespace.unwrap_or(&object.namespace);
                waits.push(format!(
                    "HelmChart/{namespace}/{}-{}",
                    object.namespace, object.name
                ));
            }
            "HelmChart" => waits.extend(object.reference("/sourceRef")),
            "Kustomization" => {
                waits.extend(object.reference("/sourceRef"));
                waits.extend(self.health_checks(object));
            }
            _ => {}
        }
        waits
    }

    fn health_checks(&self, object: &Live) -> Vec<String> {
        let id = Id {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        };
        let Some(built) = self.build.get(&id) else {
            return Vec::new();
        };
        let Some(node) = &built.node else {
            return Vec::new();
        };
        let mut checks: Vec<String> = Kustomization(node)
            .list("healthChecks")
            .iter()
            .map(|check| {
                let field = |name: &str| check.str_at(&[name]).unwrap_or_default();
                format!("{}/{}/{}", field("kind"), field("namespace"), field("name"))
            })
            .collect();
        let is_waiting = Kustomization(node)
            .spec("wait")
            .and_then(model::yaml::Node::as_bool)
            == Some(true);
        // What a chart installs is health-checked too: it comes with the releases of this Kustomization.
        if is_waiting || !checks.is_empty() {
            let objects = built
                .objects
                .iter()
                .map(|object| object::reference(&object.node).to_string());
            checks.extend(objects);
        }
        checks
    }
}

/// The verdict on one object when nothing moves any more.
pub(crate) fn verdict(object: &Live, deferred: &BTreeMap<String, String>) -> Verdict {
    match deferred.get(&object.id()) {
        Some(why) => Verdict::Deferred { why: why.clone() },
        None if object.ready == Ready::Yes => Verdict::Ready,
        None if object.ready == Ready::No || object.is_stalled => Verdict::Failed,
        None => Verdict::Waiting,
    }
}

fn is_own_fault(object: &Live) -> bool {
    object.ready == Ready::No && OWN_FAULT.contains(&object.reason.as_str())
}

/// A URL as the rehearsal's own registry has it.
fn flat(url: &str) -> String {
    let (host, path) = url
        .trim_start_matches("oci://")
        .split_once('/')
        .unwrap_or((url, ""));
    format!("{}/{path}", host.replace(':', "_"))
}

#[cfg(test)]
mod tests {
    use model::tree::Tree;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::observe;

    const SYNC: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, prune: true, path: ./clusters/a, sourceRef: {kind: GitRepository, name: flux-system}}
";
    const APPS: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system}
spec: {interval: 10m, prune: true, wait: true, path: ./app, sourceRef: {kind: GitRepository, name: flux-system}}
";
    const APP: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: chart, namespace: flux-system}
spec: {interval: 10m, url: 'oci://example.org:5000/charts/app'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: default}
spec: {interval: 10m, chartRef: {kind: OCIRepository, name: chart, namespace: flux-system}}
";

    fn build() -> ClusterBuild {
        let tree = Tree::from_files([
            ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
            ("clusters/a/apps.yaml", APPS),
            ("app/app.yaml", APP),
        ]);
        let clusters = flux::discover(&tree, &[]);
        let builder = kustomize::Builder::new(&tree);
        flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9))
    }

    /// An object that is not Ready, with a reason and a spec.
    fn object(kind: &'static str, id: &str, reason: &str, message: &str, spec: &Json) -> Live {
        let (namespace, name) = id.split_once('/').unwrap();
        let object = json!({
            "metadata": {"name": name, "namespace": namespace, "generation": 1}, "spec": spec,
            "status": {"observedGeneration": 1, "conditions": [
                {"type": "Ready", "status": "False", "reason": reason, "message": message},
            ]},
        });
        observe::live("", kind, &object)
    }

    /// The chart's source, its release, what applies them, and what waits for that; the reason of what applies them.
    fn cluster(applies: &str) -> Snapshot {
        let source = json!({"url": "oci://127.0.0.1:1/s/example.org_5000/charts/app"});
        let release =
            json!({"chartRef": {"kind": "OCIRepository", "name": "chart", "namespace": "flux-system"}});
        let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
        let waits = json!({"sourceRef": own["sourceRef"], "dependsOn": [{"name": "app"}]});
        Snapshot {
            objects: vec![
                object(
                    "OCIRepository",
                    "flux-system/chart",
                    "OCIArtifactPullFailed",
                    "not found",
                    &source,
                ),
                object(
                    "HelmRelease",
                    "default/app",
                    "SourceNotReady",
                    "not ready",
                    &release,
                ),
                object("Kustomization", "flux-system/app", applies, "", &own),
                object(
                    "Kustomization",
                    "flux-system/later",
                    "DependencyNotReady",
                    "",
                    &waits,
                ),
            ],
            ..Snapshot::default()
        }
    }

    fn deferred(snapshot: &Snapshot, served: &[&str], missing: &[&str]) -> Vec<String> {
        let set = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect();
        let beyond = Beyond {
            build: &build(),
            served: &set(served),
            missing: &set(missing),
            oci_prefix: "oci://127.0.0.1:1/s/",
            own: "GitRepository/flux-system/flux-system",
        };
        beyond.deferred(snapshot).into_keys().collect()
    }

    #[test]
    fn what_waits_for_a_chart_that_cannot_be_had_is_deferred_with_it() {
        assert_eq!(
            deferred(&cluster("HealthCheckFailed"), &[], &[]),
            [
                "HelmRelease/default/app",
                "Kustomization/flux-system/app",
                "Kustomization/flux-system/later",
                "OCIRepository/flux-system/chart",
            ]
        );
    }

    #[test]
    fn a_fault_of_its_own_is_one_whatever_else_is_missing() {
        let found = deferred(&cluster("BuildFailed"), &[], &[]);
        assert_eq!(
            found,
            ["HelmRelease/default/app", "OCIRepository/flux-system/chart"]
        );
    }

    #[test]
    fn a_chart_that_is_served_or_known_not_to_exist_fails() {
        let url = "oci://example.org:5000/charts/app";
        assert!(deferred(&cluster("HealthCheckFailed"), &[url], &[]).is_empty());
        assert!(deferred(&cluster("HealthCheckFailed"), &[], &[url]).is_empty());
    }

    #[test]
    fn secrets_that_nobody_here_makes_and_external_artifacts_are_deferred() {
        let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
        let external = json!({"sourceRef": {"kind": "ExternalArtifact", "name": "x"}});
        let message = "substitute from 'Secret/keys' error: secrets \"keys\" not found";
        let snapshot = Snapshot {
            objects: vec![
                object("Kustomization", "flux-system/app", "BuildFailed", message, &own),
                object(
                    "Kustomization",
                    "flux-system/other",
                    "BuildFailed",
                    "configmaps \"keys\" not found",
                    &own,
                ),
                object("Kustomization", "flux-system/x", "AccessDenied", "", &external),
            ],
            ..Snapshot::default()
        };
        assert_eq!(
            deferred(&snapshot, &[], &[]),
            ["Kustomization/flux-system/app", "Kustomization/flux-system/x"]
        );
    }
}
