//! How checks speak to an API server, whoever's it is.

use scenarios::ObjectName;
use serde_json::Value as Json;

use crate::kind;
use crate::object::text;

/// What is done at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `GET`: nothing changes.
    Get,
    /// `POST`.
    Create,
    /// `PATCH` with a JSON merge patch, RFC 7386.
    Patch,
}

impl Verb {
    /// The method of HTTP.
    pub fn method(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Create => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// What an API server says.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// The object, the list or the Status; a string where the answer was no JSON.
    pub body: Json,
}

impl Answer {
    /// The message of a Status, else the whole text.
    pub fn message(&self) -> String {
        let message = text(&self.body, "/message");
        if message.is_empty() {
            self.body
                .as_str()
                .map_or_else(|| self.body.to_string(), str::to_owned)
        } else {
            message.to_owned()
        }
    }
}

/// An API server.
pub trait Access {
    /// Asks once. The path begins with `/api` or `/apis`; a body is JSON. An error only where there is no answer.
    fn ask(&self, verb: Verb, path: &str, body: Option<&Json>) -> Result<Answer, AccessError>;
}

/// Why there is nothing to judge.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Nobody answers.
    #[error("the API server does not answer {what}: {message}")]
    NoAnswer {
        /// `GET /api/v1/pods`.
        what: String,
        /// What went wrong.
        message: String,
    },
    /// It answers that it will not.
    #[error("the API server refuses {what}: {message} ({status})")]
    Refused {
        /// `GET /api/v1/pods`.
        what: String,
        /// Status of HTTP.
        status: u16,
        /// Its words.
        message: String,
    },
}

/// An object; none where there is no such thing, or where no check reads its kind.
pub fn object(access: &dyn Access, name: &ObjectName) -> Result<Option<Json>, AccessError> {
    let Some(collection) = kind::collection(&name.kind, &name.namespace) else {
        return Ok(None);
    };
    get(access, &format!("{collection}/{}", name.name))
}

/// A node.
pub(crate) fn node(access: &dyn Access, name: &str) -> Result<Option<Json>, AccessError> {
    get(access, &format!("/api/v1/nodes/{name}"))
}

/// The objects of a kind in a namespace that a label selector selects.
pub(crate) fn list(
    access: &dyn Access,
    kind: &str,
    namespace: &str,
    selector: &str,
) -> Result<Vec<Json>, AccessError> {
    let Some(collection) = kind::collection(kind, namespace) else {
        return Ok(Vec::new());
    };
    let query = encode(selector);
    let list = get(access, &format!("{collection}?labelSelector={query}"))?;
    let items = list.and_then(|mut list| list.get_mut("items").map(Json::take));
    match items {
        Some(Json::Array(items)) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

/// An answer that is no refusal.
pub(crate) fn accepted(verb: Verb, path: &str, answer: Answer) -> Result<Json, AccessError> {
    match answer.status {
        200..=299 => Ok(answer.body),
        status => Err(AccessError::Refused {
            what: what(verb, path),
            status,
            message: answer.message(),
        }),
    }
}

fn get(access: &dyn Access, path: &str) -> Result<Option<Json>, AccessError> {
    let answer = access.ask(Verb::Get, path, None)?;
    if answer.status == 404 {
        return Ok(None);
    }
    accepted(Verb::Get, path, answer).map(Some)
}

/// A request as messages name it, without its query.
pub(crate) fn what(verb: Verb, path: &str) -> String {
    format!("{} {}", verb.method(), path.split('?').next().unwrap_or(path))
}

/// A text in a query, RFC 3986.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(
                    char::from_digit(u32::from(digit), 16)
                        .unwrap_or('0')
                        .to_ascii_uppercase(),
                );
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_encoded() {
        assert_eq!(encode("a.b/c in (d,e)"), "a.b%2Fc%20in%20%28d%2Ce%29");
    }

    #[test]
    fn a_refusal_is_said_in_the_servers_words() {
        let answer = Answer {
            status: 403,
            body: serde_json::json!({"kind": "Status", "message": "pods is forbidden"}),
        };
        let error = accepted(Verb::Get, "/api/v1/pods?x=y", answer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the API server refuses GET /api/v1/pods: pods is forbidden (403)"
        );
    }
}
