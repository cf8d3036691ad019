//! One HTTP server on loopback for git and charts; both below a name that nobody can guess.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use flux::ClusterBuild;

use crate::copy::Copy;
use crate::error::RehearseError;
use crate::http::{self, Request, Response};
use crate::own::{Kind, Own};
use crate::registry::{Chart, Registry};
use crate::run::Run;
use crate::{artifact, child, random};

/// How many requests are answered at once; more have to come back.
const MAX_CONNECTIONS: usize = 64;
/// The name of the served repository.
const REPOSITORY: &str = "tree.git";

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    secret: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What is served.
struct Site {
    secret: String,
    /// The folder that holds the served repository.
    root: PathBuf,
    /// The rehearsal's folder.
    folder: PathBuf,
    git: PathBuf,
    registry: Registry,
}

impl Server {
    /// Serves a copy of the tree, as an artifact too where the cluster wants it so, and these charts.
    pub fn start(
        run: &Run,
        copy: &Copy,
        build: &ClusterBuild,
        charts: &[Chart],
    ) -> Result<Self, RehearseError> {
        let mut content = charts.to_vec();
        if Own::of(build)?.of_kind(Kind::Oci).next().is_some() {
            content.push(artifact::of(run, copy)?);
        }
        let failed = |cause| RehearseError::Spawn {
            part: "server of git and charts".to_owned(),
            cause,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let secret = random::hex(12)?;
        run.is_secret(&secret);
        let site = Arc::new(Site {
            registry: Registry::new(&secret, &content),
            secret: secret.clone(),
            root: copy.git_root().to_owned(),
            folder: run.folder().to_owned(),
            git: copy.git().to_owned(),
        });
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .spawn(move || accept(&listener, &site, &told))
            .map_err(failed)?;
        Ok(Self {
            address,
            secret,
            stop,
            thread: Some(thread),
        })
    }

    /// Where the tree is: `http://...`.
    pub(crate) fn git_url(&self) -> String {
        format!("http://{}/{}/{REPOSITORY}", self.address, self.secret)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The name below which everything is.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ended = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, site: &Arc<Site>, stop: &AtomicBool) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (site, counter) = (Arc::clone(site), Arc::clone(&open));
        let served = thread::Builder::new().spawn(move || {
            // A client that goes away in the middle comes back.
            let _gone = http::serve(&stream, |request| site.answer(request));
            let _closed = stream.shutdown(Shutdown::Both);
            counter.fetch_sub(1, Ordering::Relaxed);
        });
        if served.is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Site {
    fn answer(&self, request: &Request) -> Response {
        if request.path == "/v2" || request.path.starts_with("/v2/") {
            return self.registry.answer(request);
        }
        let below = request
            .path
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(&self.secret))
            .filter(|path| path.starts_with(&format!("/{REPOSITORY}/")));
        match below {
            Some(path) => self
                .git(request, path)
                .unwrap_or_else(|| Response::new(500, "text/plain", "`git http-backend` did not answer\n")),
            None => Response::not_found(),
        }
    }

    /// What `git http-backend` says, as a CGI program does.
    fn git(&self, request: &Request, path: &str) -> Option<Response> {
        let header = |name| request.header(name).unwrap_or_default().to_owned();
        let variables = [
            ("GIT_PROJECT_ROOT", self.root.clone().into()),
            ("GIT_HTTP_EXPORT_ALL", "1".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("PATH_INFO", path.into()),
            ("QUERY_STRING", request.query.clone().into()),
            ("REQUEST_METHOD", request.method.clone().into()),
            ("CONTENT_TYPE", header("content-type").into()),
            ("CONTENT_LENGTH", request.body.len().to_string().into()),
            ("HTTP_CONTENT_ENCODING", header("content-encoding").into()),
            ("GIT_PROTOCOL", header("git-protocol").into()),
        ];
        let output = duct::cmd(self.git.as_os_str(), ["http-backend"])
            .full_env(child::environment(&self.folder, &variables))
            .dir(&self.root)
            .stdin_bytes(request.body.clone())
            .stdout_capture()
            .stderr_null()
            .unchecked()
            .run()
            .ok()?;
        cgi(&output.stdout)
    }
}

/// Header lines, an empty line, the body.
fn cgi(output: &[u8]) -> Option<Response> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(output.get(..end)?).ok()?;
    let mut response = Response {
        status: 200,
        headers: Vec::new(),
        body: output.get(end + 4..)?.to_vec(),
    };
    for line in head.lines() {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("status") {
            response.status = value.split_whitespace().next()?.parse().ok()?;
        } else {
            response.headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    Some(response)
}

/// The folder of the served repository below the root that `git http-backend` is given.
pub(crate) fn repository(root: &Path) -> PathBuf {
    root.join(REPOSITORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_cgi_program_says() {
        let response = cgi(b"Status: 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nno").unwrap();
        assert_eq!(
            (response.status, response.body.as_slice()),
            (403, b"no".as_slice())
        );
        assert_eq!(response.headers[0].1, "text/plain");
        assert!(cgi(b"nothing").is_none());
    }
}
