//! What git says of the work tree: its commit and branch, and whether the manifests are committed.

use scenarios::Answer;
use tools::{ToolError, Toolbox, git};

use crate::project::Project;

/// Evidence is about the tree and no part of what it is about: it may be newer than the commit.
const EVIDENCE: [&str; 2] = ["docs/releases/", "docs/qa/gates/"];

/// How many files a message names.
const SOME: usize = 3;

/// What git says.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The commit that is checked out; empty where there is none.
    pub(crate) commit: String,
    /// The branch that is checked out; empty where there is none.
    pub(crate) branch: String,
    /// Whether the manifests are committed, the work tree is clean and a branch is checked out.
    pub(crate) answer: Answer,
}

/// Looks at the work tree of a project. `manifests` are files and folders.
pub(crate) fn look(toolbox: &Toolbox, project: &Project, manifests: &[String]) -> Facts {
    let commit = git::head_commit(toolbox, &project.root).unwrap_or_default();
    let branch = git::branch(toolbox, &project.root);
    let name = branch.as_ref().ok().cloned().flatten().unwrap_or_default();
    let answer = match problems(toolbox, project, manifests, &name) {
        Ok(problems) if problems.is_empty() => Answer::yes(format!("clean, on `{name}`, all committed")),
        Ok(problems) => Answer::no(problems.join("; ")),
        Err(error) => Answer::no(format!("git does not answer: {error}")),
    };
    Facts {
        commit,
        branch: name,
        answer,
    }
}

fn problems(
    toolbox: &Toolbox,
    project: &Project,
    manifests: &[String],
    branch: &str,
) -> Result<Vec<String>, ToolError> {
    let mut problems = Vec::new();
    let changed: Vec<String> = git::status_porcelain(toolbox, &project.root)?
        .into_iter()
        .map(|change| change.path)
        .filter(|path| !EVIDENCE.iter().any(|folder| path.starts_with(folder)))
        .collect();
    if !changed.is_empty() {
        let some: Vec<String> = changed
            .iter()
            .take(SOME)
            .map(|path| format!("`{path}`"))
            .collect();
        let more = match changed.len().saturating_sub(SOME) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        problems.push(format!("not committed: {}{more}", some.join(", ")));
    }
    for path in manifests {
        let path = model::tree::path::normalize(path);
        if git::files_below(toolbox, &project.root, "HEAD", &path)?.is_empty() {
            problems.push(format!("`{path}` is not in the commit"));
        }
    }
    if branch.is_empty() {
        problems.push("no branch is checked out".to_owned());
    }
    Ok(problems)
}
