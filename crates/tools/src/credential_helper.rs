//! `docker-credential-NAME get`: the programs that keep registry passwords for docker, podman and helm.
//!
//! A helper's stdout holds the password and its stderr may, so neither is ever part of an error.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::discover::executable;
use crate::error::ToolError;
use crate::run::Invocation;

/// The user name that goes with an identity token instead of a password.
pub const IDENTITY_TOKEN: &str = "<token>";

/// The time a helper gets.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The output a helper may print, in bytes.
const MAX_OUTPUT: usize = 64 << 10;
/// What helpers print, with exit status 1, when they know nothing of the server.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// What a helper knows about a server.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Credential {
    /// The user, or [`IDENTITY_TOKEN`].
    pub username: String,
    /// The password, or the identity token.
    pub secret: String,
}

impl fmt::Debug for Credential {
    /// The secret stays out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Why a helper gave no answer; worded as what the helper is or did, without its name and without its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelperError {
    /// The name could be a path.
    #[error("was not run, wanted a name of `A-Z a-z 0-9 . _ -`")]
    Name,
    /// No such program.
    #[error("is not on PATH")]
    NotFound,
    /// The operating system did not start it, or lost it.
    #[error("could not be started")]
    Spawn,
    /// It took longer than 10 s and was ended.
    #[error("gave no answer within 10 s and was ended")]
    Timeout,
    /// It printed more than 64 KiB and was ended.
    #[error("printed more than 65536 bytes and was ended")]
    TooMuchOutput,
    /// It ended with this status; `-N` when signal N ended it.
    #[error("failed with exit status {0}")]
    Failed(i32),
    /// Not the JSON that helpers print.
    #[error("printed no credentials")]
    Answer,
}

/// Asks `docker-credential-NAME` from `search_path`, in the form of `PATH`, what it knows about a server.
///
/// `server` is the registry as docker writes it: host and port, or Docker Hub's old address. Nothing when the helper
/// knows nothing of it. Relative folders of the search path are skipped.
pub fn get(name: &str, server: &str, search_path: &OsStr) -> Result<Option<Credential>, HelperError> {
    get_within(name, server, search_path, TIMEOUT)
}

fn get_within(
    name: &str,
    server: &str,
    search_path: &OsStr,
    timeout: Duration,
) -> Result<Option<Credential>, HelperError> {
    let call = Invocation::new(find(name, search_path)?)
        .arg("get")
        .stdin(format!("{server}\n"))
        .timeout(timeout)
        .max_output(MAX_OUTPUT);
    let output = call.run_accepting(&[0, 1]).map_err(|error| match error {
        ToolError::Timeout { .. } => HelperError::Timeout,
        ToolError::TooMuchOutput { .. } => HelperError::TooMuchOutput,
        ToolError::Failed { status, .. } => HelperError::Failed(status),
        _ => HelperError::Spawn,
    })?;
    if output.status == 0 {
        let answer: Credential = serde_json::from_slice(&output.stdout).map_err(|_| HelperError::Answer)?;
        return Ok(Some(answer));
    }
    if String::from_utf8_lossy(&output.stdout).contains(NOT_FOUND) {
        return Ok(None);
    }
    Err(HelperError::Failed(output.status))
}

fn find(name: &str, search_path: &OsStr) -> Result<PathBuf, HelperError> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !fits {
        return Err(HelperError::Name);
    }
    let file_name = format!("docker-credential-{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(search_path)
        .filter(|folder| folder.is_absolute())
        .find_map(|folder| executable(&Path::new(&folder).join(&file_name)))
        .ok_or(HelperError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a helper with this script answers.
    fn answer(script: &str, timeout: Duration) -> Result<Option<Credential>, HelperError> {
        let folder = tempfile::tempdir().unwrap();
        // A child writes it: a file that this process has open for writing cannot be started while another test forks.
        Invocation::new("/bin/sh")
            .args(["-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(folder.path().join("docker-credential-fake"))
            .stdin(format!("#!/bin/sh\n{script}\n"))
            .run()
            .unwrap();
        get_within("fake", "r.example:5000", folder.path().as_os_str(), timeout)
    }

    fn quick(script: &str) -> Result<Option<Credential>, HelperError> {
        answer(script, Duration::from_secs(10))
    }

    #[test]
    fn asks_for_the_server_and_reads_the_answer() {
        let found = quick(
            r#"read server; [ "$1" = get ] && echo "{\"ServerURL\":\"x\",\"Username\":\"me at $server\",\"Secret\":\"pw\"}""#,
        );
        let found = found.unwrap().unwrap();
        assert_eq!(
            (found.username.as_str(), found.secret.as_str()),
            ("me at r.example:5000", "pw")
        );
        assert!(!format!("{found:?}").contains("pw"));
        assert_eq!(quick(&format!("echo '{NOT_FOUND}'; exit 1")), Ok(None));
    }

    #[test]
    fn never_repeats_what_a_helper_says() {
        for (script, wanted) in [
            (
                "echo hunter2; echo hunter2 >&2; exit 1",
                "failed with exit status 1",
            ),
            ("echo hunter2 >&2; exit 3", "failed with exit status 3"),
            ("echo hunter2", "printed no credentials"),
            ("kill -9 $$", "failed with exit status -9"),
        ] {
            assert_eq!(quick(script).unwrap_err().to_string(), wanted);
        }
        assert_eq!(
            quick("while :; do echo 0123456789012345678901234567890123456789; done").unwrap_err(),
            HelperError::TooMuchOutput
        );
        assert_eq!(
            answer("exec sleep 60", Duration::from_millis(300)).unwrap_err(),
            HelperError::Timeout
        );
    }

    #[test]
    fn starts_nothing_but_helpers() {
        let path = OsStr::new("/bin");
        for name in ["", "../sh", "a/b", "a b", "a\nb", &"a".repeat(65)] {
            assert_eq!(get(name, "r", path).unwrap_err(), HelperError::Name, "{name}");
        }
        assert_eq!(get("none", "r", path).unwrap_err(), HelperError::NotFound);
        assert_eq!(
            get("none", "r", OsStr::new("relative:.")).unwrap_err(),
            HelperError::NotFound
        );
    }
}
