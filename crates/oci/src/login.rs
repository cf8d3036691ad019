//! Access to registries: what to log in with, tokens, and what of it was granted to whom.
//!
//! What is granted belongs to one repository of one registry and is sent to that registry's origin alone. Every
//! password and token that was seen is kept here, to be cut out of whatever is said later.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_distribution::secrets::RegistryAuth;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::challenge::{Bearer, Challenge, choose};
use crate::credentials::{Access, Credentials};
use crate::endpoint::Endpoint;
use crate::failure::{Failure, scrub};
use crate::setup::Clients;
use crate::transport::{Authorization, Clock, read, retry_after};

/// The largest answer of a token service that is read, in bytes.
const MAX_TOKEN: usize = 256 * 1024;

/// What the registries of one run were logged in to with.
pub(crate) struct Logins {
    clients: Rc<Clients>,
    clock: Clock,
    credentials: Credentials,
    granted: RefCell<BTreeMap<Endpoint, Authorization>>,
    /// In words, which credentials were tried.
    tried: RefCell<BTreeMap<Endpoint, String>>,
    /// One login at a time for each repository.
    gates: RefCell<BTreeMap<Endpoint, Rc<Mutex<()>>>>,
    secrets: RefCell<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

impl Logins {
    /// Nobody is logged in yet.
    pub(crate) fn new(clients: Rc<Clients>, clock: Clock, credentials: Credentials) -> Self {
        Self {
            clients,
            clock,
            credentials,
            granted: RefCell::default(),
            tried: RefCell::default(),
            gates: RefCell::default(),
            secrets: RefCell::default(),
        }
    }

    /// What to send along, where the registry has asked for it before.
    pub(crate) fn granted(&self, endpoint: &Endpoint) -> Option<Authorization> {
        self.granted.borrow().get(endpoint).cloned()
    }

    /// In words, which credentials were tried.
    pub(crate) fn tried(&self, endpoint: &Endpoint) -> String {
        let tried = self.tried.borrow();
        tried
            .get(endpoint)
            .map_or_else(|| "without credentials".to_owned(), Clone::clone)
    }

    /// The text without any secret of this run.
    pub(crate) fn discreet(&self, text: &str) -> String {
        scrub(text, &self.secrets.borrow())
    }

    /// Gets what the registry asks for in `challenges`, after it refused `refused`.
    pub(crate) async fn log_in(
        &self,
        endpoint: &Endpoint,
        challenges: &[String],
        refused: Option<&Authorization>,
    ) -> Result<(), Failure> {
        let gate = Rc::clone(self.gates.borrow_mut().entry(endpoint.clone()).or_default());
        let _alone = gate.lock().await;
        if self.granted(endpoint).as_ref() != refused {
            // Somebody else has logged in meanwhile.
            return Ok(());
        }
        let host = &endpoint.registry;
        let Access { auth, source } = self.credentials.find(host, &endpoint.repository).await;
        self.tried.borrow_mut().insert(endpoint.clone(), source.clone());
        match &auth {
            RegistryAuth::Anonymous => {}
            RegistryAuth::Basic(user, password) => {
                self.keep_secret(password);
                self.keep_secret(&STANDARD.encode(format!("{user}:{password}")));
            }
            RegistryAuth::Bearer(token) => self.keep_secret(token),
        }
        let challenge = choose(challenges, &endpoint.repository)
            .map_err(|why| Failure::unclear(format!("`{host}` {why}")))?;
        let granted = match (challenge, auth) {
            (Some(Challenge::Bearer(bearer)), auth) => {
                let token = self.token(endpoint, &bearer, &auth, &source).await?;
                Authorization::Bearer(token)
            }
            (Some(Challenge::Basic), RegistryAuth::Basic(user, password)) => {
                Authorization::Basic(user, password)
            }
            _ => return Err(Failure::denied(401)),
        };
        self.granted.borrow_mut().insert(endpoint.clone(), granted);
        Ok(())
    }

    /// A token of the registry's token service; nothing that the service says is repeated.
    async fn token(
        &self,
        endpoint: &Endpoint,
        bearer: &Bearer,
        auth: &RegistryAuth,
        source: &str,
    ) -> Result<String, Failure> {
        let host = host(&bearer.realm);
        if bearer.realm.scheme() != "https" && !endpoint.plain {
            return Err(Failure::unclear(format!(
                "`{}` names the token service `{host}` over plain http, which gets no credentials",
                endpoint.registry
            )));
        }
        let service = format!("the token service `{host}` of `{}`", endpoint.registry);
        let body = self
            .clock
            .limit(&host, async {
                let asked = self.request(bearer, auth)?.send().await;
                let mut response = asked.map_err(|error| Failure::from_request(&host, &error))?;
                let status = response.status().as_u16();
                let pause = retry_after(response.headers());
                match status {
                    200 => read(&host, &mut response, MAX_TOKEN, None, &|_| ()).await,
                    401 | 403 => Err(Failure::denied(status)),
                    429 | 500..=599 => Err(Failure::Busy {
                        why: format!("{service} answers {status}, asked {source}"),
                        retry_after: pause,
                    }),
                    _ => Err(Failure::unclear(format!(
                        "{service} answers {status}, asked {source}"
                    ))),
                }
            })
            .await?;
        let token = serde_json::from_slice::<Token>(&body)
            .ok()
            .and_then(|answer| answer.token.or(answer.access_token))
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Failure::unclear(format!("{service} sends no token")))?;
        self.keep_secret(&token);
        if HeaderValue::from_str(&token).is_err() {
            return Err(Failure::unclear(format!("{service} sends an unusable token")));
        }
        Ok(token)
    }

    /// The question for a token: docker's for a password or for nobody, OAuth2's for an identity token.
    fn request(&self, bearer: &Bearer, auth: &RegistryAuth) -> Result<RequestBuilder, Failure> {
        let mut parameters = vec![("scope", bearer.scope.as_str())];
        parameters.extend(bearer.service.as_deref().map(|service| ("service", service)));
        let mut url = bearer.realm.clone();
        let client = self.clients.of(url.scheme())?;
        let request = match auth {
            RegistryAuth::Bearer(identity) => {
                parameters.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "xtask"),
                    ("refresh_token", identity),
                ]);
                let mut form = bearer.realm.clone();
                form.set_query(None);
                form.query_pairs_mut().extend_pairs(&parameters);
                client
                    .post(url)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.query().unwrap_or_default().to_owned())
            }
            RegistryAuth::Basic(user, password) => {
                url.query_pairs_mut().extend_pairs(&parameters);
                client.get(url).basic_auth(user, Some(password))
            }
            RegistryAuth::Anonymous => {
                url.query_pairs_mut().extend_pairs(&parameters);
                client.get(url)
            }
        };
        Ok(request.header(ACCEPT, "application/json"))
    }

    fn keep_secret(&self, secret: &str) {
        let mut secrets = self.secrets.borrow_mut();
        if !secrets.iter().any(|known| known == secret) {
            secrets.push(secret.to_owned());
        }
    }
}

/// Host and port of a token service, in words.
fn host(realm: &Url) -> String {
    let host = realm.host_str().unwrap_or_default();
    realm
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
