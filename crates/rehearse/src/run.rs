//! One run: its folder, its watchdog, its parts. Dropping it ends everything.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::child::{Child, Part};
use crate::error::{RehearseError, io};
use crate::ports::{self, Port};
use crate::watchdog::Watchdog;
use crate::{folder, reaper};

/// The largest log that is kept, in bytes; of a longer one the end.
const MAX_LOG: usize = 8 * 1024 * 1024;

/// A private folder, a watchdog, and what was started.
pub struct Run {
    base: PathBuf,
    folder: PathBuf,
    watchdog: Option<Watchdog>,
    interrupted: Arc<AtomicBool>,
    children: Mutex<Vec<Child>>,
    secrets: Mutex<Vec<String>>,
    swept: usize,
}

impl Run {
    /// Clears away what killed runs left, then begins a new one.
    ///
    /// `program` is this program's own file: started once more as `PROGRAM rehearse --watch-over DIR`, it must call
    /// [`crate::watch`]. From here on Ctrl-C, SIGTERM and SIGHUP end the run in order; a second one ends this process, and
    /// its watchdog the rest.
    pub fn start(program: &Path) -> Result<Self, RehearseError> {
        let base = folder::base()?;
        let swept = folder::sweep(&base);
        let folder = folder::make(&base)?;
        let mut run = Self {
            watchdog: None,
            interrupted: Arc::default(),
            children: Mutex::default(),
            secrets: Mutex::default(),
            base,
            folder,
            swept,
        };
        run.watchdog = Some(Watchdog::start(&run.folder, program)?);
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let failed = |cause| RehearseError::Spawn {
                part: "signal handler".to_owned(),
                cause,
            };
            // In this order: the first signal sets the flag, which makes the second one end the process.
            flag::register_conditional_shutdown(signal, 130, Arc::clone(&run.interrupted)).map_err(failed)?;
            flag::register(signal, Arc::clone(&run.interrupted)).map_err(failed)?;
        }
        for name in ["logs", "tmp"] {
            run.make(name)?;
        }
        Ok(run)
    }

    /// The private folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many rehearsals that had been killed were cleared away at the start.
    pub fn swept(&self) -> usize {
        self.swept
    }

    /// Whether somebody wants this run to end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// An error when somebody wants it to end, or when a part has ended by itself.
    pub fn check(&self) -> Result<(), RehearseError> {
        if self.is_interrupted() {
            return Err(RehearseError::Interrupted);
        }
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children
            .iter()
            .try_for_each(Child::check)
            .map_err(|error| self.masked(error))
    }

    /// Ends every part; the folder and the copy of the tree stay.
    pub(crate) fn end_parts(&self) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        if !children.is_empty() {
            reaper::end(&self.folder, std::time::Duration::from_secs(10));
            children.drain(..).for_each(|child| child.reap());
        }
    }

    /// Copies the logs of all parts below `target`, secrets masked; whether there are any.
    pub fn keep_logs(&self, target: &Path) -> Result<bool, RehearseError> {
        let logs = self.folder.join("logs");
        let entries = fs::read_dir(&logs).map_err(io("read", &logs))?;
        let entries: Vec<fs::DirEntry> = entries.filter_map(Result::ok).collect();
        if entries.is_empty() {
            return Ok(false);
        }
        fs::create_dir_all(target).map_err(io("make", target))?;
        for entry in entries {
            let bytes = fs::read(entry.path()).map_err(io("read", entry.path()))?;
            let start = bytes.len().saturating_sub(MAX_LOG);
            let text = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default());
            let path = target.join(entry.file_name());
            fs::write(&path, self.mask(&text)).map_err(io("write", path))?;
        }
        Ok(true)
    }

    /// A text without the secrets of this run.
    pub fn mask(&self, text: &str) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    pub(crate) fn is_secret(&self, secret: &str) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.push(secret.to_owned());
    }

    /// A folder in the private one; it may be there.
    pub(crate) fn make(&self, name: &str) -> Result<PathBuf, RehearseError> {
        let path = self.folder.join(name);
        folder::private(&path)?;
        Ok(path)
    }

    /// A file in the private folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, RehearseError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(io("write", &path))?;
        Ok(path)
    }

    pub(crate) fn port(&self) -> Result<Port, RehearseError> {
        ports::reserve(&self.base)
    }

    pub(crate) fn spawn(&self, part: &Part) -> Result<(), RehearseError> {
        let child = Child::start(part, &self.folder)?;
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.push(child);
        Ok(())
    }

    /// Starts a program whose end is an answer, too.
    pub(crate) fn start_child(&self, part: &Part) -> Result<Child, RehearseError> {
        Child::start(part, &self.folder)
    }

    /// An error, or where the disk is full, that: then an API server only falls silent.
    pub(crate) fn explained(&self, error: RehearseError) -> RehearseError {
        /// With less room than this, in bytes, etcd and the API server no longer work.
        const LITTLE: u64 = 1024 * 1024;
        let room = rustix::fs::statvfs(&self.folder).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        match (error, room) {
            (error @ (RehearseError::Interrupted | RehearseError::NoRoom { .. }), _) => error,
            (error, Ok(room)) if room < LITTLE => RehearseError::Full {
                path: self.folder.clone(),
                cause: Box::new(error),
            },
            (error, _) => error,
        }
    }

    /// Secrets out of the last words of a part.
    pub(crate) fn masked(&self, error: RehearseError) -> RehearseError {
        match error {
            RehearseError::Ended { part, how, tail } => RehearseError::Ended {
                part,
                how,
                tail: self.mask(&tail),
            },
            error => error,
        }
    }
}

impl Drop for Run {
    /// Everything ends here: on success, on an error, on Ctrl-C.
    fn drop(&mut self) {
        let released = self.watchdog.take().is_some_and(Watchdog::release);
        if !released {
            folder::clear(&self.folder);
        }
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.drain(..).for_each(|child| child.reap());
    }
}
