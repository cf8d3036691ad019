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
mod tests;
