//! Private temporary files for programs that do not read stdin; gone when the value is dropped.

use std::io::{self, Write};

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
