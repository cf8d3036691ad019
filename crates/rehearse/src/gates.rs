//! Whether a controller of Flux can be asked to leave a health check as soon as there is something newer to do.
//!
//! The controllers refuse a gate that they do not know, and no flag lists those that they do: a program that knows one holds
//! its name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Known to kustomize-controller since 1.7 and to helm-controller since 1.5; opt-in in both. It decides how soon Flux looks
/// again, never what it says.
pub(crate) const CANCEL: &str = "CancelHealthCheckOnNewRevision";

/// How much of a program is read at once, in bytes.
const CHUNK: usize = 4 << 20;
/// A program that is longer is searched so far, in bytes.
const MAX_PROGRAM: u64 = 1 << 30;

/// Whether the program's file holds this name. One that cannot be read holds nothing.
pub(crate) fn knows(program: &Path, name: &str) -> bool {
    File::open(program).is_ok_and(|file| holds(file.take(MAX_PROGRAM), name.as_bytes()).unwrap_or(false))
}

fn holds(mut from: impl Read, name: &[u8]) -> std::io::Result<bool> {
    let keep = name.len().saturating_sub(1);
    let mut chunk = Vec::new();
    loop {
        let before = chunk.len();
        from.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
        if find(&chunk, name) {
            return Ok(true);
        }
        if chunk.len() == before {
            return Ok(false);
        }
        // A name may lie across two chunks.
        chunk.drain(..chunk.len().saturating_sub(keep));
    }
}

/// Horspool's search: a hundred megabytes in a few hundredths of a second, without an optimizer's help.
fn find(text: &[u8], name: &[u8]) -> bool {
    let Some((last, head)) = name.split_last() else {
        return true;
    };
    let mut skips = [name.len(); 256];
    for (at, byte) in head.iter().enumerate() {
        if let Some(skip) = skips.get_mut(usize::from(*byte)) {
            *skip = head.len() - at;
        }
    }
    let mut end = head.len();
    while let Some(byte) = text.get(end) {
        if byte == last && text.get(end - head.len()..end) == Some(head) {
            return true;
        }
        end += skips.get(usize::from(*byte)).copied().unwrap_or(1);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_lies() {
        for place in [0, 7, CHUNK - 5, CHUNK, 2 * CHUNK - 1] {
            let mut program = vec![b'n'; place];
            program.extend(CANCEL.bytes());
            program.extend(b"Cancel".repeat(3));
            assert!(holds(program.as_slice(), CANCEL.as_bytes()).unwrap(), "{place}");
            program.truncate(place + CANCEL.len() - 1);
            assert!(!holds(program.as_slice(), CANCEL.as_bytes()).unwrap(), "{place}");
        }
        assert!(!holds(b"Cancel".as_slice(), CANCEL.as_bytes()).unwrap());
        assert!(!knows(Path::new("/nowhere"), CANCEL));
    }
}
