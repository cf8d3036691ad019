//! Why a rehearsal could not be held, worded for the person who has to fix it.

use std::io;
use std::path::PathBuf;

use tools::ToolError;

use crate::pins::PinError;

/// Why there is no answer. What Flux says of the repository is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// Another operating system.
    #[error("a rehearsal needs Linux, whose /proc says which processes belong to it")]
    NotLinux,
    /// Programs that are not there.
    #[error(
        "not found: {}; `--fetch` takes them out of their official images (some 200 MB), or put them on PATH, or name their \
         folder with `--bin-dir DIR`",
        missing.join(", ")
    )]
    Missing {
        /// Their names.
        missing: Vec<String>,
    },
    /// Programs that cannot be fetched.
    #[error("these programs could not be fetched:\n{}", problems.join("\n"))]
    NotFetched {
        /// `  kwok: why`.
        problems: Vec<String>,
    },
    /// A file of pins.
    #[error(transparent)]
    Pins(#[from] PinError),
    /// A file or folder of the rehearsal.
    #[error("cannot {what} `{}`: {cause}", path.display())]
    Io {
        /// `write`, `make`, ...
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the operating system says; part of the text, so not repeated as `source()`.
        cause: io::Error,
    },
    /// The folder for rehearsals belongs to somebody else, or others may write to it.
    #[error("`{}` is not a folder of this user alone; remove it or set `TMPDIR`", path.display())]
    NotPrivate {
        /// Which.
        path: PathBuf,
    },
    /// A path that is too long for a socket.
    #[error("`{}` is too long for a socket; set `TMPDIR` to a shorter one", path.display())]
    LongPath {
        /// Which.
        path: PathBuf,
    },
    /// No free port.
    #[error("no free port on loopback was found in {tried} tries")]
    NoPort {
        /// How many.
        tried: usize,
    },
    /// A part did not start.
    #[error("`{part}` could not be started: {cause}")]
    Spawn {
        /// Its name.
        part: String,
        /// What the operating system says.
        cause: io::Error,
    },
    /// A part ended by itself.
    #[error("`{part}` {how}; the end of its log:\n{tail}")]
    Ended {
        /// Its name.
        part: String,
        /// `failed with exit status 1`.
        how: String,
        /// The last lines, secrets masked.
        tail: String,
    },
    /// A part was not ready in time.
    #[error("{what} was not there after {seconds} s")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// What Flux says of an object is said of this machine.
    #[error(
        "there is no room left for the rehearsal; Flux says of {object}: {message}; set `TMPDIR` to a larger disk"
    )]
    NoRoom {
        /// `Kind/namespace/name`.
        object: String,
        /// Its words.
        message: String,
    },
    /// Something went wrong where this machine's disk is full.
    #[error("no space left on device: `{}` is full, set `TMPDIR` to a larger disk; {cause}", path.display())]
    Full {
        /// The folder of the rehearsal.
        path: PathBuf,
        /// What went wrong; part of the text, so not repeated as `source()`.
        cause: Box<RehearseError>,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted; everything that was started has been ended")]
    Interrupted,
    /// The API server refused what the rehearsal itself needs.
    #[error("the API server says to {what}: {message}")]
    Api {
        /// `POST /api/v1/nodes`.
        what: String,
        /// Its words.
        message: String,
    },
    /// git could not do it.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A cluster that starts from a source of a kind that cannot be served here.
    #[error(
        "it starts from {source_id}; a rehearsal can serve this repository as a GitRepository or an OCIRepository alone"
    )]
    OwnSource {
        /// `Kind/namespace/name`.
        source_id: String,
    },
    /// There is no commit to rehearse.
    #[error("`{}` has no commit; use `--worktree` to rehearse what is on the disk", root.display())]
    NoCommit {
        /// The repository.
        root: PathBuf,
    },
}

impl RehearseError {
    /// Whether a part could not listen on a port that was free a moment before.
    pub fn lost_port(&self) -> bool {
        matches!(self, Self::Ended { tail, .. } if tail.contains("address already in use"))
    }
}

/// An error about a file of the rehearsal.
pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> RehearseError {
    let path = path.into();
    move |cause| RehearseError::Io { what, path, cause }
}
