//! What a run tells while it goes on, for somebody who waits in front of a terminal.

use std::fmt;
use std::sync::Arc;

/// How far a run has come. Told from the thread that asks, so whoever listens should be quick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How many different requests have their verdict.
    pub done: usize,
    /// How many different requests there are.
    pub of: usize,
    /// What was just begun, is being downloaded or has just ended.
    pub url: String,
    /// How much of its archive has come in, in bytes; 0 while none is downloaded.
    pub bytes: u64,
    /// How long the archive is, in bytes; 0 while none is downloaded.
    pub size: u64,
}

/// Somebody who is told of progress.
#[derive(Clone)]
pub struct Listener(Arc<dyn Fn(&Progress) + Send + Sync>);

impl Listener {
    /// Calls `tell` at each step: a request begins, bytes of an archive come in, a request has its verdict.
    pub fn new(tell: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, progress: &Progress) {
        (self.0)(progress);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
