//! Why a Corefile cannot be run here, or a question has no answer.

use std::io;
use std::net::SocketAddr;

/// Why a Corefile is not run on this machine. None of these says that it is wrong in its cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorefileError {
    /// More than anybody writes.
    #[error("line {line}: the Corefile has more than {max} words")]
    TooLong {
        /// Where the limit was reached.
        line: usize,
        /// The limit.
        max: usize,
    },
    /// A brace or a quote without its other half.
    #[error("line {line}: {what} is not closed")]
    Open {
        /// Where it begins.
        line: usize,
        /// `a block` or `a quoted word`.
        what: &'static str,
    },
    /// A word where none may be.
    #[error("line {line}: found `{found}`, wanted {wanted}")]
    Unexpected {
        /// Where.
        line: usize,
        /// The word, shortened.
        found: String,
        /// What should stand there.
        wanted: &'static str,
    },
    /// A plugin that reads files, or that this workspace does not know.
    #[error("line {line}: the plugin `{plugin}` {why}")]
    Plugin {
        /// Where.
        line: usize,
        /// Its name, shortened.
        plugin: String,
        /// Why it is not run here.
        why: &'static str,
    },
    /// No server block.
    #[error("the Corefile has no server block")]
    Empty,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// A name or path that cannot be asked for.
    #[error("`{name}` cannot be asked for: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why.
        why: String,
    },
    /// A record type that is not known.
    #[error("`{kind}` is no record type")]
    Kind {
        /// The type.
        kind: String,
    },
    /// The network's error, or no answer in time.
    #[error("no answer from {server}: {cause}")]
    Io {
        /// Who was asked.
        server: SocketAddr,
        /// What the operating system says; part of the text, so not repeated as `source()`.
        cause: io::Error,
    },
    /// Bytes that are no DNS message, or the answer to another question.
    #[error("{server} sends {what}")]
    Nonsense {
        /// Who was asked.
        server: SocketAddr,
        /// What came.
        what: String,
    },
}
