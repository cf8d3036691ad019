//! The tree as it is rehearsed: one commit in a repository of the rehearsal's own, and the same files on the disk.
//!
//! The user's repository is read and never written to: its objects are borrowed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tools::{Invocation, Tool, Toolbox};

use crate::error::{RehearseError, io};
use crate::run::Run;
use crate::{child, server};

/// The branch that is served.
pub(crate) const BRANCH: &str = "rehearsal";

/// Which state of a repository is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// What is committed.
    Commit,
    /// What is on the disk, as far as git would take it.
    Worktree,
}

/// The tree as it is rehearsed.
#[derive(Debug)]
pub struct Copy {
    /// The commit it was taken from; none for a work tree.
    pub commit: Option<String>,
    /// Whether the disk holds something else than what is rehearsed.
    pub is_dirty: bool,
    files: PathBuf,
    git_root: PathBuf,
    git: PathBuf,
    /// The tree that was copied, by its name in git.
    tree: String,
}

/// One file of a tree that differs from the one that was copied: its path, and its text where it is still there.
pub type Change = (String, Option<Vec<u8>>);

impl Copy {
    /// Copies the tree below `root`, which may be a folder inside a repository, or in none where the disk is wanted.
    pub fn make(run: &Run, toolbox: &Toolbox, root: &Path, served: Served) -> Result<Self, RehearseError> {
        let git = toolbox.get(Tool::Git)?.path().to_owned();
        let git_root = run.make("git")?;
        let files = run.make("tree")?;
        let repository = server::repository(&git_root);
        let call = |cwd: &Path, arguments: &[&str]| -> Result<String, RehearseError> {
            output(run, &git, cwd, arguments, &[])
        };
        call(run.folder(), &["init", "--quiet", "--bare", &text(&repository)])?;
        if let Ok(objects) = call(
            root,
            &["rev-parse", "--path-format=absolute", "--git-path", "objects"],
        ) {
            let path = repository.join("objects/info/alternates");
            fs::write(&path, format!("{objects}\n")).map_err(io("write", path))?;
        }
        let mut copy = Self {
            commit: None,
            is_dirty: false,
            files,
            git_root,
            git: git.clone(),
            tree: String::new(),
        };
        copy.tree = match served {
            Served::Commit => {
                let no_commit = |_| RehearseError::NoCommit {
                    root: root.to_owned(),
                };
                let commit = call(root, &["rev-parse", "--verify", "HEAD^{commit}"]).map_err(no_commit)?;
                copy.commit = Some(commit);
                let status = ["--no-optional-locks", "status", "--porcelain", "--", "."];
                copy.is_dirty = call(root, &status).is_ok_and(|changes| !changes.is_empty());
                call(root, &["rev-parse", "--verify", "HEAD:./"]).map_err(no_commit)?
            }
            Served::Worktree => {
                let index = [("GIT_INDEX_FILE", run.folder().join("tmp/index").into())];
                let at = [
                    format!("--git-dir={}", text(&repository)),
                    format!("--work-tree={}", text(root)),
                ];
                let with = |arguments: &[&str]| {
                    let all: Vec<&str> = at
                        .iter()
                        .map(String::as_str)
                        .chain(arguments.iter().copied())
                        .collect();
                    output(run, &git, root, &all, &index)
                };
                with(&["add", "--all", "."])?;
                with(&["write-tree"])?
            }
        };
        copy.point_to(run, &copy.tree, "what is rehearsed")?;
        call(
            &repository,
            &["symbolic-ref", "HEAD", &format!("refs/heads/{BRANCH}")],
        )?;
        let index = [("GIT_INDEX_FILE", run.folder().join("tmp/checkout").into())];
        let work_tree = format!("--work-tree={}", text(&copy.files));
        let checkout = [&work_tree, "checkout", "--quiet", "--force", BRANCH, "--", "."];
        output(run, &git, &repository, &checkout, &index)?;
        Ok(copy)
    }

    /// The tree as a tar archive, gzip over it.
    pub(crate) fn archive(&self, run: &Run) -> Result<PathBuf, RehearseError> {
        let path = run.folder().join("tmp/tree.tar.gz");
        let repository = server::repository(&self.git_root);
        // A tree, not a commit: that would bring an entry of its own.
        let tree = format!("{BRANCH}^{{tree}}");
        let into = format!("--output={}", text(&path));
        output(
            run,
            &self.git,
            &repository,
            &["archive", "--format=tar.gz", &into, &tree],
            &[],
        )?;
        Ok(path)
    }

    /// Serves another commit from now on: the tree that was copied with these changes, said to be `title`. The files on the
    /// disk stay as they are.
    ///
    /// Returns the commit. Two with the same changes are two commits where their titles differ.
    pub fn commit(&self, run: &Run, changes: &[Change], title: &str) -> Result<String, RehearseError> {
        let repository = server::repository(&self.git_root);
        let index = [("GIT_INDEX_FILE", run.folder().join("tmp/changes").into())];
        let call = |arguments: &[&str], stdin: Vec<u8>| {
            output_of(run, &self.git, &repository, arguments, &index, stdin)
        };
        call(&["read-tree", &self.tree], Vec::new())?;
        let mut lines = String::new();
        for (path, text) in changes {
            let line = match text {
                Some(text) => {
                    let name = call(&["hash-object", "-w", "--stdin"], text.clone())?;
                    format!("100644 {name}\t{path}\0")
                }
                None => format!("0 {}\t{path}\0", "0".repeat(self.tree.len())),
            };
            lines.push_str(&line);
        }
        call(&["update-index", "-z", "--index-info"], lines.into_bytes())?;
        let tree = call(&["write-tree"], Vec::new())?;
        self.point_to(run, &tree, title)
    }

    fn point_to(&self, run: &Run, tree: &str, title: &str) -> Result<String, RehearseError> {
        let repository = server::repository(&self.git_root);
        let call = |arguments: &[&str]| output(run, &self.git, &repository, arguments, &[]);
        let commit = call(&["commit-tree", tree, "-m", title])?;
        call(&["update-ref", &format!("refs/heads/{BRANCH}"), &commit])?;
        Ok(commit)
    }

    /// Whether another copy is one of the same tree.
    pub fn is_same_tree(&self, other: &Self) -> bool {
        self.tree == other.tree
    }

    /// The files.
    pub fn root(&self) -> &Path {
        &self.files
    }

    /// The folder below which `git http-backend` finds the repository.
    pub(crate) fn git_root(&self) -> &Path {
        &self.git_root
    }

    pub(crate) fn git(&self) -> &Path {
        &self.git
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What git prints, without the line's end. The user's and the system's settings have no say.
fn output(
    run: &Run,
    git: &Path,
    cwd: &Path,
    arguments: &[&str],
    more: &[(&'static str, OsString)],
) -> Result<String, RehearseError> {
    output_of(run, git, cwd, arguments, more, Vec::new())
}

/// The same for a command that reads its standard input.
fn output_of(
    run: &Run,
    git: &Path,
    cwd: &Path,
    arguments: &[&str],
    more: &[(&'static str, OsString)],
    stdin: Vec<u8>,
) -> Result<String, RehearseError> {
    let mut call = Invocation::new("env").arg("-i").cwd(cwd);
    let mut variables: Vec<(&'static str, OsString)> = vec![
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_TERMINAL_PROMPT", "0".into()),
        ("GIT_AUTHOR_NAME", "rehearsal".into()),
        ("GIT_AUTHOR_EMAIL", "rehearsal@localhost".into()),
        ("GIT_COMMITTER_NAME", "rehearsal".into()),
        ("GIT_COMMITTER_EMAIL", "rehearsal@localhost".into()),
    ];
    variables.extend(more.iter().cloned());
    for (name, value) in child::environment(run.folder(), &variables) {
        let mut assignment = name;
        assignment.push("=");
        assignment.push(value);
        call = call.arg(assignment);
    }
    // The repository may belong to somebody else; nothing of it is run.
    let call = call
        .arg(git)
        .args([
            "-c",
            "safe.directory=*",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
        ])
        .args(arguments)
        .stdin(stdin);
    let output = call.run()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
