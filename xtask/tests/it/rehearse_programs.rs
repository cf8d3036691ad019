//! Programs of rehearsals out of images: fetched where they are missing, kept, checked, shown by `doctor`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tools::{Invocation, Output};

use crate::registry::{Registry, sha256};
use crate::rehearse_real;
use crate::repo::Repo;
use crate::stage::{PROGRAMS, VERSION, real, until};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Where the pins say that images are; only a mirror knows it.
const HOST: &str = "programs.example.org";

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A layer that is a plain tar archive with one program.
fn layer(name: &str, program: &Path, out: File) -> File {
    let mut builder = tar::Builder::new(out);
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(fs::metadata(program).unwrap().len());
    let path = format!("usr/local/bin/{name}");
    builder
        .append_data(&mut header, path, File::open(program).unwrap())
        .unwrap();
    builder.into_inner().unwrap()
}

/// The manifests of an image with one layer: the image's own, and the index that leads to it.
fn manifests(config: &str, digest: &str, size: u64) -> (Vec<u8>, Vec<u8>) {
    let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": sha256(config.as_bytes()), "size": config.len()});
    let layer =
        json!({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": size});
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).to_string();
    let platform = json!({"os": "linux", "architecture": architecture()});
    let entry = json!({"mediaType": MANIFEST, "digest": sha256(manifest.as_bytes()), "size": manifest.len(), "platform": platform});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).to_string();
    (manifest.into_bytes(), index.into_bytes())
}

/// A line of pins.
fn pin(name: &str, index: &[u8]) -> String {
    let digest = sha256(index);
    format!(
        "- {{name: {name}, image: {HOST}/{name}, version: v9.8.7, digest: '{digest}', file: /usr/local/bin/{name}}}\n"
    )
}

/// A machine with git and nothing else on PATH, a cache, and own pins.
struct Machine {
    folder: TempDir,
    pins: String,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["path", "tmp", "programs"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        // The stand-ins are shell scripts; git is started with an empty environment.
        for name in ["git", "env", "sh", "sleep"] {
            symlink(real(name).unwrap(), folder.path().join("path").join(name)).unwrap();
        }
        Self {
            folder,
            pins: String::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let pins = self.path("pins.yaml");
        fs::write(&pins, &self.pins).unwrap();
        let variable = |name: &str| self.path(name).to_str().unwrap().to_owned();
        Invocation::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .arg("--programs")
            .arg(pins)
            .env("PATH", variable("path"))
            .env("TMPDIR", variable("tmp"))
            .env("XTASK_CACHE_DIR", variable("cache"))
            .env("NO_COLOR", "1")
            .timeout(Duration::from_mins(8))
            .run_accepting(&[0, 1, 2])
            .unwrap()
    }

    fn rehearse(&self, repo: &Repo, more: &[&str]) -> Output {
        let root = repo.path("");
        let mut arguments = vec![
            "rehearse",
            "--cluster",
            "infra",
            "--worktree",
            "-o",
            "json",
            "--path",
        ];
        arguments.push(root.to_str().unwrap());
        arguments.extend(more);
        self.run(&arguments)
    }

    /// The file of a program in the cache.
    fn kept(&self, name: &str) -> PathBuf {
        let folders = fs::read_dir(self.path("cache/programs")).unwrap();
        let mut files = folders.map(|entry| entry.unwrap().path().join(architecture()).join(name));
        files.find(|path| path.is_file()).unwrap()
    }
}

/// Images of stand-ins: etcd's fails, so that a rehearsal ends with its words.
fn stand_ins(machine: &mut Machine, registry: &Registry) {
    for name in PROGRAMS {
        let body = match name {
            "etcd" => {
                "case $1 in --version) echo etcd Version: 3.6.13;; *) echo fetched and started >&2; exit 3;; esac"
            }
            "kube-apiserver" => VERSION,
            "kwok" => "echo kwok version unknown",
            _ => "exec sleep 600",
        };
        let program = machine.path("programs").join(name);
        fs::write(&program, format!("#!/bin/sh\n{body}\n")).unwrap();
        let archive = machine.path("layer.tar");
        layer(name, &program, File::create(&archive).unwrap());
        let bytes = fs::read(archive).unwrap();
        let config = json!({"os": "linux", "architecture": architecture()}).to_string();
        let (manifest, index) = manifests(&config, &sha256(&bytes), bytes.len() as u64);
        registry.put(
            format!("/v2/{name}/blobs/{}", sha256(config.as_bytes())),
            config.as_bytes(),
        );
        registry.put(format!("/v2/{name}/blobs/{}", sha256(&bytes)), &bytes);
        for text in [&manifest, &index] {
            registry.put(format!("/v2/{name}/manifests/{}", sha256(text)), text);
        }
        machine.pins.push_str(&pin(name, &index));
    }
}

#[test]
fn a_machine_without_programs_fetches_them_once() {
    let mut machine = Machine::new();
    let registry = Registry::start();
    stand_ins(&mut machine, &registry);
    let repo = Repo::copy();

    let before = machine.rehearse(&repo, &["--offline"]);
    assert_eq!(before.status, 2);
    let said = &before.stderr;
    assert!(
        said.contains("not found: `etcd`,") && said.contains("`--fetch`"),
        "{said}"
    );
    let both = machine.rehearse(&repo, &["--offline", "--fetch"]);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);

    let mirror = format!("{HOST}={}", registry.host);
    let fetched = machine.rehearse(
        &repo,
        &[
            "--fetch",
            "--mirror",
            &mirror,
            "--mirror",
            "ghcr.io=127.0.0.1:1",
            "--mirror",
            "quay.io=127.0.0.1:1",
        ],
    );
    let said = &fetched.stderr;
    assert_eq!(fetched.status, 2, "{said}");
    assert!(
        said.contains(&format!("fetched kwok (1 MB) out of {HOST}/kwok:v9.8.7")),
        "{said}"
    );
    assert!(said.contains("8 of 8 images"), "{said}");
    assert!(
        said.contains("`etcd` ended with exit status 3") && said.contains("fetched and started"),
        "{said}"
    );

    // From here on nobody is asked.
    drop(registry);
    let kept = machine.rehearse(&repo, &["--offline"]);
    assert!(kept.stderr.contains("fetched and started"), "{}", kept.stderr);

    fs::write(machine.kept("kwok"), "#!/bin/sh\necho evil\n").unwrap();
    let changed = machine.rehearse(&repo, &["--offline"]);
    assert_eq!(changed.status, 2);
    let said = &changed.stderr;
    assert!(
        said.contains("not found: `kwok` (the one in the cache was changed since it was fetched);"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_fetched_is_named_with_the_reason() {
    let mut machine = Machine::new();
    let registry = Registry::start();
    stand_ins(&mut machine, &registry);
    machine.pins = machine
        .pins
        .lines()
        .filter(|line| !line.contains("name: kwok,"))
        .fold(String::new(), |mut text, line| {
            let line = line.replace("/usr/local/bin/helm-controller", "/helm-controller");
            let _ = writeln!(text, "{line}");
            text
        });
    machine
        .pins
        .push_str("- {name: kwok, image: programs.example.org/kwok, version: v9, file: /kwok}\n");
    let mirror = format!("{HOST}={}", registry.host);
    let output = machine.rehearse(&Repo::copy(), &["--fetch", "--mirror", &mirror]);
    assert_eq!(output.status, 2);
    let said = &output.stderr;
    assert!(said.contains("these programs could not be fetched:"), "{said}");
    assert!(said.contains("  kwok: no digest is known of its image"), "{said}");
    assert!(
        said.contains("  helm-controller: `127.0.0.1:") && said.contains("has no `/helm-controller`"),
        "{said}"
    );
    assert!(!said.contains("  etcd: "), "{said}");
    // What could be had is kept for the next time.
    assert!(machine.kept("etcd").is_file());
    let doctor = machine.run(&["doctor"]);
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(text.contains("no digest is pinned: kwok;"), "{text}");
    assert!(text.contains("`cargo xtask rehearse --fetch`"), "{text}");

    machine.pins = "- {name: kubelet, image: a.b/c, version: v1, file: /a}\n".to_owned();
    let wrong = machine.run(&["doctor"]);
    assert_eq!(wrong.status, 2);
    assert!(
        wrong
            .stderr
            .contains("pins.yaml`: `kubelet` is no program of a rehearsal"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn doctor_says_where_each_program_is() {
    let mut machine = Machine::new();
    let registry = Registry::start();
    stand_ins(&mut machine, &registry);
    let mirror = format!("{HOST}={}", registry.host);
    machine.rehearse(
        &Repo::copy(),
        &[
            "--fetch",
            "--mirror",
            &mirror,
            "--mirror",
            "ghcr.io=127.0.0.1:1",
            "--mirror",
            "quay.io=127.0.0.1:1",
        ],
    );
    fs::copy(
        machine.kept("kube-scheduler"),
        machine.path("path/kube-scheduler"),
    )
    .unwrap();
    fs::write(
        machine.path("path/kube-scheduler"),
        "#!/bin/sh\necho Kubernetes v1.35.0\n",
    )
    .unwrap();
    fs::write(machine.kept("helm-controller"), "changed").unwrap();
    let text = String::from_utf8_lossy(&machine.run(&["doctor"]).stdout).into_owned();
    let row = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
        line.split("  ")
            .filter(|cell| !cell.is_empty())
            .map(str::trim)
            .collect::<Vec<_>>()
    };
    assert_eq!(row("etcd"), ["etcd", "3.6.13", "cache", "9.8.7"]);
    assert_eq!(
        row("kube-scheduler"),
        ["kube-scheduler", "1.35.0", "PATH", "9.8.7"]
    );
    // It has no flag for its version, and was fetched for this one.
    assert_eq!(
        row("source-controller"),
        ["source-controller", "9.8.7", "cache", "9.8.7"]
    );
    let changed = "changed since it was fetched, not used";
    assert_eq!(
        row("helm-controller"),
        ["helm-controller", changed, "cache", "9.8.7"]
    );
    assert!(
        text.contains("`cargo xtask rehearse --fetch` takes what is missing"),
        "{text}"
    );
}

/// Debian's docker-registry with a folder of its own.
struct DockerRegistry {
    process: Child,
    folder: TempDir,
    host: String,
}

impl DockerRegistry {
    #[expect(
        clippy::disallowed_methods,
        reason = "the tools crate does not know docker-registry"
    )]
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {address}}}\n",
            folder.path().join("store").display()
        );
        let file = folder.path().join("config.yml");
        fs::write(&file, config).unwrap();
        let process = Command::new(program)
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("docker-registry", || TcpStream::connect(address).is_ok());
        Self {
            process,
            folder,
            host: address.to_string(),
        }
    }

    /// Puts content where docker-registry looks for it; the file is moved.
    fn store(&self, repository: &str, kind: &str, digest: &str, content: &Path) {
        let root = self.folder.path().join("store/docker/registry/v2");
        let hex = digest.trim_start_matches("sha256:");
        let data = root.join(format!("blobs/sha256/{}/{hex}/data", &hex[..2]));
        let link = root.join(format!("repositories/{repository}/{kind}/sha256/{hex}/link"));
        for path in [&data, &link] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        fs::rename(content, data).unwrap();
        fs::write(link, digest).unwrap();
    }

    /// An image with this program, as a pin.
    fn push(&self, name: &str, program: &Path) -> String {
        let beside = self.folder.path().join("content");
        layer(name, program, File::create(&beside).unwrap());
        let size = fs::metadata(&beside).unwrap().len();
        let said = Invocation::new("sha256sum").arg(&beside).run().unwrap().stdout;
        let hex = String::from_utf8_lossy(&said)
            .split(' ')
            .next()
            .unwrap()
            .to_owned();
        let digest = format!("sha256:{hex}");
        self.store(name, "_layers", &digest, &beside);
        let config = json!({"os": "linux", "architecture": architecture()}).to_string();
        let (manifest, index) = manifests(&config, &digest, size);
        for (kind, bytes) in [
            ("_layers", config.as_bytes()),
            ("_manifests/revisions", &manifest),
            ("_manifests/revisions", &index),
        ] {
            fs::write(&beside, bytes).unwrap();
            self.store(name, kind, &sha256(bytes), &beside);
        }
        pin(name, &index)
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_real_programs_rehearse_out_of_images() {
    let test = "rehearse_programs::the_real_programs_rehearse_out_of_images";
    let Some(registry) = real("docker-registry") else {
        eprintln!("skipped {test}: no `docker-registry`");
        return;
    };
    let values = "    address: ${COREDNS_CLUSTER_IP}\n    podDisruptionBudget: {minAvailable: 1}\n";
    let Some(repo) = rehearse_real::alone(test, values) else {
        return;
    };
    let registry = DockerRegistry::start(&registry);
    let mut machine = Machine::new();
    for name in PROGRAMS {
        machine.pins.push_str(&registry.push(name, &real(name).unwrap()));
    }
    let mirror = format!("{HOST}={}", registry.host);
    let output = machine.rehearse(&repo, &["--fetch", "--mirror", &mirror]);
    let report: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|cause| panic!("no JSON ({cause}): {}", output.stderr));
    assert_eq!(output.status, 0, "{report:#}");
    let cluster = &report["clusters"][0];
    let ready = |id: &str| {
        let objects = cluster["objects"].as_array().unwrap();
        objects
            .iter()
            .any(|object| object["object"] == id && object["verdict"] == "ready")
    };
    assert!(ready("HelmRelease/kube-system/dns"), "{report:#}");
    let controllers = cluster["controllers"].as_array().unwrap();
    assert_eq!(controllers.len(), 3);
    for controller in controllers {
        let version = controller["version"].as_str().unwrap_or_default();
        assert!(version.starts_with("1."), "{controller}");
    }
    assert!(machine.kept("kube-apiserver").is_file());
}
