//! What is changed on its way into the API server: where sources are. The tree itself is served as it is.
//!
//! Admission policies do it, so it does not matter which file, patch or variable an address comes from, and Flux sees no drift:
//! its dry runs pass the same policies.

use serde_json::{Value as Json, json};

use crate::copy::BRANCH;
use crate::own::{ARTIFACT, Kind, Own, OwnSource, TAG};

/// Versions of the admission API, newest first, with the minor version of Kubernetes that brought each.
const VERSIONS: [(u32, &str); 3] = [(36, "v1"), (34, "v1beta1"), (32, "v1alpha1")];

/// What an OCIRepository needs elsewhere and not here.
const OCI_CREDENTIALS: [&str; 6] = [
    "secretRef",
    "certSecretRef",
    "proxySecretRef",
    "verify",
    "provider",
    "serviceAccountName",
];

/// The version of the admission API that a Kubernetes 1.`minor` has.
pub(crate) fn version(minor: u32) -> Option<&'static str> {
    let mut versions = VERSIONS.into_iter();
    versions.find(|(since, _)| minor >= *since).map(|(_, name)| name)
}

/// Policies with their bindings.
pub(crate) struct Rewrite<'a> {
    /// The version of the admission API.
    pub(crate) version: &'a str,
    /// The sources that hold this repository.
    pub(crate) own: &'a Own,
    /// Where the tree is served.
    pub(crate) git_url: &'a str,
    /// `oci://127.0.0.1:PORT/SECRET/`.
    pub(crate) oci_prefix: &'a str,
}

impl Rewrite<'_> {
    /// The paths of the collections and what to make in them.
    pub(crate) fn objects(&self) -> Vec<(String, Json)> {
        let git = self
            .is_own(Kind::Git)
            .map(|is_own| ("git", "gitrepositories", is_own, self.git()));
        let artifact = self.is_own(Kind::Oci);
        let prefix = quoted(self.oci_prefix);
        let is_elsewhere = format!(
            "has(object.spec.url) && object.spec.url.matches('^oci://[^/]+/') && !object.spec.url.startsWith({prefix})"
        );
        let is_other = match &artifact {
            Some(is_own) => format!("{is_elsewhere} && !({is_own})"),
            None => is_elsewhere.clone(),
        };
        let artifact = artifact.map(|is_own| ("artifact", "ocirepositories", is_own, self.artifact()));
        // `oci://host:port/path` becomes `PREFIX/host_port/path`.
        let host = "object.spec.url.substring(6, object.spec.url.indexOf('/', 6))";
        let rest = "object.spec.url.substring(object.spec.url.indexOf('/', 6))";
        let there = format!(
            "{}, {}",
            set(
                "/spec/url",
                &format!("{prefix} + {host}.replace(':', '_') + {rest}")
            ),
            set("/spec/insecure", "true"),
        );
        let oci = format!("[{there}]{}", without(&OCI_CREDENTIALS));
        let helm = format!(
            "[{there}]{}",
            without(&["secretRef", "certSecretRef", "provider"])
        );
        let unverified = "[JSONPatch{op: \"remove\", path: \"/spec/verify\"}]";
        let rest = [
            ("charts", "ocirepositories", is_other, oci),
            ("repositories", "helmrepositories", is_elsewhere, helm),
            (
                "verify",
                "helmcharts",
                "has(object.spec.verify)".to_owned(),
                unverified.to_owned(),
            ),
        ];
        let all = git.into_iter().chain(artifact).chain(rest);
        all.flat_map(|(name, resource, condition, patch)| self.policy(name, resource, &condition, &patch))
            .collect()
    }

    /// Whether an object is one of the own sources of a kind; none where there is no such source.
    fn is_own(&self, kind: Kind) -> Option<String> {
        let is_it = |source: &OwnSource| {
            format!(
                "object.metadata.namespace == {} && object.metadata.name == {}",
                quoted(&source.namespace),
                quoted(&source.name)
            )
        };
        let conditions: Vec<String> = self.own.of_kind(kind).map(is_it).collect();
        (!conditions.is_empty()).then(|| conditions.join(" || "))
    }

    fn git(&self) -> String {
        format!(
            "[{}, {}]{}",
            set("/spec/url", &quoted(self.git_url)),
            set(
                "/spec/ref",
                &format!("Object.spec.ref{{branch: {}}}", quoted(BRANCH))
            ),
            without(&[
                "secretRef",
                "verify",
                "provider",
                "proxySecretRef",
                "include",
                "serviceAccountName"
            ]),
        )
    }

    /// The whole tree is the only layer.
    fn artifact(&self) -> String {
        let path = ARTIFACT.trim_start_matches("oci://");
        format!(
            "[{}, {}, {}]{}{}",
            set("/spec/url", &quoted(&format!("{}{path}", self.oci_prefix))),
            set("/spec/ref", &format!("Object.spec.ref{{tag: {}}}", quoted(TAG))),
            set("/spec/insecure", "true"),
            without(&OCI_CREDENTIALS),
            without(&["layerSelector"]),
        )
    }

    fn policy(&self, name: &str, resource: &str, condition: &str, patch: &str) -> [(String, Json); 2] {
        let api_version = format!("admissionregistration.k8s.io/{}", self.version);
        let name = format!("rehearsal-{name}");
        let path = |kinds: &str| format!("/apis/{api_version}/{kinds}");
        let policy = json!({
            "apiVersion": api_version,
            "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["source.toolkit.fluxcd.io"], "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"], "resources": [resource],
                }]},
                "matchConditions": [{"name": "rehearsed", "expression": condition}],
                "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
            },
        });
        let binding = json!({
            "apiVersion": api_version,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name},
        });
        [
            (path("mutatingadmissionpolicies"), policy),
            (path("mutatingadmissionpolicybindings"), binding),
        ]
    }
}

/// `add` replaces what is there.
fn set(path: &str, value: &str) -> String {
    format!("JSONPatch{{op: \"add\", path: {}, value: {value}}}", quoted(path))
}

fn without(fields: &[&str]) -> String {
    let remove = |field: &&str| {
        format!(" + (has(object.spec.{field}) ? [JSONPatch{{op: \"remove\", path: \"/spec/{field}\"}}] : [])")
    };
    fields.iter().map(remove).collect()
}

/// A string of CEL; the texts are names and URLs.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kubernetes_has_its_admission_api() {
        assert_eq!(version(37), Some("v1"));
        assert_eq!(version(35), Some("v1beta1"));
        assert_eq!(version(31), None);
    }

    #[test]
    fn names_cannot_break_out_of_an_expression() {
        assert_eq!(quoted("a\" || true"), "\"a\\\" || true\"");
    }
}
