//! `flux build kustomization` on files alone, without a cluster and without touching the tree.

use std::path::Path;
use std::time::Duration;

use crate::catalog::Tool;
use crate::discover::Toolbox;
use crate::error::ToolError;
use crate::scratch;

/// A build reads local files only and takes a second or two.
const TIMEOUT: Duration = Duration::from_secs(90);

/// One Flux Kustomization to build.
#[derive(Debug, Clone, Copy)]
pub struct BuildKustomization<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `metadata.namespace`.
    pub namespace: &'a str,
    /// The root of the source, the folder that `path` is relative to; nothing outside is read.
    pub root: &'a Path,
    /// `spec.path`, in any form Flux allows: `./apps`, `apps`, `/apps`, empty.
    pub path: &'a str,
    /// The Kustomization object as YAML. Its `postBuild.substitute` must hold the values of `substituteFrom`
    /// too: without a cluster flux skips the latter and leaves the placeholders in place.
    pub kustomization_yaml: &'a [u8],
    /// `--strict-substitute`: a variable without value and default is an error.
    pub strict: bool,
}

/// The YAML stream that Flux would apply, each document followed by a line `---`.
pub fn build_kustomization(toolbox: &Toolbox, build: BuildKustomization<'_>) -> Result<Vec<u8>, ToolError> {
    let found = toolbox.get(Tool::Flux)?;
    let file = scratch::file(Tool::Flux, ".yaml", build.kustomization_yaml)?;
    let mut call = found
        .invocation()
        .cwd(build.root)
        .timeout(TIMEOUT)
        .args(["build", "kustomization"])
        .arg(format!("--namespace={}", build.namespace))
        .arg(format!("--path={}", relative(build.path)))
        .arg("--kustomization-file")
        .arg(file.path())
        // In memory: otherwise flux writes its kustomization.yaml into the tree and takes it back afterwards.
        .args(["--dry-run", "--in-memory-build"]);
    if build.strict {
        call = call.arg("--strict-substitute");
    }
    Ok(call.arg("--").arg(build.name).run()?.stdout)
}

/// `spec.path` below the root: Flux reads a leading `/` as the root of the source, the command line as that
/// of the disk.
fn relative(path: &str) -> String {
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    format!("./{}", names.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_path_below_the_root() {
        for (path, wanted) in [
            ("./apps", "./apps"),
            ("apps/a", "./apps/a"),
            ("/apps", "./apps"),
            ("", "./"),
            ("./", "./"),
            ("/./.hidden/", "./.hidden"),
        ] {
            assert_eq!(relative(path), wanted, "{path}");
        }
    }
}
