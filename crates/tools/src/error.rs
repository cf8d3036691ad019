//! Why a program could not do its job, worded for the person who has to fix it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::text;

/// Why an external program did not give an answer.
///
/// `argv` is always the shell-quoted command line with secrets masked, ready for copy and paste.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The program is neither on the search path nor at its configured path.
    #[error(
        "`{program}` was not found in {}; install it: {install}",
        text::quoted_list(tried)
    )]
    NotFound {
        /// The program's file name.
        program: String,
        /// The folders that were searched, or the one configured file.
        tried: Vec<PathBuf>,
        /// One line: how to install the program.
        install: &'static str,
    },
    /// The operating system did not start the program.
    #[error("`{argv}` could not be started: {cause}; check that the file is a program for this machine")]
    Spawn {
        /// The command line.
        argv: String,
        /// What the operating system said; part of the text, so not repeated as `source()`.
        cause: io::Error,
    },
    /// The program was started, but its output or exit status could not be read.
    #[error("`{argv}` was started but could not be followed: {cause}")]
    Lost {
        /// The command line.
        argv: String,
        /// What the operating system said; part of the text, so not repeated as `source()`.
        cause: io::Error,
    },
    /// The program was still running when its time was over; it and all its children were ended.
    #[error(
        "`{argv}` did not end within {after:?} and was stopped; run it by hand to see what it waits for{}",
        text::said(stderr_tail)
    )]
    Timeout {
        /// The command line.
        argv: String,
        /// The time it was given.
        after: Duration,
        /// The last lines of stderr until then.
        stderr_tail: String,
    },
    /// The program ended with a status that its caller does not accept.
    #[error("`{argv}` {}{}", text::ended(*status), text::said(stderr_tail))]
    Failed {
        /// The command line.
        argv: String,
        /// The exit status; `-N` when signal N ended the program.
        status: i32,
        /// The last 20 lines of stderr, control characters replaced.
        stderr_tail: String,
    },
    /// The program printed more than its caller is ready to hold in memory; it was stopped.
    #[error("`{argv}` printed more than {limit} bytes and was stopped; check what it was given to read")]
    TooMuchOutput {
        /// The command line.
        argv: String,
        /// The bound on stdout and stderr together, in bytes.
        limit: usize,
    },
    /// The program ended well, but its answer is not in the form its documentation promises.
    #[error(
        "`{argv}` gave an unexpected answer: {reason}; check that it is the real program (`cargo xtask doctor`)"
    )]
    UnexpectedOutput {
        /// The command line.
        argv: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A temporary file for the program could not be written.
    #[error("no temporary file for `{program}` could be written: {cause}; check `TMPDIR` and the free space")]
    Scratch {
        /// The program that was going to read the file.
        program: &'static str,
        /// What the operating system said; part of the text, so not repeated as `source()`.
        cause: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_each_error_for_copy_and_paste() {
        let argv = || "kustomize build apps".to_owned();
        let not_found = ToolError::NotFound {
            program: "flux".to_owned(),
            tried: vec!["/usr/bin".into(), "/opt/bin".into()],
            install: "`brew install fluxcd/tap/flux`",
        };
        assert_eq!(
            not_found.to_string(),
            "`flux` was not found in `/usr/bin`, `/opt/bin`; install it: `brew install fluxcd/tap/flux`"
        );
        let failed = ToolError::Failed {
            argv: argv(),
            status: 1,
            stderr_tail: "Error: a\nb".to_owned(),
        };
        assert_eq!(
            failed.to_string(),
            "`kustomize build apps` failed with exit status 1; it said:\n  Error: a\n  b"
        );
        let killed = ToolError::Failed {
            argv: argv(),
            status: -9,
            stderr_tail: String::new(),
        };
        assert_eq!(
            killed.to_string(),
            "`kustomize build apps` was ended by signal 9; it said nothing on stderr"
        );
        let late = ToolError::Timeout {
            argv: argv(),
            after: Duration::from_secs(10),
            stderr_tail: String::new(),
        };
        assert_eq!(
            late.to_string(),
            "`kustomize build apps` did not end within 10s and was stopped; run it by hand to see what it waits for; \
             it said nothing on stderr"
        );
    }
}
