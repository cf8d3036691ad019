//! Why a registry's answer is not the wanted one, worded without secrets.

use std::error::Error;
use std::io;
use std::time::Duration;

use oci_distribution::errors::OciEnvelope;
use thiserror::Error;

/// The longest text of somebody else that goes into a reason, in characters.
const MAX_QUOTE: usize = 300;

/// What went wrong with one request.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The registry says that it does not have it.
    #[error("not found")]
    NotFound,
    /// The registry, or its token service, refuses access.
    #[error("access refused ({status})")]
    Denied {
        /// 401 or 403.
        status: u16,
        /// What the registry's `WWW-Authenticate` headers ask for.
        challenges: Vec<String>,
    },
    /// Worth another try: 429, 5xx, a cut connection.
    #[error("{why}")]
    Busy {
        /// In words.
        why: String,
        /// The registry's `Retry-After`, where it is known.
        retry_after: Option<Duration>,
    },
    /// Asked over plain HTTP, the registry says that it speaks TLS.
    #[error("`{host}` speaks https, asked over plain http")]
    SpeaksTls {
        /// The registry.
        host: String,
    },
    /// What is served is not what its digest or its descriptor says.
    #[error("{why}")]
    Wrong {
        /// In words.
        why: String,
    },
    /// Anything that leaves the question open.
    #[error("{why}")]
    Unclear {
        /// In words.
        why: String,
    },
}

impl Failure {
    /// An open question, in words.
    pub(crate) fn unclear(why: impl Into<String>) -> Self {
        Self::Unclear { why: why.into() }
    }

    /// Content that contradicts its description, in words.
    pub(crate) fn wrong(why: impl Into<String>) -> Self {
        Self::Wrong { why: why.into() }
    }

    /// Access refused, and nothing to be done about it.
    pub(crate) fn denied(status: u16) -> Self {
        Self::Denied {
            status,
            challenges: Vec::new(),
        }
    }

    /// An HTTP status that is no success; `body` may hold the registry's own error.
    pub(crate) fn from_status(host: &str, status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let said = said(body);
        match status {
            404 => Self::NotFound,
            401 | 403 => Self::denied(status),
            429 => Self::Busy {
                why: format!("`{host}` answers 429, too many requests{said}"),
                retry_after,
            },
            500..=599 => Self::Busy {
                why: format!("`{host}` answers {status}{said}"),
                retry_after,
            },
            // Go's server and nginx, in their own words.
            400 if is_tls_hint(&String::from_utf8_lossy(body)) => Self::SpeaksTls {
                host: host.to_owned(),
            },
            _ => Self::unclear(format!("`{host}` answers {status}, wanted 200{said}")),
        }
    }

    /// A request without an answer; only the innermost cause is quoted, since the outer ones hold the URL.
    pub(crate) fn from_request(host: &str, error: &reqwest::Error) -> Self {
        let mut cause: &dyn Error = error;
        let mut chain = String::new();
        let mut kind = None;
        while let Some(inner) = cause.source() {
            cause = inner;
            chain.push_str(&cause.to_string());
            chain.push('\n');
            kind = cause.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        }
        let root = if error.source().is_some() {
            quote(&cause.to_string())
        } else {
            "no cause is given".to_owned()
        };
        if chain.contains("dns error") {
            return Self::unclear(format!("no network: cannot resolve `{host}` ({root})"));
        }
        if matches!(
            kind,
            Some(
                io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkDown
            )
        ) {
            return Self::unclear(format!("no network: no route to `{host}` ({root})"));
        }
        if error.is_timeout() {
            return Self::unclear(format!("no answer from `{host}` in time"));
        }
        if chain.contains("InvalidContentType") {
            return Self::unclear(format!(
                "`{host}` speaks plain http, asked over https; `insecure: true` allows it"
            ));
        }
        if chain.contains("certificate") {
            return Self::unclear(format!("the certificate of `{host}` is not trusted ({root})"));
        }
        if error.is_connect() {
            return Self::unclear(format!("no connection to `{host}` ({root})"));
        }
        Self::Busy {
            why: format!("the connection to `{host}` broke off ({root})"),
            retry_after: None,
        }
    }
}

fn is_tls_hint(body: &str) -> bool {
    body.contains("HTTP request to an HTTPS server")
        || body.contains("plain HTTP request was sent to HTTPS port")
}

/// The registry's own message, as the end of a sentence.
fn said(body: &[u8]) -> String {
    serde_json::from_slice::<OciEnvelope>(body)
        .ok()
        .and_then(|envelope| envelope.errors.into_iter().next())
        .filter(|error| !error.message.is_empty())
        .map(|error| format!(": {}", quote(&error.message)))
        .unwrap_or_default()
}

/// Foreign text on one short line; queries of URLs are cut off, for they carry tokens.
pub(crate) fn quote(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| match (word.contains("://"), word.split_once('?')) {
            (true, Some((address, _))) => format!("{address}?…"),
            _ => word.chars().filter(|c| !c.is_control()).collect(),
        });
    let line = words.collect::<Vec<String>>().join(" ");
    if line.chars().count() <= MAX_QUOTE {
        return line;
    }
    line.chars().take(MAX_QUOTE).chain(['…']).collect()
}

/// `text` without the known secrets.
pub(crate) fn scrub(text: &str, secrets: &[String]) -> String {
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), "***")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_statuses_into_missing_denied_busy_and_unclear() {
        let of = |status| Failure::from_status("h", status, b"", None);
        assert_eq!(of(404), Failure::NotFound);
        assert_eq!(of(403), Failure::denied(403));
        assert!(matches!(of(429), Failure::Busy { .. }));
        assert!(matches!(of(502), Failure::Busy { .. }));
        assert_eq!(of(418).to_string(), "`h` answers 418, wanted 200");
        let body = br#"{"errors":[{"code":"DENIED","message":"quota\n spent"}]}"#;
        assert_eq!(
            Failure::from_status("h", 409, body, None).to_string(),
            "`h` answers 409, wanted 200: quota spent"
        );
    }

    #[test]
    fn keeps_secrets_and_queries_out_of_words() {
        assert_eq!(quote("at https://a/b?token=x\u{7} now"), "at https://a/b?… now");
        assert_eq!(quote(&"a".repeat(400)).chars().count(), MAX_QUOTE + 1);
        assert_eq!(
            scrub("bad password hunter2", &["hunter2".to_owned(), String::new()]),
            "bad password ***"
        );
    }
}
