//! The gate of a story in this repository: what it is, what its file holds, and whether that is fresh.

use std::collections::BTreeMap;

use anyhow::anyhow;
use model::tree::Tree;
use report::color::Paint;
use report::diff::{Side, unified};
use scenarios::{Decision, GATES, GateFile, Inputs, Making, Need, Outcome, Story};
use tools::Toolbox;

use crate::cli::Scenarios;
use crate::project::Project;
use crate::{clock, evidence, output};

/// What every gate of a run has in common.
pub(crate) struct Gating {
    by: BTreeMap<Need, String>,
    versions: BTreeMap<String, String>,
    commit: String,
    today: String,
}

/// The committed file compared with what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// It is what it must be.
    Yes,
    /// There is none.
    Missing,
    /// It is another text; the difference.
    Stale(String),
}

/// A story's gate.
pub(crate) struct Gated {
    /// Path of its file.
    pub(crate) path: String,
    /// What the file must be.
    pub(crate) expected: GateFile,
    /// What `--write-gate` writes: with what was seen in this run.
    pub(crate) renewed: GateFile,
    /// Whether the file is what it must be.
    pub(crate) fresh: Fresh,
}

impl Gated {
    /// The gate to show: with what was seen in this run, unless the file alone is judged.
    pub(crate) fn shown(&self, check: bool) -> GateFile {
        if check {
            self.expected.clone()
        } else {
            self.renewed.clone()
        }
    }
}

impl Gating {
    /// Asks for the commit and the versions.
    pub(crate) fn new(toolbox: &Toolbox, project: &Project) -> Self {
        let versions = [
            ("flux", project.flux_version.clone()),
            ("kubernetes", project.kubernetes_version.clone()),
            ("xtask", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        Self {
            by: evidence::by(toolbox),
            versions: versions.map(|(name, version)| (name.to_owned(), version)).into(),
            // Without git there is no commit to tell; nothing is judged by it.
            commit: tools::git::head_commit(toolbox, &project.root).unwrap_or_default(),
            today: clock::today(),
        }
    }

    /// The gate of a story whose scenarios were all run.
    pub(crate) fn of(
        &self,
        documents: &Tree,
        inputs: &Inputs<'_>,
        story: &Story,
        outcomes: &[Outcome],
    ) -> anyhow::Result<Gated> {
        let making = Making {
            story,
            outcomes,
            inputs: &scenarios::digest_of_inputs(inputs, story),
            evidence: inputs.evidence,
            by: &self.by,
            versions: &self.versions,
            commit: &self.commit,
            today: &self.today,
        };
        let path = GateFile::path(story);
        let text = documents.read(&path).ok().map(|text| text.text.to_string());
        let committed = text.as_ref().and_then(|text| GateFile::parse(text).ok());
        let expected = GateFile::expected(making, committed.as_ref());
        let wanted = text_of(&expected)?;
        let fresh = match text {
            None => Fresh::Missing,
            Some(text) if text == wanted => Fresh::Yes,
            Some(text) => Fresh::Stale(difference(&path, &text, &wanted)),
        };
        Ok(Gated {
            path,
            renewed: GateFile::renewed(making, committed.as_ref()),
            expected,
            fresh,
        })
    }
}

fn text_of(file: &GateFile) -> anyhow::Result<String> {
    file.text()
        .map_err(|reason| anyhow!("a gate cannot be written: {reason}"))
}

fn difference(path: &str, found: &str, wanted: &str) -> String {
    let found = Side {
        name: path,
        text: found,
    };
    let wanted = Side {
        name: "what it must be",
        text: wanted,
    };
    unified(found, wanted, Paint::Plain)
}

/// Writes or checks the file, as the arguments say; exit code 1 where the gate is FAIL or its file stale.
pub(super) fn settle(args: &Scenarios, project: &Project, gated: &Gated) -> anyhow::Result<u8> {
    let path = &gated.path;
    let mut code = report::exit::CLEAN;
    if args.write_gate {
        let text = text_of(&gated.renewed)?;
        let at = project.root.join(path);
        if std::fs::read_to_string(&at).ok().as_ref() == Some(&text) {
            output::note(&format!("{path} is fresh"));
        } else {
            output::file(&at, &text)?;
            output::note(&format!("wrote {path}"));
        }
    }
    if args.check_gate {
        match &gated.fresh {
            Fresh::Yes => {
                output::note(&format!("{path} is fresh"));
                if gated.renewed.records.len() > gated.expected.records.len() {
                    output::note(&format!(
                        "{path}: more was seen here than it records; `--write-gate` adds it"
                    ));
                }
            }
            Fresh::Missing => {
                output::note(&format!(
                    "error: {path} does not exist: run `cargo xtask scenarios --write-gate`"
                ));
                code = report::exit::FINDINGS;
            }
            Fresh::Stale(difference) => {
                output::note(&format!(
                    "error: {path} is stale: run `cargo xtask scenarios --write-gate`\n{difference}"
                ));
                code = report::exit::FINDINGS;
            }
        }
    }
    if gated.shown(args.check_gate).gate == Decision::Fail {
        code = report::exit::FINDINGS;
    }
    Ok(code)
}

/// Gate files that belong to no story.
pub(super) fn orphans(documents: &Tree, stories: &[Story]) -> u8 {
    let known: Vec<String> = stories.iter().map(GateFile::path).collect();
    let mut code = report::exit::CLEAN;
    for file in documents.files_below(GATES) {
        if !known.iter().any(|path| path == file) {
            output::note(&format!("error: {file} is the gate of no story: remove it"));
            code = report::exit::FINDINGS;
        }
    }
    code
}
