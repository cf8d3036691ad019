//! Finding what a kustomization names: files, folders, and why they cannot be had.

use diag::Span;
use model::tree::{ReadError, path};

use crate::LoadRestrictor;
use crate::accumulate::Run;
use crate::file::{File, Text};
use crate::problem::{Problem, ProblemKind};

/// The names that kustomize looks for, in its order.
pub(crate) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a `resources` entry leads to.
pub(crate) enum Place {
    File(String),
    Folder(String),
}

/// Whether a path names something on the network.
pub(crate) fn is_remote(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    text.contains("://")
        || text.starts_with("git@")
        || text.starts_with("git::")
        || text.contains("?ref=")
        || text.contains(".git/")
        || text.ends_with(".git")
        || matches!(host, "github.com" | "gitlab.com" | "bitbucket.org")
}

/// The refusal of a path on the network.
pub(crate) fn remote(text: &Text, what: &str) -> Problem {
    Problem::new(
        ProblemKind::Unsupported,
        text.span,
        format!("remote {what} `{}` is not fetched offline", text.value),
    )
    .with_help("vendor it into the repository, or build with the real program: `--engine tools`")
}

impl Run<'_, '_> {
    /// The path of a file that a kustomization names, checked against the restrictor; none after saying why not.
    pub(crate) fn locate(&mut self, file: &File, text: &Text, what: &str) -> Option<String> {
        if is_remote(&text.value) && !self.exists(&file.folder, &text.value) {
            self.problems.push(remote(text, what));
            return None;
        }
        let at = self.join(file, text)?;
        if self.builder.tree.is_file(&at) {
            return self.allowed(file, text, &at).then_some(at);
        }
        let error = if self.builder.tree.is_folder(&at) {
            ReadError::Folder(at)
        } else {
            self.absence(&at)
        };
        self.cannot_read(text.span, what, &error);
        None
    }

    /// The file or folder of a `resources` entry.
    pub(crate) fn locate_resource(&mut self, file: &File, text: &Text) -> Option<Place> {
        if text.value.is_empty() {
            self.problems
                .push(Problem::error(text.span, "an entry of `resources` is empty"));
            return None;
        }
        if is_remote(&text.value) && !self.exists(&file.folder, &text.value) {
            self.problems.push(remote(text, "resource"));
            return None;
        }
        let at = self.join(file, text)?;
        if self.builder.tree.is_file(&at) {
            return self.allowed(file, text, &at).then_some(Place::File(at));
        }
        if self.builder.tree.is_folder(&at) {
            return Some(Place::Folder(at));
        }
        let error = self.absence(&at);
        self.cannot_read(text.span, "resource", &error);
        None
    }

    fn exists(&self, folder: &str, text: &str) -> bool {
        let at = path::join(folder, text);
        at.is_ok_and(|at| self.builder.tree.is_file(&at) || self.builder.tree.is_folder(&at))
    }

    pub(crate) fn join(&mut self, file: &File, text: &Text) -> Option<String> {
        match path::join(&file.folder, &text.value) {
            Ok(at) => Some(at),
            Err(error) => {
                self.problems
                    .push(Problem::error(text.span, format!("`{}`: {error}", text.value)));
                None
            }
        }
    }

    fn allowed(&mut self, file: &File, text: &Text, at: &str) -> bool {
        let allowed = self.options.restrictor == LoadRestrictor::None || path::is_within(at, &file.folder);
        if !allowed {
            self.problems.push(
                Problem::error(
                    text.span,
                    format!("`{}` lies outside the folder of this kustomization", text.value),
                )
                .with_help(format!(
                    "list the folder `{}` with a kustomization file of its own",
                    path::parent(at)
                )),
            );
        }
        allowed
    }

    pub(crate) fn absence(&self, at: &str) -> ReadError {
        self.builder
            .tree
            .read(at)
            .err()
            .unwrap_or_else(|| ReadError::Absent(at.to_owned()))
    }

    /// Says why a file cannot be read, and which one might be meant.
    pub(crate) fn cannot_read(&mut self, span: Span, what: &str, error: &ReadError) {
        let mut problem = Problem::new(ProblemKind::Missing, span, format!("{what} {error}"));
        if let ReadError::Absent(at) = error {
            let folder = path::parent(at);
            if let Some(meant) = model::nearest(path::file_name(at), self.builder.tree.names(folder)) {
                problem.help = format!("did you mean `{meant}`?");
            } else if !self.builder.tree.is_folder(folder) {
                problem.help = format!("there is no folder `{folder}`");
            }
        }
        self.problems.push(problem);
    }

    /// The kustomization file of a folder; none after saying why not.
    pub(crate) fn kustomization_path(&mut self, folder: &str, span: Span) -> Option<String> {
        let within = |name: &&str| {
            let at = if folder.is_empty() {
                (*name).to_owned()
            } else {
                format!("{folder}/{name}")
            };
            self.builder.tree.is_file(&at).then_some(at)
        };
        let mut found: Vec<String> = FILE_NAMES.iter().filter_map(within).collect();
        let shown = if folder.is_empty() { "." } else { folder };
        match found.len() {
            1 => found.pop(),
            0 => {
                let problem = Problem::new(
                    ProblemKind::Missing,
                    span,
                    format!("the folder `{shown}` has no kustomization file"),
                );
                self.problems
                    .push(problem.with_help(format!("add `{shown}/kustomization.yaml`")));
                None
            }
            _ => {
                let names: Vec<_> = found
                    .iter()
                    .map(|at| format!("`{}`", path::file_name(at)))
                    .collect();
                let message = format!(
                    "the folder `{shown}` has {} kustomization files: {}",
                    found.len(),
                    names.join(", ")
                );
                self.problems
                    .push(Problem::error(span, message).with_help("keep one of them"));
                None
            }
        }
    }
}
