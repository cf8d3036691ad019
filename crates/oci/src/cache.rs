//! What registries sent, kept by its digest outside the repository, and which request led to what.
//!
//! A file's name is made of a digest that was checked for its form, its content is checked each time it is read, and
//! files appear whole (written aside, then renamed): two runs at once, or a full disk, leave nothing wrong behind.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::{digest_like, is_digest, sha256};
use crate::environment::Environment;
use crate::preflight::ChartRequest;

/// The largest content that is kept, in bytes.
pub(crate) const MAX_BLOB: u64 = 32 * 1024 * 1024;
/// The largest note on a request, in bytes.
const MAX_NOTE: u64 = 64 * 1024;
/// How much all contents together may take, in bytes, before old ones are removed.
const MAX_TOTAL: u64 = 2 * 1024 * 1024 * 1024;
/// What is younger is never removed: a run may be using it.
const MIN_AGE: Duration = Duration::from_hours(24);

/// Content by digest, and what references led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// What a request led to when a registry was asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The chart's version, from its metadata.
    pub version: String,
    /// The digest of the manifest, or of the index, that the reference led to.
    pub digest: String,
    /// The digest of the layer that holds the chart's archive.
    pub archive: String,
    /// The media type of that layer.
    pub media_type: String,
    /// The size of the archive, in bytes.
    pub size: u64,
    /// The chart's `appVersion`.
    pub app_version: Option<String>,
    /// When it was found, RFC 3339 in UTC, as the caller gave it.
    pub when: String,
}

/// Why something was not kept.
#[derive(Debug, Error)]
pub enum CacheError {
    /// Not `sha256:` or `sha512:` with lower-case hex digits.
    #[error("`{digest}` is no digest")]
    Digest {
        /// The digest as given.
        digest: String,
    },
    /// The bytes have another digest.
    #[error("the content has the digest `{found}`, wanted `{wanted}`")]
    Content {
        /// The digest of the bytes.
        found: String,
        /// The digest as given.
        wanted: String,
    },
    /// More bytes than are kept.
    #[error("the content has {size} bytes, kept are at most {MAX_BLOB}")]
    TooLarge {
        /// In bytes.
        size: u64,
    },
    /// The file system refuses.
    #[error("the cache `{}` cannot be written: {}", root.display(), reason(cause))]
    Io {
        /// The cache's folder.
        root: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
}

/// A file in `requests/`: the request is repeated, so that a note is never taken for another request's.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note<R> {
    request: Key,
    resolved: R,
}

/// The parts of a request that decide what it leads to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    url: String,
    tag: Option<String>,
    semver: Option<String>,
    semver_filter: Option<String>,
    digest: Option<String>,
    layer_media_type: Option<String>,
}

impl Cache {
    /// The cache below this folder, which is made when something is kept.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `XTASK_CACHE_DIR`, else `XDG_CACHE_HOME/xtask`, else `HOME/.cache/xtask`; nothing without any of them.
    pub fn default_root() -> Option<PathBuf> {
        default_root(&Environment::process())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file of some content whose bytes were compared with the digest just now.
    ///
    /// Nothing when it is absent or damaged; a damaged file is removed.
    pub fn blob(&self, digest: &str) -> Option<PathBuf> {
        self.open(digest).map(|(path, _)| path)
    }

    /// The file of some content with its bytes, read and compared with the digest once; nothing as [`Cache::blob`] says.
    pub fn open(&self, digest: &str) -> Option<(PathBuf, Vec<u8>)> {
        let bytes = self.read(digest, MAX_BLOB)?;
        Some((self.path(digest)?, bytes))
    }

    /// The content itself, compared with the digest just now; nothing when it is absent, damaged or longer than `limit`
    /// bytes.
    pub fn read(&self, digest: &str, limit: u64) -> Option<Vec<u8>> {
        let path = self.path(digest)?;
        let bytes = read_file(&path, MAX_BLOB)?;
        if digest_like(digest, &bytes) == digest {
            return (bytes.len() as u64 <= limit).then_some(bytes);
        }
        // Where it cannot be removed it is still never used.
        let _ = fs::remove_file(&path);
        None
    }

    /// Keeps content of at most 32 MiB; does nothing where it is kept already.
    pub fn put(&self, digest: &str, bytes: &[u8]) -> Result<PathBuf, CacheError> {
        let no_digest = || CacheError::Digest {
            digest: digest.to_owned(),
        };
        let path = self.path(digest).ok_or_else(no_digest)?;
        let size = bytes.len() as u64;
        if size > MAX_BLOB {
            return Err(CacheError::TooLarge { size });
        }
        let found = digest_like(digest, bytes);
        if found != digest {
            let wanted = digest.to_owned();
            return Err(CacheError::Content { found, wanted });
        }
        if self.read(digest, MAX_BLOB).is_none() {
            self.write(&path, bytes)?;
        }
        Ok(path)
    }

    /// What the last run that fetched found for a request, whether or not its content is still here.
    ///
    /// Requests are the same when URL, wanted version and layer media type are.
    pub fn resolved(&self, request: &ChartRequest) -> Option<Resolved> {
        let key = Key::new(request);
        let bytes = read_file(&self.note(&key)?, MAX_NOTE)?;
        let note: Note<Resolved> = serde_json::from_slice(&bytes).ok()?;
        let usable =
            note.request == key && is_digest(&note.resolved.digest) && is_digest(&note.resolved.archive);
        usable.then_some(note.resolved)
    }

    /// Notes what a request led to.
    pub fn remember(&self, request: &ChartRequest, resolved: &Resolved) -> Result<(), CacheError> {
        for digest in [&resolved.digest, &resolved.archive] {
            if !is_digest(digest) {
                let digest = digest.clone();
                return Err(CacheError::Digest { digest });
            }
        }
        let key = Key::new(request);
        let failed = || self.failed(io::ErrorKind::InvalidInput.into());
        let path = self.note(&key).ok_or_else(failed)?;
        let note = Note {
            request: key,
            resolved,
        };
        let text = serde_json::to_vec_pretty(&note).map_err(|error| self.failed(error.into()))?;
        self.write(&path, &text)
    }

    /// Removes what was left half written, and the oldest content where all of it takes more than 2 GiB.
    ///
    /// Nothing younger than a day goes, so that no run loses what it is using.
    pub(crate) fn tidy(&self) {
        self.tidy_to(MAX_TOTAL, MIN_AGE);
    }

    fn tidy_to(&self, max_total: u64, min_age: Duration) {
        for (path, _, _) in files(&self.root.join("tmp"), min_age) {
            let _ = fs::remove_file(path);
        }
        let mut blobs = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            blobs.extend(files(&self.root.join("blobs").join(algorithm), Duration::ZERO));
        }
        let mut total: u64 = blobs.iter().map(|(_, _, size)| size).sum();
        blobs.sort_by_key(|(_, modified, _)| *modified);
        for (path, modified, size) in blobs {
            if total <= max_total || age(modified) < min_age {
                return;
            }
            if fs::remove_file(path).is_ok() {
                total = total.saturating_sub(size);
            }
        }
    }

    /// Where content lies: `blobs/sha256/HEX`.
    fn path(&self, digest: &str) -> Option<PathBuf> {
        if !is_digest(digest) {
            return None;
        }
        let (algorithm, hex) = digest.split_once(':')?;
        Some(self.root.join("blobs").join(algorithm).join(hex))
    }

    /// Where a note lies: `requests/HEX.json`, of the request's digest.
    fn note(&self, key: &Key) -> Option<PathBuf> {
        let digest = sha256(&serde_json::to_vec(key).ok()?);
        let (_, hex) = digest.split_once(':')?;
        Some(self.root.join("requests").join(format!("{hex}.json")))
    }

    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), CacheError> {
        let written = || -> io::Result<()> {
            let aside = self.root.join("tmp");
            fs::create_dir_all(&aside)?;
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = tempfile::NamedTempFile::new_in(&aside)?;
            file.write_all(bytes)?;
            file.persist(path).map(drop).map_err(|error| error.error)
        };
        written().map_err(|cause| self.failed(cause))
    }

    pub(crate) fn failed(&self, cause: io::Error) -> CacheError {
        CacheError::Io {
            root: self.root.clone(),
            cause,
        }
    }
}

impl Key {
    fn new(request: &ChartRequest) -> Self {
        let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        let wanted = &request.wanted;
        Self {
            url: request.url.clone(),
            tag: given(&wanted.tag),
            semver: given(&wanted.semver),
            semver_filter: given(&wanted.semver_filter),
            digest: given(&wanted.digest),
            layer_media_type: given(&request.layer_media_type),
        }
    }
}

fn default_root(environment: &Environment) -> Option<PathBuf> {
    if let Some(folder) = environment.path("XTASK_CACHE_DIR") {
        return std::path::absolute(folder).ok();
    }
    // The XDG specification has relative paths ignored.
    let xdg = environment
        .path("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute());
    let cache = xdg.or_else(|| Some(environment.path("HOME")?.join(".cache")))?;
    Some(cache.join("xtask"))
}

/// A regular file of at most `limit` bytes.
pub(crate) fn read_file(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > limit {
        return None;
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(limit + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
}

/// The files of a folder that are at least this old, with the time of their last change and their size.
fn files(folder: &Path, min_age: Duration) -> Vec<(PathBuf, SystemTime, u64)> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let modified = metadata.modified().ok()?;
            (age(modified) >= min_age).then(|| (entry.path(), modified, metadata.len()))
        })
        .collect()
}

fn age(modified: SystemTime) -> Duration {
    modified.elapsed().unwrap_or_default()
}

pub(crate) fn reason(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests;
