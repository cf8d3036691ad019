//! What a build has to say besides its objects.

use diag::{Label, Span};

/// What kind of trouble; callers map it to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// The build fails, as the real one does.
    Error,
    /// A file is no YAML.
    Syntax,
    /// A key stands twice in one mapping of a resource or patch.
    DuplicateKey,
    /// A file or folder that is named does not exist.
    Missing,
    /// A kustomization file has a field that kustomize does not know.
    UnknownField,
    /// Two objects have the same kind, name and namespace.
    DuplicateId,
    /// A kustomization leads back to itself.
    Cycle,
    /// A feature that this engine does not have.
    Unsupported,
    /// A field that kustomize has replaced by another one. The build succeeds.
    Deprecated,
    /// A patch or image that matches nothing. The build succeeds.
    Unmatched,
    /// Something that is probably not meant so. The build succeeds.
    Warning,
}

impl ProblemKind {
    /// Whether a build with such a problem yields nothing.
    pub fn fails(self) -> bool {
        !matches!(self, Self::Deprecated | Self::Unmatched | Self::Warning)
    }
}

/// One trouble, at the line that a person must edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// One line, lower case, no full stop.
    pub message: String,
    /// The line to edit.
    pub span: Span,
    /// Other places.
    pub related: Vec<Label>,
    /// What to do; may be empty.
    pub help: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, span: Span, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            span,
            related: Vec::new(),
            help: String::new(),
        }
    }

    pub(crate) fn error(span: Span, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Error, span, message)
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(crate) fn with_related(mut self, span: Span, message: impl Into<String>) -> Self {
        if !span.is_none() && span != self.span {
            self.related.push(Label {
                span,
                message: message.into(),
            });
        }
        self
    }

    /// Takes over what the YAML reader found; `duplicate` says how bad a repeated key is here.
    pub(crate) fn from_yaml(problem: model::yaml::Problem, duplicate: ProblemKind) -> Self {
        let kind = match problem.kind {
            model::yaml::ProblemKind::Syntax => ProblemKind::Syntax,
            model::yaml::ProblemKind::DuplicateKey => duplicate,
            model::yaml::ProblemKind::Key | model::yaml::ProblemKind::Value => ProblemKind::Error,
        };
        let new = Self::new(kind, problem.span, problem.message).with_help(problem.help);
        match problem.related {
            Some(first) => new.with_related(first, "first here"),
            None => new,
        }
    }
}
