//! A tree from a folder of the disk: what git would commit and Flux would fetch.

use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Content, MAX_FILE_BYTES, ReadError, Tree};

/// What source-controller always leaves out of an artifact (fluxcd/pkg `sourceignore`: version control).
const VCS_EXCLUDES: &[&str] = &[".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/// What it leaves out as well as long as no `.sourceignore` has a pattern: CI and binary files.
const DEFAULT_EXCLUDES: &[&str] = &[
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
        let mut tree = Self {
            root: Some(real_root.clone()),
            ..Self::default()
        };
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
    let mut own = GitignoreBuilder::new(root);
    let _ = own.add(root.join(".sourceignore"));
    let has_own = own.build().is_ok_and(|own| !own.is_empty());
    let defaults = if has_own { &[] } else { DEFAULT_EXCLUDES };
    for pattern in VCS_EXCLUDES.iter().chain(defaults) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let at = root.join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }

    fn files(root: &Path, options: DiskOptions) -> Vec<String> {
        Tree::from_disk(root, options)
            .unwrap()
            .files()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn holds_what_git_tracks_and_flux_takes() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), ".gitignore", "secret.yaml\n/target/\n");
        write(root.path(), "kubernetes/pic.png", "");
        assert_eq!(files(root.path(), DiskOptions::default()), Vec::<String>::new());
        write(root.path(), ".sourceignore", "/*\n!/kubernetes/\n");
        write(root.path(), ".git/config", "");
        write(root.path(), "target/a.yaml", "");
        write(root.path(), "kubernetes/a.yaml", "a: 1");
        write(root.path(), "kubernetes/.hidden.yaml", "");
        write(root.path(), "kubernetes/secret.yaml", "");
        write(root.path(), "docs/b.yaml", "");
        assert_eq!(
            files(root.path(), DiskOptions::default()),
            [
                "kubernetes/.hidden.yaml",
                "kubernetes/a.yaml",
                "kubernetes/pic.png"
            ],
            "patterns of its own replace Flux's defaults"
        );
        let all = files(
            root.path(),
            DiskOptions {
                keep_source_ignored: true,
            },
        );
        assert!(
            all.contains(&"docs/b.yaml".to_owned()) && !all.contains(&"kubernetes/secret.yaml".to_owned()),
            "{all:?}"
        );
    }

    #[test]
    fn a_hidden_file_is_told_from_an_absent_one() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), ".sourceignore", "b.yaml\n");
        write(root.path(), "b.yaml", "");
        write(root.path(), ".gitignore", "d.yaml\n");
        write(root.path(), "d.yaml", "");
        let tree = Tree::from_disk(root.path(), DiskOptions::default()).unwrap();
        assert!(matches!(tree.read("b.yaml"), Err(ReadError::Hidden { .. })));
        assert_eq!(tree.hidden_by("d.yaml"), Some("a .gitignore rule matches it"));
        assert!(matches!(tree.read("c.yaml"), Err(ReadError::Absent(_))));
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_root_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), "secret.yaml", "s: 1");
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "a.yaml", "a: 1");
        std::os::unix::fs::symlink(outside.path().join("secret.yaml"), root.path().join("out.yaml")).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("folder")).unwrap();
        std::os::unix::fs::symlink(root.path().join("a.yaml"), root.path().join("in.yaml")).unwrap();
        let tree = Tree::from_disk(root.path(), DiskOptions::default()).unwrap();
        assert_eq!(tree.files().collect::<Vec<_>>(), ["a.yaml", "in.yaml"]);
        assert!(tree.read("out.yaml").is_err());
        assert_eq!(&*tree.read("in.yaml").unwrap().text, "a: 1");
    }
}
