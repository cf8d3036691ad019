//! What is asked of registries: tags, manifests, configs, archives, the existence of layers; with access and retries.

use std::collections::BTreeSet;
use std::rc::Rc;

use oci_distribution::manifest::OciDescriptor;
use serde::Deserialize;

use crate::cache::MAX_BLOB;
use crate::credentials::Credentials;
use crate::digest::{digest_like, is_digest, sha256};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::login::Logins;
use crate::setup::Clients;
use crate::spool::Spool;
use crate::tag::is_tag;
use crate::transport::{Answer, Ask, Authorization, Clock, send};

/// The largest manifest and the largest page of tags that are read, in bytes.
pub(crate) const MAX_MANIFEST: usize = 4 * 1024 * 1024;
/// The largest config that is read, in bytes.
pub(crate) const MAX_CONFIG: usize = 1024 * 1024;
const MAX_PAGES: usize = 100;
const MAX_TAGS: usize = 200_000;
const PAGE: usize = 1000;
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// The registries of one run.
pub(crate) struct Registries {
    clients: Rc<Clients>,
    clock: Clock,
    logins: Logins,
}

#[derive(Deserialize)]
struct TagPage {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Registries {
    /// Nothing is asked yet.
    pub(crate) fn new(clients: Clients, clock: Clock, credentials: Credentials) -> Self {
        let clients = Rc::new(clients);
        Self {
            logins: Logins::new(Rc::clone(&clients), clock, credentials),
            clients,
            clock,
        }
    }

    /// All tags, through every page.
    pub(crate) async fn tags(&self, endpoint: &Endpoint) -> Result<Vec<String>, Failure> {
        let host = &endpoint.registry;
        let mut tags = BTreeSet::new();
        let mut url = endpoint.url(&format!("tags/list?n={PAGE}"));
        for _ in 0..MAX_PAGES {
            let answer = self.get(endpoint, &url, "application/json").await?;
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
        let answer = self.get(endpoint, &url, MANIFESTS).await?;
        let promised = [Some(name), answer.digest.as_deref()];
        let mut promised = promised
            .into_iter()
            .flatten()
            .filter(|name| is_digest(name))
            .peekable();
        if answer.encoded && promised.peek().is_none() {
            return Err(encoded(host, name));
        }
        if let Some(wrong) = promised.find(|promised| digest_like(promised, &answer.body) != *promised) {
            let found = digest_like(wrong, &answer.body);
            return Err(other_content(host, "a manifest", &found, wrong, answer.encoded));
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
        let ask = Ask {
            limit: MAX_CONFIG,
            ..ask(endpoint)
        };
        self.blob(endpoint, config, ask).await
    }

    /// A layer of at most 32 MiB, checked against its descriptor; `tell` is told how many bytes have come in.
    pub(crate) async fn archive(
        &self,
        endpoint: &Endpoint,
        layer: &OciDescriptor,
        tell: &dyn Fn(u64),
    ) -> Result<Vec<u8>, Failure> {
        let ask = Ask {
            limit: usize::try_from(MAX_BLOB).unwrap_or(usize::MAX),
            size: u64::try_from(layer.size).ok(),
            tell,
            ..ask(endpoint)
        };
        self.blob(endpoint, layer, ask).await
    }

    /// A layer of whatever size its descriptor says, into `spool` and checked there; `tell` is told how many bytes have come in.
    pub(crate) async fn layer_into(
        &self,
        endpoint: &Endpoint,
        layer: &OciDescriptor,
        spool: Spool,
        tell: &dyn Fn(u64),
    ) -> Result<(), Failure> {
        let size = u64::try_from(layer.size).unwrap_or(0);
        let url = endpoint.url(&format!("blobs/{}", layer.digest));
        let ask = Ask {
            url: &url,
            limit: usize::try_from(size).unwrap_or(usize::MAX),
            size: Some(size),
            tell,
            into: Some(&spool),
            ..ask(endpoint)
        };
        let answer = self.send(endpoint, &ask).await?;
        let (found, length) = spool.finish();
        compare(endpoint, layer, (&found, length), answer.encoded)
    }

    async fn blob(
        &self,
        endpoint: &Endpoint,
        descriptor: &OciDescriptor,
        ask: Ask<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let wanted = descriptor.digest.as_str();
        // The descriptor's `urls` would lead anywhere; source-controller does not follow them either.
        let url = endpoint.url(&format!("blobs/{wanted}"));
        let answer = self.send(endpoint, &Ask { url: &url, ..ask }).await?;
        let (found, length) = (digest_like(wanted, &answer.body), answer.body.len() as u64);
        compare(endpoint, descriptor, (&found, length), answer.encoded)?;
        Ok(answer.body)
    }

    /// Whether a layer exists and has the size that its descriptor says; it is not downloaded.
    pub(crate) async fn layer(&self, endpoint: &Endpoint, layer: &OciDescriptor) -> Result<(), Failure> {
        let url = endpoint.url(&format!("blobs/{}", layer.digest));
        let ask = Ask {
            url: &url,
            head: true,
            ..ask(endpoint)
        };
        let answer = self.send(endpoint, &ask).await?;
        match answer.length {
            Some(found) if i64::try_from(found).ok() != Some(layer.size) && !answer.encoded => {
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
            Failure::Denied { status, .. } => format!(
                "`{}` refuses access to `{}` ({status}) {}",
                endpoint.registry,
                endpoint.repository,
                self.logins.tried(endpoint)
            ),
            other => other.to_string(),
        };
        self.logins.discreet(&text)
    }

    /// One request of the repository's API, bounded like a manifest.
    pub(crate) async fn get(&self, endpoint: &Endpoint, url: &str, accept: &str) -> Result<Answer, Failure> {
        let ask = Ask {
            url,
            accept,
            ..ask(endpoint)
        };
        self.send(endpoint, &ask).await
    }

    /// Sends a request; logs in once where the registry asks for it, and repeats what is worth another try.
    async fn send(&self, endpoint: &Endpoint, ask: &Ask<'_>) -> Result<Answer, Failure> {
        self.clock
            .retry(|| async {
                let access = self.logins.granted(endpoint);
                match self.once(ask, access.as_ref()).await {
                    Err(Failure::Denied {
                        status: 401,
                        challenges,
                    }) => {
                        self.logins.log_in(endpoint, &challenges, access.as_ref()).await?;
                        let access = self.logins.granted(endpoint);
                        self.once(ask, access.as_ref()).await
                    }
                    other => other,
                }
            })
            .await
    }

    async fn once(&self, ask: &Ask<'_>, access: Option<&Authorization>) -> Result<Answer, Failure> {
        let sent = send(&self.clients, ask, access);
        self.clock.limit_for(ask.host, ask.size.unwrap_or(0), sent).await
    }
}

/// Compares digest and length of what came with the descriptor.
fn compare(
    endpoint: &Endpoint,
    descriptor: &OciDescriptor,
    (found, length): (&str, u64),
    is_encoded: bool,
) -> Result<(), Failure> {
    let (host, wanted, size) = (&endpoint.registry, descriptor.digest.as_str(), descriptor.size);
    if i64::try_from(length).is_ok_and(|length| length != size) && !is_encoded {
        return Err(Failure::wrong(format!(
            "`{host}` serves content of {length} bytes for `{wanted}`, the manifest says {size}"
        )));
    }
    if found != wanted {
        return Err(other_content(host, "content", found, wanted, is_encoded));
    }
    Ok(())
}

/// A request without an address yet, for at most a manifest.
fn ask(endpoint: &Endpoint) -> Ask<'_> {
    Ask {
        host: &endpoint.registry,
        url: "",
        accept: "*/*",
        limit: MAX_MANIFEST,
        head: false,
        size: None,
        tell: &|_| (),
        into: None,
    }
}

/// Content with another digest; encoded content might have the right one once it is decoded.
fn other_content(host: &str, what: &str, found: &str, wanted: &str, is_encoded: bool) -> Failure {
    if is_encoded {
        return encoded(host, wanted);
    }
    Failure::wrong(format!(
        "`{host}` serves {what} with the digest `{found}`, wanted `{wanted}`"
    ))
}

fn encoded(host: &str, name: &str) -> Failure {
    Failure::unclear(format!(
        "`{host}` sends `{name}` with a content-encoding that nobody asked for"
    ))
}
