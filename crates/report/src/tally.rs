//! Sentences that count, shared by all formats that people read.

use std::collections::BTreeMap;

use crate::{Deferred, Report, Summary};

/// `1 error`, `2 errors`.
pub fn plural(count: u32, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// What was checked and what came of it, in one line.
pub fn sentence(report: &Report) -> String {
    format!("{}: {}", checked(report), outcome(report.summary))
}

fn checked(report: &Report) -> String {
    let kustomizations = report.clusters.iter().map(|cluster| cluster.kustomizations).sum();
    let coverage = &report.coverage;
    let installed = if coverage.releases == 0 {
        String::new()
    } else {
        format!(
            ", {} of {} rendered ({}, {} against a schema)",
            coverage.releases_rendered,
            plural(coverage.releases, "HelmRelease"),
            plural(coverage.installed, "object"),
            coverage.installed_schema_checked,
        )
    };
    format!(
        "checked {}, {}, {} ({} against a schema){installed}, {} of {}",
        plural(report.clusters.len() as u32, "cluster"),
        plural(kustomizations, "Kustomization"),
        plural(coverage.objects, "object"),
        coverage.schema_checked,
        coverage.files_reached,
        plural(coverage.files, "file"),
    )
}

/// `1 error, 0 warnings, 0 notes, 2 deferred`.
pub(crate) fn outcome(summary: Summary) -> String {
    let Summary {
        errors,
        warnings,
        notes,
        deferred,
        suppressed,
    } = summary;
    let counts = [
        plural(errors, "error"),
        plural(warnings, "warning"),
        plural(notes, "note"),
    ]
    .join(", ");
    let suppressed = if suppressed == 0 {
        String::new()
    } else {
        format!(", {suppressed} suppressed")
    };
    format!("{counts}, {deferred} deferred{suppressed}")
}

/// Deferrals with the same check and the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeferredGroup<'a> {
    /// Id of the check.
    pub check: &'a str,
    /// Why it could not look.
    pub reason: &'a str,
    /// What it would have looked at.
    pub subjects: Vec<&'a str>,
}

impl DeferredGroup<'_> {
    /// The first `most` subjects and the number of the others.
    pub fn some_subjects(&self, most: usize) -> String {
        let shown = self
            .subjects
            .iter()
            .take(most)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        match self.subjects.len().saturating_sub(most) {
            0 => shown,
            left => format!("{shown} and {left} more"),
        }
    }
}

/// Groups deferrals, by check and reason.
pub fn deferred_groups(deferred: &[Deferred]) -> Vec<DeferredGroup<'_>> {
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for Deferred {
        check,
        subject,
        reason,
    } in deferred
    {
        groups.entry((check, reason)).or_default().push(subject);
    }
    let group = |((check, reason), subjects)| DeferredGroup {
        check,
        reason,
        subjects,
    };
    groups.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_one_and_many() {
        assert_eq!(
            [plural(0, "file"), plural(1, "file"), plural(2, "file")],
            ["0 files", "1 file", "2 files"]
        );
        let summary = Summary {
            errors: 1,
            warnings: 2,
            notes: 0,
            deferred: 3,
            suppressed: 4,
        };
        assert_eq!(
            outcome(summary),
            "1 error, 2 warnings, 0 notes, 3 deferred, 4 suppressed"
        );
    }

    #[test]
    fn groups_by_check_and_reason() {
        let deferred = ["a", "b", "c"].map(|subject| Deferred {
            check: "x/y".into(),
            subject: subject.into(),
            reason: "no network".into(),
        });
        let groups = deferred_groups(&deferred);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].some_subjects(3), "a, b, c");
        assert_eq!(groups[0].some_subjects(1), "a and 2 more");
    }
}
