//! The files of a repository as Flux sees them: a snapshot of names, contents read once when asked for.
//!
//! Paths are relative to the root, separated by `/`, without `.`, `..` and a leading `/`; the root itself is the empty
//! path. Nothing outside the root is ever read: links that lead out are as good as absent.

mod disk;
pub mod path;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use diag::{SourceId, Sources};

pub use disk::DiskOptions;

/// The largest file that is read, in bytes. A manifest beyond it is an error, not a long wait.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such file in the tree.
    #[error("`{0}` does not exist")]
    Absent(String),
    /// The file exists on the disk and Flux does not see it.
    #[error("`{path}` is on the disk but not in the git tree: {by}")]
    Hidden {
        /// The file.
        path: String,
        /// The ignore file's rule, in words.
        by: String,
    },
    /// The path is a folder.
    #[error("`{0}` is a folder")]
    Folder(String),
    /// The file is no UTF-8 text.
    #[error("`{0}` is not UTF-8 text")]
    NotText(String),
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("`{path}` has {bytes} bytes, more than the {MAX_FILE_BYTES} that are read")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The operating system refused.
    #[error("cannot read `{path}`: {cause}")]
    Io {
        /// The file.
        path: String,
        /// What the operating system says.
        cause: String,
    },
}

/// A text file that was read.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its id among the tree's sources.
    pub source: SourceId,
    /// Its whole text.
    pub text: Arc<str>,
}

#[derive(Debug)]
struct File {
    content: Content,
    text: OnceLock<Result<Text, ReadError>>,
}

#[derive(Debug)]
enum Content {
    Disk(PathBuf),
    Memory(Arc<[u8]>),
}

/// A repository's files. Reading is safe from many threads.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, File>,
    folders: BTreeMap<String, BTreeSet<String>>,
    hidden: BTreeMap<String, String>,
    root: Option<PathBuf>,
    sources: Arc<Sources>,
}

impl Tree {
    /// A tree from memory, `(path, content)` each; for tests and for trees that a program makes.
    pub fn from_files<P: AsRef<str>, C: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, C)>) -> Self {
        let mut tree = Self::default();
        for (path, content) in files {
            tree.add(
                path::normalize(path.as_ref()),
                Content::Memory(Arc::from(content.into())),
            );
        }
        tree
    }

    /// The same tree with some files replaced or added; contents that were read are read again.
    #[must_use]
    pub fn with_files<P: AsRef<str>, C: Into<Vec<u8>>>(
        &self,
        files: impl IntoIterator<Item = (P, C)>,
    ) -> Self {
        let mut tree = Self {
            hidden: self.hidden.clone(),
            ..Self::default()
        };
        for (path, file) in &self.files {
            let content = match &file.content {
                Content::Disk(at) => Content::Disk(at.clone()),
                Content::Memory(bytes) => Content::Memory(bytes.clone()),
            };
            tree.add(path.clone(), content);
        }
        for (path, content) in files {
            tree.add(
                path::normalize(path.as_ref()),
                Content::Memory(Arc::from(content.into())),
            );
        }
        tree
    }

    /// The same tree without some files; folders that become empty go with them, as in git.
    #[must_use]
    pub fn without_files(&self, gone: &[&str]) -> Self {
        let mut tree = self.with_files::<&str, Vec<u8>>([]);
        for path in gone {
            tree.remove(path);
        }
        tree
    }

    fn remove(&mut self, path: &str) {
        self.files.remove(path);
        let mut child = path.to_owned();
        while !child.is_empty() {
            let parent = path::parent(&child).to_owned();
            let Some(names) = self.folders.get_mut(&parent) else {
                return;
            };
            names.remove(path::file_name(&child));
            if !names.is_empty() {
                return;
            }
            self.folders.remove(&parent);
            child = parent;
        }
    }

    fn add(&mut self, path: String, content: Content) {
        let mut child = path.as_str();
        while !child.is_empty() {
            let parent = path::parent(child);
            let fresh = self
                .folders
                .entry(parent.to_owned())
                .or_default()
                .insert(path::file_name(child).to_owned());
            if !fresh {
                break;
            }
            child = parent;
        }
        self.files.insert(
            path,
            File {
                content,
                text: OnceLock::new(),
            },
        );
    }

    /// The store that the spans of this tree's files point into.
    pub fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }

    /// All files in byte order of their paths.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// All files below a folder, in byte order of their paths.
    pub fn files_below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        self.files
            .range(prefix.clone()..)
            .map(|(path, _)| path.as_str())
            .take_while(move |p| p.starts_with(&prefix))
    }

    /// The names in a folder, files and folders, in byte order; none when there is no such folder.
    pub fn names(&self, folder: &str) -> impl Iterator<Item = &str> {
        self.folders.get(folder).into_iter().flatten().map(String::as_str)
    }

    /// Whether the path is a file of the tree.
    pub fn is_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether the path is a folder of the tree. The root always is.
    pub fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains_key(path)
    }

    /// A file's text, read once; its position store is [`Tree::sources`].
    pub fn read(&self, path: &str) -> Result<Text, ReadError> {
        let Some(file) = self.files.get(path) else {
            return Err(self.missing(path));
        };
        file.text
            .get_or_init(|| {
                let text: Arc<str> = String::from_utf8(self.read_bytes(path)?)
                    .map_err(|_not_utf8| ReadError::NotText(path.to_owned()))?
                    .into();
                Ok(Text {
                    source: self.sources.add(path, text.clone()),
                    text,
                })
            })
            .clone()
    }

    /// A file's bytes, read anew each time.
    pub fn read_bytes(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.files.get(path).map(|file| &file.content) {
            Some(Content::Memory(bytes)) => Ok(bytes.to_vec()),
            Some(Content::Disk(at)) => disk::read(path, at),
            None => Err(self.missing(path)),
        }
    }

    fn missing(&self, path: &str) -> ReadError {
        if self.is_folder(path) {
            return ReadError::Folder(path.to_owned());
        }
        match self.hidden_by(path) {
            Some(by) => ReadError::Hidden {
                path: path.to_owned(),
                by: by.to_owned(),
            },
            None => ReadError::Absent(path.to_owned()),
        }
    }

    /// Why a path of the disk is not part of the tree, when an ignore rule hides it or a folder above it.
    pub fn hidden_by(&self, path: &str) -> Option<&str> {
        let on_disk = || self.root.as_ref().is_some_and(|root| root.join(path).exists());
        path::ancestors(path)
            .find_map(|at| self.hidden.get(at))
            .map(String::as_str)
            .or_else(|| on_disk().then_some("a .gitignore rule matches it"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_those_of_the_files() {
        let tree = Tree::from_files([("a/b/c.yaml", "x: 1"), ("a/d.yaml", ""), ("./e.yaml", "")]);
        assert_eq!(tree.names("a").collect::<Vec<_>>(), ["b", "d.yaml"]);
        assert_eq!(tree.names("").collect::<Vec<_>>(), ["a", "e.yaml"]);
        assert!(tree.is_folder("a/b") && tree.is_folder("") && !tree.is_folder("a/x"));
        assert_eq!(
            tree.files_below("a").collect::<Vec<_>>(),
            ["a/b/c.yaml", "a/d.yaml"]
        );
        let less = tree.without_files(&["a/b/c.yaml"]);
        assert!(!less.is_folder("a/b") && less.is_folder("a") && tree.is_file("a/b/c.yaml"));
    }

    #[test]
    fn reading_says_why_it_failed() {
        let tree = Tree::from_files([("a/b.bin", vec![0xff, 0xfe])]);
        assert_eq!(tree.read("a").unwrap_err(), ReadError::Folder("a".into()));
        assert_eq!(tree.read("x").unwrap_err(), ReadError::Absent("x".into()));
        assert_eq!(
            tree.read("a/b.bin").unwrap_err(),
            ReadError::NotText("a/b.bin".into())
        );
    }
}
