//! The lock file on the disk.

use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use oci::lock::{Change, Lock};
use oci::signature::SignatureVerdict;

use super::judge::{Judged, State};
use super::rows::Ask;
use crate::{clock, output};

/// A lock file and its text, empty where there is none.
pub(super) struct LockFile {
    path: PathBuf,
    text: String,
    pub(super) lock: Lock,
}

impl LockFile {
    /// Reads the file; one that must exist and does not is an error.
    pub(super) fn read(path: PathBuf, must_exist: bool) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound && !must_exist => String::new(),
            Err(cause) => bail!(anyhow!(cause).context(format!("cannot read `{}`", path.display()))),
        };
        let lock = oci::lock::parse(&text).map_err(|error| {
            let line = match error.line() {
                0 => String::new(),
                line => format!(":{line}"),
            };
            anyhow!(
                "{}{line}: the lock file cannot be used: {error}; remove it and run with --update-lock",
                path.display()
            )
        })?;
        Ok(Self { path, text, lock })
    }

    /// Writes down what was found; entries that nothing asks for go where all clusters were looked at. Without news the
    /// file stays as it is.
    pub(super) fn update(&mut self, judged: &[Judged], whole: bool) -> anyhow::Result<()> {
        let now = clock::now();
        let (mut added, mut changed) = (0, 0);
        for Judged {
            row, state, answer, ..
        } in judged
        {
            let Ask::Registry { request, .. } = &row.ask else {
                continue;
            };
            // What Flux refuses is nothing to go by.
            let refused = matches!(answer.signature, Some(SignatureVerdict::NotVerified { .. }));
            if refused || !matches!(state, State::There | State::Moved) {
                continue;
            }
            match self.lock.update(request, &answer.verdict, &now) {
                Change::Added => added += 1,
                Change::Changed => changed += 1,
                Change::Kept | Change::NotFound => {}
            }
        }
        // A chart that nobody knows may well be one that an entry is of.
        let all_known = judged
            .iter()
            .all(|judged| judged.row.place.field.is_empty() || judged.state != State::NotChecked);
        let dropped = if whole && all_known {
            let requests = judged.iter().filter_map(|judged| match &judged.row.ask {
                Ask::Registry { request, .. } => Some(request),
                Ask::Nobody { .. } => None,
            });
            self.lock.retain(requests).len()
        } else {
            0
        };
        let shown = self.path.display().to_string();
        let text = self.lock.render();
        if text == self.text {
            output::note(&format!("{shown} is up to date"));
            return Ok(());
        }
        output::file(&self.path, &text).context("the lock file cannot be written")?;
        output::note(&format!(
            "wrote {shown}: {added} added, {changed} changed, {dropped} dropped"
        ));
        self.text = text;
        Ok(())
    }
}
