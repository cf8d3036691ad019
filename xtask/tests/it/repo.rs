//! A copy of this repository's manifests in a folder of its own, and the program run on it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value as Json;
use tools::{Invocation, Output};

/// Where no chart is cached: what the machine's own cache holds must not show in tests.
pub(crate) const NO_CACHE: &str = "/nonexistent/xtask-cache";

/// The root of this workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Runs the program; any exit code is an answer.
pub(crate) fn xtask(args: &[&str]) -> Output {
    Invocation::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .cwd(workspace())
        .env("NO_COLOR", "1")
        .env("CI", "")
        .env("XTASK_CACHE_DIR", NO_CACHE)
        .timeout(Duration::from_mins(2))
        .run_accepting(&[0, 1, 2])
        .unwrap()
}

/// A copy that tests may break.
pub(crate) struct Repo {
    folder: tempfile::TempDir,
}

impl Repo {
    /// The manifests and settings of this repository. Drift is not looked for, so that one edit is one defect.
    pub(crate) fn copy() -> Self {
        let repo = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        copy(&workspace().join("kubernetes"), &repo.path("kubernetes"));
        let settings = std::fs::read_to_string(workspace().join(".config/xtask.yaml")).unwrap();
        repo.write(
            ".config/xtask.yaml",
            &settings.replace("generated: true", "generated: false"),
        );
        repo
    }

    /// A repository of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let repo = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            repo.write(path, text);
        }
        repo
    }

    /// The same with the test designs, committed to a git repository of its own on the branch `main`.
    pub(crate) fn with_designs() -> Self {
        let repo = Self::copy();
        copy(&workspace().join("docs/qa"), &repo.path("docs/qa"));
        repo.git(&["init", "--quiet", "--initial-branch", "main"]);
        repo.commit();
        repo
    }

    /// Commits everything.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "m"]);
    }

    fn git(&self, args: &[&str]) {
        let identity = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "-c",
            "commit.gpgsign=false",
        ];
        Invocation::new("git")
            .args(identity)
            .args(args)
            .cwd(self.folder.path())
            .run()
            .unwrap();
    }

    /// Runs a command on the copy. No tool but git is on PATH, and nobody says that this is CI.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        Invocation::new(env!("CARGO_BIN_EXE_xtask"))
            .args(args)
            .arg("--path")
            .arg(self.folder.path())
            .cwd(self.folder.path())
            .env("NO_COLOR", "1")
            .env("CI", "")
            .env("XTASK_CACHE_DIR", NO_CACHE)
            .env("PATH", "/usr/bin:/bin")
            .timeout(Duration::from_mins(2))
            .run_accepting(&[0, 1, 2])
            .unwrap()
    }

    /// Exit code and JSON document of a command.
    pub(crate) fn json(&self, args: &[&str]) -> (i32, Json) {
        let output = self.run(&[args, &["-o", "json"]].concat());
        let document = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|cause| panic!("no JSON ({cause}), stderr: {}", output.stderr));
        (output.status, document)
    }

    /// Turns the search for drift back on.
    pub(crate) fn with_drift(self) -> Self {
        self.edit(".config/xtask.yaml", "generated: false", "generated: true");
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let at = self.path(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }

    /// Replaces the first occurrence of a text, which must be there.
    pub(crate) fn edit(&self, path: &str, find: &str, replace: &str) {
        let text = self.read(path);
        assert!(text.contains(find), "{path} does not hold {find:?}");
        self.write(path, &text.replacen(find, replace, 1));
    }

    /// Exit code and JSON report of `validate` on the copy.
    pub(crate) fn validate(&self) -> (i32, Json) {
        let root = self.folder.path().to_str().unwrap();
        let output = xtask(&["validate", "--path", root, "-o", "json"]);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|cause| panic!("no JSON ({cause}), stderr: {}", output.stderr));
        (output.status, report)
    }

    /// The same with more arguments and another PATH.
    pub(crate) fn validate_with(&self, args: &[&str], path: &str) -> (i32, Json) {
        let output = Invocation::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["validate", "-o", "json", "--path"])
            .arg(self.folder.path())
            .args(args)
            .env("PATH", path)
            .env("XTASK_CACHE_DIR", NO_CACHE)
            .timeout(Duration::from_mins(5))
            .run_accepting(&[0, 1, 2])
            .unwrap();
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|cause| panic!("no JSON ({cause}), stderr: {}", output.stderr));
        (output.status, report)
    }

    /// Line and column, from 1, of the first occurrence of a text in a file.
    pub(crate) fn place(&self, path: &str, needle: &str) -> (u64, u64) {
        let text = self.read(path);
        let at = text
            .find(needle)
            .unwrap_or_else(|| panic!("{path} does not hold {needle:?}"));
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        (
            text[..at].matches('\n').count() as u64 + 1,
            text[line_start..at].chars().count() as u64 + 1,
        )
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Copies whole folders, for tests that compile.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    copy(from, to);
}
