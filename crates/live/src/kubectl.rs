//! A real cluster's API server, through `kubectl proxy` on a socket in a private folder: kubectl knows how to sign in, and this
//! program need not.
//!
//! A keeper, this program once more, starts kubectl and waits for the end of a pipe that the command alone holds. So kubectl and
//! the folder are gone when the command is, however it ended.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, PipeWriter, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::blocking::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::access::{self, Access, AccessError, Answer, Verb};

/// The arguments that make this program a keeper; the folder follows.
const KEEPER: [&str; 2] = ["verify", "--keep-proxy"];
/// Files in the private folder: what is started, what it says, where it listens.
const NOTE: &str = "kubectl.json";
const LOG: &str = "kubectl.log";
const SOCKET: &str = "s";
/// Longer names do not fit into the address of a socket everywhere.
const MAX_SOCKET: usize = 100;
/// The time that kubectl has to begin, signing in included.
const READY: Duration = Duration::from_secs(30);
/// One request may take this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time that a keeper gets to clear away.
const WITHIN: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// An answer that is longer is none, in bytes.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;
/// How much of the end of kubectl's log an error repeats, in bytes.
const TAIL: usize = 2048;

/// Paths that nobody may ask for, whatever the method: Secrets, and what leads into containers and nodes.
const NO_PATHS: &str =
    "^/api/.*/secrets,^/api/.*/pods/.*/(exec|attach|portforward|proxy),^/api/.*/(services|nodes)/.*/proxy";
/// Every method but `GET`; Go's patterns cannot say "not".
const NO_CHANGES: &str = "^(|[^G].*|G|G[^E].*|GE|GE[^T].*|GET.+)$";
/// Every method but `GET`, `POST` and `PATCH`.
const FEW_CHANGES: &str = "^(|[^GP].*|G|G[^E].*|GE|GE[^T].*|GET.+|P|P[^OA].*|PO|PO[^S].*|POS|POS[^T].*|POST.+|PA|PA[^T].*|PAT|PAT[^C].*|PATC|PATC[^H].*|PATCH.+)$";

/// Which cluster, and what may be done to it.
#[derive(Debug, Clone)]
pub struct ProxyOptions<'a> {
    /// The file of `kubectl`.
    pub kubectl: &'a Path,
    /// This program's own file: started as `PROGRAM verify --keep-proxy DIR` it must call [`keep`].
    pub program: &'a Path,
    /// A context of the kubeconfig.
    pub context: &'a str,
    /// The kubeconfig; kubectl's own choice when absent.
    pub kubeconfig: Option<&'a Path>,
    /// Whether evictions and restarts are let through.
    pub may_change: bool,
}

/// Why there is no way to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// A file or folder of the proxy.
    #[error("cannot {what} `{}`: {cause}", path.display())]
    Io {
        /// `write`, `make`, ...
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// A path that is too long for a socket.
    #[error("`{}` is too long for a socket; set `TMPDIR` to a shorter folder", path.display())]
    LongPath {
        /// Which.
        path: PathBuf,
    },
    /// A process could not be started.
    #[error("`{program}` could not be started: {cause}")]
    Spawn {
        /// Which.
        program: &'static str,
        /// What the operating system says.
        cause: io::Error,
    },
    /// kubectl ended by itself.
    #[error("`kubectl --context {context} proxy` ended; it said:\n{tail}")]
    Ended {
        /// The context.
        context: String,
        /// The end of its log.
        tail: String,
    },
    /// The cluster did not answer in time.
    #[error("the cluster of context `{context}` did not answer within {seconds} s: {said}")]
    Late {
        /// The context.
        context: String,
        /// How long.
        seconds: u64,
        /// The last that was heard.
        said: String,
    },
    /// The client of HTTP could not be made.
    #[error("no client for the proxy's socket: {message}")]
    Client {
        /// Why.
        message: String,
    },
}

/// What a keeper starts.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    kubectl: PathBuf,
    arguments: Vec<OsString>,
}

/// A proxy that runs. Dropping it ends it.
pub struct Proxy {
    client: Client,
    may_change: bool,
    /// What the keeper waits for the end of; nobody else has this end of the pipe.
    pipe: Option<PipeWriter>,
    keeper: duct::Handle,
    /// Removed by the keeper, and here where that is gone.
    folder: tempfile::TempDir,
}

impl Proxy {
    /// Starts kubectl and waits until the cluster answers.
    pub fn start(options: &ProxyOptions<'_>) -> Result<Self, ProxyError> {
        let folder = tempfile::Builder::new()
            .prefix("xtask-verify-")
            .tempdir()
            .map_err(failed("make", &std::env::temp_dir()))?;
        let socket = folder.path().join(SOCKET);
        if socket.as_os_str().len() > MAX_SOCKET {
            return Err(ProxyError::LongPath { path: socket });
        }
        let note = Note {
            kubectl: options.kubectl.to_owned(),
            arguments: arguments(options, &socket),
        };
        let path = folder.path().join(NOTE);
        let text = serde_json::to_string(&note).unwrap_or_default();
        fs::write(&path, text).map_err(failed("write", &path))?;
        let client = client(&socket)?;
        let (pipe, keeper) = start_keeper(options.program, folder.path())?;
        let proxy = Self {
            client,
            may_change: options.may_change,
            pipe: Some(pipe),
            keeper,
            folder,
        };
        proxy.wait(options.context, &socket)?;
        Ok(proxy)
    }

    fn wait(&self, context: &str, socket: &Path) -> Result<(), ProxyError> {
        let deadline = Instant::now() + READY;
        let mut said = "nothing listens yet".to_owned();
        loop {
            if !matches!(self.keeper.try_wait(), Ok(None)) {
                return Err(ProxyError::Ended {
                    context: context.to_owned(),
                    tail: self.tail(),
                });
            }
            if socket.exists() {
                match self.ask(Verb::Get, "/version", None) {
                    Ok(answer) if answer.status == 200 => return Ok(()),
                    Ok(answer) => said = format!("{} ({})", answer.message(), answer.status),
                    Err(error) => said = error.to_string(),
                }
            }
            if Instant::now() > deadline {
                return Err(ProxyError::Late {
                    context: context.to_owned(),
                    seconds: READY.as_secs(),
                    said: format!("{said}\n{}", self.tail()).trim_end().to_owned(),
                });
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The end of what kubectl has said.
    fn tail(&self) -> String {
        let bytes = fs::read(self.folder.path().join(LOG)).unwrap_or_default();
        let start = bytes.len().saturating_sub(TAIL);
        String::from_utf8_lossy(bytes.get(start..).unwrap_or_default())
            .trim()
            .to_owned()
    }

    /// Only what checks do: evictions, and changes of a workload's template.
    fn is_allowed(&self, verb: Verb, path: &str) -> bool {
        let is_known = path.starts_with("/api/") || path.starts_with("/apis/") || path == "/version";
        match verb {
            Verb::Get => is_known,
            Verb::Create => self.may_change && is_known && path.ends_with("/eviction"),
            Verb::Patch => self.may_change && path.starts_with("/apis/apps/v1/namespaces/"),
        }
    }
}

impl Access for Proxy {
    fn ask(&self, verb: Verb, path: &str, body: Option<&Json>) -> Result<Answer, AccessError> {
        let what = access::what(verb, path);
        let failed = |message: String| AccessError::NoAnswer {
            what: what.clone(),
            message,
        };
        if !self.is_allowed(verb, path) {
            return Err(failed("this was not asked for".to_owned()));
        }
        let (method, media_type) = match verb {
            Verb::Get => (Method::GET, "application/json"),
            Verb::Create => (Method::POST, "application/json"),
            Verb::Patch => (Method::PATCH, "application/merge-patch+json"),
        };
        let mut request = self.client.request(method, format!("http://localhost{path}"));
        if let Some(body) = body {
            request = request.header("Content-Type", media_type).body(body.to_string());
        }
        let response = request.send().map_err(|error| failed(words(&error)))?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        let mut bounded = response.take(MAX_ANSWER + 1);
        bounded
            .read_to_end(&mut bytes)
            .map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > MAX_ANSWER {
            return Err(failed(format!("the answer has more than {MAX_ANSWER} bytes")));
        }
        let text = String::from_utf8_lossy(&bytes);
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Json::String(text.trim().to_owned()));
        Ok(Answer { status, body })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.pipe = None;
        let deadline = Instant::now() + WITHIN;
        while Instant::now() < deadline && matches!(self.keeper.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Is a keeper: starts kubectl as the note in the folder says, ends it when standard input ends, and removes the folder.
///
/// `cargo xtask verify --keep-proxy DIR` calls this.
pub fn keep(folder: &Path) -> Result<(), ProxyError> {
    let path = folder.join(NOTE);
    let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
    let note: Note = serde_json::from_str(&text).map_err(|cause| ProxyError::Io {
        what: "read",
        path,
        cause: cause.into(),
    })?;
    let log = folder.join(LOG);
    let out = File::create(&log).map_err(failed("write", &log))?;
    let error = out.try_clone().map_err(failed("write", &log))?;
    let kubectl = duct::cmd(note.kubectl, note.arguments)
        .stdin_null()
        .stdout_file(out)
        .stderr_file(error)
        .unchecked()
        .start()
        .map_err(|cause| ProxyError::Spawn {
            program: "kubectl",
            cause,
        })?;
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut nothing = [0; 64];
        let mut stdin = io::stdin().lock();
        while let Ok(1..) = stdin.read(&mut nothing) {}
        let _nobody_waits = sender.send(());
    });
    loop {
        if ended.recv_timeout(PAUSE).is_ok() {
            let _already_ended = kubectl.kill();
            let _already_gone = fs::remove_dir_all(folder);
            return Ok(());
        }
        // Its log stays for the command, which removes the folder.
        if !matches!(kubectl.try_wait(), Ok(None)) {
            return Ok(());
        }
    }
}

fn start_keeper(program: &Path, folder: &Path) -> Result<(PipeWriter, duct::Handle), ProxyError> {
    let failed = |cause| ProxyError::Spawn {
        program: "keeper of kubectl",
        cause,
    };
    let (reader, writer) = io::pipe().map_err(failed)?;
    let arguments = KEEPER.map(OsString::from).into_iter().chain([folder.into()]);
    let keeper = duct::cmd(program, arguments)
        .stdin_file(reader)
        .stdout_null()
        .stderr_null()
        .unchecked()
        .before_spawn(|command| {
            // Ctrl-C in a terminal reaches the command alone; the end of the pipe tells the keeper.
            command.process_group(0);
            Ok(())
        })
        .start()
        .map_err(failed)?;
    Ok((writer, keeper))
}

fn arguments(options: &ProxyOptions<'_>, socket: &Path) -> Vec<OsString> {
    let flag = |name: &str, value: &std::ffi::OsStr| {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        argument
    };
    let methods = if options.may_change {
        FEW_CHANGES
    } else {
        NO_CHANGES
    };
    let mut arguments = vec![flag("context", options.context.as_ref())];
    arguments.extend(
        options
            .kubeconfig
            .map(|file| flag("kubeconfig", file.as_os_str())),
    );
    arguments.extend([
        "proxy".into(),
        flag("unix-socket", socket.as_os_str()),
        flag("reject-methods", methods.as_ref()),
        flag("reject-paths", NO_PATHS.as_ref()),
    ]);
    arguments
}

fn client(socket: &Path) -> Result<Client, ProxyError> {
    // Fails only where the process has a provider already, which is as good.
    let _known = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .unix_socket(socket)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build();
    client.map_err(|error| ProxyError::Client {
        message: words(&error),
    })
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProxyError {
    let path = path.to_owned();
    move |cause| ProxyError::Io { what, path, cause }
}

/// The innermost cause of an error: the outer ones repeat the URL.
fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kubectl takes Go's patterns; these use nothing that the two languages read differently.
    fn refused(pattern: &str, methods: &[&str]) -> Vec<String> {
        let pattern = regex::Regex::new(pattern).unwrap();
        let refused = methods.iter().filter(|method| pattern.is_match(method));
        refused.map(|method| (*method).to_owned()).collect()
    }

    #[test]
    fn only_what_is_asked_for_passes_the_proxy() {
        let all = [
            "GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "get", "GETX", "", "P", "POSTS", "PATC",
        ];
        assert_eq!(refused(NO_CHANGES, &all), all[1..]);
        assert_eq!(refused(FEW_CHANGES, &all), all[3..]);
        let paths = [
            "/api/v1/namespaces/n/secrets",
            "/api/v1/namespaces/n/secrets/s",
            "/api/v1/secrets",
            "/api/v1/namespaces/n/pods/p/exec",
            "/api/v1/nodes/n/proxy/metrics",
            "/api/v1/namespaces/n/pods",
            "/api/v1/namespaces/n/pods/p/eviction",
        ];
        let patterns: Vec<regex::Regex> = NO_PATHS
            .split(',')
            .map(|pattern| regex::Regex::new(pattern).unwrap())
            .collect();
        let let_through: Vec<&str> = paths
            .into_iter()
            .filter(|path| !patterns.iter().any(|pattern| pattern.is_match(path)))
            .collect();
        assert_eq!(let_through, paths[5..]);
    }

    #[test]
    fn names_reach_kubectl_as_one_argument() {
        let options = ProxyOptions {
            kubectl: Path::new("kubectl"),
            program: Path::new("xtask"),
            context: "-x; rm",
            kubeconfig: None,
            may_change: false,
        };
        let arguments = arguments(&options, Path::new("/t/s"));
        assert_eq!(
            arguments[..3],
            ["--context=-x; rm", "proxy", "--unix-socket=/t/s"].map(OsString::from)
        );
    }
}
