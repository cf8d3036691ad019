//! A part of a rehearsal that runs for long: its output goes to a file, its environment holds nothing of the user's.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::error::{RehearseError, io};
use crate::{process_group, reaper};

/// How much of the end of a log an error repeats, in lines and in bytes.
const TAIL_LINES: usize = 12;
const TAIL_BYTES: usize = 16 * 1024;

/// How to start a part.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// A part that was started.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) name: &'static str,
    log: PathBuf,
    handle: duct::Handle,
}

impl Part {
    pub(crate) fn new(name: &'static str, program: &Path) -> Self {
        Self {
            name,
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Adds `--name=value`.
    pub(crate) fn flag(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        self.arguments.push(argument);
        self
    }

    /// Adds a variable.
    pub(crate) fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

impl Child {
    /// Starts a part of the rehearsal in `folder`, whose log is `logs/NAME.log` there.
    pub(crate) fn start(part: &Part, folder: &Path) -> Result<Self, RehearseError> {
        let log = folder.join("logs").join(format!("{}.log", part.name));
        let out = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(io("write", &log))?;
        let error = out.try_clone().map_err(io("write", &log))?;
        let handle = duct::cmd(part.program.as_os_str(), &part.arguments)
            .full_env(environment(folder, &part.environment))
            .dir(folder)
            .stdin_null()
            .stdout_file(out)
            .stderr_file(error)
            .unchecked()
            .before_spawn(|command| {
                process_group::lead(command);
                Ok(())
            })
            .start()
            .map_err(|cause| RehearseError::Spawn {
                part: part.name.to_owned(),
                cause,
            })?;
        Ok(Self {
            name: part.name,
            log,
            handle,
        })
    }

    /// An error when the part has ended by itself.
    pub(crate) fn check(&self) -> Result<(), RehearseError> {
        match self.handle.try_wait() {
            Ok(Some(output)) => Err(RehearseError::Ended {
                part: self.name.to_owned(),
                how: ended(output.status),
                tail: tail(&self.log),
            }),
            Ok(None) => Ok(()),
            Err(cause) => Err(RehearseError::Spawn {
                part: self.name.to_owned(),
                cause,
            }),
        }
    }

    /// Ends it; whatever it has started ends with the rehearsal.
    pub(crate) fn end(&self) {
        // The only failure is that it has ended by itself.
        let _already_gone = self.handle.kill();
    }

    /// Waits for a part that was ended.
    pub(crate) fn reap(&self) {
        let _ended = self.handle.wait();
    }
}

/// The environment of whatever a rehearsal starts: its mark, a home of its own, and where programs are.
pub(crate) fn environment(
    folder: &Path,
    more: &[(impl AsRef<OsStr>, OsString)],
) -> Vec<(OsString, OsString)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut variables: Vec<(OsString, OsString)> = vec![
        (reaper::MARK.into(), folder.into()),
        ("HOME".into(), folder.into()),
        ("TMPDIR".into(), folder.join("tmp").into()),
        ("PATH".into(), path),
    ];
    variables.extend(
        more.iter()
            .map(|(name, value)| (name.as_ref().to_owned(), value.clone())),
    );
    variables
}

fn ended(status: ExitStatus) -> String {
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by signal {signal}");
    }
    format!("ended with exit status {}", status.code().unwrap_or(-1))
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let start = bytes.len().saturating_sub(TAIL_BYTES);
    last_words(&String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()))
}

/// The last lines of a text; of a program that panics those before its stack, which says where it was and not why it ended.
fn last_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_cause = |line: &&str| line.starts_with("panic: ") || line.starts_with("fatal error: ");
    let end = lines.iter().rposition(is_cause).map_or(lines.len(), |at| at + 1);
    let kept = lines.iter().take(end).skip(end.saturating_sub(TAIL_LINES));
    kept.map(|line| {
        let line: String = line.chars().filter(|c| !c.is_control()).take(400).collect();
        format!("  {line}")
    })
    .collect::<Vec<_>>()
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_the_last_lines_and_not_the_stack_below_a_panic() {
        let lines: Vec<String> = (0..40).map(|n| format!("line {n}\n\n")).collect();
        let words = last_words(&lines.concat());
        assert_eq!(words.lines().count(), TAIL_LINES);
        assert!(words.ends_with("  line 39"), "{words}");
        let stack = "\ngoroutine 1 [running]:\nmain.main()\n\tmain.go:1\n".repeat(9);
        let words = last_words(&format!("I write\npanic: no space left on device\n{stack}"));
        assert_eq!(words, "  I write\n  panic: no space left on device");
    }
}
