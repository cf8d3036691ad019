//! Files out of images in the cache: `programs/HEX/ARCHITECTURE/NAME`, and beside each a note with its own digest.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::cache::{Cache, CacheError, read_file};
use crate::digest::{Hasher, is_digest};
use crate::image_file::FileRequest;

/// The largest note, in bytes.
const MAX_NOTE: u64 = 64 * 1024;

/// What the cache has of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// The file, whose bytes were compared with its digest just now.
    Whole(PathBuf),
    /// Nothing.
    Absent,
    /// A file that is not what was put there; it is never used.
    Damaged(PathBuf),
}

/// Beside a file: what it is, and its own digest.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    image: String,
    digest: String,
    path: String,
    architecture: String,
    sha256: String,
}

impl Note {
    fn new(request: &FileRequest, sha256: &str) -> Self {
        Self {
            image: request.image.clone(),
            digest: request.digest.clone(),
            path: request.path.clone(),
            architecture: request.architecture.clone(),
            sha256: sha256.to_owned(),
        }
    }
}

impl Cache {
    /// A file that [`crate::files`] has put here, compared with its digest.
    pub fn file(&self, request: &FileRequest) -> Kept {
        let Some(path) = self.place(request) else {
            return Kept::Absent;
        };
        if fs::symlink_metadata(&path).is_err() {
            return Kept::Absent;
        }
        let note = read_file(&note_of(&path), MAX_NOTE);
        let note = note.and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
        let is_whole = note.is_some_and(|note| {
            note == Note::new(request, &note.sha256)
                && sha256_of(&path).is_ok_and(|found| found == note.sha256)
        });
        if is_whole {
            Kept::Whole(path)
        } else {
            Kept::Damaged(path)
        }
    }

    /// Where a file lies; none where the request makes no path.
    pub(crate) fn place(&self, request: &FileRequest) -> Option<PathBuf> {
        let name = request.path.rsplit('/').next().filter(|name| is_name(name))?;
        let (_, hex) = request
            .digest
            .split_once(':')
            .filter(|_| is_digest(&request.digest))?;
        let fits = is_name(&request.architecture);
        fits.then(|| {
            let folder = self.root().join("programs").join(hex);
            folder.join(&request.architecture).join(name)
        })
    }

    /// A new file in the cache's folder for what is half written.
    pub(crate) fn aside(&self) -> Result<NamedTempFile, CacheError> {
        let aside = self.root().join("tmp");
        fs::create_dir_all(&aside)
            .and_then(|()| NamedTempFile::new_in(&aside))
            .map_err(|cause| self.failed(cause))
    }

    /// Puts a file at its place, executable for everybody, and its note beside it.
    pub(crate) fn keep(
        &self,
        request: &FileRequest,
        file: NamedTempFile,
        sha256: &str,
    ) -> Result<PathBuf, CacheError> {
        let invalid = || self.failed(io::ErrorKind::InvalidInput.into());
        let path = self.place(request).ok_or_else(invalid)?;
        let text = serde_json::to_vec_pretty(&Note::new(request, sha256))
            .map_err(|error| self.failed(error.into()))?;
        let put = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            executable(file.path())?;
            // Closed before it is renamed: a file that is open for writing cannot be started.
            file.into_temp_path().persist(&path).map_err(|error| error.error)
        };
        put().map_err(|cause| self.failed(cause))?;
        self.write(&note_of(&path), &text)?;
        Ok(path)
    }
}

#[cfg(unix)]
fn executable(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> io::Result<()> {
    Ok(())
}

fn note_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// One segment of a path that cannot climb or hide.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The digest of a regular file, whatever its size.
fn sha256_of(path: &Path) -> io::Result<String> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut file = File::open(path)?;
    let mut hasher = Hasher::like("sha256:");
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}
