//! The watchdog: a process of this program that ends a rehearsal when the process that holds it is gone, however that went.

use std::io::{self, PipeWriter, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::error::RehearseError;
use crate::{folder, process_group};

/// The time that a watchdog gets to clear away.
const WITHIN: Duration = Duration::from_secs(15);

/// The arguments that make this program a watchdog; the folder follows.
pub(crate) const ARGUMENTS: [&str; 2] = ["rehearse", "--watch-over"];

/// A watchdog that was started.
pub(crate) struct Watchdog {
    /// What it waits for the end of; nobody else has this end of the pipe.
    pipe: Option<PipeWriter>,
    handle: duct::Handle,
}

/// Waits until the other end of standard input is gone, then ends what belongs to the folder and removes it.
///
/// `cargo xtask rehearse --watch-over DIR` calls this.
pub fn watch(folder: &Path) -> ExitCode {
    let mut nothing = [0; 64];
    let mut stdin = io::stdin().lock();
    while let Ok(1..) = stdin.read(&mut nothing) {}
    if folder::clear(folder) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Watchdog {
    /// Starts this program once more, in its own process group, which Ctrl-C does not reach.
    pub(crate) fn start(folder: &Path, program: &Path) -> Result<Self, RehearseError> {
        let failed = |cause| RehearseError::Spawn {
            part: "watchdog".to_owned(),
            cause,
        };
        let (reader, writer) = io::pipe().map_err(failed)?;
        let arguments = ARGUMENTS
            .into_iter()
            .map(std::ffi::OsStr::new)
            .chain([folder.as_os_str()]);
        let handle = duct::cmd(program.as_os_str(), arguments)
            .stdin_file(reader)
            .stdout_null()
            .stderr_null()
            .unchecked()
            .before_spawn(|command| {
                process_group::lead(command);
                Ok(())
            })
            .start()
            .map_err(failed)?;
        Ok(Self {
            pipe: Some(writer),
            handle,
        })
    }

    /// Has it clear away now; whether it did.
    pub(crate) fn release(mut self) -> bool {
        self.pipe = None;
        let deadline = Instant::now() + WITHIN;
        while Instant::now() < deadline {
            match self.handle.try_wait() {
                Ok(Some(output)) => return output.status.success(),
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Err(_) => return false,
            }
        }
        false
    }
}
