//! The lock file: what every chart's version stood for when the registries were last asked.
//!
//! Written by a program and read strictly: what no program would have written is an error with its line, never ignored.

mod damage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::preflight::{ChartRequest, Verdict};
use crate::version::Wanted;

/// First line of the file.
const HEADER: &str = "# What the registries had for every chart, written by `cargo xtask preflight --update-lock`: do not edit.\n";

/// The charts that were found, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    entries: BTreeMap<Key, Entry>,
}

/// One chart as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// `oci://host/path/chart`, as the manifests have it after substitution.
    pub url: String,
    /// The version that is asked for, as written.
    pub wanted: Wanted,
    /// The chart's version, from its metadata.
    pub version: String,
    /// The digest of the manifest that the tag or digest leads to.
    pub digest: String,
    /// The digest of the chart's archive, the layer.
    pub archive: String,
    /// The media type of the archive.
    pub media_type: String,
    /// The size of the archive, in bytes.
    pub size: u64,
    /// The chart's `appVersion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// Since when the rest of the entry holds: RFC 3339 in UTC, to the second.
    pub when: String,
}

/// Why a lock file cannot be used. Lines count from 1; 0 stands for a place that is not known.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum LockError {
    /// No YAML, an unknown field, a missing one, or one of another type.
    #[error("{why}")]
    Syntax {
        /// The line.
        line: usize,
        /// In words.
        why: String,
    },
    /// An entry that no registry can have led to.
    #[error("the entry of `{url}` {why}")]
    Entry {
        /// Where the entry starts.
        line: usize,
        /// Its chart.
        url: String,
        /// What is wrong with it, as the end of a sentence.
        why: String,
    },
    /// A chart and version with two entries.
    #[error("there are two entries of `{url}` with {wanted}")]
    Duplicate {
        /// Where the second one starts.
        line: usize,
        /// The chart.
        url: String,
        /// The version, in words.
        wanted: String,
    },
}

impl LockError {
    /// The line, from 1; 0 where it is not known.
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. } | Self::Entry { line, .. } | Self::Duplicate { line, .. } => *line,
        }
    }
}

/// What [`Lock::update`] did with one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The chart was not in the lock.
    Added,
    /// Something about it is new.
    Changed,
    /// Nothing is new.
    Kept,
    /// It was not found, so there is nothing to write down.
    NotFound,
}

type Key = (String, Wanted);

/// Reads a lock file.
///
/// # Errors
/// Text that is no list of entries, unknown or missing fields, impossible entries, and two entries of one chart and version.
pub fn parse(text: &str) -> Result<Lock, LockError> {
    let mut lock = Lock::default();
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.starts_with('#'))
    {
        return Ok(lock);
    }
    let entries: Vec<Entry> = serde_yaml::from_str(text).map_err(|error| LockError::Syntax {
        line: error.location().map_or(0, |place| place.line()),
        why: error.to_string(),
    })?;
    for (index, entry) in entries.into_iter().enumerate() {
        let line = damage::line_of_entry(text, index);
        if let Some(why) = damage::of(&entry) {
            let url = entry.url;
            return Err(LockError::Entry { line, url, why });
        }
        let key = (entry.url.clone(), entry.wanted.clone());
        if let Some(entry) = lock.entries.insert(key, entry) {
            return Err(LockError::Duplicate {
                line,
                wanted: entry.wanted.words(),
                url: entry.url,
            });
        }
    }
    Ok(lock)
}

impl Lock {
    /// The entry of a chart and version; how it is asked for (plain HTTP, the layer) does not count.
    pub fn entry(&self, request: &ChartRequest) -> Option<&Entry> {
        self.entries.get(&(request.url.clone(), request.wanted.clone()))
    }

    /// The entries, by URL and version.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The whole file.
    pub fn render(&self) -> String {
        let entries: Vec<&Entry> = self.entries().collect();
        // Serializing our own structs into memory fails for no input; were it to, `parse` would refuse the file.
        let body = serde_yaml::to_string(&entries).unwrap_or_else(|error| format!("{error}\n"));
        format!("{HEADER}{body}")
    }

    /// Writes down what was found at a time (RFC 3339, UTC); an entry without news keeps its own time.
    pub fn update(&mut self, request: &ChartRequest, found: &Verdict, now: &str) -> Change {
        let Verdict::There {
            version,
            digest,
            archive,
            media_type,
            size,
            app_version,
            ..
        } = found
        else {
            return Change::NotFound;
        };
        let key = (request.url.clone(), request.wanted.clone());
        let old = self.entries.get(&key);
        let entry = Entry {
            url: request.url.clone(),
            wanted: request.wanted.clone(),
            version: version.clone(),
            digest: digest.clone(),
            archive: archive.clone(),
            media_type: media_type.clone(),
            size: *size,
            app_version: app_version.clone(),
            when: old.map_or_else(|| now.to_owned(), |old| old.when.clone()),
        };
        let change = match old {
            Some(old) if *old == entry => return Change::Kept,
            Some(_) => Change::Changed,
            None => Change::Added,
        };
        let when = now.to_owned();
        self.entries.insert(key, Entry { when, ..entry });
        change
    }

    /// Drops the entries that none of the requests asks for, and returns them.
    pub fn retain<'a>(&mut self, requests: impl IntoIterator<Item = &'a ChartRequest>) -> Vec<Entry> {
        let mut dropped = std::mem::take(&mut self.entries);
        for request in requests {
            if let Some((key, entry)) = dropped.remove_entry(&(request.url.clone(), request.wanted.clone())) {
                self.entries.insert(key, entry);
            }
        }
        dropped.into_values().collect()
    }
}

#[cfg(test)]
mod tests;
