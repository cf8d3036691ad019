//! Stand-ins for Secrets that Flux asks for and nobody here makes.
//!
//! One is made when Flux says that it misses it, never before: what a chart or a later flux::Kustomization makes must not be
//! there already. Only what Flux itself reads gets one, so that the rest can be judged; what its values decide is deferred.

use std::collections::{BTreeMap, BTreeSet};

use flux::{Built, ClusterBuild, Id};
use model::object;
use serde_json::{Map, Value as Json, json};

use crate::api::Api;
use crate::error::RehearseError;
use crate::observe::{Live, Ready, Snapshot};
use crate::words;

/// The annotation that marks a stand-in.
const MARK: &str = "rehearsal/stand-in";
/// What a stand-in holds where something has to be there: a name, a label, a part of a host name.
const VALUE: &str = "stand-in";

/// Namespace and name of a Secret.
pub(crate) type SecretId = (String, String);

/// What has been made so far.
pub(crate) struct StandIns<'a> {
    build: &'a ClusterBuild,
    /// Secrets that charts install.
    by_charts: &'a BTreeSet<SecretId>,
    made: BTreeSet<SecretId>,
    /// Flux objects that were asked to try again once what they miss was there.
    retried: BTreeSet<(String, String)>,
}

impl<'a> StandIns<'a> {
    /// `made` are those that are there already.
    pub(crate) fn new(
        build: &'a ClusterBuild,
        by_charts: &'a BTreeSet<SecretId>,
        made: BTreeSet<SecretId>,
    ) -> Self {
        Self {
            build,
            by_charts,
            made,
            retried: BTreeSet::new(),
        }
    }

    /// Those that were made.
    pub(crate) fn made(&self) -> &BTreeSet<SecretId> {
        &self.made
    }

    /// `namespace/name` of those that were made.
    pub(crate) fn names(&self) -> Vec<String> {
        self.made
            .iter()
            .map(|(namespace, name)| format!("{namespace}/{name}"))
            .collect()
    }

    /// Makes what Flux says that it misses, and has it try again.
    pub(crate) fn make(&mut self, api: &Api, snapshot: &Snapshot) -> Result<(), RehearseError> {
        for live in snapshot.objects.iter().filter(|live| live.ready != Ready::Yes) {
            let Some(missing) = words::missing_secret(&live.message) else {
                continue;
            };
            let wanted = self.wanted(live);
            if !wanted.keys().any(|(_, name)| name == missing) {
                continue;
            }
            for (id, data) in wanted {
                if self.made.contains(&id) {
                    continue;
                }
                let path = format!("/api/v1/namespaces/{}/secrets", id.0);
                api.create(&path, &secret(&id, &data))?;
                self.made.insert(id);
            }
            if self.retried.insert((live.id(), missing.to_owned())) {
                live.retry(api, &format!("rehearsal-stand-in-{missing}"))?;
            }
        }
        Ok(())
    }

    /// The Secrets that an object cannot do without and nobody here makes, with what a stand-in for each has to hold.
    fn wanted(&self, live: &Live) -> BTreeMap<SecretId, Map<String, Json>> {
        let mut wanted: BTreeMap<SecretId, Map<String, Json>> = BTreeMap::new();
        for reference in references(live, holds_encrypted(self.build, live)) {
            let id = (live.namespace.clone(), reference.name);
            if self.is_made_here(&id) {
                continue;
            }
            let data = wanted.entry(id.clone()).or_default();
            match reference.holds {
                Holds::Variables => data.extend(variables(self.build, &id)),
                Holds::Key(key, value) => _ = data.insert(key, value.into()),
                Holds::Nothing => {}
            }
        }
        wanted
    }

    fn is_made_here(&self, (namespace, name): &SecretId) -> bool {
        let mut objects = self.build.objects().map(|(_, built)| &built.node);
        let is_it = |node: &model::yaml::Node| {
            object::kind(node) == "Secret"
                && object::name(node) == name
                && [namespace.as_str(), ""].contains(&object::namespace(node))
        };
        objects.any(is_it) || self.by_charts.contains(&(namespace.clone(), name.clone()))
    }
}

/// A Secret that Flux reads for an object.
struct Reference {
    name: String,
    holds: Holds,
}

/// What a stand-in has to hold so that Flux goes on.
enum Holds {
    /// Values for the variables that no other source has.
    Variables,
    /// A key with a value.
    Key(String, &'static str),
    /// Nothing: a key to decrypt what may not be there.
    Nothing,
}

/// The Secrets of `substituteFrom`, `valuesFrom` and `decryption` without which Flux stops.
fn references(live: &Live, is_encrypted: bool) -> Vec<Reference> {
    let text = |value: &Json, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let list = |pointer: &str| live.spec.pointer(pointer).and_then(Json::as_array).cloned();
    let needed = |entry: &Json| entry["kind"] == "Secret" && entry["optional"] != true;
    match live.kind {
        "Kustomization" => {
            let from = list("/postBuild/substituteFrom").unwrap_or_default();
            let from = from.iter().filter(|entry| needed(entry)).map(|entry| Reference {
                name: text(entry, "name"),
                holds: Holds::Variables,
            });
            let key = live.text("/decryption/secretRef/name");
            let key = (!key.is_empty() && !is_encrypted).then(|| Reference {
                name: key.to_owned(),
                holds: Holds::Nothing,
            });
            from.chain(key).collect()
        }
        "HelmRelease" => {
            let from = list("/valuesFrom").unwrap_or_default();
            let from = from.iter().filter(|entry| needed(entry)).map(|entry| {
                let key = Some(text(entry, "valuesKey")).filter(|key| !key.is_empty());
                let is_one_value = !text(entry, "targetPath").is_empty();
                Reference {
                    name: text(entry, "name"),
                    holds: Holds::Key(
                        key.unwrap_or_else(|| "values.yaml".to_owned()),
                        if is_one_value { VALUE } else { "" },
                    ),
                }
            });
            from.collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a flux::Kustomization substitutes from a Secret.
pub(crate) fn substitutes_from(built: &Built, (namespace, name): &SecretId) -> bool {
    let missing = built.variables.iter().flat_map(|variables| &variables.missing);
    let mut missing = missing.filter(|reference| reference.kind == "Secret");
    missing.any(|reference| reference.namespace == *namespace && reference.name == *name)
}

/// Every variable that some flux::Kustomization may take from this Secret.
fn variables(build: &ClusterBuild, id: &SecretId) -> Vec<(String, Json)> {
    let users = build
        .kustomizations
        .iter()
        .filter(|built| substitutes_from(built, id));
    let objects = users.flat_map(|built| &built.objects);
    let names = objects.flat_map(|object| &object.unknown_names);
    names.map(|name| (name.clone(), VALUE.into())).collect()
}

fn secret((namespace, name): &SecretId, data: &Map<String, Json>) -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name, "namespace": namespace,
            "annotations": {MARK: "made by a rehearsal, since no file and no chart makes it; its values are invented"},
        },
        "stringData": data,
    })
}

/// Whether a flux::Kustomization applies what SOPS has encrypted.
pub(crate) fn holds_encrypted(build: &ClusterBuild, live: &Live) -> bool {
    let objects = built(build, live).into_iter().flat_map(|built| &built.objects);
    live.kind == "Kustomization"
        && objects
            .into_iter()
            .any(|object| object.node.get("sops").is_some())
}

/// The flux::Kustomization of a live object.
pub(crate) fn built<'b>(build: &'b ClusterBuild, live: &Live) -> Option<&'b Built> {
    build.get(&Id {
        namespace: live.namespace.clone(),
        name: live.name.clone(),
    })
}
