//! The programs that a rehearsal starts, and where they are.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tools::Invocation;

use crate::error::RehearseError;

/// The time a program has to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// What the API server keeps everything in.
    Etcd,
    /// The API server.
    ApiServer,
    /// The controllers of Deployments, Jobs, ...
    ControllerManager,
    /// Gives pods their nodes.
    Scheduler,
    /// Pretends that pods run.
    Kwok,
    /// Fetches what Flux applies.
    SourceController,
    /// Applies it.
    KustomizeController,
    /// Installs charts.
    HelmController,
}

impl Program {
    /// All of them, in the order in which they are started.
    pub const ALL: [Self; 8] = [
        Self::Etcd,
        Self::ApiServer,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Kwok,
        Self::SourceController,
        Self::KustomizeController,
        Self::HelmController,
    ];

    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
            Self::SourceController => "source-controller",
            Self::KustomizeController => "kustomize-controller",
            Self::HelmController => "helm-controller",
        }
    }
}

/// Where each program is.
#[derive(Debug, Clone)]
pub struct Programs {
    found: Vec<(Program, PathBuf)>,
}

impl Programs {
    /// Looks in `bin_dirs` and then in `search_path`, which has the form of `PATH`; relative folders are skipped, since a
    /// repository must not bring its own programs. An error names all that are missing.
    pub fn find(bin_dirs: &[PathBuf], search_path: &OsStr) -> Result<Self, RehearseError> {
        let given = bin_dirs
            .iter()
            .filter_map(|folder| std::path::absolute(folder).ok());
        let folders: Vec<PathBuf> = given
            .chain(std::env::split_paths(search_path).filter(|folder| folder.is_absolute()))
            .collect();
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for program in Program::ALL {
            let files = folders.iter().map(|folder| folder.join(program.name()));
            match files.into_iter().find(|path| is_program(path)) {
                Some(path) => found.push((program, path)),
                None => missing.push(format!("`{}`", program.name())),
            }
        }
        if missing.is_empty() {
            Ok(Self { found })
        } else {
            Err(RehearseError::Missing { missing })
        }
    }

    /// The file of a program.
    pub(crate) fn path(&self, program: Program) -> &Path {
        let mut found = self.found.iter();
        found
            .find(|(known, _)| *known == program)
            .map_or(Path::new(""), |(_, path)| path)
    }

    /// `1.37.2`, as the API server says.
    pub fn kubernetes_version(&self) -> Result<String, RehearseError> {
        let call = Invocation::new(self.path(Program::ApiServer))
            .arg("--version")
            .timeout(PATIENCE);
        let said = call.run()?.stdout;
        let said = String::from_utf8_lossy(&said);
        let version = said.split_whitespace().last().unwrap_or_default();
        Ok(version.trim_start_matches('v').to_owned())
    }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_everything_that_is_missing() {
        let error = Programs::find(&[], OsStr::new("relative:/nowhere"))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("not found: `etcd`, `kube-apiserver`,") && error.contains("`helm-controller`;"),
            "{error}"
        );
    }
}
