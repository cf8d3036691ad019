//! The private folders of rehearsals, with a note on whose they are; what killed rehearsals left behind is cleared away.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{RehearseError, io};
use crate::{ports, random, reaper};

/// The note in a rehearsal's folder.
const NOTE: &str = "run.json";
/// A folder without a note that is younger may be one that is being made.
const MIN_AGE: Duration = Duration::from_mins(10);
/// Longer names do not fit into the address of a socket, which has 108 bytes.
const MAX_PATH: usize = 80;

/// Whose folder it is.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    pid: u32,
    start: u64,
}

/// The folder that holds all rehearsals of this user.
pub(crate) fn base() -> Result<PathBuf, RehearseError> {
    let user = reaper::own_user().ok_or(RehearseError::NotLinux)?;
    let base = std::env::temp_dir().join(format!("xtask-rehearse-{user}"));
    if base.as_os_str().len() > MAX_PATH {
        return Err(RehearseError::LongPath { path: base });
    }
    private(&base)?;
    let metadata = fs::symlink_metadata(&base).map_err(io("read", &base))?;
    if !metadata.is_dir() || metadata.uid() != user || metadata.mode() & 0o077 != 0 {
        return Err(RehearseError::NotPrivate { path: base });
    }
    Ok(base)
}

/// A new folder for one rehearsal of this process.
pub(crate) fn make(base: &Path) -> Result<PathBuf, RehearseError> {
    let folder = base.join(random::hex(4)?);
    // The last of other rehearsals may have removed the folder of all in between.
    if private(&folder).is_err() {
        private(base)?;
        private(&folder)?;
    }
    let pid = std::process::id();
    let note = Note {
        pid,
        start: reaper::start_time(pid).ok_or(RehearseError::NotLinux)?,
    };
    let text = serde_json::to_string(&note).unwrap_or_default();
    let path = folder.join(NOTE);
    fs::write(&path, text).map_err(io("write", path))?;
    Ok(folder)
}

/// Makes a folder that only this user may enter; one that is there is left as it is.
pub(crate) fn private(folder: &Path) -> Result<(), RehearseError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::AlreadyExists => Err(io("make", folder)(cause)),
        _ => Ok(()),
    }
}

/// Ends what a rehearsal started and removes its folder, and the folder of all rehearsals where it was the last; whether the
/// first two were done.
pub(crate) fn clear(folder: &Path) -> bool {
    let ended = reaper::end(folder, Duration::from_secs(10));
    // A process in its last moments may have made a file in between.
    let removed = (0..20).any(|_| match fs::remove_dir_all(folder) {
        Ok(()) => true,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => true,
        Err(_) => {
            std::thread::sleep(Duration::from_millis(50));
            false
        }
    });
    if let Some(base) = folder.parent() {
        ports::tidy(base);
        let _in_use = fs::remove_dir(base);
    }
    ended && removed
}

/// Clears away what rehearsals left whose process is gone; how many there were.
pub(crate) fn sweep(base: &Path) -> usize {
    let entries = fs::read_dir(base).into_iter().flatten().filter_map(Result::ok);
    let stale = entries.map(|entry| entry.path()).filter(|path| is_stale(path));
    stale.filter(|path| clear(path)).count()
}

fn is_stale(folder: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(folder) else {
        return false;
    };
    if !metadata.is_dir() || folder.file_name().is_some_and(|name| name == ports::FOLDER) {
        return false;
    }
    let note = fs::read_to_string(folder.join(NOTE)).unwrap_or_default();
    match serde_json::from_str::<Note>(&note) {
        Ok(note) => !reaper::is_alive(note.pid, note.start),
        Err(_) => metadata
            .modified()
            .ok()
            .and_then(|time| time.elapsed().ok())
            .is_some_and(|age| age > MIN_AGE),
    }
}
