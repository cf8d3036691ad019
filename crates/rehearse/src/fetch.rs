//! Fetches the programs that are missing out of their official images.

use oci::{FileRequest, FileVerdict, Options};

use crate::error::RehearseError;
use crate::pins::Pin;
use crate::programs::{Looked, Program, Search};

/// A program that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Which.
    pub program: Program,
    /// The tag of its image.
    pub version: String,
    /// Registry and repository.
    pub image: String,
    /// The size of its file, in bytes.
    pub size: u64,
}

/// Fetches what `search` does not find into its cache, all at once; `options` say how registries are asked. An error names every
/// program that cannot be had, each with the reason; the others are in the cache by then.
pub fn fetch(search: &Search<'_>, options: &Options) -> Result<Vec<Fetched>, RehearseError> {
    let mut problems = Vec::new();
    let mut wanted: Vec<(Program, &Pin, FileRequest)> = Vec::new();
    for looked in search.look() {
        let (Looked::Missing(program) | Looked::Damaged(program)) = looked else {
            continue;
        };
        let pin = search.pins.get(program);
        match pin.and_then(|pin| Some((program, pin, pin.request()?))) {
            Some(pinned) => wanted.push(pinned),
            None => problems.push(format!(
                "  {}: no digest is known of its image; put it on PATH or name its folder with `--bin-dir DIR`",
                program.name()
            )),
        }
    }
    let options = Options {
        cache: search.cache.cloned(),
        ..options.clone()
    };
    let requests: Vec<FileRequest> = wanted.iter().map(|(_, _, request)| request.clone()).collect();
    let mut fetched = Vec::new();
    for ((program, pin, _), verdict) in wanted.into_iter().zip(oci::files(&requests, &options)) {
        match verdict {
            FileVerdict::Kept { fetched: size, .. } => fetched.push(Fetched {
                program,
                version: pin.version.clone(),
                image: pin.image.clone(),
                size,
            }),
            FileVerdict::Missing { reason } | FileVerdict::Unknown { reason } => {
                problems.push(format!("  {}: {reason}", program.name()));
            }
        }
    }
    if problems.is_empty() {
        Ok(fetched)
    } else {
        Err(RehearseError::NotFetched { problems })
    }
}
