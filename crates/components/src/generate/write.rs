//! Writing what differs: whole files at once, never through a link, never over what people wrote.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{Drift, FOLDER, Place, State, place, survey};
use crate::manifest::Manifest;

/// What writing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are now as the specs have them and were not.
    pub written: Vec<String>,
    /// Files that were so before.
    pub kept: Vec<String>,
    /// Files that no spec makes any more and that are gone now.
    pub removed: Vec<String>,
    /// Files of other people, or edited by hand: left alone.
    pub refused: Vec<Drift>,
}

/// A file that could not be written or removed. Files before it, by path, are done.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}`: {source}")]
pub struct WriteError {
    /// `write` or `remove`.
    pub action: &'static str,
    /// The file, relative to the root.
    pub path: String,
    /// What the operating system says.
    pub source: io::Error,
}

/// Brings the files below `root` to what the manifests say. [`State::Edited`] and [`State::Foreign`] files stay as they
/// are unless `force`; what is no file, or lies behind a link, stays in any case.
pub fn write(root: &Path, manifests: &[Manifest], force: bool) -> Result<Written, WriteError> {
    let drifts = survey(root, manifests);
    let mut done = Written {
        kept: manifests
            .iter()
            .filter(|manifest| !drifts.iter().any(|drift| drift.path == manifest.path))
            .map(|manifest| manifest.path.clone())
            .collect(),
        ..Written::default()
    };
    for drift in drifts {
        let is_ours = !matches!(drift.state, State::Edited | State::Foreign);
        let can_be_replaced = matches!(place(root, &drift.path), Some(Place::File | Place::Nothing));
        if !can_be_replaced || !(is_ours || force) {
            done.refused.push(drift);
            continue;
        }
        let path = root.join(&drift.path);
        let failed = |action: &'static str| {
            let path = drift.path.clone();
            move |source| WriteError { action, path, source }
        };
        if let Some(text) = &drift.wanted {
            replace(&path, text).map_err(failed("write"))?;
            done.written.push(drift.path);
        } else {
            fs::remove_file(&path).map_err(failed("remove"))?;
            remove_empty_folders(root, &path);
            done.removed.push(drift.path);
        }
    }
    Ok(done)
}

/// Puts a text in a file's place: a reader sees the old file or the new one. Permissions of the old one stay.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let result = fill(&temporary, path, text).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // Best effort: the error that matters is the one above.
        drop(fs::remove_file(&temporary));
    }
    result
}

fn fill(temporary: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()
}

/// Removes the folders that a removed file leaves empty, the manifests' own root excepted.
fn remove_empty_folders(root: &Path, path: &Path) {
    let end = root.join(FOLDER);
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != end) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
