//! Finds the programs on a search path or at configured places, and asks each for its version once.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::catalog::Tool;
use crate::error::ToolError;
use crate::run::Invocation;
use crate::text;

/// The time a program has to print its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Every known program: where it is, or where it was searched for.
#[derive(Debug)]
pub struct Toolbox {
    places: BTreeMap<Tool, Place>,
    unknown_names: Vec<String>,
}

/// A program that is there; whether it works shows when it is used.
#[derive(Debug)]
pub struct Found {
    tool: Tool,
    path: PathBuf,
    version_timeout: Duration,
    version: OnceLock<Result<String, ToolError>>,
}

#[derive(Debug)]
struct Place {
    configured: bool,
    found: Result<Found, Vec<PathBuf>>,
}

impl Toolbox {
    /// Looks for every [`Tool`]; starts none of them.
    ///
    /// `paths` is the configuration: program name to file. A configured file that is not there is not
    /// replaced by one from `search_path`, which has the form of `PATH`. Relative folders in it are skipped:
    /// a repository under check must not bring its own programs.
    pub fn discover(paths: &BTreeMap<String, PathBuf>, search_path: &OsStr) -> Self {
        let folders: Vec<PathBuf> = std::env::split_paths(search_path)
            .filter(|folder| folder.is_absolute())
            .collect();
        let place = |tool: Tool| match paths.get(tool.name()) {
            Some(path) => Place {
                configured: true,
                found: executable(path)
                    .map_or_else(|| Err(vec![path.clone()]), |path| Ok(Found::new(tool, path))),
            },
            None => Place {
                configured: false,
                found: search(tool, &folders),
            },
        };
        Self {
            places: Tool::ALL.into_iter().map(|tool| (tool, place(tool))).collect(),
            unknown_names: paths
                .keys()
                .filter(|name| Tool::from_name(name).is_none())
                .cloned()
                .collect(),
        }
    }

    /// Gives every program this time to print its version instead of 10 s.
    #[must_use]
    pub fn with_version_timeout(mut self, timeout: Duration) -> Self {
        for place in self.places.values_mut() {
            if let Ok(found) = &mut place.found {
                found.version_timeout = timeout;
            }
        }
        self
    }

    /// The program, or where it was searched for.
    pub fn get(&self, tool: Tool) -> Result<&Found, ToolError> {
        let tried = match self.places.get(&tool).map(|place| &place.found) {
            Some(Ok(found)) => return Ok(found),
            Some(Err(tried)) => tried.clone(),
            None => Vec::new(),
        };
        Err(ToolError::NotFound {
            program: tool.name().to_owned(),
            tried,
            install: tool.install(),
        })
    }

    /// Whether the configuration names a file for this program.
    pub fn is_configured(&self, tool: Tool) -> bool {
        self.places.get(&tool).is_some_and(|place| place.configured)
    }

    /// Names in the configuration that are no [`Tool`]: settings without effect.
    pub fn unknown_names(&self) -> &[String] {
        &self.unknown_names
    }
}

impl Found {
    fn new(tool: Tool, path: PathBuf) -> Self {
        Self {
            tool,
            path,
            version_timeout: VERSION_TIMEOUT,
            version: OnceLock::new(),
        }
    }

    /// Which program this is.
    pub fn tool(&self) -> Tool {
        self.tool
    }

    /// The absolute path of its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version the program reports, without a leading `v`; asked on first use, then remembered.
    pub fn version(&self) -> Result<&str, &ToolError> {
        self.version.get_or_init(|| self.ask_version()).as_deref()
    }

    /// A call of this program, without arguments yet.
    pub(crate) fn invocation(&self) -> Invocation {
        Invocation::new(&self.path)
    }

    fn ask_version(&self) -> Result<String, ToolError> {
        let question = self
            .invocation()
            .args(self.tool.version_args())
            .timeout(self.version_timeout)
            .max_output(1 << 20);
        let output = question.run()?;
        let answer = String::from_utf8_lossy(&output.stdout);
        self.tool.parse_version(&answer).ok_or_else(|| {
            let first_line = text::printable(answer.lines().next().unwrap_or_default(), 80);
            let reason = format!(
                "found `{first_line}`, wanted a version such as `{}`",
                self.tool.wanted()
            );
            ToolError::UnexpectedOutput {
                argv: question.command_line(),
                reason,
            }
        })
    }
}

fn search(tool: Tool, folders: &[PathBuf]) -> Result<Found, Vec<PathBuf>> {
    let file_name = format!("{}{}", tool.name(), std::env::consts::EXE_SUFFIX);
    let path = folders
        .iter()
        .find_map(|folder| executable(&folder.join(&file_name)));
    path.map(|path| Found::new(tool, path))
        .ok_or_else(|| folders.to_vec())
}

/// The absolute path of a file that may be started; calls run in other folders, so a relative one would not
/// do.
pub(crate) fn executable(path: &Path) -> Option<PathBuf> {
    let metadata = path.metadata().ok()?;
    #[cfg(unix)]
    let may_start = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_start = true;
    if metadata.is_file() && may_start {
        std::path::absolute(path).ok()
    } else {
        None
    }
}
