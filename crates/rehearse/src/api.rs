//! The rehearsal's API server, spoken to over HTTPS with a token.

use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::{Certificate, Method};
use serde_json::Value as Json;

use crate::error::RehearseError;

/// How a certificate begins.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
/// One request may take this long.
const PATIENCE: Duration = Duration::from_secs(15);
/// An answer that is longer is none, in bytes.
const MAX_ANSWER: u64 = 256 * 1024 * 1024;

/// A client of the API server.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    url: String,
    token: String,
}

/// What the API server says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
}

impl Api {
    /// Trusts the last certificate of `pem` alone: the authority that the API server makes for itself.
    pub(crate) fn new(url: &str, pem: &str, token: &str) -> Result<Self, RehearseError> {
        // Fails only where the process has a provider already, which is as good.
        let _known = rustls::crypto::ring::default_provider().install_default();
        let failed = |error: reqwest::Error| RehearseError::Api {
            what: "begin".to_owned(),
            message: error.to_string(),
        };
        let authority = pem.rfind(BEGIN).and_then(|start| pem.get(start..)).unwrap_or(pem);
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(authority.as_bytes()).map_err(failed)?])
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .map_err(failed)?;
        Ok(Self {
            client,
            url: url.to_owned(),
            token: token.to_owned(),
        })
    }

    /// Asks once; an error only where there is no answer.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Answer, RehearseError> {
        let what = format!("{method} {}", path.split('?').next().unwrap_or(path));
        let media_type = if method == Method::PATCH {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.header("Content-Type", media_type).body(body.to_string());
        }
        let failed = |message: String| RehearseError::Api {
            what: what.clone(),
            message,
        };
        let response = request.send().map_err(|error| failed(words(&error)))?;
        let status = response.status().as_u16();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(response, MAX_ANSWER), &mut text)
            .map_err(|error| failed(error.to_string()))?;
        let body = serde_json::from_str(&text).unwrap_or(Json::String(text));
        Ok(Answer { status, body })
    }

    /// The object or list at a path; none where there is no such thing.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Json>, RehearseError> {
        let answer = self.ask(Method::GET, path, None)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => Err(refused(&format!("GET {path}"), &answer)),
        }
    }

    /// Makes an object; one that is there already is as good.
    pub(crate) fn create(&self, path: &str, object: &Json) -> Result<(), RehearseError> {
        let answer = self.ask(Method::POST, path, Some(object))?;
        match answer.status {
            200..=299 | 409 => Ok(()),
            _ => Err(refused(&format!("POST {path}"), &answer)),
        }
    }

    /// Changes fields of an object.
    pub(crate) fn patch(&self, path: &str, change: &Json) -> Result<(), RehearseError> {
        let answer = self.ask(Method::PATCH, path, Some(change))?;
        match answer.status {
            200..=299 => Ok(()),
            _ => Err(refused(&format!("PATCH {path}"), &answer)),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }
}

impl Answer {
    /// The message of a Status, else the whole text.
    pub(crate) fn message(&self) -> String {
        let message = self.body.get("message").and_then(Json::as_str);
        message.map_or_else(|| self.body.to_string(), str::to_owned)
    }
}

fn refused(what: &str, answer: &Answer) -> RehearseError {
    RehearseError::Api {
        what: what.to_owned(),
        message: format!("{} ({})", answer.message(), answer.status),
    }
}

/// An error with its causes; the URL is said already.
fn words(error: &reqwest::Error) -> String {
    let mut text = "no answer".to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}
