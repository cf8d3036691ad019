//! The environment variables that decide about credentials, proxies, certificates and the cache, read in one place.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// What this crate looks at; everything else of the environment stays unread.
const NAMES: [&str; 19] = [
    "ALL_PROXY",
    "DOCKER_CONFIG",
    "HELM_CONFIG_HOME",
    "HELM_REGISTRY_CONFIG",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PATH",
    "REGISTRY_AUTH_FILE",
    "SSL_CERT_FILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XTASK_CACHE_DIR",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Environment variables by name; an empty one counts as absent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// The variables of this process.
    pub fn process() -> Self {
        Self {
            variables: NAMES
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), env::var_os(name)?)))
                .collect(),
        }
    }

    /// These variables and no others.
    pub fn of<N: Into<String>, V: Into<OsString>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(name)
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// The same as a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// The first of the variables that is set, as text, with its name.
    pub(crate) fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names
            .iter()
            .find_map(|name| Some((*name, self.get(name)?.to_str()?)))
    }
}

impl fmt::Debug for Environment {
    /// Names only: a proxy's address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_names_and_no_values() {
        let environment = Environment::of([("HTTPS_PROXY", "http://me:hunter2@proxy"), ("HOME", "")]);
        assert_eq!(format!("{environment:?}"), r#"{"HOME", "HTTPS_PROXY"}"#);
        assert!(environment.path("HOME").is_none());
        assert_eq!(
            environment
                .first(&["https_proxy", "HTTPS_PROXY"])
                .map(|(name, _)| name),
            Some("HTTPS_PROXY")
        );
    }
}
