//! Where a chart is asked for: the URL's own registry or its mirror, over TLS or, where allowed, plain HTTP.

use std::net::IpAddr;

use thiserror::Error;

use crate::reference::{OciUrl, is_host, is_path, split_port};

/// A repository in the registry that is really asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Endpoint {
    /// Host and port.
    pub(crate) registry: String,
    /// Path, the chart's name included.
    pub(crate) repository: String,
    /// Plain HTTP.
    pub(crate) plain: bool,
}

/// A mirror that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("mirror `{from}={to}` is unusable, wanted `HOST=[http://|https://]HOST[:PORT][/PREFIX]`")]
pub(crate) struct MirrorError {
    from: String,
    to: String,
}

impl Endpoint {
    /// The endpoint of `url`; `insecure` counts for its own host, never for a mirror.
    pub(crate) fn new(
        url: &OciUrl,
        insecure: bool,
        mirrors: &[(String, String)],
    ) -> Result<Self, MirrorError> {
        let host = canonical(url.host());
        if let Some((from, to)) = mirrors.iter().find(|(from, _)| canonical(from) == host) {
            return Self::mirror(url, to).ok_or_else(|| MirrorError {
                from: from.clone(),
                to: to.clone(),
            });
        }
        let path = url.path();
        let official = host == DOCKER_HUB && !path.contains('/');
        Ok(Self {
            registry: host.to_owned(),
            repository: if official {
                format!("library/{path}")
            } else {
                path.to_owned()
            },
            plain: insecure || is_loopback(host),
        })
    }

    fn mirror(url: &OciUrl, to: &str) -> Option<Self> {
        let (scheme, rest) = match to.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => (Some(scheme), rest),
            Some(_) => return None,
            None => (None, to),
        };
        let (registry, prefix) = rest
            .trim_end_matches('/')
            .split_once('/')
            .unwrap_or((rest.trim_end_matches('/'), ""));
        let fits = is_host(registry) && (prefix.is_empty() || is_path(prefix));
        fits.then(|| Self {
            registry: registry.to_owned(),
            repository: if prefix.is_empty() {
                url.path().to_owned()
            } else {
                format!("{prefix}/{}", url.path())
            },
            plain: scheme.map_or_else(|| is_loopback(registry), |scheme| scheme == "http"),
        })
    }

    /// The API's address of something in the repository, such as `manifests/1.38.0`.
    pub(crate) fn url(&self, rest: &str) -> String {
        let scheme = if self.plain { "http" } else { "https" };
        format!("{scheme}://{}/v2/{}/{rest}", self.registry, self.repository)
    }

    /// The repository in words.
    pub(crate) fn words(&self) -> String {
        format!("`{}/{}`", self.registry, self.repository)
    }
}

/// The registry that Docker Hub really is.
pub(crate) const DOCKER_HUB: &str = "index.docker.io";

/// Docker Hub has several names and one registry.
fn canonical(host: &str) -> &str {
    match host {
        "docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        other => other,
    }
}

/// Whether the host is this machine, where source-controller, too, speaks plain HTTP.
fn is_loopback(host: &str) -> bool {
    split_port(host).is_some_and(|(name, _)| {
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_of(url: &str, insecure: bool, mirrors: &[(&str, &str)]) -> String {
        let mirrors: Vec<_> = mirrors
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        Endpoint::new(&OciUrl::parse(url).unwrap(), insecure, &mirrors)
            .map_or_else(|error| error.to_string(), |endpoint| endpoint.url("tags/list"))
    }

    #[test]
    fn speaks_plain_http_only_where_allowed() {
        for (url, insecure, found) in [
            ("oci://ghcr.io/a/b", false, "https://ghcr.io/v2/a/b/tags/list"),
            (
                "oci://10.0.0.1:5000/b",
                false,
                "https://10.0.0.1:5000/v2/b/tags/list",
            ),
            (
                "oci://10.0.0.1:5000/b",
                true,
                "http://10.0.0.1:5000/v2/b/tags/list",
            ),
            (
                "oci://127.0.0.1:5000/b",
                false,
                "http://127.0.0.1:5000/v2/b/tags/list",
            ),
            ("oci://[::1]:5000/b", false, "http://[::1]:5000/v2/b/tags/list"),
            ("oci://localhost/b", false, "http://localhost/v2/b/tags/list"),
            (
                "oci://127.0.0.1.evil.example/b",
                false,
                "https://127.0.0.1.evil.example/v2/b/tags/list",
            ),
            (
                "oci://docker.io/nginx",
                false,
                "https://index.docker.io/v2/library/nginx/tags/list",
            ),
            (
                "oci://registry-1.docker.io/a/b",
                false,
                "https://index.docker.io/v2/a/b/tags/list",
            ),
        ] {
            assert_eq!(url_of(url, insecure, &[]), found);
        }
    }

    #[test]
    fn asks_the_mirror_and_keeps_insecure_to_the_own_host() {
        for (to, found) in [
            ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/a/b/tags/list"),
            (
                "127.0.0.1:5000/cache/ghcr",
                "http://127.0.0.1:5000/v2/cache/ghcr/a/b/tags/list",
            ),
            ("mirror.example/x/", "https://mirror.example/v2/x/a/b/tags/list"),
            ("http://mirror.example", "http://mirror.example/v2/a/b/tags/list"),
            (
                "https://127.0.0.1:5000",
                "https://127.0.0.1:5000/v2/a/b/tags/list",
            ),
        ] {
            assert_eq!(url_of("oci://ghcr.io/a/b", true, &[("ghcr.io", to)]), found);
        }
        assert!(url_of("oci://ghcr.io/a", false, &[("ghcr.io", "ftp://x")]).contains("is unusable"));
        assert_eq!(
            url_of("oci://quay.io/a", false, &[("ghcr.io", "x:1")]),
            "https://quay.io/v2/a/tags/list"
        );
    }
}
