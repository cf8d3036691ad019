//! What `spec.verify` of a source demands of a chart's signature, with the keys that the repository holds.
//!
//! Read as source-controller reads it: `verifySignature` in its `internal/controller/ocirepository_controller.go`.

use flux::{BuiltObject, ClusterBuild};
use model::object;
use model::yaml::{Node, base64_decode};
use oci::signature::{Identity, Key, Policy, Roots};

use crate::source;

/// The Secret's entry with sigstore's roots.
const TRUSTED_ROOT: &str = "trusted_root.json";

/// What an OCIRepository, HelmChart or HelmRelease demands; none without `verify`.
pub fn policy(cluster: &ClusterBuild, object: &BuiltObject) -> Option<Policy> {
    let node = &object.node;
    let (verify, namespace) = match object::kind(node) {
        "HelmRelease" => {
            let template = node.at(&["spec", "chart", "spec"])?;
            // The HelmChart that Flux makes stands beside its source, and its Secrets do, too.
            let namespace = template.str_at(&["sourceRef", "namespace"]);
            (
                template.get("verify")?,
                namespace.unwrap_or_else(|| object::namespace(node)),
            )
        }
        _ => (node.at(&["spec", "verify"])?, object::namespace(node)),
    };
    let mut unknown = false;
    verify.walk(&mut |_, node| unknown |= object.unknown.contains(&node.span));
    Some(if unknown {
        Policy::Unreadable("`verify` holds a variable whose value is not known here".to_owned())
    } else {
        read(cluster, verify, namespace)
    })
}

fn read(cluster: &ClusterBuild, verify: &Node, namespace: &str) -> Policy {
    match verify.str_at(&["provider"]).unwrap_or("cosign") {
        "cosign" => {}
        "notation" => return Policy::Notation,
        other => return Policy::Unreadable(format!("provider `{other}` is not known here")),
    }
    let secret = |field: &str| {
        let name = verify.str_at(&[field, "name"])?;
        Some(Secret::find(cluster, namespace, name))
    };
    match secret("secretRef") {
        Some(Err(reason)) => Policy::Unreadable(reason),
        Some(Ok(secret)) => secret.keys().map_or_else(Policy::Unreadable, Policy::Keys),
        None => Policy::Identities {
            any_of: verify
                .seq_at(&["matchOIDCIdentity"])
                .iter()
                .map(identity)
                .collect(),
            roots: match secret("trustedRootSecretRef") {
                None => Roots::Public,
                Some(secret) => secret
                    .and_then(|secret| secret.entry(TRUSTED_ROOT))
                    .map_or_else(Roots::Unreadable, Roots::Given),
            },
        },
    }
}

fn identity(node: &Node) -> Identity {
    let field = |name: &str| node.str_at(&[name]).unwrap_or_default().to_owned();
    Identity {
        issuer: field("issuer"),
        subject: field("subject"),
    }
}

/// A Secret that a build of the cluster applies in plain text.
struct Secret<'a> {
    object: &'a BuiltObject,
    name: String,
}

impl<'a> Secret<'a> {
    fn find(cluster: &'a ClusterBuild, namespace: &str, name: &str) -> Result<Self, String> {
        let mut applied = source::applied(cluster).map(|(_, object)| object);
        let is_it = |node: &Node| {
            object::kind(node) == "Secret"
                && object::group(node).is_empty()
                && object::name(node) == name
                && object::namespace(node) == namespace
        };
        let name = format!("{namespace}/{name}");
        let object = applied
            .find(|object| is_it(&object.node))
            .ok_or_else(|| format!("Secret `{name}` is not in the repository"))?;
        if object.node.get("sops").is_some() {
            return Err(format!("Secret `{name}` is encrypted with SOPS"));
        }
        Ok(Self { object, name })
    }

    /// The entries that source-controller takes for public keys.
    fn keys(&self) -> Result<Vec<Key>, String> {
        let mut names: Vec<&str> = ["data", "stringData"]
            .into_iter()
            .flat_map(|field| self.object.node.entries_at(&[field]))
            .map(|entry| &*entry.key)
            .filter(|name| name.ends_with(".pub"))
            .collect();
        names.sort_unstable();
        names.dedup();
        let key = |name: &str| {
            Ok(Key {
                name: name.to_owned(),
                pem: self.entry(name)?,
            })
        };
        names.into_iter().map(key).collect()
    }

    /// An entry's text; `stringData` wins, as in the API server.
    fn entry(&self, name: &str) -> Result<String, String> {
        let secret = &self.name;
        let node = &self.object.node;
        let plain = node.at(&["stringData", name]);
        let Some(entry) = plain.or_else(|| node.at(&["data", name])) else {
            return Err(format!("Secret `{secret}` has no entry `{name}`"));
        };
        let text = entry.as_str().unwrap_or_default();
        if self.object.unknown.contains(&entry.span) || text.starts_with("ENC[") {
            return Err(format!(
                "the entry `{name}` of Secret `{secret}` is not known here"
            ));
        }
        if plain.is_some() {
            return Ok(text.to_owned());
        }
        base64_decode(text)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| format!("the entry `{name}` of Secret `{secret}` is no text in base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asked::charts;
    use crate::testing::cluster;

    fn of(verify: &str, secrets: &str) -> Option<Policy> {
        let text = format!(
            "
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: demo, namespace: apps}}
spec:
  url: oci://ghcr.io/a/demo
  layerSelector: {{mediaType: {}, operation: copy}}
  {verify}
---
{secrets}",
            oci::CHART_LAYER_MEDIA_TYPE
        );
        charts(&cluster(&text)).remove(0).policy
    }

    const BY_KEY: &str = "verify: {provider: cosign, secretRef: {name: keys}}";

    fn secret(rest: &str) -> String {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: apps}}\n{rest}\n")
    }

    fn key(name: &str, pem: &str) -> Key {
        Key {
            name: name.to_owned(),
            pem: pem.to_owned(),
        }
    }

    #[test]
    fn keys_are_the_secrets_entries_that_end_in_pub() {
        assert_eq!(of("interval: 1h", ""), None);
        // `one` in base64.
        let secret = secret("data: {a.pub: b25l, note: b25l}\nstringData: {b.pub: two}");
        let keys = Policy::Keys(vec![key("a.pub", "one"), key("b.pub", "two")]);
        assert_eq!(of(BY_KEY, &secret), Some(keys));
    }

    #[test]
    fn keys_that_cannot_be_read_are_named_and_never_taken_for_none() {
        for (text, part) in [
            (String::new(), "`apps/keys` is not in the repository"),
            (
                secret("data: {a.pub: 'ENC[AES256_GCM,data:x]'}"),
                "is not known here",
            ),
            (secret("data: {a.pub: x}\nsops: {mac: x}"), "encrypted with SOPS"),
            (secret("data: {a.pub: '!'}"), "no text in base64"),
        ] {
            let policy = of(BY_KEY, &text);
            assert!(
                matches!(&policy, Some(Policy::Unreadable(reason)) if reason.contains(part)),
                "{policy:?}"
            );
        }
        assert_eq!(
            of(BY_KEY, &secret("data: {note: b25l}")),
            Some(Policy::Keys(Vec::new()))
        );
    }

    #[test]
    fn identities_and_roots_are_read_and_notation_is_known() {
        let any_of = vec![Identity {
            issuer: "^https://a$".to_owned(),
            subject: "b".to_owned(),
        }];
        let verify = "verify: {provider: cosign, matchOIDCIdentity: [{issuer: '^https://a$', subject: b}]";
        let wanted = |roots| {
            Some(Policy::Identities {
                any_of: any_of.clone(),
                roots,
            })
        };
        assert_eq!(of(&format!("{verify}}}"), ""), wanted(Roots::Public));
        let rooted = format!("{verify}, trustedRootSecretRef: {{name: keys}}}}");
        let root = secret("stringData: {trusted_root.json: '{}'}");
        assert_eq!(of(&rooted, &root), wanted(Roots::Given("{}".to_owned())));
        let missing = Roots::Unreadable("Secret `apps/keys` is not in the repository".to_owned());
        assert_eq!(of(&rooted, ""), wanted(missing));
        assert_eq!(of("verify: {provider: notation}", ""), Some(Policy::Notation));
    }

    #[test]
    fn a_release_finds_its_secret_beside_its_source() {
        let text = "
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: registry, namespace: flux-system}
spec: {type: oci, url: oci://ghcr.io/b}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: two, namespace: apps}
spec:
  chart:
    spec:
      chart: other
      sourceRef: {kind: HelmRepository, name: registry, namespace: flux-system}
      verify: {provider: cosign, secretRef: {name: keys}}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: flux-system}
stringData: {a.pub: one}
";
        let policy = charts(&cluster(text)).remove(0).policy;
        assert_eq!(policy, Some(Policy::Keys(vec![key("a.pub", "one")])));
    }
}
