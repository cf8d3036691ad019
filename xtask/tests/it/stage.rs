//! A repository to rehearse, with stand-ins for the programs, and what a rehearsal leaves of them.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::repo::{NO_CACHE, Repo, workspace};

/// What `kube-apiserver --version` says.
pub(crate) const VERSION: &str = "echo Kubernetes v1.37.2";

/// What a rehearsal starts.
pub(crate) const PROGRAMS: [&str; 8] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "source-controller",
    "kustomize-controller",
    "helm-controller",
];
/// More than any of these takes; a machine under load takes its time.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A repository, a folder for temporary files and stand-ins for the programs.
pub(crate) struct Stage {
    pub(crate) repo: Repo,
    pub(crate) temporary: tempfile::TempDir,
    pub(crate) programs: tempfile::TempDir,
}

impl Stage {
    /// This repository and stand-ins: etcd's runs this shell command, `kube-apiserver --version` answers, the others sleep.
    pub(crate) fn new(etcd: &str) -> Self {
        Self::of(Repo::copy(), etcd)
    }

    pub(crate) fn of(repo: Repo, etcd: &str) -> Self {
        let stage = Self {
            repo,
            temporary: tempfile::tempdir().unwrap(),
            programs: tempfile::tempdir().unwrap(),
        };
        for name in PROGRAMS {
            stage.program(
                name,
                match name {
                    "etcd" => etcd,
                    "kube-apiserver" => VERSION,
                    _ => "exec sleep 600",
                },
            );
        }
        stage
    }

    /// Puts a shell script in the place of a program.
    pub(crate) fn program(&self, name: &str, body: &str) {
        let path = self.programs.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Puts the real programs in the place of the stand-ins; they must be there.
    pub(crate) fn take_real_programs(&self) {
        for name in PROGRAMS {
            let program = real(name).unwrap();
            self.program(name, &format!("exec {} \"$@\"", program.display()));
        }
    }

    /// Starts the command.
    pub(crate) fn rehearse(&self) -> Child {
        self.start(&["--cluster", "infra", "--offline"])
    }

    /// Starts the command with other arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// The command, to be started. It finds the stand-ins and no chart.
    #[expect(clippy::disallowed_methods, reason = "the tests send signals to it")]
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(["rehearse", "--worktree", "--path"])
            .arg(self.repo.path(""))
            .arg("--bin-dir")
            .arg(self.programs.path())
            .args(arguments)
            .env("TMPDIR", self.temporary.path())
            .env("XTASK_CACHE_DIR", NO_CACHE)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The folders of rehearsals that are there.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let bases = fs::read_dir(self.temporary.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let bases = bases.filter(|path| path.to_string_lossy().contains("xtask-rehearse-"));
        bases
            .flat_map(|base| fs::read_dir(base).into_iter().flatten().filter_map(Result::ok))
            .map(|entry| entry.path())
            .filter(|path| path.file_name().is_some_and(|name| name != "ports"))
            .collect()
    }

    /// Processes whose environment holds the folder for temporary files, but for the one given.
    pub(crate) fn processes(&self, but: u32) -> Vec<u32> {
        let needle = self.temporary.path().to_str().unwrap().as_bytes();
        let holds = |pid: u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.windows(needle.len()).any(|window| window == needle)
        };
        let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != but && *pid != std::process::id() && holds(*pid))
            .collect()
    }

    /// Waits until etcd's stand-in runs: its log is there.
    pub(crate) fn until_started(&self) {
        until("a part that runs", || {
            self.folders()
                .iter()
                .any(|folder| has_text(&folder.join("logs/etcd.log")))
        });
    }

    /// Not even an empty folder is left.
    pub(crate) fn until_gone(&self, but: u32) {
        until("nothing left", || {
            fs::read_dir(self.temporary.path()).unwrap().next().is_none() && self.processes(but).is_empty()
        });
    }
}

pub(crate) fn has_text(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

/// Waits until something holds, at most for two minutes.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[expect(clippy::disallowed_methods, reason = "`kill` of the system")]
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// The logs that a command says it has kept, whole, by name.
pub(crate) fn kept_logs(said: &str) -> Vec<(String, String)> {
    let (_, rest) = said
        .split_once("the logs of all parts are in `")
        .unwrap_or_else(|| panic!("no logs: {said}"));
    let folder = workspace().join(rest.split('`').next().unwrap());
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let name = entry.file_name().to_str().unwrap().to_owned();
            (
                name,
                String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned(),
            )
        })
        .collect()
}

/// Where programs are: `XTASK_TOOLS_DIR` comes before PATH.
pub(crate) fn folders() -> Vec<PathBuf> {
    let given = std::env::var_os("XTASK_TOOLS_DIR").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    given.into_iter().chain(std::env::split_paths(&path)).collect()
}

/// A real program; none where it is not there.
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    folders()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// The first program that is not there.
pub(crate) fn missing() -> Option<&'static str> {
    PROGRAMS.into_iter().find(|name| real(name).is_none())
}

/// Whether this machine lets a user have file systems of its own.
#[expect(clippy::disallowed_methods, reason = "looks once")]
fn may_mount() -> bool {
    let look = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "mount",
            "-t",
            "tmpfs",
            "tmpfs",
            "/mnt",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    look.is_ok_and(|status| status.success())
}

/// Starts the command where its folder for temporary files is a file system of this size, which goes with it; none where that
/// needs rights.
pub(crate) fn on_small_disk(stage: &Stage, size: &str) -> Option<Child> {
    if !may_mount() {
        return None;
    }
    let command = stage.command(&["--cluster", "infra", "--offline"]);
    let script = "mount -t tmpfs -o \"size=$1\" tmpfs \"$TMPDIR\" && shift && exec \"$@\"";
    #[expect(
        clippy::disallowed_methods,
        reason = "a file system of its own for the command"
    )]
    let mut around = Command::new("unshare");
    around
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
            size,
        ])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    around.spawn().ok()
}

/// A registry that takes connections and never answers.
pub(crate) fn silent_registry() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    (listener, host)
}
