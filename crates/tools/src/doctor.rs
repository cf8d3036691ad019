//! A survey of all programs for `cargo xtask doctor`: what is here, in which version, and what to install.

use std::path::PathBuf;
use std::thread;

use crate::catalog::Tool;
use crate::discover::Toolbox;

/// One program, as it is on this machine and as we want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The program.
    pub tool: Tool,
    /// Its file; nothing when it is not installed.
    pub found: Option<PathBuf>,
    /// The version it reports; nothing when it is not installed or does not answer.
    pub version: Option<String>,
    /// Why it is of no use: not found, hangs, is something else.
    pub problem: Option<String>,
    /// The version our comparison was made with.
    pub wanted: &'static str,
    /// What we use it for.
    pub purpose: &'static str,
    /// How to install it.
    pub install: &'static str,
}

/// Asks every program for its version, all at the same time; a program that hangs is reported after 10 s.
///
/// Rows are in the order of [`Tool::ALL`].
pub fn survey(toolbox: &Toolbox) -> Vec<Row> {
    thread::scope(|scope| {
        let asked = Tool::ALL.map(|tool| scope.spawn(move || row(toolbox, tool)));
        asked
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug)))
            .collect()
    })
}

fn row(toolbox: &Toolbox, tool: Tool) -> Row {
    let mut row = Row {
        tool,
        found: None,
        version: None,
        problem: None,
        wanted: tool.wanted(),
        purpose: tool.purpose(),
        install: tool.install(),
    };
    match toolbox.get(tool) {
        Err(error) => row.problem = Some(error.to_string()),
        Ok(found) => {
            row.found = Some(found.path().to_owned());
            match found.version() {
                Ok(version) => row.version = Some(version.to_owned()),
                Err(error) => row.problem = Some(error.to_string()),
            }
        }
    }
    row
}
