//! Reads from a git work tree: changed files, the commit checked out, files of other revisions. Writes
//! nothing.

mod revision;

use std::path::Path;

use crate::catalog::Tool;
use crate::discover::Toolbox;
use crate::error::ToolError;
use crate::run::Invocation;

pub use revision::{Blob, files_at};

/// One changed file of a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// git's two letters: index, then work tree, for example ` M`, `A ` or `??`.
    pub code: String,
    /// The path relative to the root of the work tree; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// Where a renamed or copied file came from.
    pub from: Option<String>,
}

/// The changed and untracked files of the work tree at `root`, in git's order; empty when it is clean.
pub fn status_porcelain(toolbox: &Toolbox, root: &Path) -> Result<Vec<Change>, ToolError> {
    // Without the option git refreshes the index, a write that may collide with the user's own git.
    let call = git(toolbox, root)?.args(["--no-optional-locks", "status", "--porcelain=v1", "-z"]);
    let output = call.run()?;
    parse_status(&String::from_utf8_lossy(&output.stdout)).map_err(|reason| ToolError::UnexpectedOutput {
        argv: call.command_line(),
        reason,
    })
}

/// The full id of the commit that is checked out.
pub fn head_commit(toolbox: &Toolbox, root: &Path) -> Result<String, ToolError> {
    let call = git(toolbox, root)?.args(["rev-parse", "--verify", "HEAD^{commit}"]);
    let output = call.run()?;
    let id = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    if id.len() < 40 || !id.chars().all(|c| c.is_ascii_hexdigit()) {
        let reason = format!("found `{}`, wanted a commit id", crate::text::printable(&id, 80));
        return Err(ToolError::UnexpectedOutput {
            argv: call.command_line(),
            reason,
        });
    }
    Ok(id)
}

/// The content of the file `path` (relative to the root of the work tree) in revision `rev`.
pub fn show(toolbox: &Toolbox, root: &Path, rev: &str, path: &str) -> Result<Vec<u8>, ToolError> {
    // `cat-file blob` instead of `show`: a folder is an error, not a listing. A path below `./` would be
    // relative to cwd.
    let object = format!("{rev}:{}", path.trim_start_matches("./"));
    let call = git(toolbox, root)?.args(["cat-file", "blob", "--end-of-options", &object]);
    Ok(call.run()?.stdout)
}

/// The full id of the commit that a revision names: a branch, a tag, `HEAD~1`.
pub fn resolve(toolbox: &Toolbox, root: &Path, rev: &str) -> Result<String, ToolError> {
    let revision = format!("{rev}^{{commit}}");
    let call = git(toolbox, root)?.args(["rev-parse", "--verify", "--end-of-options", &revision]);
    let output = call.run()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// The name of the branch that is checked out; none where a commit is checked out by itself.
pub fn branch(toolbox: &Toolbox, root: &Path) -> Result<Option<String>, ToolError> {
    let call = git(toolbox, root)?.args(["symbolic-ref", "--quiet", "--short", "HEAD"]);
    let output = call.run_accepting(&[0, 1])?;
    let name = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(Some(name).filter(|name| output.status == 0 && !name.is_empty()))
}

/// Whether a commit is the one that is checked out, or one before it. An error where it is not known here, as in a shallow
/// clone.
pub fn is_ancestor(toolbox: &Toolbox, root: &Path, commit: &str) -> Result<bool, ToolError> {
    let call = git(toolbox, root)?.args(["merge-base", "--is-ancestor", "--end-of-options", commit, "HEAD"]);
    Ok(call.run_accepting(&[0, 1])?.status == 0)
}

/// The paths of the files in a revision at or below `path`, relative to `root`.
pub fn files_below(toolbox: &Toolbox, root: &Path, rev: &str, path: &str) -> Result<Vec<String>, ToolError> {
    let call = git(toolbox, root)?.args(["ls-tree", "-r", "-z", "--name-only", rev, "--", path]);
    let output = call.run()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

fn git(toolbox: &Toolbox, root: &Path) -> Result<Invocation, ToolError> {
    let call = toolbox.get(Tool::Git)?.invocation().cwd(root);
    Ok(call.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0"))
}

/// Reads `XY path NUL`, where a rename or copy is followed by `old-path NUL`.
fn parse_status(answer: &str) -> Result<Vec<Change>, String> {
    let mut changes = Vec::new();
    let mut fields = answer.split_terminator('\0');
    while let Some(field) = fields.next() {
        let (code, path) = match (field.get(..2), field.get(2..3), field.get(3..)) {
            (Some(code), Some(" "), Some(path)) if !path.is_empty() => (code.to_owned(), path.to_owned()),
            _ => {
                return Err(format!(
                    "found `{}`, wanted two letters and a path",
                    crate::text::printable(field, 80)
                ));
            }
        };
        let from = if code.contains(['R', 'C']) {
            fields.next().map(str::to_owned)
        } else {
            None
        };
        changes.push(Change { code, path, from });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_renames_and_odd_names() {
        let changes = parse_status(" M a b.yaml\0R  new\0old\0?? \u{e9}\0").unwrap();
        let rows: Vec<_> = changes
            .iter()
            .map(|c| (c.code.as_str(), c.path.as_str(), c.from.as_deref()))
            .collect();
        assert_eq!(
            rows,
            [
                (" M", "a b.yaml", None),
                ("R ", "new", Some("old")),
                ("??", "\u{e9}", None)
            ]
        );
    }

    #[test]
    fn refuses_what_is_not_a_status() {
        assert!(parse_status("fatal").is_err());
        assert!(parse_status("\u{e9}").is_err());
        assert_eq!(parse_status("").unwrap(), []);
    }
}
