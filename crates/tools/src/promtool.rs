//! `promtool check rules` on a rules file.

use crate::catalog::Tool;
use crate::discover::Toolbox;
use crate::error::ToolError;
use crate::{scratch, text};

/// What promtool says about a rules file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesReport {
    /// One line per problem, such as `2:3: group "a", rule 1, "X": could not parse expression: ...`; empty
    /// when all is well.
    pub problems: Vec<String>,
}

/// Checks a rules file: YAML with a top-level `groups`, that is the `spec` of a `PrometheusRule`.
///
/// Rules that are wrong are part of the report, not an error.
pub fn check_rules(toolbox: &Toolbox, rules_yaml: &[u8]) -> Result<RulesReport, ToolError> {
    let found = toolbox.get(Tool::Promtool)?;
    // Debian's promtool 2.42 does not read stdin here.
    let file = scratch::file(Tool::Promtool, ".yaml", rules_yaml)?;
    let call = found.invocation().args(["check", "rules", "--"]).arg(file.path());
    let output = call.run_accepting(&[0, 1])?;
    if output.status == 0 {
        if !String::from_utf8_lossy(&output.stdout).contains("SUCCESS:") {
            let reason = "found status 0 without its line `SUCCESS: N rules found`".to_owned();
            return Err(ToolError::UnexpectedOutput {
                argv: call.command_line(),
                reason,
            });
        }
        return Ok(RulesReport { problems: Vec::new() });
    }
    // Status 1 is also "cannot read the file" and "wrong option": only a list after this line is about the
    // rules.
    let Some((_, list)) = output.stderr.split_once("FAILED:\n") else {
        return Err(ToolError::Failed {
            argv: call.command_line(),
            status: output.status,
            stderr_tail: text::tail(&output.stderr),
        });
    };
    let place = format!("{}: ", file.path().display());
    let lines = list
        .lines()
        .map(|line| line.trim_start().trim_start_matches(&place))
        .filter(|line| !line.is_empty());
    Ok(RulesReport {
        problems: lines.map(|line| text::printable(line, 500)).collect(),
    })
}
