//! What a rehearsal cannot have, and what cannot be told because of it.

use std::collections::{BTreeMap, BTreeSet};

use flux::{Built, BuiltObject, ClusterBuild};
use kustomize::ProblemKind;
use model::object;
use model::yaml::Node;
use serde_json::Value as Json;

use crate::judge::is_own_fault;
use crate::observe::{Live, Ready, Snapshot};
use crate::stand_in::{self, SecretId};
use crate::words;

/// What a rehearsal knows of the world around the repository.
pub(crate) struct Beyond<'a> {
    pub(crate) build: &'a ClusterBuild,
    /// Artifacts that are served, by `oci://` URL as manifests have it.
    pub(crate) served: &'a BTreeSet<String>,
    /// Charts that their registry does not have either.
    pub(crate) missing: &'a BTreeSet<String>,
    /// `oci://127.0.0.1:PORT/SECRET/`.
    pub(crate) oci_prefix: &'a str,
    /// `Kind/namespace/name` of the sources that hold this repository.
    pub(crate) own: &'a BTreeSet<String>,
}

/// Why nobody can tell here what becomes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deferral {
    pub(crate) why: String,
    /// `Kind/namespace/name` of what cannot be had, where that is another object.
    pub(crate) root: Option<String>,
}

impl Beyond<'_> {
    /// Why objects cannot be judged, by `Kind/namespace/name`: what comes from elsewhere, what stand-ins decide, and what waits
    /// for either.
    pub(crate) fn deferred(
        &self,
        snapshot: &Snapshot,
        made: &BTreeSet<SecretId>,
    ) -> BTreeMap<String, Deferral> {
        let live = snapshot.by_id();
        let mut deferred: BTreeMap<String, Deferral> = BTreeMap::new();
        for (id, object) in &live {
            let cause = self
                .stands_in(object, made)
                .or_else(|| self.elsewhere(id, object));
            if let Some(why) = cause {
                deferred.insert(id.clone(), Deferral { why, root: None });
            }
        }
        loop {
            let mut more = Vec::new();
            for (id, object) in &live {
                if deferred.contains_key(id) || object.ready == Ready::Yes || is_own_fault(object) {
                    continue;
                }
                // What is Ready with a stand-in holds nobody up.
                let is_in_the_way = |on: &String| live.get(on).is_none_or(|on| on.ready != Ready::Yes);
                let mut waits = self.waits_for(object).into_iter().filter(is_in_the_way);
                if let Some((on, known)) = waits.find_map(|on| Some((on.clone(), deferred.get(&on)?))) {
                    let root = known.root.clone().unwrap_or(on);
                    let why = format!("it waits for {root}");
                    more.push((
                        id.clone(),
                        Deferral {
                            why,
                            root: Some(root),
                        },
                    ));
                }
            }
            if more.is_empty() {
                return deferred;
            }
            deferred.extend(more);
        }
    }

    /// A source outside of this repository, a Secret that is made elsewhere, a key that nobody has here, another cluster.
    fn elsewhere(&self, id: &str, object: &Live) -> Option<String> {
        if object.is_suspended {
            return Some("it is suspended".to_owned());
        }
        if object.ready == Ready::Yes || self.own.contains(id) {
            return None;
        }
        // What is built before anybody asks for the other cluster may be wrong all the same.
        if object.spec.get("kubeConfig").is_some() && object.reason != "BuildFailed" {
            return Some("`spec.kubeConfig` leads to another cluster".to_owned());
        }
        if let Some(why) = self.lacks(object) {
            return Some(why);
        }
        if is_own_fault(object) {
            return None;
        }
        let is_external = |pointer: &str| object.text(pointer) == "ExternalArtifact";
        if is_external("/sourceRef/kind") || is_external("/chartRef/kind") {
            return Some("its source is an ExternalArtifact, which another controller makes".to_owned());
        }
        let url = object.text("/url");
        match object.kind {
            "Kustomization" => self.unreconciled(object),
            "OCIRepository" => self.artifact(url),
            "HelmChart" => {
                let repository = object.reference("/sourceRef")?;
                let url = self.repository_url(&repository)?;
                if !url.starts_with("oci://") {
                    // A source that is not there is a reason of its own.
                    return None;
                }
                self.artifact(&format!(
                    "{}/{}",
                    url.trim_end_matches('/'),
                    object.text("/chart")
                ))
            }
            "GitRepository" => Some(format!(
                "another repository, `{url}`, could not be fetched from here"
            )),
            "HelmRepository" => Some(format!("the charts at `{url}` could not be fetched from here")),
            "Bucket" => Some(format!(
                "the bucket `{}` at `{}` could not be read from here",
                object.text("/bucketName"),
                object.text("/endpoint")
            )),
            _ => None,
        }
    }

    /// What Flux misses and only the real cluster has, whatever reason it gives.
    fn lacks(&self, object: &Live) -> Option<String> {
        let said = object.message.to_lowercase();
        let decrypts = object.spec.get("decryption").is_some();
        let is_encrypted = || stand_in::holds_encrypted(self.build, object);
        if decrypts && (said.contains("decrypt") || is_encrypted()) {
            return Some("it applies what SOPS has encrypted, and nobody here has the key".to_owned());
        }
        if let Some(name) = self.missing_secret(object) {
            return Some(format!("Secret `{name}` is made elsewhere"));
        }
        let remote = self.remote(object)?;
        Some(format!(
            "`{remote}`, which its build reads, could not be fetched from here"
        ))
    }

    /// A remote base that Flux says is what its build fails at, or that it is still busy with.
    fn remote(&self, object: &Live) -> Option<&str> {
        let built = self.built(object)?;
        let problems = built.problems.iter();
        let remotes = problems.filter(|problem| {
            problem.kind == ProblemKind::Unsupported && problem.message.starts_with("remote ")
        });
        let mut remotes = remotes.filter_map(|problem| problem.message.split('`').nth(1));
        remotes.find(|remote| object.ready == Ready::Unknown || object.message.contains(*remote))
    }

    /// A health check whose expression looks for what an operator would write into an object; there is no operator here.
    fn unreconciled(&self, object: &Live) -> Option<String> {
        let checked = self.health_checks(object);
        let expressions = object.spec.get("healthCheckExprs").and_then(Json::as_array);
        let kinds = expressions.into_iter().flatten().filter_map(|expression| {
            let (group, _) = expression["apiVersion"].as_str()?.split_once('/')?;
            let is_custom = group.contains('.') && !group.ends_with(".toolkit.fluxcd.io");
            expression["kind"].as_str().filter(|_| is_custom)
        });
        let mut kinds = kinds.filter(|kind| checked.iter().any(|id| id.starts_with(&format!("{kind}/"))));
        let kind = kinds.next()?;
        Some(format!(
            "it waits for the health of a {kind}, which nobody here reconciles"
        ))
    }

    /// Why an object's outcome, whatever it is, is that of invented values.
    fn stands_in(&self, object: &Live, made: &BTreeSet<SecretId>) -> Option<String> {
        if made.is_empty() || object.is_suspended {
            return None;
        }
        let secret = self.invented(object, made)?;
        if object.ready != Ready::Yes && self.fails_without(object) {
            return None;
        }
        let what = if object.ready == Ready::Yes {
            "Ready"
        } else {
            "judged"
        };
        Some(format!(
            "it is {what} with invented values only: Secret `{}/{}` is made elsewhere",
            secret.0, secret.1
        ))
    }

    /// The stand-in whose values are in an object's own fields or in what it applies.
    fn invented<'s>(&self, object: &Live, made: &'s BTreeSet<SecretId>) -> Option<&'s SecretId> {
        if let Some((by, built)) = self.node(object.kind, &object.namespace, &object.name)
            && !built.unknown_names.is_empty()
            && let Some(secret) = made.iter().find(|secret| stand_in::substitutes_from(by, secret))
        {
            return Some(secret);
        }
        match object.kind {
            "Kustomization" => {
                let built = self.built(object)?;
                let is_invented = built
                    .objects
                    .iter()
                    .any(|object| !object.unknown_names.is_empty());
                let mut made = made.iter().filter(|_| is_invented);
                made.find(|secret| stand_in::substitutes_from(built, secret))
            }
            "HelmRelease" => {
                let from = object.spec.get("valuesFrom").and_then(Json::as_array);
                let mut from = from.into_iter().flatten();
                from.find_map(|entry| {
                    let name = entry["name"].as_str().unwrap_or_default();
                    let kind = entry["kind"].as_str().unwrap_or_default();
                    let id = (object.namespace.clone(), name.to_owned());
                    if kind == "Secret" && made.contains(&id) {
                        return made.get(&id);
                    }
                    let (by, built) = self.node(kind, &object.namespace, name)?;
                    let mut made = made.iter().filter(|_| !built.unknown_names.is_empty());
                    made.find(|secret| stand_in::substitutes_from(by, secret))
                })
            }
            _ => None,
        }
    }

    /// Whether an object would fail with the real values too: its build fails, or what the API server refuses holds none of
    /// the invented ones.
    fn fails_without(&self, object: &Live) -> bool {
        if object.message.starts_with("kustomize build failed") {
            return true;
        }
        let refused = words::refused(&object.message);
        let refused = refused.and_then(|(kind, namespace, name)| self.node(kind, namespace, name));
        refused.is_some_and(|(_, built)| built.unknown_names.is_empty())
    }

    /// Why an artifact cannot be had; none where it can, and where its registry has no such thing.
    fn artifact(&self, url: &str) -> Option<String> {
        let url = url
            .strip_prefix(self.oci_prefix)
            .map_or_else(|| url.to_owned(), |rest| format!("oci://{rest}"));
        let known = |urls: &BTreeSet<String>| urls.iter().any(|known| flat(known) == flat(&url));
        if known(self.served) || known(self.missing) {
            return None;
        }
        Some(format!(
            "`{url}` is neither in the cache nor to be fetched from here"
        ))
    }

    fn repository_url(&self, id: &str) -> Option<String> {
        let mut objects = self.build.objects();
        let found = objects.find(|(_, built)| object::reference(&built.node).to_string() == id);
        found.and_then(|(_, built)| built.node.str_at(&["spec", "url"]).map(str::to_owned))
    }

    /// The name of a Secret that Flux misses and no build makes.
    fn missing_secret(&self, object: &Live) -> Option<String> {
        let name = words::missing_secret(&object.message)?;
        let is_made = self.node("Secret", &object.namespace, name).is_some();
        (!is_made).then(|| format!("{}/{name}", object.namespace))
    }

    fn built(&self, object: &Live) -> Option<&Built> {
        stand_in::built(self.build, object).filter(|_| object.kind == "Kustomization")
    }

    /// An object that some build applies, and what applies it.
    fn node(&self, kind: &str, namespace: &str, name: &str) -> Option<(&Built, &BuiltObject)> {
        let is_it = |node: &Node| {
            object::kind(node) == kind
                && object::name(node) == name
                && (object::namespace(node) == namespace || object::namespace(node).is_empty())
        };
        self.build.objects().find(|(_, built)| is_it(&built.node))
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

    /// What the health checks of a flux::Kustomization look at, as far as that is known from its own fields, from what it builds
    /// here, and from what it has applied.
    fn health_checks(&self, object: &Live) -> Vec<String> {
        let list = object.spec.get("healthChecks").and_then(Json::as_array);
        let checks = list.into_iter().flatten().map(|check| {
            let field = |name: &str| check[name].as_str().unwrap_or_default();
            format!("{}/{}/{}", field("kind"), field("namespace"), field("name"))
        });
        let mut checks: Vec<String> = checks.collect();
        // What a chart installs is health-checked too: it comes with the releases of this Kustomization.
        if object.spec.get("wait") == Some(&Json::Bool(true)) || !checks.is_empty() {
            let built = self.built(object).into_iter().flat_map(|built| &built.objects);
            checks.extend(built.map(|built| object::reference(&built.node).to_string()));
            checks.extend(object.applied.iter().cloned());
        }
        checks
    }
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
    use serde_json::json;

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
        let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}, "wait": true});
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
            own: &set(&["GitRepository/flux-system/flux-system"]),
        };
        beyond.deferred(snapshot, &BTreeSet::new()).into_keys().collect()
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

    /// A cluster whose `app` reads a variable of a Secret that nobody makes in one of its two objects.
    fn substituting() -> ClusterBuild {
        let app = APPS.replace(
            "wait: true,",
            "postBuild: {substituteFrom: [{kind: Secret, name: outside}]},",
        );
        let map = |name: &str, value: &str| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\ndata: {{a: '{value}'}}\n"
            )
        };
        let tree = Tree::from_files([
            ("clusters/a/flux-system/gotk-sync.yaml", SYNC.to_owned()),
            ("clusters/a/apps.yaml", app),
            ("app/app.yaml", map("invented", "${X}") + &map("plain", "b")),
        ]);
        let clusters = flux::discover(&tree, &[]);
        let builder = kustomize::Builder::new(&tree);
        flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9))
    }

    /// Why `app` is deferred when Flux says this of it and the Secret has a stand-in.
    fn with_a_stand_in(ready: bool, message: &str) -> Option<String> {
        let build = substituting();
        let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
        let mut live = object(
            "Kustomization",
            "flux-system/app",
            "ReconciliationFailed",
            message,
            &own,
        );
        if ready {
            live.ready = Ready::Yes;
        }
        let beyond = Beyond {
            build: &build,
            served: &BTreeSet::new(),
            missing: &BTreeSet::new(),
            oci_prefix: "oci://127.0.0.1:1/s/",
            own: &BTreeSet::new(),
        };
        let snapshot = Snapshot {
            objects: vec![live],
            ..Snapshot::default()
        };
        let made = BTreeSet::from([("flux-system".to_owned(), "outside".to_owned())]);
        let mut deferred = beyond.deferred(&snapshot, &made);
        deferred
            .remove("Kustomization/flux-system/app")
            .map(|deferral| deferral.why)
    }

    #[test]
    fn ready_with_invented_values_is_not_ready() {
        let why = with_a_stand_in(true, "Applied revision: rehearsal").unwrap();
        assert!(
            why.contains("invented values") && why.contains("`flux-system/outside`"),
            "{why}"
        );
    }

    #[test]
    fn a_refusal_counts_where_no_value_of_the_refused_object_is_invented() {
        let refusal = |name: &str| format!("ConfigMap/default/{name} dry-run failed (Invalid): data.a: no");
        assert!(with_a_stand_in(false, &refusal("invented")).is_some());
        assert_eq!(with_a_stand_in(false, &refusal("plain")), None);
        assert_eq!(
            with_a_stand_in(false, "kustomize build failed: no such file"),
            None
        );
    }

    #[test]
    fn a_build_is_deferred_where_it_fails_at_what_is_remote() {
        let remote = "https://github.com/a/b?ref=v1";
        let kustomization = format!("resources: [{remote}, gone.yaml]\n");
        let why = |message: &str| {
            let tree = Tree::from_files([
                ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
                ("clusters/a/apps.yaml", APPS),
                ("app/kustomization.yaml", &kustomization),
            ]);
            let clusters = flux::discover(&tree, &[]);
            let builder = kustomize::Builder::new(&tree);
            let build = flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9));
            let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
            let snapshot = Snapshot {
                objects: vec![object(
                    "Kustomization",
                    "flux-system/app",
                    "BuildFailed",
                    message,
                    &own,
                )],
                ..Snapshot::default()
            };
            let beyond = Beyond {
                build: &build,
                served: &BTreeSet::new(),
                missing: &BTreeSet::new(),
                oci_prefix: "oci://127.0.0.1:1/s/",
                own: &BTreeSet::new(),
            };
            let mut deferred = beyond.deferred(&snapshot, &BTreeSet::new());
            deferred
                .remove("Kustomization/flux-system/app")
                .map(|deferral| deferral.why)
        };
        let failed =
            |at: &str| format!("kustomize build failed: accumulating resources from '{at}': no such host");
        assert!(why(&failed(remote)).is_some_and(|why| why.contains(remote)));
        assert_eq!(why(&failed("gone.yaml")), None);
    }
}
