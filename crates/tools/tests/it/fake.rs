//! A folder of shell scripts that pretend to be the real programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tools::{Invocation, Toolbox};

/// A temporary folder of fakes, gone when dropped.
pub(crate) struct Fakes {
    folder: TempDir,
}

impl Fakes {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// One fake that is there and ready, with its toolbox.
    pub(crate) fn with(name: &str, script: &str) -> (Self, Toolbox) {
        let fakes = Self::new();
        fakes.add(name, script);
        let toolbox = fakes.toolbox();
        (fakes, toolbox)
    }

    /// Writes a fake and returns its file.
    ///
    /// A child writes it: a file this process has open for writing cannot be started while another test
    /// forks.
    pub(crate) fn add(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path(name);
        Invocation::new("/bin/sh")
            .args(["-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(&path)
            .stdin(format!("#!/bin/sh\n{script}\n"))
            .run()
            .unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The toolbox of the fakes written so far, with a short time for versions.
    pub(crate) fn toolbox(&self) -> Toolbox {
        self.toolbox_with(&BTreeMap::new())
    }

    pub(crate) fn toolbox_with(&self, paths: &BTreeMap<String, PathBuf>) -> Toolbox {
        Toolbox::discover(paths, self.folder.path().as_os_str()).with_version_timeout(Duration::from_secs(2))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
