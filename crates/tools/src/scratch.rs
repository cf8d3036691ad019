//! Private temporary files for programs that do not read stdin; gone when the value is dropped.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path};

use tempfile::{NamedTempFile, TempDir};

use crate::catalog::Tool;
use crate::error::ToolError;

/// A file with this content that only the current user can read.
pub(crate) fn file(tool: Tool, suffix: &str, content: &[u8]) -> Result<NamedTempFile, ToolError> {
    let written = || -> io::Result<NamedTempFile> {
        let mut file = tempfile::Builder::new()
            .prefix("xtask-")
            .suffix(suffix)
            .tempfile()?;
        file.write_all(content)?;
        file.flush()?;
        Ok(file)
    };
    written().map_err(|cause| ToolError::Scratch {
        program: tool.name(),
        cause,
    })
}

/// A folder with these files, `/` between the parts of their paths, that only the current user can enter. A path that leads out
/// of it is left out.
pub(crate) fn folder_with(tool: Tool, files: &[(String, Vec<u8>)]) -> Result<TempDir, ToolError> {
    let folder = folder(tool)?;
    let write = |path: &str, content: &[u8]| -> io::Result<()> {
        let inside = Path::new(path);
        let is_inside = inside
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_inside {
            return Ok(());
        }
        let target = folder.path().join(inside);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(target, content)
    };
    for (path, content) in files {
        write(path, content).map_err(|cause| ToolError::Scratch {
            program: tool.name(),
            cause,
        })?;
    }
    Ok(folder)
}

/// An empty folder that only the current user can enter.
pub(crate) fn folder(tool: Tool) -> Result<TempDir, ToolError> {
    tempfile::Builder::new()
        .prefix("xtask-")
        .tempdir()
        .map_err(|cause| ToolError::Scratch {
            program: tool.name(),
            cause,
        })
}
