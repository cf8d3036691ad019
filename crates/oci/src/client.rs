//! What a preflight asks of registries: tags, manifests, configs, the existence of layers; with access and retries.
//!
//! oci-client does the logging in and pulls configs; see `transport` for what it cannot do.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_distribution::manifest::OciDescriptor;
use oci_distribution::secrets::RegistryAuth;
use oci_distribution::{Client, RegistryOperation};
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::io::AsyncWrite;

use crate::credentials::Credentials;
use crate::digest::{digest_like, is_digest, sha256};
use crate::endpoint::Endpoint;
use crate::failure::{Failure, scrub};
use crate::setup::Clients;
use crate::tag::is_tag;
use crate::transport::{Answer, Ask, Authorization, Clock, send, too_large};

/// The largest manifest and the largest page of tags that are read, in bytes.
const MAX_MANIFEST: usize = 4 * 1024 * 1024;
/// The largest config that is read, in bytes.
pub(crate) const MAX_CONFIG: usize = 1024 * 1024;
const MAX_PAGES: usize = 100;
const MAX_TAGS: usize = 200_000;
const PAGE: usize = 1000;
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// The registries of one run.
pub(crate) struct Registries {
    clients: Clients,
    clock: Clock,
    credentials: Credentials,
    granted: RefCell<BTreeMap<Endpoint, Authorization>>,
    /// In words, which credentials were tried.
    tried: RefCell<BTreeMap<Endpoint, String>>,
    secrets: RefCell<Vec<String>>,
}

#[derive(Deserialize)]
struct TagPage {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Registries {
    /// Nothing is asked yet.
    pub(crate) fn new(clients: Clients, clock: Clock, credentials: Credentials) -> Self {
        Self {
            clients,
            clock,
            credentials,
            granted: RefCell::default(),
            tried: RefCell::default(),
            secrets: RefCell::default(),
        }
    }

    /// All tags, through every page.
    pub(crate) async fn tags(&self, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
        let host = &endpoint.registry;
        let mut tags = BTreeSet::new();
        let mut url = endpoint.url(&format!("tags/list?n={PAGE}"));
        for _ in 0..MAX_PAGES {
            let answer = self.ask(endpoint, &url, "application/json", false).await?;
            let page: TagPage = serde_json::from_slice(&answer.body).map_err(|_| {
                Failure::unclear(format!("`{host}` sends a list of tags that is no such JSON"))
            })?;
            let known = tags.len();
            // A name that is no tag cannot be asked for, and should not reach a terminal.
            tags.extend(
                page.tags
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|tag| is_tag(tag)),
            );
            if tags.len() > MAX_TAGS {
                return Err(Failure::unclear(format!(
                    "`{host}` lists more than {MAX_TAGS} tags"
                )));
            }
            let Some(next) = answer.next else {
                return Ok(tags.into_iter().collect());
            };
            if tags.len() == known {
                return Err(Failure::unclear(format!(
                    "`{host}` sends pages of tags without new ones"
                )));
            }
            url = next;
        }
        Err(Failure::unclear(format!(
            "`{host}` sends more than {MAX_PAGES} pages of tags"
        )))
    }

    /// A manifest by tag or digest, and its digest, computed here.
    pub(crate) async fn manifest(
        &self,
        endpoint: &Endpoint,
        name: &str,
    ) -> Result<(Vec<u8>, String), Failure> {
        let host = &endpoint.registry;
        let url = endpoint.url(&format!("manifests/{name}"));
        let answer = self.ask(endpoint, &url, MANIFESTS, false).await?;
        for promised in [Some(name), answer.digest.as_deref()]
            .into_iter()
            .flatten()
            .filter(|name| is_digest(name))
        {
            let actual = digest_like(promised, &answer.body);
            if actual != promised {
                return Err(Failure::wrong(format!(
                    "`{host}` serves a manifest with the digest `{actual}`, wanted `{promised}`"
                )));
            }
        }
        let digest = if is_digest(name) {
            name.to_owned()
        } else {
            sha256(&answer.body)
        };
        Ok((answer.body, digest))
    }

    /// A config, checked against its descriptor.
    pub(crate) async fn config(
        &self,
        endpoint: &Endpoint,
        config: &OciDescriptor,
    ) -> Result<Vec<u8>, Failure> {
        let host = endpoint.registry.as_str();
        let reference = endpoint.reference();
        // Other addresses of the descriptor would be asked, too, whatever they point at.
        let descriptor = OciDescriptor {
            urls: None,
            ..config.clone()
        };
        let bytes = self
            .with_access(endpoint, || async {
                let mut body = Bounded {
                    host,
                    bytes: Vec::new(),
                };
                match self
                    .oci(endpoint)
                    .pull_blob(&reference, &descriptor, &mut body)
                    .await
                {
                    Ok(()) => Ok(body.bytes),
                    Err(error) => Err(Failure::from_oci(host, &error)),
                }
            })
            .await?;
        if i64::try_from(bytes.len()).is_ok_and(|length| length == config.size) {
            Ok(bytes)
        } else {
            let (found, wanted) = (bytes.len(), config.size);
            Err(Failure::wrong(format!(
                "`{host}` serves a config of {found} bytes, the manifest says {wanted}"
            )))
        }
    }

    /// Whether a layer exists and has the size that its descriptor says; it is not downloaded.
    pub(crate) async fn layer(&self, endpoint: &Endpoint, layer: &OciDescriptor) -> Result<(), Failure> {
        let url = endpoint.url(&format!("blobs/{}", layer.digest));
        let answer = self.ask(endpoint, &url, "*/*", true).await?;
        match answer.length {
            Some(found) if i64::try_from(found).ok() != Some(layer.size) => {
                let (host, wanted) = (&endpoint.registry, layer.size);
                Err(Failure::wrong(format!(
                    "`{host}` has a layer of {found} bytes, the manifest says {wanted}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// An open question in words: with the credentials that were tried, and without secrets.
    pub(crate) fn why(&self, endpoint: &Endpoint, failure: &Failure) -> String {
        let text = match failure {
            Failure::Denied { status } => {
                let tried = self.tried.borrow();
                let source = tried.get(endpoint).map_or("without credentials", String::as_str);
                format!(
                    "`{}` refuses access to `{}` ({status}) {source}",
                    endpoint.registry, endpoint.repository
                )
            }
            other => other.to_string(),
        };
        scrub(&text, &self.secrets.borrow())
    }

    /// One request of the repository's API, bounded like a manifest; `head` asks for existence and length only.
    pub(crate) async fn ask(
        &self,
        endpoint: &Endpoint,
        url: &str,
        accept: &str,
        head: bool,
    ) -> Result<Answer, Failure> {
        let ask = Ask {
            host: &endpoint.registry,
            url,
            accept,
            limit: MAX_MANIFEST,
            head,
        };
        self.with_access(endpoint, || async {
            let access = self.granted.borrow().get(endpoint).cloned();
            send(&self.clients.http, &ask, access.as_ref()).await
        })
        .await
    }

    /// Runs one request; logs in once where the registry asks for it, and repeats what is worth another try.
    async fn with_access<T, F, W>(&self, endpoint: &Endpoint, work: F) -> Result<T, Failure>
    where
        F: Fn() -> W,
        W: Future<Output = Result<T, Failure>>,
    {
        let host = &endpoint.registry;
        self.clock
            .retry(|| async {
                match self.clock.limit(host, work()).await {
                    Err(Failure::Denied { status: 401 }) => {
                        self.clock.limit(host, self.log_in(endpoint)).await?;
                        self.clock.limit(host, work()).await
                    }
                    other => other,
                }
            })
            .await
    }

    async fn log_in(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        let host = &endpoint.registry;
        let access = self.credentials.find(host, &endpoint.repository);
        self.tried.borrow_mut().insert(endpoint.clone(), access.source);
        match &access.auth {
            RegistryAuth::Anonymous => {}
            RegistryAuth::Basic(user, password) => {
                self.keep_secret(password);
                self.keep_secret(&STANDARD.encode(format!("{user}:{password}")));
            }
            RegistryAuth::Bearer(token) => self.keep_secret(token),
        }
        let reference = endpoint.reference();
        let token = self
            .oci(endpoint)
            .auth(&reference, &access.auth, RegistryOperation::Pull)
            .await
            .map_err(|error| Failure::from_oci(host, &error))?;
        let granted = match (token, access.auth) {
            (Some(token), _) => {
                self.keep_secret(&token);
                // oci-client panics on a token that is no header value.
                if HeaderValue::from_str(&token).is_err() {
                    return Err(Failure::unclear(format!(
                        "the token service of `{host}` sends an unusable token"
                    )));
                }
                Authorization::Bearer(token)
            }
            (None, RegistryAuth::Basic(user, password)) => Authorization::Basic(user, password),
            (None, _) => return Err(Failure::Denied { status: 401 }),
        };
        self.granted.borrow_mut().insert(endpoint.clone(), granted);
        Ok(())
    }

    fn keep_secret(&self, secret: &str) {
        let mut secrets = self.secrets.borrow_mut();
        if !secrets.iter().any(|known| known == secret) {
            secrets.push(secret.to_owned());
        }
    }

    fn oci(&self, endpoint: &Endpoint) -> &Client {
        if endpoint.plain {
            &self.clients.plain
        } else {
            &self.clients.tls
        }
    }
}

/// A body that refuses to grow beyond the limit of a config.
struct Bounded<'a> {
    host: &'a str,
    bytes: Vec<u8>,
}

impl AsyncWrite for Bounded<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.bytes.len() + bytes.len() > MAX_CONFIG {
            let why = too_large(self.host, MAX_CONFIG).to_string();
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::FileTooLarge, why)));
        }
        self.bytes.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
