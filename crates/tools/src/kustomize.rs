//! `kustomize build`, or `kubectl kustomize` where kustomize is not installed.

use std::path::Path;

use crate::catalog::Tool;
use crate::discover::{Found, Toolbox};
use crate::error::ToolError;

/// Which files a kustomization.yaml may read (`--load-restrictor`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadRestrictor {
    /// `LoadRestrictionsRootOnly`: only files below its own folder.
    #[default]
    RootOnly,
    /// `LoadRestrictionsNone`: any file, as Flux allows inside its artifact.
    None,
}

/// What `kustomize build DIR` prints: one YAML stream.
pub fn build(toolbox: &Toolbox, dir: &Path, load_restrictor: LoadRestrictor) -> Result<Vec<u8>, ToolError> {
    let found = builder(toolbox)?;
    let command = if found.tool() == Tool::Kubectl {
        "kustomize"
    } else {
        "build"
    };
    let mut call = found.invocation().arg(command);
    if load_restrictor == LoadRestrictor::None {
        call = call.args(["--load-restrictor", "LoadRestrictionsNone"]);
    }
    Ok(call.arg("--").arg(dir).run()?.stdout)
}

/// The program that [`build`] uses: kustomize, else kubectl.
///
/// A kustomize that is configured and missing is an error: kubectl embeds another version and must not
/// replace it silently.
pub fn builder(toolbox: &Toolbox) -> Result<&Found, ToolError> {
    match toolbox.get(Tool::Kustomize) {
        Err(missing) if !toolbox.is_configured(Tool::Kustomize) => {
            toolbox.get(Tool::Kubectl).map_err(|_also_missing| missing)
        }
        kustomize => kustomize,
    }
}
