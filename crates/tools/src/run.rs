//! One call of one program: what it is given, what bounds it, and which exit statuses are an answer.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::ToolError;
use crate::{command_line, process, text};

/// The time a program gets unless its caller says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
/// The output a program may print unless its caller says otherwise.
const DEFAULT_MAX_OUTPUT: usize = 64 << 20;

/// One call of one program, with everything that bounds it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The program's file; a bare name is looked up on `PATH`.
    pub program: PathBuf,
    /// The arguments after the program, passed as they are: there is no shell in between.
    pub args: Vec<OsString>,
    /// What the program reads from stdin; without it stdin is empty.
    pub stdin: Option<Vec<u8>>,
    /// The folder the program runs in; without it the current one.
    pub cwd: Option<PathBuf>,
    /// Variables added to the inherited environment.
    pub env: Vec<(String, String)>,
    /// The time until the program and its children are ended.
    pub timeout: Duration,
    /// The most that stdout and stderr together may hold, in bytes.
    pub max_output: usize,
}

/// What a program left behind when it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// All of stdout, byte for byte.
    pub stdout: Vec<u8>,
    /// All of stderr; bytes that are not UTF-8 are replaced.
    pub stderr: String,
    /// The exit status; `-N` when signal N ended the program.
    pub status: i32,
    /// The time from start to end.
    pub elapsed: Duration,
}

impl Invocation {
    /// A call without arguments: stdin empty, one minute, 64 MiB of output.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            stdin: None,
            cwd: None,
            env: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            max_output: DEFAULT_MAX_OUTPUT,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.args.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments in order.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args
            .extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Gives the program these bytes on stdin.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Runs the program in this folder.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// Adds one variable to the environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Ends the program after this time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Stops the program when stdout and stderr together exceed this many bytes.
    #[must_use]
    pub fn max_output(mut self, bytes: usize) -> Self {
        self.max_output = bytes;
        self
    }

    /// The command line for a person: shell-quoted, secrets masked.
    pub fn command_line(&self) -> String {
        command_line::render(self.cwd.as_deref(), &self.env, &self.program, &self.args)
    }

    /// Runs the program; every exit status but 0 is an error.
    pub fn run(&self) -> Result<Output, ToolError> {
        self.run_accepting(&[0])
    }

    /// Runs the program; every exit status that is not listed is an error.
    ///
    /// A child left behind that holds stdout or stderr open is ended; one that closed both is left alone.
    pub fn run_accepting(&self, statuses: &[i32]) -> Result<Output, ToolError> {
        let output = process::run(self)?;
        if statuses.contains(&output.status) {
            return Ok(output);
        }
        Err(ToolError::Failed {
            argv: self.command_line(),
            status: output.status,
            stderr_tail: text::tail(&output.stderr),
        })
    }
}
