//! `go mod download`: the folder of a Go module, for the official schemas and CRDs inside.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::catalog::Tool;
use crate::discover::Toolbox;
use crate::error::ToolError;
use crate::{scratch, text};

/// Schemas lie in large modules, and the line may be slow.
const TIMEOUT: Duration = Duration::from_mins(5);

/// A Go module in the module cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleDir {
    /// The read-only folder with the module's files.
    pub dir: PathBuf,
    /// The digest as go.sum writes it: `h1:` and base64 of a SHA-256.
    pub sum: String,
    /// The module's go.mod.
    pub go_mod: PathBuf,
}

/// The answer of `go mod download -json`, with the fields read here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Answer {
    error: String,
    dir: PathBuf,
    sum: String,
    go_mod: PathBuf,
}

/// Downloads a module, unless it is in the cache, and checks its digest; needs the network only then.
///
/// `version` is exact (`v1.37.2`).
pub fn mod_download(toolbox: &Toolbox, module: &str, version: &str) -> Result<ModuleDir, ToolError> {
    // An empty folder: the go.mod, go.work or vendor folder of the caller must not change the answer.
    let folder = scratch::folder(Tool::Go)?;
    let call = toolbox
        .get(Tool::Go)?
        .invocation()
        .cwd(folder.path())
        .env("GOFLAGS", "-mod=mod")
        .env("GOWORK", "off")
        .timeout(TIMEOUT)
        .args(["mod", "download", "-json", "--"])
        .arg(format!("{module}@{version}"));
    let output = call.run_accepting(&[0, 1])?;
    let failed = |said: &str| ToolError::Failed {
        argv: call.command_line(),
        status: output.status,
        stderr_tail: text::tail(said),
    };
    let unexpected = |reason: String| ToolError::UnexpectedOutput {
        argv: call.command_line(),
        reason,
    };
    if output.stdout.is_empty() {
        return Err(failed(&output.stderr));
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|error| unexpected(format!("wanted one JSON object, {error}")))?;
    if output.status != 0 || !answer.error.is_empty() {
        return Err(failed(&format!("{}\n{}", answer.error, output.stderr)));
    }
    let Answer { dir, sum, go_mod, .. } = answer;
    if !dir.is_absolute() || !sum.starts_with("h1:") {
        return Err(unexpected(format!(
            "found dir `{}` and sum `{sum}`",
            dir.display()
        )));
    }
    Ok(ModuleDir { dir, sum, go_mod })
}
