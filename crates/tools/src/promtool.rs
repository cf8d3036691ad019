//! `promtool check rules` and `promtool test rules` on a rules file.

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

/// The name under which a test file finds the rules file.
pub const RULES_FILE: &str = "rules.yaml";

/// Runs a test file, whose `rule_files` are [`RULES_FILE`] alone, on a rules file.
///
/// Tests that fail are part of the report, not an error.
pub fn test_rules(toolbox: &Toolbox, rules_yaml: &[u8], test_yaml: &[u8]) -> Result<RulesReport, ToolError> {
    const TEST_FILE: &str = "test.yaml";
    let found = toolbox.get(Tool::Promtool)?;
    let files = [
        (RULES_FILE.to_owned(), rules_yaml.to_vec()),
        (TEST_FILE.to_owned(), test_yaml.to_vec()),
    ];
    let folder = scratch::folder_with(Tool::Promtool, &files)?;
    let call = found
        .invocation()
        .args(["test", "rules", "--"])
        .arg(folder.path().join(TEST_FILE));
    let output = call.run_accepting(&[0, 1])?;
    if output.status == 0 {
        return Ok(RulesReport { problems: Vec::new() });
    }
    // Status 1 is also a test file that cannot be read; each test that fails is told after this word.
    let said = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), output.stderr);
    let Some((_, list)) = said.split_once("FAILED:\n") else {
        return Err(ToolError::Failed {
            argv: call.command_line(),
            status: output.status,
            stderr_tail: text::tail(&output.stderr),
        });
    };
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(RulesReport {
        problems: lines.map(|line| text::printable(line, 500)).collect(),
    })
}
