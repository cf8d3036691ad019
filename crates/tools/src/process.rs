//! Follows one process to its end: output through bounded pipes, its whole group ended when a limit is
//! reached.

use std::io::{self, PipeReader, Read};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::ToolError;
use crate::run::{Invocation, Output};
use crate::{process_group, text};

/// How long a child left behind may hold stdout or stderr open after the program itself has ended.
const LEFT_BEHIND: Duration = Duration::from_secs(1);
/// How much one read takes from a pipe; the usual size of a pipe on Linux.
const CHUNK: usize = 64 << 10;

/// Starts the program and gathers its output; any exit status is fine, a limit that is reached is an error.
pub(crate) fn run(invocation: &Invocation) -> Result<Output, ToolError> {
    let started = Instant::now();
    let argv = invocation.command_line();
    let (handle, stdout, stderr) = spawn(invocation).map_err(|cause| ToolError::Spawn {
        argv: argv.clone(),
        cause,
    })?;
    let handle = Arc::new(handle);
    // A full channel holds readers back, and with them the program: memory stays bounded.
    let (sender, events) = sync_channel(4);
    let watched = watch(&handle, stdout, stderr, &sender);
    let running = Running {
        invocation,
        argv,
        started,
        handle: &handle,
        events,
    };
    watched
        .map_err(|cause| running.lost(cause))
        .and_then(|()| running.collect())
        .inspect_err(|_| process_group::end(&handle))
}

/// What the threads that watch a program have to say.
enum Event {
    Bytes(Stream, Vec<u8>),
    Closed(io::Result<()>),
    Ended(io::Result<i32>),
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

/// How far a program has come; each phase has its own time limit.
enum Phase {
    Running,
    /// The program has ended with this status, somebody else may hold its pipes.
    Draining(i32),
    /// Its group was ended as well; only a process that left the group can hold the pipes now.
    Swept(i32),
}

struct Running<'a> {
    invocation: &'a Invocation,
    argv: String,
    started: Instant,
    handle: &'a duct::Handle,
    events: Receiver<Event>,
}

impl Running<'_> {
    /// Gathers output until the program has ended and both pipes are closed, or a limit is reached.
    fn collect(&self) -> Result<Output, ToolError> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut open_pipes = 2;
        let (mut phase, mut deadline) = (Phase::Running, self.invocation.timeout);
        let status = loop {
            if let (0, Phase::Draining(status) | Phase::Swept(status)) = (open_pipes, &phase) {
                break *status;
            }
            match self
                .events
                .recv_timeout(deadline.saturating_sub(self.started.elapsed()))
            {
                Ok(Event::Bytes(stream, bytes)) => {
                    match stream {
                        Stream::Stdout => stdout.extend(bytes),
                        Stream::Stderr => stderr.extend(bytes),
                    }
                    self.check_size(stdout.len() + stderr.len())?;
                }
                Ok(Event::Closed(result)) => {
                    result.map_err(|cause| self.lost(cause))?;
                    open_pipes -= 1;
                }
                Ok(Event::Ended(result)) => {
                    phase = Phase::Draining(result.map_err(|cause| self.lost(cause))?);
                    deadline = self.started.elapsed() + LEFT_BEHIND;
                }
                Err(_) => match phase {
                    Phase::Running => return Err(self.late(&stderr)),
                    Phase::Draining(status) => {
                        process_group::end(self.handle);
                        phase = Phase::Swept(status);
                        deadline = self.started.elapsed() + LEFT_BEHIND;
                    }
                    Phase::Swept(status) => break status,
                },
            }
        };
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Output {
            stdout,
            stderr,
            status,
            elapsed: self.started.elapsed(),
        })
    }

    fn check_size(&self, bytes: usize) -> Result<(), ToolError> {
        let limit = self.invocation.max_output;
        if bytes > limit {
            return Err(ToolError::TooMuchOutput {
                argv: self.argv.clone(),
                limit,
            });
        }
        Ok(())
    }

    fn late(&self, stderr: &[u8]) -> ToolError {
        let stderr_tail = text::tail(&String::from_utf8_lossy(stderr));
        ToolError::Timeout {
            argv: self.argv.clone(),
            after: self.invocation.timeout,
            stderr_tail,
        }
    }

    fn lost(&self, cause: io::Error) -> ToolError {
        ToolError::Lost {
            argv: self.argv.clone(),
            cause,
        }
    }
}

/// Starts the program; the pipes reach their end once every process that inherited them is gone.
fn spawn(invocation: &Invocation) -> io::Result<(duct::Handle, PipeReader, PipeReader)> {
    let (stdout, stdout_writer) = io::pipe()?;
    let (stderr, stderr_writer) = io::pipe()?;
    // As an `OsString`: duct takes a bare `Path` as a file of the current folder.
    let mut expression = duct::cmd(invocation.program.as_os_str().to_owned(), &invocation.args)
        .stdout_file(stdout_writer)
        .stderr_file(stderr_writer)
        .before_spawn(|command| {
            process_group::lead(command);
            Ok(())
        });
    if let Some(cwd) = &invocation.cwd {
        expression = expression.dir(cwd);
    }
    for (name, value) in &invocation.env {
        expression = expression.env(name, value);
    }
    expression = match &invocation.stdin {
        Some(bytes) => expression.stdin_bytes(bytes.clone()),
        None => expression.stdin_null(),
    };
    // The expression holds our copies of the write ends; it is dropped here, so only the program keeps them
    // open.
    Ok((expression.unchecked().start()?, stdout, stderr))
}

/// Starts the three threads that report events: one per pipe, one for the exit status.
///
/// They are never joined: a process that left the group could hold a pipe for ever, and with it the thread.
fn watch(
    handle: &Arc<duct::Handle>,
    stdout: PipeReader,
    stderr: PipeReader,
    sender: &SyncSender<Event>,
) -> io::Result<()> {
    for (stream, pipe) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
        let sender = sender.clone();
        thread::Builder::new().spawn(move || forward(stream, pipe, &sender))?;
    }
    let (handle, sender) = (Arc::clone(handle), sender.clone());
    thread::Builder::new().spawn(move || {
        let status = handle.wait().map(|output| exit_status(output.status));
        // Nobody listens any more when a limit was reached; the wait above has still reaped the program.
        let _not_needed = sender.send(Event::Ended(status));
    })?;
    Ok(())
}

/// Sends what a pipe delivers, then that it is closed; stops early when nobody listens any more.
fn forward(stream: Stream, mut pipe: PipeReader, sender: &SyncSender<Event>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let event = match pipe.read(&mut chunk) {
            Ok(length @ 1..) => Event::Bytes(stream, chunk.iter().take(length).copied().collect()),
            Ok(0) => Event::Closed(Ok(())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Event::Closed(Err(error)),
        };
        let closed = matches!(event, Event::Closed(_));
        if sender.send(event).is_err() || closed {
            return;
        }
    }
}

/// The exit status as one number: `-N` for signal N, as Python's subprocess has it.
fn exit_status(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return -signal;
    }
    status.code().unwrap_or(-1)
}
