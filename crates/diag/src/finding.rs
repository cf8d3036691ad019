//! Findings, and what could not be checked.

use crate::{ObjectRef, Span};

/// How bad a finding is. Errors make the exit code 1; warnings do so with `--fail-on warning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The cluster will not reach the state that the repository describes.
    Error,
    /// It will, and something is probably not meant so.
    Warning,
    /// Worth knowing.
    Note,
}

impl Level {
    /// `error`, `warning` or `note`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Where a defect shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// In the files of the git tree.
    Written,
    /// In what kustomize and postBuild substitution make of them.
    Built,
    /// In what the charts install.
    Installed,
    /// In a running control plane.
    Live,
}

impl Stage {
    /// `written`, `built`, `installed` or `live`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Built => "built",
            Self::Installed => "installed",
            Self::Live => "live",
        }
    }
}

/// What is known of a check before it runs. `docs` is Markdown with the headings What it does, Why it matters, Example,
/// How to fix and References.
#[derive(Debug, Clone, Copy)]
pub struct CheckMeta {
    /// Stable id in kebab-case with its group: `flux/depends-on-unknown`.
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Level unless the user says otherwise.
    pub level: Level,
    /// Stage at which the check looks.
    pub stage: Stage,
    /// The page of the check.
    pub docs: &'static str,
}

/// A second place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be seen there.
    pub message: String,
}

/// One step of the way from a cluster's entrypoint to the line of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// `Kustomization/flux-system/coredns`, `kubernetes/x/kustomization.yaml`, `patch`, `variable FOO`.
    pub what: String,
    /// Where that step is written.
    pub span: Span,
}

/// One defect, at the line that a person must edit.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Id of the check.
    pub check: &'static str,
    /// How bad.
    pub level: Level,
    /// One line: what was found and what was wanted, lower case, no full stop.
    pub message: String,
    /// The line to edit.
    pub primary: Span,
    /// Other places.
    pub related: Vec<Label>,
    /// The object that carries the defect.
    pub object: Option<ObjectRef>,
    /// The field, `spec.values.replicaCount` or `spec.rules[0].expr`; empty for the whole object or file.
    pub path: String,
    /// Where the defect shows.
    pub stage: Stage,
    /// The first cluster that shows it; empty when it belongs to no cluster.
    pub cluster: String,
    /// The way from the entrypoint to the line, outermost first.
    pub origin: Vec<Hop>,
    /// Why it matters, one sentence; may be empty.
    pub why: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Finding {
    /// A finding of `check` with its default level and stage; the rest is added by the `with_` methods.
    pub fn new(check: &CheckMeta, primary: Span, message: impl Into<String>) -> Self {
        Self {
            check: check.id,
            level: check.level,
            message: message.into(),
            primary,
            related: Vec::new(),
            object: None,
            path: String::new(),
            stage: check.stage,
            cluster: String::new(),
            origin: Vec::new(),
            why: String::new(),
            help: String::new(),
        }
    }

    /// Says why it matters.
    #[must_use]
    pub fn with_why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds a second place, unless it points nowhere.
    #[must_use]
    pub fn with_related(mut self, span: Span, message: impl Into<String>) -> Self {
        if !span.is_none() {
            self.related.push(Label {
                span,
                message: message.into(),
            });
        }
        self
    }

    /// Names the object that carries the defect.
    #[must_use]
    pub fn with_object(mut self, object: ObjectRef) -> Self {
        self.object = Some(object);
        self
    }

    /// Names the field.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Names the cluster.
    #[must_use]
    pub fn with_cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = cluster.into();
        self
    }

    /// Sets the way that led to the line.
    #[must_use]
    pub fn with_origin(mut self, origin: Vec<Hop>) -> Self {
        self.origin = origin;
        self
    }

    /// Replaces the default level.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Replaces the default stage.
    #[must_use]
    pub fn with_stage(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}

/// Something that could not be checked. Never counts as passed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deferred {
    /// Id of the check that would have looked.
    pub check: &'static str,
    /// What it would have looked at.
    pub subject: String,
    /// Why it could not.
    pub reason: String,
}

/// What a run gathers.
#[derive(Debug, Default)]
pub struct Findings {
    /// Defects.
    pub found: Vec<Finding>,
    /// What could not be checked.
    pub deferred: Vec<Deferred>,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// Adds a deferral.
    pub fn defer(&mut self, check: &CheckMeta, subject: impl Into<String>, reason: impl Into<String>) {
        self.deferred.push(Deferred {
            check: check.id,
            subject: subject.into(),
            reason: reason.into(),
        });
    }

    /// Takes over everything from `other`.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
        self.deferred.extend(other.deferred);
    }
}
