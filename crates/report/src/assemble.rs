//! From what a run gathered to the report: places resolved, the same defect once, sorted and counted.

use std::collections::BTreeMap;

use diag::{Sources, Span};

use crate::merge::merge;
use crate::{
    API_VERSION, ClusterSummary, Coverage, Deferred, Engine, Excused, Finding, Hop, Object, Quote, Related,
    Report, Summary, Suppressed, Tool,
};

/// What a run gathered, in any order.
#[derive(Debug)]
pub struct Run {
    /// The repository's root as the user gave it.
    pub path: String,
    /// What built the manifests.
    pub engine: Engine,
    /// Flux version whose behavior was assumed.
    pub flux_version: String,
    /// Kubernetes version whose schemas were used.
    pub kubernetes_version: String,
    /// The clusters that were built.
    pub clusters: Vec<ClusterSummary>,
    /// How much was looked at.
    pub coverage: Coverage,
    /// Defects, one entry for each cluster that shows it.
    pub findings: Vec<diag::Finding>,
    /// What could not be checked.
    pub deferred: Vec<diag::Deferred>,
    /// Findings that somebody accepted for a time.
    pub suppressed: Vec<Suppressed>,
}

/// Makes the report of a run.
pub fn assemble(run: Run, sources: &Sources) -> Report {
    let findings = resolve(run.findings, sources);
    let deferred = deferrals(run.deferred);
    let suppressed = sorted(run.suppressed);
    Report {
        api_version: API_VERSION,
        kind: "Report",
        tool: Tool::THIS,
        engine: run.engine,
        flux_version: run.flux_version,
        kubernetes_version: run.kubernetes_version,
        path: run.path,
        clusters: sorted(run.clusters),
        coverage: Coverage {
            excused: excuses(run.coverage.excused),
            ..run.coverage
        },
        summary: Summary::of(&findings, &deferred, &suppressed),
        findings,
        deferred,
        suppressed,
    }
}

/// Resolves places, merges the same defect of several clusters, and sorts by place and check.
pub fn resolve(findings: Vec<diag::Finding>, sources: &Sources) -> Vec<Finding> {
    merge(
        findings
            .into_iter()
            .map(|finding| resolve_one(finding, sources))
            .collect(),
    )
}

/// Sorts deferrals and drops the repeated ones.
pub fn deferrals(deferred: Vec<diag::Deferred>) -> Vec<Deferred> {
    let own = |found: diag::Deferred| Deferred {
        check: found.check.to_owned(),
        subject: found.subject,
        reason: found.reason,
    };
    sorted(deferred.into_iter().map(own).collect())
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items.dedup();
    items
}

fn excuses(given: Vec<Excused>) -> Vec<Excused> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for Excused { reason, count } in given {
        let sum = counts.entry(reason).or_default();
        *sum = sum.saturating_add(count);
    }
    counts
        .into_iter()
        .map(|(reason, count)| Excused { reason, count })
        .collect()
}

fn resolve_one(finding: diag::Finding, sources: &Sources) -> Finding {
    let place = Place::of(finding.primary, sources);
    Finding {
        check: finding.check.to_owned(),
        level: finding.level,
        message: finding.message,
        file: place.file,
        line: place.line,
        column: place.column,
        end_line: place.end_line,
        end_column: place.end_column,
        stage: finding.stage,
        cluster: finding.cluster,
        object: finding.object.map(|object| Object {
            api_version: object.api_version,
            kind: object.kind,
            namespace: object.namespace,
            name: object.name,
        }),
        path: finding.path,
        related: finding
            .related
            .into_iter()
            .map(|label| related(label, sources))
            .collect(),
        origin: finding
            .origin
            .into_iter()
            .map(|hop| resolve_hop(hop, sources))
            .collect(),
        why: finding.why,
        help: finding.help,
        docs: format!("docs/checks/{}.md", finding.check),
        quote: place.quote,
    }
}

fn related(label: diag::Label, sources: &Sources) -> Related {
    let place = Place::of(label.span, sources);
    let Place {
        file,
        line,
        column,
        quote,
        ..
    } = place;
    Related {
        file,
        line,
        column,
        message: label.message,
        quote,
    }
}

fn resolve_hop(hop: diag::Hop, sources: &Sources) -> Hop {
    let Place { file, line, .. } = Place::of(hop.span, sources);
    Hop {
        what: hop.what,
        file,
        line,
    }
}

/// A span as people count it; all empty and 0 for a span that points nowhere.
#[derive(Default)]
struct Place {
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    quote: Option<Quote>,
}

impl Place {
    fn of(span: Span, sources: &Sources) -> Self {
        let Some(source) = sources.get(span.source) else {
            return Self::default();
        };
        // A block scalar ends behind its last newline; the line after it is no part of the defect.
        let text = source
            .text()
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
            .trim_end();
        let end = span.start.saturating_add(text.len() as u32);
        let (from, to) = (source.position(span.start), source.position(end));
        Self {
            file: source.path().to_owned(),
            line: from.line,
            column: from.column,
            end_line: to.line,
            end_column: to.column,
            quote: Some(Quote {
                source,
                start: span.start,
                end,
            }),
        }
    }
}
