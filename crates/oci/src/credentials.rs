//! Credentials for a registry: from the files that docker, podman and helm write, and from the helpers they name.
//!
//! `docker_credential` reads the files. It would run helpers without a time limit, so those are taken out before it
//! sees the text, and started by the `tools` crate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_distribution::secrets::RegistryAuth;
use serde_json::Value;
use tokio::sync::OnceCell;
use tools::credential_helper;

use crate::endpoint::DOCKER_HUB;
use crate::options::Options;

/// The largest credential file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The files to look into, first match wins.
pub(crate) struct Credentials {
    files: Vec<PathBuf>,
    helpers_allowed: bool,
    /// Where helpers are looked for, in the form of `PATH`.
    search_path: OsString,
    /// What a helper said about a registry: each is asked once.
    said: RefCell<BTreeMap<HelperQuestion, Rc<OnceCell<Said>>>>,
}

/// A helper's name, and the server that it is asked for.
type HelperQuestion = (String, String);

/// A helper's credentials, if it has any, or what went wrong, in words.
type Said = Result<Option<RegistryAuth>, String>;

/// What to log in with, and in words where it comes from.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) auth: RegistryAuth,
    pub(crate) source: String,
}

impl Credentials {
    /// The files of this user: `registry_config`, docker's, podman's, helm's.
    pub(crate) fn new(options: &Options) -> Self {
        let environment = &options.environment;
        let set = |name: &str| environment.path(name);
        let home = set("HOME");
        let docker = set("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker")));
        let helm = set("HELM_REGISTRY_CONFIG")
            .or_else(|| Some(set("HELM_CONFIG_HOME")?.join("registry/config.json")))
            .or_else(|| Some(set("XDG_CONFIG_HOME")?.join("helm/registry/config.json")))
            .or_else(|| Some(home.as_ref()?.join(".config/helm/registry/config.json")));
        let files = [
            options.registry_config.clone(),
            docker.map(|folder| folder.join("config.json")),
            set("REGISTRY_AUTH_FILE"),
            set("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
            helm,
        ];
        Self {
            files: files.into_iter().flatten().collect(),
            helpers_allowed: options.credential_helpers,
            search_path: environment.get("PATH").unwrap_or_default().to_owned(),
            said: RefCell::default(),
        }
    }

    /// The access to a repository; anonymous where no file knows the registry.
    pub(crate) async fn find(&self, registry: &str, repository: &str) -> Access {
        let mut notes = Vec::new();
        let mut looked = Vec::new();
        for file in &self.files {
            let shown = format!("`{}`", file.display());
            let text = match read(file) {
                Ok(Some(text)) => text,
                Ok(None) => continue,
                Err(why) => {
                    notes.push(format!("{shown} cannot be read: {why}"));
                    continue;
                }
            };
            looked.push(shown.clone());
            match look_up(&text, registry, repository) {
                Ok(Found::Credential(credential)) => {
                    return Access {
                        auth: auth(credential),
                        source: format!("with the credentials of {shown}"),
                    };
                }
                Ok(Found::Helper { name, server }) => {
                    let helper = format!("helper `docker-credential-{}` of {shown}", shown_name(&name));
                    match self.ask_helper(name, server).await {
                        Ok(Some(auth)) => {
                            let source = format!("with the credentials of {helper}");
                            return Access { auth, source };
                        }
                        Ok(None) => notes.push(format!("{helper} has none")),
                        Err(why) => notes.push(format!("{helper} {why}")),
                    }
                }
                Ok(Found::Nothing) => {}
                Err(why) => notes.push(format!("{shown} {why}")),
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

    async fn ask_helper(&self, name: String, server: String) -> Said {
        if !self.helpers_allowed {
            return Err("was not run, helpers are not allowed".to_owned());
        }
        let key = (name.clone(), server.clone());
        let cell = Rc::clone(self.said.borrow_mut().entry(key).or_default());
        let search_path = self.search_path.clone();
        let ask = || async {
            let asked =
                tokio::task::spawn_blocking(move || credential_helper::get(&name, &server, &search_path));
            match asked.await {
                Ok(Ok(found)) => Ok(found.map(|found| {
                    if found.username == credential_helper::IDENTITY_TOKEN {
                        RegistryAuth::Bearer(found.secret)
                    } else {
                        RegistryAuth::Basic(found.username, found.secret)
                    }
                })),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("was not followed to its end".to_owned()),
            }
        };
        cell.get_or_init(ask).await.clone()
    }
}

/// What a file says about a registry.
enum Found {
    Credential(DockerCredential),
    /// The helper's name behind `docker-credential-`, and what to ask it for.
    Helper {
        name: String,
        server: String,
    },
    Nothing,
}

/// A helper's name comes from a file; on a terminal it is one short word.
fn shown_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
/// The text of a file; nothing where there is no such file.
fn read(file: &std::path::Path) -> Result<Option<String>, String> {
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
        .and_then(|helpers| {
            let hub = (registry == DOCKER_HUB)
                .then(|| helpers.get("docker.io"))
                .flatten();
            helpers.get(registry).or(hub)
        })
        .and_then(Value::as_str);
    if let Some(name) = named.filter(|helper| !helper.is_empty()) {
        return Ok(Found::Helper {
            name: name.to_owned(),
            server: registry.to_owned(),
        });
    }
    let config = config.to_string();
    let mut key = format!("{registry}/{repository}");
    loop {
        match get_credential_from_reader(config.as_bytes(), &key) {
            Ok(credential) => return Ok(Found::Credential(credential)),
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
    let store = store.as_ref().and_then(Value::as_str);
    // `docker login` keeps Docker Hub under the address of an API that is long gone.
    let server = if registry == DOCKER_HUB {
        format!("https://{DOCKER_HUB}/v1/")
    } else {
        registry.to_owned()
    };
    Ok(store
        .filter(|helper| !helper.is_empty())
        .map_or(Found::Nothing, |name| Found::Helper {
            name: name.to_owned(),
            server,
        }))
}

fn auth(credential: DockerCredential) -> RegistryAuth {
    match credential {
        DockerCredential::IdentityToken(token) => RegistryAuth::Bearer(token),
        DockerCredential::UsernamePassword(user, password) => RegistryAuth::Basic(user, password),
    }
}

#[cfg(test)]
mod tests;
