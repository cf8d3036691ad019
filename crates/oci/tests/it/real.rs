//! Preflights against Debian's docker-registry with charts that helm made and pushed.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use oci::{ChartRequest, Options, Verdict};
use tempfile::TempDir;

use crate::chart::{ask, assert_missing, assert_there, assert_unknown, options, request, semver, tag};

const USER: &str = "demo";
const PASSWORD: &str = "secret-pass";
/// The password as `htpasswd -B` writes it.
const HTPASSWD: &str = "demo:$2y$04$abcdefghijklmnopqrstuuTG6d.sp3peJ6F9EzCIZGfe/12vDxgmu\n";

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
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n{}",
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
    fn helm(&self, program: &Path) -> Command {
        let mut helm = command(program);
        let folder = self.folder.path();
        helm.current_dir(folder)
            .env("HOME", folder)
            .env("HELM_REGISTRY_CONFIG", folder.join("helm.json"));
        helm.env("HELM_CACHE_HOME", folder.join("cache"))
            .env("HELM_CONFIG_HOME", folder.join("config"));
        helm
    }

    /// Makes chart `demo` and pushes it to `charts/` in these versions.
    pub(crate) fn push(&self, helm: &Path, transport: &[&str], versions: &[&str]) {
        let run = |arguments: &[&str]| {
            let status = self.helm(helm).args(arguments).status().unwrap();
            assert!(status.success(), "helm {arguments:?}: {status}");
        };
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

#[test]
fn finds_what_helm_pushed() {
    let Some([registry, helm]) = programs("finds_what_helm_pushed", ["docker-registry", "helm"]) else {
        return;
    };
    let registry = Registry::start(&registry, plain);
    registry.push(
        &helm,
        &["--plain-http"],
        &["0.1.0", "0.2.0", "0.10.0", "1.0.0-rc.1", "1.0.0+b.5"],
    );
    let archive = fs::metadata(registry.folder.path().join("demo-0.2.0.tgz"))
        .unwrap()
        .len();
    let verdict = ask(&request(&registry.host, tag("0.2.0")), &options());
    let Verdict::There {
        version,
        size,
        app_version,
        name,
        deprecated,
        ..
    } = &verdict
    else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        (version.as_str(), *size, name.as_str(), *deprecated),
        ("0.2.0", archive, "demo", false)
    );
    assert_eq!(app_version.as_deref(), Some("9.9"));
    for (range, version) in [
        ("0.x", "0.10.0"),
        ("~0.2", "0.2.0"),
        (">=0.1.0-0 <1", "1.0.0-rc.1"),
        ("1.0.0", "1.0.0+b.5"),
    ] {
        assert_there(&ask(&request(&registry.host, semver(range)), &options()), version);
    }
    let verdict = ask(&request(&registry.host, tag("0.3.0")), &options());
    assert_missing(&verdict, "has no tag `0.3.0`");
    let Verdict::Missing { nearest, .. } = verdict else {
        return;
    };
    assert_eq!(nearest, ["0.1.0", "0.2.0", "0.10.0", "1.0.0-rc.1", "1.0.0_b.5"]);
    let nowhere = ChartRequest {
        url: format!("oci://{}/charts/other", registry.host),
        ..request(&registry.host, tag("0.2.0"))
    };
    assert_missing(&ask(&nowhere, &options()), "no repository");
    let mirrored = Options {
        mirrors: vec![("ghcr.io".to_owned(), registry.host.clone())],
        ..options()
    };
    assert_there(&ask(&request("ghcr.io", tag("0.2.0")), &mirrored), "0.2.0");
}

#[test]
fn logs_in_as_helm_did() {
    let Some([registry, helm]) = programs("logs_in_as_helm_did", ["docker-registry", "helm"]) else {
        return;
    };
    let registry = Registry::start(&registry, |folder| {
        let file = folder.join("htpasswd");
        fs::write(&file, HTPASSWD).unwrap();
        format!(
            "{}auth: {{htpasswd: {{realm: demo, path: {}}}}}\n",
            plain(folder),
            file.display()
        )
    });
    let login = [
        "registry",
        "login",
        &registry.host,
        "-u",
        USER,
        "-p",
        PASSWORD,
        "--plain-http",
    ];
    assert!(registry.helm(&helm).args(login).status().unwrap().success());
    registry.push(&helm, &["--plain-http"], &["0.1.0"]);
    let wanted = request(&registry.host, tag("0.1.0"));
    let file = registry.folder.path().join("helm.json");
    let with = |file: &Path| Options {
        registry_config: Some(file.to_path_buf()),
        ..options()
    };
    assert_there(&ask(&wanted, &with(&file)), "0.1.0");
    assert_unknown(
        &ask(&wanted, &options()),
        "refuses access to `charts/demo` (401) without credentials",
    );
    let wrong = registry.folder.path().join("wrong.json");
    // `demo:wrong-pass`
    let text = format!(
        r#"{{"auths":{{"{}":{{"auth":"ZGVtbzp3cm9uZy1wYXNz"}}}}}}"#,
        registry.host
    );
    fs::write(&wrong, text).unwrap();
    let verdict = ask(&wanted, &with(&wrong));
    assert_unknown(
        &verdict,
        &format!("(401) with the credentials of `{}`", wrong.display()),
    );
    assert!(!format!("{verdict:?}").contains("wrong-pass"));
}

#[test]
fn trusts_a_private_authority_only_when_told() {
    let name = "trusts_a_private_authority_only_when_told";
    let Some([registry, helm, openssl]) = programs(name, ["docker-registry", "helm", "openssl"]) else {
        return;
    };
    let registry = Registry::start(&registry, |folder| {
        let make = |arguments: &str| {
            let status = command(&openssl)
                .current_dir(folder)
                .args(arguments.split(' '))
                .status();
            assert!(status.unwrap().success(), "openssl {arguments}");
        };
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        make(&format!("{new} -subj /CN=authority -keyout ca.key -out ca.pem"));
        let names = "-addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1";
        make(&format!(
            "{new} -subj /CN=demo {names} -CA ca.pem -CAkey ca.key -keyout key.pem -out leaf.pem"
        ));
        let (key, certificate) = (folder.join("key.pem"), folder.join("leaf.pem"));
        let (key, certificate) = (key.display(), certificate.display());
        format!("http: {{addr: ADDRESS, tls: {{certificate: {certificate}, key: {key}}}}}\n")
    });
    let authority = registry.folder.path().join("ca.pem");
    registry.push(&helm, &["--ca-file", authority.to_str().unwrap()], &["0.1.0"]);
    let mut options = options();
    options.mirrors = vec![("ghcr.io".to_owned(), format!("https://{}", registry.host))];
    let wanted = request("ghcr.io", tag("0.1.0"));
    assert_unknown(&ask(&wanted, &options), "is not trusted");
    options.ca_files = vec![authority];
    assert_there(&ask(&wanted, &options), "0.1.0");
    // A loopback address allows plain HTTP, it does not demand it.
    assert_there(&ask(&request(&registry.host, tag("0.1.0")), &options), "0.1.0");
}
