//! A chart's archive to files in memory: bounded, and with helm's rules for names.
//!
//! Source: helm's `pkg/chart/loader/archive.go`. Nothing is written to disk and links lead nowhere.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::chart::ChartError;
use crate::chart::text::printable;

/// The most bytes that a chart may have when unpacked, the archives of its subcharts included: helm's limit.
pub(crate) const MAX_BYTES: u64 = 100 * 1024 * 1024;
/// The most bytes of one file: helm's limit.
pub(crate) const MAX_FILE_BYTES: u64 = 5 * 1024 * 1024;
/// The most files of a chart and its subcharts.
pub(crate) const MAX_FILES: usize = 20_000;
/// The most charts in a chart, itself included.
const MAX_CHARTS: usize = 500;

/// Files by their path below the chart's root.
pub(crate) type Files = BTreeMap<String, Arc<[u8]>>;

/// What a chart and everything in it may still take.
pub(crate) struct Budget {
    bytes: u64,
    files: usize,
    charts: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            bytes: MAX_BYTES,
            files: MAX_FILES,
            charts: MAX_CHARTS,
        }
    }

    pub(crate) fn take_file(&mut self, path: &str, bytes: u64) -> Result<(), ChartError> {
        if bytes > MAX_FILE_BYTES {
            let path = printable(path);
            return Err(ChartError::FileTooLarge { path, bytes });
        }
        self.files = self.files.checked_sub(1).ok_or(ChartError::TooManyFiles)?;
        Ok(())
    }

    pub(crate) fn take_bytes(&mut self, bytes: u64) -> Result<(), ChartError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(ChartError::TooLarge)?;
        Ok(())
    }

    pub(crate) fn take_chart(&mut self) -> Result<(), ChartError> {
        self.charts = self.charts.checked_sub(1).ok_or(ChartError::TooManyCharts)?;
        Ok(())
    }
}

/// The files of a `.tgz`, its top folder stripped.
pub(crate) fn unpack(bytes: &[u8], budget: &mut Budget) -> Result<Files, ChartError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(ChartError::NotGzip);
    }
    let mut archive = Archive::new(Bounded {
        inner: MultiGzDecoder::new(bytes),
        left: budget.bytes,
        over: false,
    });
    let read = read_entries(&mut archive, budget);
    let reader = archive.into_inner();
    budget.bytes = reader.left;
    match read {
        Err(_) if reader.over => Err(ChartError::TooLarge),
        Err(Failure::Io(error)) => Err(ChartError::Broken {
            cause: error.to_string(),
        }),
        Err(Failure::Chart(error)) => Err(error),
        Ok(files) if files.is_empty() => Err(ChartError::Empty),
        Ok(files) => Ok(files),
    }
}

/// A reader that fails after so many bytes, whatever a header promises.
struct Bounded<R> {
    inner: R,
    left: u64,
    over: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.unwrap_or(0);
        self.over |= left.is_none();
        if self.over {
            return Err(io::Error::other("the limit is reached"));
        }
        Ok(count)
    }
}

enum Failure {
    Io(io::Error),
    Chart(ChartError),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ChartError> for Failure {
    fn from(error: ChartError) -> Self {
        Self::Chart(error)
    }
}

fn read_entries<R: Read>(archive: &mut Archive<R>, budget: &mut Budget) -> Result<Files, Failure> {
    let mut files = Files::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            EntryType::XGlobalHeader | EntryType::XHeader | EntryType::Directory => continue,
            _ if name.ends_with('/') => continue,
            _ => {}
        }
        let path = inner_path(&name)?;
        let data = content(&mut entry, &name, budget)?;
        // Two of them would let one reader see another chart than the next.
        let again = files.insert(path.clone(), data).is_some();
        if again && path.rsplit('/').next() == Some("Chart.yaml") {
            let path = printable(&path);
            return Err(ChartError::Twice { path }.into());
        }
    }
    Ok(files)
}

/// What an entry holds. Links and devices hold nothing, as in helm.
fn content<R: Read>(entry: &mut Entry<'_, R>, name: &str, budget: &mut Budget) -> Result<Arc<[u8]>, Failure> {
    let size = match entry.header().entry_type() {
        EntryType::Link | EntryType::Symlink | EntryType::Char | EntryType::Block | EntryType::Fifo => 0,
        _ => entry.size(),
    };
    budget.take_file(name, size)?;
    let mut data = Vec::new();
    entry.take(size).read_to_end(&mut data)?;
    if (data.len() as u64) < size {
        let cause = format!("it ends inside `{}`", printable(name));
        return Err(ChartError::Broken { cause }.into());
    }
    Ok(without_mark(&data).into())
}

/// A file without the byte order mark that it may start with.
pub(crate) fn without_mark(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data)
}

/// The path of an entry below the chart's top folder.
fn inner_path(name: &str) -> Result<String, ChartError> {
    let refused = |reason: &'static str| ChartError::Path {
        name: printable(name),
        reason,
    };
    // Archives that were made on Windows may have the other separator.
    let separator = if name.contains('\\') { '\\' } else { '/' };
    let (top, rest) = name.split_once(separator).unwrap_or((name, ""));
    if top == "Chart.yaml" {
        return Err(refused("a chart's files lie in one folder"));
    }
    let rest = rest.replace(separator, "/");
    if rest.starts_with('/') {
        return Err(refused("the path is absolute"));
    }
    let path = clean(&rest);
    if path.is_empty() {
        return Err(refused("it lies outside the chart's folder"));
    }
    if path.starts_with("..") {
        return Err(refused("the path leads out of the chart"));
    }
    let mut chars = path.bytes();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && path.get(1..3) == Some(":/");
    if drive {
        return Err(refused("the path names a drive"));
    }
    Ok(path)
}

/// A relative path without empty parts, `.` and inner `..`; those that lead out stay in front.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_chart() {
        for (name, wanted) in [
            ("c/Chart.yaml", "Chart.yaml"),
            ("c/templates/./a.yaml", "templates/a.yaml"),
            ("c/templates/../b.yaml", "b.yaml"),
            ("c\\templates\\a.yaml", "templates/a.yaml"),
            ("/c/d.yaml", "c/d.yaml"),
            ("./Chart.yaml", "Chart.yaml"),
        ] {
            let found = inner_path(name);
            assert_eq!(found.as_deref().unwrap_or_default(), wanted, "{name}: {found:?}");
        }
        for name in [
            "Chart.yaml",
            "values.yaml",
            "c/../../etc/passwd",
            "c/..",
            "c/.",
            "c/a/../..",
            "c//etc/passwd",
            "c\\..\\..\\x",
            "c/C:/windows",
            "c\\C:\\windows",
            "..",
            "../x/../../y",
        ] {
            let found = inner_path(name);
            assert!(found.is_err(), "{name}: {found:?}");
        }
    }
}
