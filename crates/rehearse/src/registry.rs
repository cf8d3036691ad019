//! The rehearsal's own registry: charts as they came, manifests and all, to be pulled and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::address;
use crate::http::{Request, Response};

/// A chart with everything that a registry has of it.
#[derive(Debug, Clone)]
pub struct Chart {
    /// `oci://host/path/chart`, where manifests say that it is.
    pub url: String,
    /// The tag that leads to it.
    pub tag: String,
    /// The digest of the manifest, or of the index, that the tag leads to.
    pub digest: String,
    /// Digest, media type and bytes of each manifest.
    pub manifests: Vec<(String, String, Arc<[u8]>)>,
    /// Digest and bytes of config and archive.
    pub blobs: Vec<(String, Arc<[u8]>)>,
}

/// Charts by repository.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    repositories: BTreeMap<String, Repository>,
}

#[derive(Debug, Default)]
struct Repository {
    tags: BTreeMap<String, String>,
    manifests: BTreeMap<String, (String, Arc<[u8]>)>,
    blobs: BTreeMap<String, Arc<[u8]>>,
}

impl Registry {
    /// A registry with these charts below a secret name.
    pub(crate) fn new(secret: &str, charts: &[Chart]) -> Self {
        let mut registry = Self::default();
        for chart in charts {
            let Some(name) = address::repository(secret, &chart.url) else {
                continue;
            };
            let repository = registry.repositories.entry(name).or_default();
            repository.tags.insert(chart.tag.clone(), chart.digest.clone());
            for (digest, media_type, bytes) in &chart.manifests {
                let content = (media_type.clone(), Arc::clone(bytes));
                repository.manifests.insert(digest.clone(), content);
            }
            repository.blobs.extend(chart.blobs.iter().cloned());
        }
        registry
    }

    /// The answer to a request whose path begins with `/v2`.
    pub(crate) fn answer(&self, request: &Request) -> Response {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Response::new(405, "text/plain", "only pulls are served\n");
        }
        let path = request.path.trim_start_matches("/v2").trim_matches('/');
        if path.is_empty() {
            return Response::new(200, "application/json", "{}");
        }
        let parts: Vec<&str> = path.rsplitn(3, '/').collect();
        let [last, what, name] = parts.as_slice() else {
            return unknown("NAME_UNKNOWN");
        };
        let Some(repository) = self.repositories.get(*name) else {
            return unknown(if *what == "manifests" {
                "MANIFEST_UNKNOWN"
            } else {
                "NAME_UNKNOWN"
            });
        };
        match *what {
            "tags" => {
                let tags: Vec<&String> = repository.tags.keys().collect();
                Response::new(
                    200,
                    "application/json",
                    json!({"name": name, "tags": tags}).to_string(),
                )
            }
            "manifests" => {
                let digest = repository.tags.get(*last).map_or(*last, String::as_str);
                match repository.manifests.get(digest) {
                    Some((media_type, bytes)) => {
                        Response::new(200, media_type, &**bytes).with("Docker-Content-Digest", digest)
                    }
                    None => unknown("MANIFEST_UNKNOWN"),
                }
            }
            "blobs" => match repository.blobs.get(*last) {
                Some(bytes) => Response::new(200, "application/octet-stream", &**bytes)
                    .with("Docker-Content-Digest", *last),
                None => unknown("BLOB_UNKNOWN"),
            },
            _ => unknown("NAME_UNKNOWN"),
        }
    }
}

/// The form of errors that registry clients read.
fn unknown(code: &str) -> Response {
    let words = code.to_lowercase().replace('_', " ");
    let body = json!({"errors": [{"code": code, "message": words}]});
    Response::new(404, "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_found_by_tag_and_by_digest_and_nowhere_else() {
        let bytes: Arc<[u8]> = Arc::from(b"{}".as_slice());
        let chart = Chart {
            url: "oci://ghcr.io/charts/a".to_owned(),
            tag: "1.0.0".to_owned(),
            digest: "sha256:1".to_owned(),
            manifests: vec![("sha256:1".to_owned(), "type/m".to_owned(), bytes.clone())],
            blobs: vec![("sha256:2".to_owned(), bytes)],
        };
        let registry = Registry::new("s", &[chart]);
        let ask = |path: &str| {
            let request = Request {
                method: "GET".to_owned(),
                path: path.to_owned(),
                ..Request::default()
            };
            registry.answer(&request).status
        };
        for found in [
            "/v2/",
            "/v2/s/ghcr.io/charts/a/manifests/1.0.0",
            "/v2/s/ghcr.io/charts/a/manifests/sha256:1",
            "/v2/s/ghcr.io/charts/a/blobs/sha256:2",
            "/v2/s/ghcr.io/charts/a/tags/list",
        ] {
            assert_eq!(ask(found), 200, "{found}");
        }
        for absent in [
            "/v2/ghcr.io/charts/a/manifests/1.0.0",
            "/v2/s/ghcr.io/charts/a/manifests/2.0.0",
            "/v2/s/ghcr.io/charts/a/blobs/sha256:1",
            "/v2/x",
        ] {
            assert_eq!(ask(absent), 404, "{absent}");
        }
    }
}
