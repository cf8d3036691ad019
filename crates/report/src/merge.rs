//! The same defect is one finding, however many clusters show it.

use crate::{Finding, Object, Related};

/// Sorts by file, line, column and check, and merges findings that a person would fix with one edit.
pub(crate) fn merge(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (key(a), order(a)).cmp(&(key(b), order(b))));
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut others: Vec<Related> = Vec::new();
    for finding in findings {
        if let Some(last) = merged.last_mut().filter(|last| key(last) == key(&finding)) {
            absorb(last, &mut others, finding);
        } else {
            close(merged.last_mut(), &mut others);
            merged.push(finding);
        }
    }
    close(merged.last_mut(), &mut others);
    merged
}

/// What makes two findings the same defect. Without a file, the object and its field stand for the place.
fn key(finding: &Finding) -> (&str, u32, u32, &str, &str, Option<&Object>, &str) {
    let nowhere = finding.file.is_empty();
    let object = finding.object.as_ref().filter(|_| nowhere);
    let path = if nowhere { finding.path.as_str() } else { "" };
    (
        &finding.file,
        finding.line,
        finding.column,
        &finding.check,
        &finding.message,
        object,
        path,
    )
}

/// Which of the same defect comes first, whatever the order of the run. Named clusters come before none, so that a
/// merged finding names one where it can.
fn order(finding: &Finding) -> impl Ord {
    let Finding {
        cluster,
        object,
        path,
        origin,
        ..
    } = finding;
    (cluster.is_empty(), cluster, object, path, origin)
}

/// `others` gathers the entries for further clusters: they come after the places that explain the defect.
fn absorb(first: &mut Finding, others: &mut Vec<Related>, finding: Finding) {
    first.level = first.level.min(finding.level);
    let known = [&first.cluster, ""].contains(&finding.cluster.as_str());
    if !known {
        let other = other_cluster(&finding);
        if !others.iter().any(|entry| entry.message == other.message) {
            others.push(other);
        }
    }
    for related in finding.related {
        if !first.related.iter().any(|entry| same(entry, &related)) {
            first.related.push(related);
        }
    }
}

fn close(last: Option<&mut Finding>, others: &mut Vec<Related>) {
    if let Some(last) = last {
        last.related.append(others);
    }
}

/// Where the other cluster takes the line in: its outermost step, or the line itself.
fn other_cluster(finding: &Finding) -> Related {
    let message = format!("also in cluster `{}`", finding.cluster);
    let hop = finding.origin.iter().find(|hop| !hop.file.is_empty());
    let (file, line, column) = hop.map_or((&finding.file, finding.line, finding.column), |hop| {
        (&hop.file, hop.line, 1)
    });
    Related {
        file: file.clone(),
        line,
        column,
        message,
        quote: None,
    }
}

fn same(a: &Related, b: &Related) -> bool {
    (&a.file, a.line, a.column, &a.message) == (&b.file, b.line, b.column, &b.message)
}
