//! `verify` with stand-ins for kubectl: how it fails, and that nothing is left of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::repo::Repo;

/// More than any of these takes; a machine under load takes its time.
const PATIENCE: Duration = Duration::from_mins(1);

/// A repository with the stories of this one, a folder for temporary files, and one on PATH.
struct Stage {
    repo: Repo,
    temporary: tempfile::TempDir,
    programs: tempfile::TempDir,
}

impl Stage {
    /// kubectl is this shell script; not there when empty.
    fn new(kubectl: &str) -> Self {
        let programs = tempfile::tempdir().unwrap();
        if !kubectl.is_empty() {
            let path = programs.path().join("kubectl");
            fs::write(&path, format!("#!/bin/sh\n{kubectl}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self {
            repo: Repo::with_designs(),
            temporary: tempfile::tempdir().unwrap(),
            programs,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the test ends it")]
    fn verify(&self, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["verify", "--cluster", "infra", "--context", "there", "--path"])
            .arg(self.repo.path(""))
            .args(more)
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.programs.path().display()),
            )
            .env("TMPDIR", self.temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Exit code and standard error.
    fn ends(&self, more: &[&str]) -> (Option<i32>, String) {
        let output = self.verify(more).wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.temporary.path()).unwrap().next().is_none()
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn without_kubectl_it_says_what_to_do() {
    let stage = Stage::new("");
    let has_one = ["/usr/bin/kubectl", "/bin/kubectl"];
    if has_one.iter().any(|path| fs::exists(path).unwrap()) {
        eprintln!("skipped verify::without_kubectl_it_says_what_to_do: kubectl is in /usr/bin");
        return;
    }
    let (code, said) = stage.ends(&[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("`kubectl` was not found") && said.contains("https://kubernetes.io/docs/tasks/tools/"),
        "{said}"
    );
}

#[test]
fn what_kubectl_says_is_repeated() {
    let stage = Stage::new("echo 'error: context \"there\" does not exist' >&2\nexit 1");
    let (code, said) = stage.ends(&[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("`kubectl --context there proxy` ended")
            && said.contains("context \"there\" does not exist"),
        "{said}"
    );
    assert!(stage.is_empty());
}

#[test]
fn nothing_is_done_unless_somebody_confirms_it() {
    let stage = Stage::new("echo started > \"$TMPDIR/started\"");
    let (code, said) = stage.ends(&["--disruptive"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("tries to evict 2 pods of PodDisruptionBudget/kube-system/coredns")
            && said.contains("restarts the pods of Deployment/kube-system/coredns")
            && said.contains("say `--yes`"),
        "{said}"
    );
    assert!(stage.is_empty(), "kubectl was started");
}

#[test]
fn kubectl_is_told_to_refuse_every_change() {
    let stage = Stage::new("echo \"$@\" >&2\nexit 1");
    let (_, said) = stage.ends(&["--kubeconfig", "/k"]);
    assert!(
        said.contains("--context=there --kubeconfig=/k proxy --unix-socket=/")
            && said.contains("--reject-methods=^(|[^G].*|G|")
            && said.contains("/secrets"),
        "{said}"
    );
    let (_, said) = stage.ends(&["--disruptive", "--yes"]);
    assert!(said.contains("--reject-methods=^(|[^GP].*|G|"), "{said}");
}

/// Whether a stand-in that has written its id is still there.
fn is_alive(pid: &str) -> bool {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.contains("sleep")
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "`kill` of the system")]
fn nothing_is_left_of_one_that_is_killed() {
    for name in ["KILL", "TERM", "INT"] {
        let stage = Stage::new("echo $$ > \"${0%/*}/pid\"\nexec sleep 600");
        let mut child = stage.verify(&[]);
        let file = stage.programs.path().join("pid");
        until("kubectl", || {
            let pid = fs::read_to_string(&file).unwrap_or_default();
            is_alive(pid.trim())
        });
        let pid = fs::read_to_string(&file).unwrap();
        let sent = Command::new("kill")
            .args(["-s", name, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        child.wait().unwrap();
        until("nothing left", || stage.is_empty() && !is_alive(pid.trim()));
    }
}
