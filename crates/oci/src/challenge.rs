//! How a registry wants to be logged in to: its `WWW-Authenticate` headers.

use http_auth::{ChallengeRef, parse_challenges};
use reqwest::Url;

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User name and password in each request.
    Basic,
    /// A token of a token service.
    Bearer(Box<Bearer>),
}

/// Where tokens come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// The token service's address.
    pub(crate) realm: Url,
    pub(crate) service: Option<String>,
    /// `repository:NAME:ACTIONS`, of the repository that is asked for, and no action but reading.
    pub(crate) scope: String,
}

/// The strongest challenge that can be met; an error names what is wrong with those that are there.
///
/// Only reading is ever asked for, and only of `repository`, whatever the header says.
pub(crate) fn choose(headers: &[String], repository: &str) -> Result<Option<Challenge>, &'static str> {
    let mut basic = false;
    for header in headers {
        let challenges = parse_challenges(header).map_err(|_| "asks for access in no known form")?;
        for challenge in challenges {
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                return bearer(&challenge, repository)
                    .map(|bearer| Some(Challenge::Bearer(Box::new(bearer))));
            }
            basic |= challenge.scheme.eq_ignore_ascii_case("basic");
        }
    }
    Ok(basic.then_some(Challenge::Basic))
}

fn bearer(challenge: &ChallengeRef<'_>, repository: &str) -> Result<Bearer, &'static str> {
    let parameter = |name: &str| {
        let mut all = challenge.params.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_unescaped())
    };
    let realm = parameter("realm").ok_or("names no token service")?;
    let realm = Url::parse(&realm).map_err(|_| "names a token service that is no URL")?;
    if !matches!(realm.scheme(), "https" | "http") || !realm.has_host() {
        return Err("names a token service that is no URL");
    }
    if !realm.username().is_empty() || realm.password().is_some() {
        return Err("names a token service together with a user");
    }
    // Azure lists tags only with an action of its own.
    let metadata = parameter("scope").is_some_and(|scope| {
        scope.split(' ').any(|scope| {
            let actions = scope
                .strip_prefix("repository:")
                .and_then(|rest| rest.strip_prefix(repository)?.strip_prefix(':'));
            actions.is_some_and(|actions| actions.split(',').any(|action| action == "metadata_read"))
        })
    });
    let actions = if metadata { "metadata_read,pull" } else { "pull" };
    Ok(Bearer {
        realm,
        service: parameter("service").filter(|service| !service.is_empty()),
        scope: format!("repository:{repository}:{actions}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[&str]) -> Result<Option<Challenge>, &'static str> {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        choose(&headers, "a/b")
    }

    fn bearer_of(header: &str) -> Bearer {
        match of(&[header]) {
            Ok(Some(Challenge::Bearer(bearer))) => *bearer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn prefers_tokens_to_passwords() {
        let token = r#"bearer realm="https://auth.example/token?a=b",service="r""#;
        for headers in [&["Basic realm=\"x\"", token][..], &[token, "Basic realm=\"x\""]] {
            assert!(
                matches!(of(headers), Ok(Some(Challenge::Bearer(_)))),
                "{headers:?}"
            );
        }
        let found = bearer_of(&format!("Basic realm=\"x\", {token}"));
        assert_eq!(found.realm.as_str(), "https://auth.example/token?a=b");
        assert_eq!(found.service.as_deref(), Some("r"));
        assert_eq!(
            of(&["Negotiate", "BASIC realm=\"x\""]),
            Ok(Some(Challenge::Basic))
        );
        assert_eq!(of(&["Negotiate"]), Ok(None));
        assert_eq!(of(&[]), Ok(None));
    }

    #[test]
    fn asks_for_reading_the_own_repository_and_nothing_else() {
        let scope =
            |scope: &str| bearer_of(&format!(r#"Bearer realm="https://auth.example",scope="{scope}""#)).scope;
        for asked in [
            "",
            "repository:a/b:pull,push",
            "repository:x:metadata_read",
            "registry:catalog:*",
        ] {
            assert_eq!(scope(asked), "repository:a/b:pull", "{asked}");
        }
        assert_eq!(
            scope("repository:a/b:metadata_read"),
            "repository:a/b:metadata_read,pull"
        );
    }

    #[test]
    fn refuses_services_that_are_none() {
        for (header, why) in [
            ("Bearer service=\"r\"", "names no token service"),
            ("Bearer realm=\"/token\"", "no URL"),
            ("Bearer realm=\"file:///etc/passwd\"", "no URL"),
            (
                "Bearer realm=\"https://me:pw@auth.example\"",
                "together with a user",
            ),
            ("Bearer realm=\"", "no known form"),
        ] {
            assert!(of(&[header]).unwrap_err().contains(why), "{header}");
        }
    }
}
