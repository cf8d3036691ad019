//! `oci://host/path/chart`: what source-controller accepts as an `OCIRepository`'s `spec.url`, and why not.

use std::fmt;

use thiserror::Error;

/// The longest repository path that a registry accepts, in bytes.
const MAX_PATH: usize = 255;

/// A chart's address without tag and digest; both stand in `spec.ref`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OciUrl {
    host: String,
    path: String,
}

/// Why a URL is no `oci://host/path/chart`.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum UrlError {
    /// Another scheme, or none.
    #[error("url `{url}` does not start with `oci://`, wanted `oci://host/path/chart`")]
    Scheme {
        /// The URL as given.
        url: String,
    },
    /// Characters of a variable that was not substituted.
    #[error("url `{url}` holds `{found}`, which looks like a placeholder that was not substituted")]
    Placeholder {
        /// The URL as given.
        url: String,
        /// The first such character.
        found: char,
    },
    /// A digest behind `@`.
    #[error("url `{url}` must not contain a digest, move `{digest}` to `ref.digest`")]
    Digest {
        /// The URL as given.
        url: String,
        /// What stands behind the `@`.
        digest: String,
    },
    /// A tag behind `:`; source-controller reports `URLInvalid`.
    #[error("url `{url}` must not contain a tag, move `{tag}` to `ref.tag`")]
    Tag {
        /// The URL as given.
        url: String,
        /// What stands behind the `:`.
        tag: String,
    },
    /// Nothing, or something unusable, before the first slash.
    #[error("url `{url}` has the host `{host}`, wanted a name with a dot or a port, or `localhost`")]
    Host {
        /// The URL as given.
        url: String,
        /// What stands before the first slash.
        host: String,
    },
    /// Only a host.
    #[error("url `{url}` names no repository, wanted `oci://host/path/chart`")]
    NoPath {
        /// The URL as given.
        url: String,
    },
    /// A repository path that no registry accepts.
    #[error(
        "url `{url}` has the repository `{path}`, wanted `a-z 0-9 . _ -` in segments joined by single slashes"
    )]
    Path {
        /// The URL as given.
        url: String,
        /// The repository path as given.
        path: String,
    },
}

impl OciUrl {
    /// Parses `oci://host[:port]/path/chart`, as strictly as source-controller does.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let owned = || url.to_owned();
        let Some(rest) = url.strip_prefix("oci://") else {
            return Err(UrlError::Scheme { url: owned() });
        };
        if let Some(found) = rest
            .chars()
            .find(|c| c.is_whitespace() || c.is_control() || "${}<>%".contains(*c))
        {
            return Err(UrlError::Placeholder { url: owned(), found });
        }
        if let Some((_, digest)) = rest.split_once('@') {
            return Err(UrlError::Digest {
                url: owned(),
                digest: digest.to_owned(),
            });
        }
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some((_, tag)) = path.split_once(':') {
            return Err(UrlError::Tag {
                url: owned(),
                tag: tag.to_owned(),
            });
        }
        if !is_host(host) {
            return Err(UrlError::Host {
                url: owned(),
                host: host.to_owned(),
            });
        }
        if path.is_empty() {
            return Err(UrlError::NoPath { url: owned() });
        }
        if !is_path(path) {
            return Err(UrlError::Path {
                url: owned(),
                path: path.to_owned(),
            });
        }
        Ok(Self {
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The registry: host, and port where one is given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository in the registry, the chart's name included.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last segment of the path: the chart's name, where it was published by `helm push`.
    pub fn chart(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl fmt::Display for OciUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.host, self.path)
    }
}

/// Splits `host[:port]`; the brackets of an IPv6 address stay off.
pub(crate) fn split_port(host: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((address, Some(port))),
            None if rest.is_empty() => Some((address, None)),
            None => None,
        };
    }
    match host.split_once(':') {
        Some((name, port)) => Some((name, Some(port))),
        None => Some((host, None)),
    }
}

/// Whether this is a registry for source-controller; a bare word would be a Docker Hub organization to it.
pub(crate) fn is_host(host: &str) -> bool {
    let Some((name, port)) = split_port(host) else {
        return false;
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let name_fits = if host.starts_with('[') {
        name.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
            && !name.split('.').any(str::is_empty)
            && (name.contains('.') || name == "localhost" || port.is_some())
    };
    port_fits && name_fits
}

/// Whether this is a repository path: lower case, and no empty, `.` or `..` segment.
pub(crate) fn is_path(path: &str) -> bool {
    path.len() <= MAX_PATH
        && path.split('/').all(|segment| {
            segment.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && segment
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_host_path_and_chart() {
        for (text, host, path, chart) in [
            (
                "oci://ghcr.io/coredns/charts/coredns",
                "ghcr.io",
                "coredns/charts/coredns",
                "coredns",
            ),
            ("oci://127.0.0.1:5000/a", "127.0.0.1:5000", "a", "a"),
            ("oci://localhost/a/b", "localhost", "a/b", "b"),
            ("oci://registry:5000/a__b", "registry:5000", "a__b", "a__b"),
            ("oci://[::1]:5000/a", "[::1]:5000", "a", "a"),
        ] {
            let url = OciUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.path(), url.chart()), (host, path, chart));
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn says_why_a_url_is_refused() {
        for (text, why) in [
            ("https://ghcr.io/a", "does not start with `oci://`"),
            (
                "oci://ghcr.io/a:1.0",
                "must not contain a tag, move `1.0` to `ref.tag`",
            ),
            ("oci://ghcr.io:5000/a:1.0", "must not contain a tag"),
            (
                "oci://ghcr.io/a@sha256:abc",
                "must not contain a digest, move `sha256:abc`",
            ),
            (
                "oci://ghcr.io/${ORG}/a",
                "holds `$`, which looks like a placeholder",
            ),
            ("oci://{{ .host }}/a", "holds `{`"),
            ("oci://ghcr.io", "names no repository"),
            ("oci://ghcr.io/", "names no repository"),
            ("oci:///a", "has the host ``"),
            ("oci://charts/a", "wanted a name with a dot or a port"),
            ("oci://ghcr.io:99999/a", "has the host `ghcr.io:99999`"),
            ("oci://ghcr.io/A", "has the repository `A`"),
            ("oci://ghcr.io/a/", "has the repository `a/`"),
            ("oci://ghcr.io/a//b", "has the repository `a//b`"),
            ("oci://ghcr.io/a/../b", "has the repository `a/../b`"),
        ] {
            let error = OciUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
