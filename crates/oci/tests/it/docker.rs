//! Debian's docker-registry as a process, and charts that helm makes and pushes.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[expect(
    clippy::disallowed_methods,
    reason = "the tools crate knows neither docker-registry nor openssl"
)]
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = [env::var_os("XTASK_TOOLS_DIR"), env::var_os("PATH")];
    let paths = folders.iter().flatten().flat_map(env::split_paths);
    paths.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The programs, or the reason why the calling test is skipped.
pub(crate) fn programs<const N: usize>(test: &str, names: [&str; N]) -> Option<[PathBuf; N]> {
    let found = names.map(|name| on_path(name).ok_or(name));
    if let Some(missing) = found.iter().find_map(|path| path.as_ref().err()) {
        eprintln!("skipped real::{test}: no `{missing}`");
        return None;
    }
    Some(found.map(Result::unwrap_or_default))
}

/// A docker-registry process with its own folder; both end with it.
pub(crate) struct Registry {
    process: Child,
    pub(crate) folder: TempDir,
    pub(crate) host: String,
}

impl Registry {
    pub(crate) fn start(program: &Path, more: impl Fn(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let store = folder.path().join("store");
        let config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{cache: {{blobdescriptor: inmemory}}, filesystem: {{rootdirectory: {}}}}}\n{}",
            store.display(),
            more(folder.path()).replace("ADDRESS", &address.to_string())
        );
        let file = folder.path().join("config.yml");
        fs::write(&file, config).unwrap();
        let process = command(program).arg("serve").arg(&file).spawn().unwrap();
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "docker-registry does not listen"
            );
            thread::sleep(Duration::from_millis(20));
        }
        Self {
            process,
            folder,
            host: address.to_string(),
        }
    }

    /// A helm command whose files all lie in the registry's folder.
    pub(crate) fn helm(&self, program: &Path) -> Command {
        let mut helm = command(program);
        let folder = self.folder.path();
        helm.current_dir(folder)
            .env("HOME", folder)
            .env("HELM_REGISTRY_CONFIG", folder.join("helm.json"));
        helm.env("HELM_CACHE_HOME", folder.join("cache"))
            .env("HELM_CONFIG_HOME", folder.join("config"));
        helm
    }

    /// Runs helm, which must succeed.
    pub(crate) fn run_helm(&self, program: &Path, arguments: &[&str]) {
        let status = self.helm(program).args(arguments).status().unwrap();
        assert!(status.success(), "helm {arguments:?}: {status}");
    }

    /// Makes chart `demo` and pushes it to `charts/` in these versions.
    pub(crate) fn push(&self, helm: &Path, transport: &[&str], versions: &[&str]) {
        let run = |arguments: &[&str]| self.run_helm(helm, arguments);
        run(&["create", "demo"]);
        for version in versions {
            run(&["package", "demo", "--version", version, "--app-version", "9.9"]);
            let archive = format!("demo-{version}.tgz");
            let target = format!("oci://{}/charts", self.host);
            run(&[&["push", &archive, &target], transport].concat());
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn plain(_: &Path) -> String {
    "http: {addr: ADDRESS}\n".to_owned()
}

/// Writes `ca.pem`, and with its signature `leaf.pem` and `key.pem` for this machine's address.
pub(crate) fn certificates(openssl: &Path, folder: &Path) {
    let make = |arguments: &str| {
        let mut openssl = command(openssl);
        let status = openssl.current_dir(folder).args(arguments.split(' ')).status();
        assert!(status.unwrap().success(), "openssl {arguments}");
    };
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    make(&format!("{new} -subj /CN=authority -keyout ca.key -out ca.pem"));
    let names = "-addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1";
    make(&format!(
        "{new} -subj /CN=demo {names} -CA ca.pem -CAkey ca.key -keyout key.pem -out leaf.pem"
    ));
}

/// A registry's settings for TLS with [`certificates`].
pub(crate) fn serving_tls(folder: &Path) -> String {
    let (key, certificate) = (folder.join("key.pem"), folder.join("leaf.pem"));
    let (key, certificate) = (key.display(), certificate.display());
    format!("http: {{addr: ADDRESS, tls: {{certificate: {certificate}, key: {key}}}}}\n")
}
