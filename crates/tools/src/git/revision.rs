//! The files of a revision with their contents, through two processes however many files there are.

use std::path::Path;

use super::git;
use crate::discover::Toolbox;
use crate::error::ToolError;

/// The most that is read of one revision, in bytes.
const MAX_BYTES: usize = 512 << 20;

/// A file of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The path relative to the root.
    pub path: String,
    /// The content; of a link the path that it leads to.
    pub content: Vec<u8>,
    /// Whether it is a symbolic link.
    pub is_link: bool,
}

/// An entry of `git ls-tree`.
struct Entry {
    id: String,
    path: String,
    is_link: bool,
}

/// The files of a revision below `root` whose paths `keep` takes, in git's order. Paths that are not UTF-8, and submodules,
/// are left out.
pub fn files_at(
    toolbox: &Toolbox,
    root: &Path,
    rev: &str,
    keep: &dyn Fn(&str) -> bool,
) -> Result<Vec<Blob>, ToolError> {
    let commit = super::resolve(toolbox, root, rev)?;
    let listing = git(toolbox, root)?.args(["ls-tree", "-r", "-z", &commit]);
    let output = listing.run()?;
    let entries: Vec<Entry> = output
        .stdout
        .split(|byte| *byte == 0)
        .filter_map(entry)
        .filter(|entry| keep(&entry.path))
        .collect();
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let reading = git(toolbox, root)?
        .args(["cat-file", "--batch"])
        .stdin(ids.join("\n"))
        .max_output(MAX_BYTES);
    let output = reading.run()?;
    let failed = |reason| ToolError::UnexpectedOutput {
        argv: reading.command_line(),
        reason,
    };
    let mut rest = output.stdout.as_slice();
    let mut blobs = Vec::new();
    for Entry { id, path, is_link } in entries {
        let content;
        (content, rest) = object(rest, &id).map_err(failed)?;
        blobs.push(Blob {
            path,
            content,
            is_link,
        });
    }
    Ok(blobs)
}

/// `mode SP type SP id TAB path`.
fn entry(line: &[u8]) -> Option<Entry> {
    let line = std::str::from_utf8(line).ok()?;
    let (facts, path) = line.split_once('\t')?;
    let mut facts = facts.split(' ');
    let (mode, kind, id) = (facts.next()?, facts.next()?, facts.next()?);
    (kind == "blob").then(|| Entry {
        id: id.to_owned(),
        path: path.to_owned(),
        is_link: mode == "120000",
    })
}

/// `id SP type SP size LF content LF`, and what comes after.
fn object<'a>(bytes: &'a [u8], id: &str) -> Result<(Vec<u8>, &'a [u8]), String> {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or_else(|| format!("nothing of `{id}`"))?;
    let (head, rest) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head);
    let wanted = format!("{id} blob ");
    let size: Option<usize> = head.strip_prefix(&wanted).and_then(|size| size.parse().ok());
    let found = || {
        format!(
            "found `{}`, wanted `{wanted}SIZE`",
            crate::text::printable(&head, 80)
        )
    };
    let size = size.ok_or_else(found)?;
    let content = rest.get(1..=size).ok_or_else(found)?;
    let after = rest.get(size + 2..).ok_or_else(found)?;
    Ok((content.to_vec(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_batch_prints() {
        let (content, rest) = object(b"a1 blob 3\nx\ny\nb2 blob 0\n\n", "a1").unwrap();
        assert_eq!(content, b"x\ny");
        let (content, rest) = object(rest, "b2").unwrap();
        assert_eq!((content.len(), rest.len()), (0, 0));
        for bad in [
            "",
            "a1 missing\n",
            "a1 blob 9\nx\n",
            "b2 blob 1\nx\n",
            "a1 blob 1\nx",
        ] {
            assert!(object(bad.as_bytes(), "a1").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn submodules_and_odd_lines_are_no_files() {
        assert!(entry(b"160000 commit a1\tmodule").is_none());
        assert!(entry(b"rubbish").is_none());
        let link = entry(b"120000 blob a1\ta b").unwrap();
        assert!(link.is_link && link.path == "a b");
    }
}
