//! How registries are asked.

use std::path::PathBuf;
use std::time::Duration;

use crate::cache::Cache;
use crate::environment::Environment;
use crate::progress::Listener;

/// How to ask.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time for the whole run.
    pub deadline: Duration,
    /// The time for one request, connecting included; an archive gets a second more for each 64 KiB.
    pub per_request_timeout: Duration,
    /// How many charts or images are asked for at once; each makes one request at a time.
    pub parallelism: usize,
    /// Registries and what to ask in their place: `ghcr.io` and `[http://|https://]127.0.0.1:5000[/prefix]`.
    pub mirrors: Vec<(String, String)>,
    /// A credential file in docker's format that comes before all others.
    pub registry_config: Option<PathBuf>,
    /// Whether credential helpers that a credential file names may be started, each once per registry and for at most
    /// 10 s; otherwise they are named in the reason.
    pub credential_helpers: bool,
    /// PEM files with further certificate authorities; the one of `SSL_CERT_FILE` comes on top.
    pub ca_files: Vec<PathBuf>,
    /// Ask nobody: the cache alone answers, and what it does not hold is unknown.
    pub offline: bool,
    /// Where configs are kept, and archives with `fetch`; without it nothing is.
    pub cache: Option<Cache>,
    /// Download the charts' archives into the cache; one that is there already is not downloaded again.
    pub fetch: bool,
    /// The time of the run, RFC 3339 in UTC, for the cache's notes on what a request led to; none are made when empty.
    pub now: String,
    /// Where credential files, proxies and certificates are looked for.
    pub environment: Environment,
    /// Who is told of progress.
    pub progress: Option<Listener>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_mins(2),
            per_request_timeout: Duration::from_secs(15),
            parallelism: 16,
            mirrors: Vec::new(),
            registry_config: None,
            credential_helpers: true,
            ca_files: Vec::new(),
            offline: false,
            cache: None,
            fetch: false,
            now: String::new(),
            environment: Environment::process(),
            progress: None,
        }
    }
}
