//! A file that a large body goes to piece by piece, hashed on the way.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use crate::digest::Hasher;

/// Takes a body of any size without holding it in memory.
pub(crate) struct Spool {
    like: String,
    state: RefCell<State>,
}

struct State {
    file: File,
    hasher: Hasher,
    bytes: u64,
}

impl Spool {
    /// Into this file, with the digest's algorithm of `like`.
    pub(crate) fn new(file: File, like: &str) -> Self {
        Self {
            like: like.to_owned(),
            state: RefCell::new(State {
                file,
                hasher: Hasher::like(like),
                bytes: 0,
            }),
        }
    }

    /// Forgets what came before: a request is made again from its beginning.
    pub(crate) fn begin(&self) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        state.file.set_len(0)?;
        state.file.seek(SeekFrom::Start(0))?;
        state.hasher = Hasher::like(&self.like);
        state.bytes = 0;
        Ok(())
    }

    /// Appends bytes and says how many there are now.
    pub(crate) fn push(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut state = self.state.borrow_mut();
        state.file.write_all(bytes)?;
        state.hasher.update(bytes);
        state.bytes += bytes.len() as u64;
        Ok(state.bytes)
    }

    /// The digest of all bytes, and how many there are.
    pub(crate) fn finish(self) -> (String, u64) {
        let state = self.state.into_inner();
        (state.hasher.finish(), state.bytes)
    }
}
