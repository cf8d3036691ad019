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

/// The candidate that a mistyped word most probably means.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let limit = (word.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance of two short words.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 80 || b.len() > 80 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(b.chars()) {
            let next = (diagonal + usize::from(ca != cb)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, next);
            left = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_named_and_a_far_one_is_not() {
        assert_eq!(closest("resource", ["resources", "replicas"]), Some("resources"));
        assert_eq!(
            closest("comonLabels", ["labels", "commonLabels"]),
            Some("commonLabels")
        );
        assert_eq!(closest("foo", ["resources", "labels"]), None);
    }
}
