//! A tree from a folder of the disk: what git would commit and Flux would fetch.

use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Content, MAX_FILE_BYTES, ReadError, Tree, path};

/// What source-controller leaves out of an artifact without being asked
/// (fluxcd/pkg `sourceignore`: version control, CI and binary files).
const FLUX_EXCLUDES: &[&str] = &[
    ".git/",
    ".gitignore",
    ".gitmodules",
    ".gitattributes",
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// How a folder becomes a tree.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskOptions {
    /// Keep what `.sourceignore` and Flux's own excludes leave out of the artifact.
    pub keep_source_ignored: bool,
}

impl Tree {
    /// The files below `root` that git does not ignore and Flux does not leave out of its artifact.
    ///
    /// `.gitignore` files, `.git/info/exclude` and the user's global excludes count as in git; hidden files count as
    /// files. A symbolic link to a file inside the root is read as that file; one that leads out is absent.
    pub fn from_disk(root: &Path, options: DiskOptions) -> Result<Self, ReadError> {
        let failed = |cause: &dyn std::fmt::Display| ReadError::Io {
            path: root.display().to_string(),
            cause: cause.to_string(),
        };
        let real_root = root.canonicalize().map_err(|cause| failed(&cause))?;
        if !real_root.is_dir() {
            return Err(failed(&"not a folder"));
        }
        let flux = if options.keep_source_ignored {
            Gitignore::empty()
        } else {
            source_ignore(&real_root)
        };
        let mut tree = Self::default();
        let walk = WalkBuilder::new(&real_root)
            .hidden(false)
            .parents(false)
            .ignore(false)
            .require_git(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build();
        for entry in walk.flatten() {
            let kind = entry.file_type();
            if entry.depth() == 0 || kind.is_none_or(|kind| kind.is_dir()) {
                continue;
            }
            let at = entry.path();
            let Some(relative) = relative_text(&real_root, at) else {
                continue;
            };
            if let Some(target) = kind
                .filter(std::fs::FileType::is_symlink)
                .map(|_| at.canonicalize())
            {
                let inside = target.is_ok_and(|target| target.is_file() && target.starts_with(&real_root));
                if !inside {
                    tree.hidden
                        .insert(relative, "the link leads out of the repository".to_owned());
                    continue;
                }
            }
            if flux.matched_path_or_any_parents(at, false).is_ignore() {
                tree.hidden.insert(
                    relative,
                    "Flux leaves it out of the artifact (.sourceignore)".to_owned(),
                );
                continue;
            }
            tree.add(relative, Content::Disk(at.to_owned()));
        }
        Ok(tree)
    }

    /// Looks at the disk for a file that the tree lacks, so that a message can say that an ignore rule hides it.
    pub fn explain_absent(&mut self, root: &Path, relative: &str) {
        let relative = path::normalize(relative);
        if !self.is_file(&relative) && !self.is_folder(&relative) && root.join(&relative).exists() {
            self.hidden
                .entry(relative)
                .or_insert_with(|| "a .gitignore rule matches it".to_owned());
        }
    }
}

fn relative_text(root: &Path, at: &Path) -> Option<String> {
    let relative = at.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = relative
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    Some(parts?.join("/"))
}

fn source_ignore(root: &Path) -> Gitignore {
    let mut rules = GitignoreBuilder::new(root);
    for pattern in FLUX_EXCLUDES {
        // A pattern of our own that does not parse would be a bug; leaving it out keeps more files, which is safe.
        let _ = rules.add_line(None, pattern);
    }
    let _ = rules.add(root.join(".sourceignore"));
    rules.build().unwrap_or_else(|_| Gitignore::empty())
}

pub(super) fn read(path: &str, at: &PathBuf) -> Result<Vec<u8>, ReadError> {
    let failed = |cause: std::io::Error| ReadError::Io {
        path: path.to_owned(),
        cause: cause.to_string(),
    };
    let file = std::fs::File::open(at).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
            bytes: bytes.len() as u64,
        });
    }
    Ok(bytes)
}
