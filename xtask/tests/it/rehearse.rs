//! Rehearsals end with everything that they started, however they end. The programs are stand-ins that hang or fail.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::repo::Repo;

const PROGRAMS: [&str; 8] = [
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
const PATIENCE: Duration = Duration::from_mins(1);

/// A repository, a folder for temporary files and stand-ins for the programs.
struct Stage {
    repo: Repo,
    temporary: tempfile::TempDir,
    programs: tempfile::TempDir,
}

impl Stage {
    /// Stand-ins that run this shell command; `kube-apiserver --version` answers.
    fn new(etcd: &str) -> Self {
        let programs = tempfile::tempdir().unwrap();
        for name in PROGRAMS {
            let body = match name {
                "etcd" => etcd,
                "kube-apiserver" => "echo Kubernetes v1.37.2",
                _ => "exec sleep 600",
            };
            let path = programs.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self {
            repo: Repo::copy(),
            temporary: tempfile::tempdir().unwrap(),
            programs,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the test sends signals to it")]
    fn rehearse(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args([
                "rehearse",
                "--cluster",
                "infra",
                "--worktree",
                "--offline",
                "--path",
            ])
            .arg(self.repo.path(""))
            .arg("--bin-dir")
            .arg(self.programs.path())
            .env("TMPDIR", self.temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The folders of rehearsals that are there.
    fn folders(&self) -> Vec<PathBuf> {
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
    fn processes(&self, but: u32) -> Vec<u32> {
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
    fn until_started(&self) {
        until("a part that runs", || {
            self.folders()
                .iter()
                .any(|folder| has_text(&folder.join("logs/etcd.log")))
        });
    }

    /// Not even an empty folder is left.
    fn until_gone(&self, but: u32) {
        until("nothing left", || {
            fs::read_dir(self.temporary.path()).unwrap().next().is_none() && self.processes(but).is_empty()
        });
    }
}

fn has_text(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[expect(clippy::disallowed_methods, reason = "`kill` of the system")]
fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// It starts a child of its own in another group, says so, and hangs.
const HANGS: &str = "setsid sleep 600 &\necho started\nexec sleep 600";

#[test]
fn nothing_is_left_of_a_rehearsal_that_is_killed() {
    for name in ["KILL", "TERM", "INT"] {
        let stage = Stage::new(HANGS);
        let mut child = stage.rehearse();
        stage.until_started();
        assert!(
            stage.processes(child.id()).len() >= 3,
            "watchdog, etcd and etcd's child"
        );
        signal(name, child.id());
        let output = child.wait().unwrap();
        if name == "KILL" {
            assert_eq!(output.code(), None);
        } else {
            assert_eq!(output.code(), Some(2), "{name} is an orderly end");
            // The program itself has waited for the end of everything.
            assert!(
                stage.folders().is_empty() && stage.processes(0).is_empty(),
                "{name}"
            );
        }
        stage.until_gone(0);
    }
}

#[test]
fn the_next_rehearsal_clears_away_what_lost_its_watchdog() {
    let stage = Stage::new(HANGS);
    let mut child = stage.rehearse();
    stage.until_started();
    let is_watchdog = |pid: &u32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("--watch-over")
    };
    let watchdog = stage.processes(child.id()).into_iter().find(is_watchdog).unwrap();
    signal("KILL", watchdog);
    signal("KILL", child.id());
    child.wait().unwrap();
    assert_eq!(stage.folders().len(), 1);
    assert!(!stage.processes(0).is_empty());
    let mut other = stage.rehearse();
    until("the other one", || {
        let old = stage.processes(other.id()).len();
        stage.folders().len() == 1 && old >= 3 && has_text(&stage.folders()[0].join("logs/etcd.log"))
    });
    signal("TERM", other.id());
    other.wait().unwrap();
    stage.until_gone(0);
}

#[test]
fn two_rehearsals_do_not_end_each_other() {
    let stage = Stage::new(HANGS);
    let mut first = stage.rehearse();
    stage.until_started();
    let mut second = stage.rehearse();
    until("both", || {
        let folders = stage.folders();
        folders.len() == 2
            && folders
                .iter()
                .all(|folder| has_text(&folder.join("logs/etcd.log")))
    });
    signal("TERM", first.id());
    first.wait().unwrap();
    assert_eq!(stage.folders().len(), 1);
    assert!(second.try_wait().unwrap().is_none(), "the other one goes on");
    assert!(stage.processes(second.id()).len() >= 3);
    signal("TERM", second.id());
    second.wait().unwrap();
    stage.until_gone(0);
}

#[test]
fn a_part_that_fails_is_named_with_its_last_words() {
    let stage = Stage::new("echo 'no space left on device' >&2\nexit 3");
    let output = stage.rehearse().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("`etcd` ended with exit status 3") && said.contains("no space left on device"),
        "{said}"
    );
    assert!(
        said.contains("the logs of all parts are in `target/rehearse/"),
        "{said}"
    );
    stage.until_gone(0);
}

#[test]
fn programs_that_are_missing_are_all_named() {
    let stage = Stage::new("exit 0");
    for name in ["kwok", "helm-controller"] {
        fs::remove_file(stage.programs.path().join(name)).unwrap();
    }
    let real = std::env::var_os("PATH").unwrap_or_default();
    let has_them = std::env::split_paths(&real).any(|folder| folder.join("kwok").exists());
    if has_them {
        eprintln!("skipped rehearse::programs_that_are_missing_are_all_named: kwok is on PATH");
        return;
    }
    let output = stage.rehearse().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("not found: `kwok`, `helm-controller`;") && said.contains("--bin-dir"),
        "{said}"
    );
    assert!(stage.folders().is_empty());
}
