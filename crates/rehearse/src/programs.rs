//! The programs that a rehearsal starts, where they are, and what they say of themselves.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use oci::{Cache, Kept};
use tools::Invocation;

use crate::build_info;
use crate::error::RehearseError;
use crate::outcome::Controller;
use crate::pins::{Pin, Pins};

/// The time a program has to say its version, and the bytes.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_ANSWER: usize = 64 * 1024;

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

    /// Whether it is one of Flux's.
    fn is_flux(self) -> bool {
        matches!(
            self,
            Self::SourceController | Self::KustomizeController | Self::HelmController
        )
    }
}

/// Where programs are looked for, in this order: given folders, `PATH`, the cache.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Given by the user.
    pub bin_dirs: &'a [PathBuf],
    /// In the form of `PATH`; relative folders are skipped, since a repository must not bring its own programs.
    pub path: &'a OsStr,
    /// Where fetched programs are; none where there is no cache.
    pub cache: Option<&'a Cache>,
    /// Which of them.
    pub pins: &'a Pins,
}

/// Where a program was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A given folder.
    BinDir,
    /// `PATH`.
    Path,
    /// The cache.
    Cache,
}

/// A program that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub program: Program,
    /// Its file.
    pub path: PathBuf,
    /// Where it was found.
    pub place: Place,
    /// The version of the pin that it was fetched for.
    pinned: Option<String>,
}

/// What became of the search for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It is there.
    Found(Found),
    /// It is nowhere.
    Missing(Program),
    /// It was fetched once, and changed since: it is not used.
    Damaged(Program),
}

/// Where each program is.
#[derive(Debug, Clone)]
pub struct Programs {
    found: Vec<Found>,
}

impl Search<'_> {
    /// Looks for every program, in the order of [`Program::ALL`]; starts none.
    pub fn look(&self) -> Vec<Looked> {
        // Those of the cache are read whole, and compared with their digests.
        thread::scope(|scope| {
            let looks = Program::ALL.map(|program| scope.spawn(move || self.look_for(program)));
            let looked = looks
                .into_iter()
                .zip(Program::ALL)
                .map(|(look, program)| look.join().unwrap_or(Looked::Missing(program)));
            looked.collect()
        })
    }

    fn look_for(&self, program: Program) -> Looked {
        if let Some((path, place)) = file(program.name(), self.bin_dirs, self.path) {
            return Looked::Found(Found {
                program,
                path,
                place,
                pinned: None,
            });
        }
        let pin = self.pins.get(program);
        let kept = self
            .cache
            .zip(pin.and_then(Pin::request))
            .map_or(Kept::Absent, |(cache, request)| cache.file(&request));
        match kept {
            Kept::Whole(path) => Looked::Found(Found {
                program,
                path,
                place: Place::Cache,
                pinned: pin.map(|pin| pin.version.trim_start_matches('v').to_owned()),
            }),
            Kept::Absent => Looked::Missing(program),
            Kept::Damaged(_) => Looked::Damaged(program),
        }
    }
}

impl Programs {
    /// All of them; an error names all that are missing.
    pub fn find(search: &Search<'_>) -> Result<Self, RehearseError> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for looked in search.look() {
            match looked {
                Looked::Found(program) => found.push(program),
                Looked::Missing(program) => missing.push(format!("`{}`", program.name())),
                Looked::Damaged(program) => missing.push(format!(
                    "`{}` (the one in the cache was changed since it was fetched)",
                    program.name()
                )),
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
            .find(|known| known.program == program)
            .map_or(Path::new(""), |found| &found.path)
    }

    /// `1.37.2`, as the API server says.
    pub fn kubernetes_version(&self) -> Result<String, RehearseError> {
        let said = ask(self.path(Program::ApiServer))?;
        let version = said.split_whitespace().last().unwrap_or_default();
        Ok(version.trim_start_matches('v').to_owned())
    }

    /// The controllers of Flux.
    pub(crate) fn controllers(&self) -> Vec<Controller> {
        let controllers = self.found.iter().filter(|found| found.program.is_flux());
        controllers
            .map(|found| Controller {
                name: found.program.name(),
                version: found.version().unwrap_or_default(),
            })
            .collect()
    }
}

impl Found {
    /// Its version, without a leading `v`: what the program says, else what Go wrote into it, else the pin that it was fetched
    /// for. None where none of them tells; an error where the program cannot be asked.
    pub fn version(&self) -> Result<Option<String>, RehearseError> {
        let said = if self.program.is_flux() {
            // They have no flag for it.
            None
        } else {
            version_in(&ask(&self.path)?)
        };
        Ok(said
            .or_else(|| build_info::version(&self.path))
            .or_else(|| self.pinned.clone()))
    }
}

/// What `--version` prints.
fn ask(path: &Path) -> Result<String, RehearseError> {
    let call = Invocation::new(path)
        .arg("--version")
        .timeout(PATIENCE)
        .max_output(MAX_ANSWER);
    Ok(String::from_utf8_lossy(&call.run()?.stdout).into_owned())
}

/// The first word that is a version: `Kubernetes v1.37.2`, `etcd Version: 3.4.30`.
fn version_in(said: &str) -> Option<String> {
    let mut words = said.split_whitespace().map(|word| word.trim_start_matches('v'));
    let is_version = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word.contains('.')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
    };
    words.find(is_version).map(str::to_owned)
}

/// The file of a program, whichever it is: in one of these folders, else on this PATH.
pub fn file(name: &str, bin_dirs: &[PathBuf], path: &OsStr) -> Option<(PathBuf, Place)> {
    let given = bin_dirs
        .iter()
        .filter_map(|folder| std::path::absolute(folder).ok())
        .map(|folder| (folder, Place::BinDir));
    let path = std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| (folder, Place::Path));
    let mut files = given
        .chain(path)
        .map(|(folder, place)| (folder.join(name), place));
    files.find(|(path, _)| is_program(path))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_everything_that_is_missing() {
        let search = Search {
            bin_dirs: &[],
            path: OsStr::new("relative:/nowhere"),
            cache: None,
            pins: &Pins::read(None).unwrap(),
        };
        let error = Programs::find(&search).unwrap_err().to_string();
        assert!(
            error.starts_with("not found: `etcd`, `kube-apiserver`,")
                && error.contains("`helm-controller`;")
                && error.contains("`--fetch`"),
            "{error}"
        );
    }

    #[test]
    fn finds_the_version_in_what_programs_say() {
        for (said, version) in [
            ("Kubernetes v1.37.2\n", Some("1.37.2")),
            (
                "etcd Version: 3.4.30\nGit SHA: Not provided\nGo Version: go1.19.8\n",
                Some("3.4.30"),
            ),
            ("kwok version v0.8.0 go1.26 (linux/amd64)\n", Some("0.8.0")),
            ("kwok version unknown\n", None),
        ] {
            assert_eq!(version_in(said).as_deref(), version, "{said}");
        }
    }
}
