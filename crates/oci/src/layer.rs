//! One layer of an image, searched for one file: a tar archive, read once and bounded, from which nothing is unpacked but that file.
//!
//! What a layer says of a path, in the words of the image specification: the file, a link, a whiteout that hides what lower layers
//! have, or nothing. Names lead nowhere but into the image: a name with `..` is no name, and links are followed by the caller, inside.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType, PaxExtensions};
use thiserror::Error;

use crate::digest::Hasher;

/// The most bytes that a layer may have when unpacked.
pub(crate) const MAX_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;
/// The largest file that is taken out, in bytes.
pub(crate) const MAX_FILE: u64 = 512 * 1024 * 1024;
/// The longest name or extended header that is read, in bytes.
const MAX_HEADER: u64 = 64 * 1024;
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// What a layer says of a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing: lower layers say.
    Nothing,
    /// It is not there, whatever lower layers have.
    Hidden,
    /// It is somewhere else in the image.
    Link(String),
    /// A file, written out.
    File(Taken),
    /// Something that is no regular file.
    Other(&'static str),
}

/// A file that was written out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) sha256: String,
    pub(crate) size: u64,
    pub(crate) is_executable: bool,
}

/// Why a layer cannot be read.
#[derive(Debug, Error)]
pub(crate) enum LayerError {
    #[error("is compressed with zstd, which is not read here")]
    Zstd,
    #[error("unpacks to more than {limit} bytes")]
    Large { limit: u64 },
    #[error("holds a file of {size} bytes there, taken are at most {MAX_FILE}")]
    LargeFile { size: u64 },
    #[error("holds a header of {size} bytes, read are at most {MAX_HEADER}")]
    Header { size: u64 },
    #[error("is no whole tar archive: {cause}")]
    Broken { cause: io::Error },
    #[error("cannot be unpacked: {cause}")]
    Out { cause: io::Error },
}

/// Looks for `path`, absolute and without `.` and `..`; a regular file is written to `out`.
pub(crate) fn look(layer: File, path: &str, out: &mut File) -> Result<Seen, LayerError> {
    look_within(layer, path, out, MAX_UNPACKED)
}

fn look_within(mut layer: File, path: &str, out: &mut File, limit: u64) -> Result<Seen, LayerError> {
    let broken = |cause| LayerError::Broken { cause };
    let mut magic = [0; 4];
    layer.seek(SeekFrom::Start(0)).map_err(broken)?;
    let read = read_some(&mut layer, &mut magic).map_err(broken)?;
    layer.seek(SeekFrom::Start(0)).map_err(broken)?;
    let reader = BufReader::with_capacity(256 * 1024, layer);
    let reader: Box<dyn Read> = match magic.get(..read).unwrap_or_default() {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(reader)),
        [0x28, 0xb5, 0x2f, 0xfd] => return Err(LayerError::Zstd),
        _ => Box::new(reader),
    };
    let mut archive = Archive::new(Bounded {
        inner: reader,
        left: limit,
        is_over: false,
    });
    let seen = Search::new(path).run(&mut archive, out);
    match seen {
        Err(_) if archive.into_inner().is_over => Err(LayerError::Large { limit }),
        other => other,
    }
}

/// A reader that fails after so many bytes, whatever a header promises.
struct Bounded {
    inner: Box<dyn Read>,
    left: u64,
    is_over: bool,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.unwrap_or(0);
        self.is_over |= left.is_none();
        if self.is_over {
            return Err(io::Error::other("the limit is reached"));
        }
        Ok(count)
    }
}

/// What is said of one path so far; a later entry of a layer replaces an earlier one.
struct Search<'a> {
    path: &'a str,
    own: Option<Seen>,
    /// Folders on the way that are something else here, by their path: where a link leads, or nowhere.
    above: BTreeMap<String, Option<String>>,
    is_hidden: bool,
}

/// Names that stand before the entry that they belong to.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl<'a> Search<'a> {
    fn new(path: &'a str) -> Self {
        Self {
            path,
            own: None,
            above: BTreeMap::new(),
            is_hidden: false,
        }
    }

    fn run(mut self, archive: &mut Archive<Bounded>, out: &mut File) -> Result<Seen, LayerError> {
        let broken = |cause| LayerError::Broken { cause };
        let mut ahead = Ahead::default();
        // Raw, since the library would read extended headers of any size.
        for entry in archive.entries().map_err(broken)?.raw(true) {
            let mut entry = entry.map_err(broken)?;
            match entry.header().entry_type() {
                EntryType::GNULongName => ahead.path = Some(text(&mut entry)?),
                EntryType::GNULongLink => ahead.link = Some(text(&mut entry)?),
                EntryType::XHeader => pax(&text(&mut entry)?, &mut ahead),
                EntryType::XGlobalHeader => {}
                _ => {
                    let Ahead { path, link } = std::mem::take(&mut ahead);
                    let name = path.unwrap_or_else(|| entry.path_bytes().into_owned());
                    let link = link.or_else(|| entry.link_name_bytes().map(Into::into));
                    self.entry(&mut entry, &name, link.as_deref(), out)?;
                }
            }
        }
        Ok(self.verdict())
    }

    fn entry(
        &mut self,
        entry: &mut Entry<'_, Bounded>,
        name: &[u8],
        link: Option<&[u8]>,
        out: &mut File,
    ) -> Result<(), LayerError> {
        // Old archives have no type for folders.
        let is_folder = entry.header().entry_type().is_dir() || name.ends_with(b"/");
        let Some(name) = inner_path(name) else {
            return Ok(());
        };
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", &name));
        if file == OPAQUE {
            self.is_hidden |= self.is_above(folder);
        } else if let Some(file) = file.strip_prefix(WHITEOUT) {
            let gone = format!("{folder}/{file}");
            self.is_hidden |= gone == self.path || self.is_above(&gone);
        } else if name == self.path && is_folder {
            self.own = Some(Seen::Other("a folder"));
        } else if name == self.path {
            self.own = Some(own(entry, &name, link, out)?);
        } else if self.is_above(&name) {
            match entry.header().entry_type() {
                _ if is_folder => self.above.remove(&name),
                EntryType::Symlink => self.above.insert(name.clone(), leads_to(folder, link)),
                _ => self.above.insert(name.clone(), None),
            };
        }
        Ok(())
    }

    /// Whether the path lies below this one; the root is above everything.
    fn is_above(&self, folder: &str) -> bool {
        self.path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    fn verdict(self) -> Seen {
        // The outermost counts: below it everything is somewhere else.
        if let Some((folder, target)) = self.above.into_iter().next() {
            let rest = self.path.strip_prefix(folder.as_str()).unwrap_or_default();
            return target.map_or(Seen::Hidden, |target| Seen::Link(format!("{target}{rest}")));
        }
        match self.own {
            Some(own) => own,
            None if self.is_hidden => Seen::Hidden,
            None => Seen::Nothing,
        }
    }
}

/// The entry that was looked for.
fn own(
    entry: &mut Entry<'_, Bounded>,
    name: &str,
    link: Option<&[u8]>,
    out: &mut File,
) -> Result<Seen, LayerError> {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let linked = |folder| leads_to(folder, link).map_or(Seen::Hidden, Seen::Link);
    Ok(match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous => Seen::File(take(entry, out)?),
        EntryType::Symlink => linked(folder),
        // The name of another entry, from the root.
        EntryType::Link => linked(""),
        EntryType::Char | EntryType::Block => Seen::Other("a device"),
        EntryType::Fifo => Seen::Other("a pipe"),
        _ => Seen::Other("something unknown"),
    })
}

fn take(entry: &mut Entry<'_, Bounded>, out: &mut File) -> Result<Taken, LayerError> {
    let broken = |cause| LayerError::Broken { cause };
    let unwritten = |cause| LayerError::Out { cause };
    let size = entry.size();
    if size > MAX_FILE {
        return Err(LayerError::LargeFile { size });
    }
    out.set_len(0).map_err(unwritten)?;
    out.seek(SeekFrom::Start(0)).map_err(unwritten)?;
    let mut hasher = Hasher::like("sha256:");
    let mut buffer = vec![0; 64 * 1024];
    let mut left = size;
    while left > 0 {
        let count = read_some(entry, &mut buffer).map_err(broken)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
        hasher.update(bytes);
        out.write_all(bytes).map_err(unwritten)?;
        left = left.saturating_sub(count as u64);
    }
    let mode = entry.header().mode().map_err(broken)?;
    Ok(Taken {
        sha256: hasher.finish(),
        size,
        is_executable: mode & 0o111 != 0,
    })
}

/// Fills the buffer as far as there are bytes.
fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The content of a header that is an entry of its own.
fn text(entry: &mut Entry<'_, Bounded>) -> Result<Vec<u8>, LayerError> {
    let size = entry.size();
    if size > MAX_HEADER {
        return Err(LayerError::Header { size });
    }
    let mut bytes = Vec::new();
    entry
        .read_to_end(&mut bytes)
        .map_err(|cause| LayerError::Broken { cause })?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

fn pax(bytes: &[u8], ahead: &mut Ahead) {
    for record in PaxExtensions::new(bytes).filter_map(Result::ok) {
        match record.key_bytes() {
            b"path" => ahead.path = Some(record.value_bytes().to_owned()),
            b"linkpath" => ahead.link = Some(record.value_bytes().to_owned()),
            _ => {}
        }
    }
}

/// A name as an absolute path of the image; none where it climbs.
fn inner_path(name: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(name);
    let mut path = String::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => {
                path.push('/');
                path.push_str(part);
            }
        }
    }
    (!path.is_empty()).then_some(path)
}

/// Where a link in `folder` leads, inside the image: its root is above everything.
fn leads_to(folder: &str, link: Option<&[u8]>) -> Option<String> {
    let link = String::from_utf8_lossy(link?);
    let mut parts: Vec<&str> = if link.starts_with('/') {
        Vec::new()
    } else {
        folder.split('/').filter(|part| !part.is_empty()).collect()
    };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests;
