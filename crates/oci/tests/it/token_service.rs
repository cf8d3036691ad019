//! A token service that signs what docker-registry verifies, for one user.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use tempfile::TempDir;

use crate::docker::command;
use crate::liar::{Liar, Reply, Request};

/// A running token service; its certificate is `service.pem` in its folder.
pub(crate) struct TokenService {
    pub(crate) folder: TempDir,
    server: Liar,
}

impl TokenService {
    pub(crate) fn start(openssl: &Path, user: &str, password: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=service -keyout service.key -out service.pem";
        let made = command(openssl)
            .current_dir(folder.path())
            .args(new.split(' '))
            .status();
        assert!(made.unwrap().success(), "openssl {new}");
        let access = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let (openssl, place) = (openssl.to_path_buf(), folder.path().to_path_buf());
        let server = Liar::start(move |request| {
            if request.header("authorization") != Some(&access) {
                return Reply::new(401, "");
            }
            Reply::ok(json!({"token": token(&openssl, &place, request)}).to_string())
        });
        Self { folder, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/token", self.server.host())
    }

    /// How many tokens somebody asked for.
    pub(crate) fn asked(&self) -> usize {
        self.server.count("/token")
    }
}

/// A signed token for all that is asked for.
fn token(openssl: &Path, folder: &Path, request: &Request) -> String {
    let certificate = fs::read_to_string(folder.join("service.pem")).unwrap();
    let der: String = certificate
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let query = request
        .path
        .replace("%3A", ":")
        .replace("%2F", "/")
        .replace("%2C", ",");
    let scopes = query
        .split(['?', '&'])
        .filter_map(|part| part.strip_prefix("scope=repository:"));
    let access: Vec<_> = scopes
        .filter_map(|scope| {
            let (name, actions) = scope.split_once(':')?;
            let actions: Vec<&str> = actions.split(',').collect();
            Some(json!({"type": "repository", "name": name, "actions": actions}))
        })
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [der]});
    let claims = json!({
        "iss": "issuer", "sub": "demo", "aud": "demo", "jti": "1",
        "iat": now, "nbf": now - 60, "exp": now + 300, "access": access,
    });
    let encoded = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encoded(header), encoded(claims));
    // A folder for each, since several may be asked for at once.
    let aside = tempfile::tempdir().unwrap();
    fs::write(aside.path().join("text"), &text).unwrap();
    let signed = command(openssl)
        .current_dir(aside.path())
        .args(["dgst", "-sha256", "-out", "signature", "-sign"])
        .arg(folder.join("service.key"))
        .arg("text")
        .status();
    assert!(signed.unwrap().success(), "openssl dgst");
    let signature = fs::read(aside.path().join("signature")).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
