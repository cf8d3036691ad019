//! Credentials for a registry from the files that docker, podman and helm write.
//!
//! Credential helpers are never started: `docker_credential` runs them without a time limit, and processes belong to
//! the `tools` crate. A helper that is configured for the registry is named in the reason instead.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_distribution::secrets::RegistryAuth;
use serde_json::Value;

/// The largest credential file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The files to look into, first match wins.
#[derive(Debug)]
pub(crate) struct Credentials {
    files: Vec<PathBuf>,
    helpers_allowed: bool,
}

/// What to log in with, and in words where it comes from.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) auth: RegistryAuth,
    pub(crate) source: String,
}

impl Credentials {
    /// The files of this user: `registry_config`, docker's, podman's, helm's.
    pub(crate) fn from_env(registry_config: Option<&Path>, helpers_allowed: bool) -> Self {
        let set = |name: &str| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = set("HOME");
        let docker = set("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker")));
        let helm = set("HELM_REGISTRY_CONFIG")
            .or_else(|| Some(set("HELM_CONFIG_HOME")?.join("registry/config.json")))
            .or_else(|| Some(set("XDG_CONFIG_HOME")?.join("helm/registry/config.json")))
            .or_else(|| Some(home.as_ref()?.join(".config/helm/registry/config.json")));
        let files = [
            registry_config.map(Path::to_path_buf),
            docker.map(|folder| folder.join("config.json")),
            set("REGISTRY_AUTH_FILE"),
            set("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
            helm,
        ];
        Self::new(files.into_iter().flatten().collect(), helpers_allowed)
    }

    fn new(files: Vec<PathBuf>, helpers_allowed: bool) -> Self {
        Self {
            files,
            helpers_allowed,
        }
    }

    /// The access to a repository; anonymous where no file knows the registry.
    pub(crate) fn find(&self, registry: &str, repository: &str) -> Access {
        let mut notes = Vec::new();
        let mut looked = Vec::new();
        for file in &self.files {
            let text = match read(file) {
                Ok(Some(text)) => text,
                Ok(None) => continue,
                Err(why) => {
                    notes.push(format!("`{}` cannot be read: {why}", file.display()));
                    continue;
                }
            };
            looked.push(format!("`{}`", file.display()));
            match look_up(&text, registry, repository) {
                Ok(Found {
                    credential: Some(credential),
                    ..
                }) => {
                    let source = format!("with the credentials of `{}`", file.display());
                    return Access {
                        auth: auth(credential),
                        source,
                    };
                }
                Ok(Found {
                    helper: Some(helper), ..
                }) => notes.push(self.helper_note(&helper, file)),
                Ok(_) => {}
                Err(why) => notes.push(format!("`{}` {why}", file.display())),
            }
        }
        let mut source = if looked.is_empty() {
            "without credentials, no file holds any".to_owned()
        } else {
            format!(
                "without credentials, none for `{registry}` in {}",
                looked.join(", ")
            )
        };
        for note in notes {
            source.push_str("; ");
            source.push_str(&note);
        }
        Access {
            auth: RegistryAuth::Anonymous,
            source,
        }
    }

    fn helper_note(&self, helper: &str, file: &Path) -> String {
        let why = if self.helpers_allowed {
            "helpers cannot be run within a time limit here"
        } else {
            "helpers are not allowed"
        };
        format!(
            "helper `docker-credential-{helper}` of `{}` was not run, {why}",
            file.display()
        )
    }
}

struct Found {
    credential: Option<DockerCredential>,
    helper: Option<String>,
}

/// The text of a file; nothing where there is no such file.
fn read(file: &Path) -> Result<Option<String>, String> {
    let Ok(metadata) = fs::metadata(file) else {
        return Ok(None);
    };
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return Err(format!("wanted a file of at most {MAX_FILE} bytes"));
    }
    fs::read_to_string(file)
        .map(Some)
        .map_err(|error| error.kind().to_string())
}

/// Looks for the repository, its parents and the registry, as podman and docker write their keys.
fn look_up(text: &str, registry: &str, repository: &str) -> Result<Found, &'static str> {
    let mut config: Value = serde_json::from_str(text).map_err(|_| "is no JSON")?;
    let Some(fields) = config.as_object_mut() else {
        return Err("is no JSON object");
    };
    // Both must be gone before docker_credential sees the text, or it starts a process.
    let helpers = fields.remove("credHelpers");
    let store = fields.remove("credsStore");
    let named = helpers
        .as_ref()
        .and_then(|helpers| helpers.get(registry))
        .and_then(Value::as_str);
    if let Some(helper) = named.filter(|helper| !helper.is_empty()) {
        return Ok(Found {
            credential: None,
            helper: Some(helper.to_owned()),
        });
    }
    let config = config.to_string();
    let mut key = format!("{registry}/{repository}");
    loop {
        match get_credential_from_reader(config.as_bytes(), &key) {
            Ok(credential) => {
                return Ok(Found {
                    credential: Some(credential),
                    helper: None,
                });
            }
            Err(CredentialRetrievalError::NoCredentialConfigured) => {}
            Err(CredentialRetrievalError::ConfigReadError) => {
                return Err("has another form than docker's config.json");
            }
            Err(_) => return Err("has an entry for the registry that cannot be decoded"),
        }
        match key.rfind('/') {
            Some(at) => key.truncate(at),
            None => break,
        }
    }
    let helper = store
        .as_ref()
        .and_then(Value::as_str)
        .filter(|helper| !helper.is_empty())
        .map(str::to_owned);
    Ok(Found {
        credential: None,
        helper,
    })
}

fn auth(credential: DockerCredential) -> RegistryAuth {
    match credential {
        DockerCredential::IdentityToken(token) => RegistryAuth::Bearer(token),
        DockerCredential::UsernamePassword(user, password) => RegistryAuth::Basic(user, password),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(texts: &[&str], helpers_allowed: bool) -> Access {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..texts.len())
            .map(|n| folder.path().join(format!("{n}.json")))
            .collect();
        for (file, text) in files.iter().zip(texts) {
            fs::write(file, text).unwrap();
        }
        Credentials::new(files, helpers_allowed).find("r.example", "org/chart")
    }

    fn basic(user: &str) -> RegistryAuth {
        RegistryAuth::Basic(user.to_owned(), "p".to_owned())
    }

    #[test]
    fn takes_the_first_file_that_knows_the_registry() {
        let access = find(
            &[
                r#"{"auths":{"other.example":{"auth":"eDpw"}}}"#,
                r#"{"auths":{"https://r.example":{"auth":"YTpw"}}}"#,
                r#"{"auths":{"r.example":{"auth":"YjpW"}}}"#,
            ],
            false,
        );
        assert_eq!(access.auth, basic("a"));
        assert!(access.source.starts_with("with the credentials of `") && access.source.contains("1.json"));
    }

    #[test]
    fn prefers_the_key_of_the_repository() {
        let access = find(
            &[r#"{"auths":{"r.example":{"auth":"YTpw"},"r.example/org":{"auth":"Yjpw"}}}"#],
            false,
        );
        assert_eq!(access.auth, basic("b"));
        let access = find(
            &[r#"{"auths":{"r.example":{"username":"c","password":"p"}}}"#],
            false,
        );
        assert_eq!(access.auth, basic("c"));
        let access = find(&[r#"{"auths":{"r.example":{"identitytoken":"t"}}}"#], false);
        assert_eq!(access.auth, RegistryAuth::Bearer("t".to_owned()));
    }

    #[test]
    fn names_helpers_and_never_runs_them() {
        for text in [
            r#"{"credHelpers":{"r.example":"never"}}"#,
            r#"{"auths":{},"credsStore":"never"}"#,
        ] {
            let access = find(&[text], false);
            assert_eq!(access.auth, RegistryAuth::Anonymous);
            assert!(
                access.source.contains("`docker-credential-never`"),
                "{}",
                access.source
            );
            assert!(
                access.source.ends_with("was not run, helpers are not allowed"),
                "{}",
                access.source
            );
            assert!(find(&[text], true).source.ends_with("within a time limit here"));
        }
        let access = find(
            &[r#"{"auths":{"r.example":{"auth":"YTpw"}},"credsStore":"never"}"#],
            false,
        );
        assert_eq!(access.auth, basic("a"));
    }

    #[test]
    fn says_which_file_is_unusable() {
        let access = find(&["{", r#"{"auths":{"r.example":{"auth":"%"}}}"#], false);
        assert!(access.source.contains("0.json` is no JSON"), "{}", access.source);
        assert!(
            access.source.contains("1.json` has an entry for the registry"),
            "{}",
            access.source
        );
        assert!(
            Credentials::new(Vec::new(), false)
                .find("r", "c")
                .source
                .ends_with("no file holds any")
        );
    }
}
