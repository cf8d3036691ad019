//! Findings that the project accepts for a while, and the exceptions that have no use any more.

use diag::{Finding, Findings, Span};
use model::config::{self, Suppression};
use model::tree::Tree;
use model::yaml::{self, Dialect};

use crate::config::{suppression_expired, suppression_unused};
use crate::context::Context;
use crate::registry::registry;
use crate::wording::did_you_mean;

/// A finding that does not count, and why.
#[derive(Debug, Clone)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: String,
}

/// Takes the suppressed findings out and reports suppressions that are over or match nothing.
pub(crate) fn apply(cx: &Context<'_>, findings: &mut Findings) -> Vec<Suppressed> {
    let rules = &cx.config.suppress;
    let mut used = vec![false; rules.len()];
    let mut suppressed = Vec::new();
    let found = std::mem::take(&mut findings.found);
    for finding in found {
        let fits = |rule: &&Suppression| is_current(rule, cx.today) && matches(rule, &finding, cx.tree);
        match rules.iter().position(|rule| fits(&rule)) {
            Some(index) => {
                used.iter_mut().skip(index).take(1).for_each(|used| *used = true);
                let (reason, until) = rules
                    .get(index)
                    .map(|rule| (rule.reason.clone(), rule.until.clone()))
                    .unwrap_or_default();
                suppressed.push(Suppressed {
                    finding,
                    reason,
                    until,
                });
            }
            None => findings.found.push(finding),
        }
    }
    for (index, rule) in rules.iter().enumerate() {
        let is_used = used.get(index) == Some(&true);
        findings.found.extend(judge(cx, index, rule, is_used));
    }
    suppressed
}

fn judge(cx: &Context<'_>, index: usize, rule: &Suppression, is_used: bool) -> Option<Finding> {
    let at = |meta: &diag::CheckMeta, message: String| {
        Finding::new(meta, place(cx.tree, index), message)
            .with_path(format!("suppress[{index}]"))
            .with_why(format!("it was accepted because: {}", rule.reason))
    };
    if !is_current(rule, cx.today) {
        let message = if is_date(&rule.until) {
            format!("the suppression of `{}` ended on {}", rule.check, rule.until)
        } else {
            format!(
                "the suppression of `{}` ends on `{}`, wanted `YYYY-MM-DD`",
                rule.check, rule.until
            )
        };
        return Some(
            at(&suppression_expired::CHECK.meta, message).with_help("remove it, or give it a new end"),
        );
    }
    let ids = || registry().iter().map(|check| check.meta.id);
    let known = ids().any(|id| id == rule.check);
    let meant = model::nearest(&rule.check, ids());
    // Checks of other parts of the program judge their own suppressions.
    if is_used || !known && meant.is_none() {
        return None;
    }
    let message = format!("the suppression of `{}` matches no finding", rule.check);
    let help = if known {
        "remove it".to_owned()
    } else {
        did_you_mean(meant)
    };
    Some(at(&suppression_unused::CHECK.meta, message).with_help(help))
}

/// Whether a rule holds today; a text that is no date never does.
fn is_current(rule: &Suppression, today: &str) -> bool {
    is_date(&rule.until) && rule.until.as_str() >= today
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| {
            if matches!(index, 4 | 7) {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        })
}

fn matches(rule: &Suppression, finding: &Finding, tree: &Tree) -> bool {
    let file = || tree.sources().locate(finding.primary).map(|(file, _)| file);
    let object = || finding.object.as_ref().map(ToString::to_string);
    rule.check == finding.check
        && rule
            .file
            .as_ref()
            .is_none_or(|wanted| file().as_deref() == Some(wanted))
        && rule
            .object
            .as_ref()
            .is_none_or(|wanted| object().as_ref() == Some(wanted))
}

/// Where the settings file has a rule.
fn place(tree: &Tree, index: usize) -> Span {
    let Ok(text) = tree.read(config::PATH) else {
        return Span::NONE;
    };
    let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
    let rule = parsed
        .documents
        .first()
        .and_then(|root| root.seq_at(&["suppress"]).get(index));
    rule.map_or_else(|| Span::file(text.source), |rule| rule.span)
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const BROKEN: &str = "--- clusters/demo/all.yaml
apiVersion: v1
kind: ConfgMap
metadata: {name: a, namespace: default}
";

    #[test]
    fn what_is_accepted_does_not_count() {
        let config = "--- .config/xtask.yaml
suppress:
  - {check: schema/unknown-kind, object: ConfgMap/default/a, reason: old, until: '2999-12-31'}
";
        let outcome = testing::outcome(&format!("{config}{BROKEN}"));
        assert!(outcome.findings.found.is_empty(), "{:?}", outcome.findings.found);
        assert_eq!(outcome.suppressed.len(), 1);
        assert_eq!(outcome.suppressed[0].reason, "old");
    }

    #[test]
    fn what_is_over_suppresses_nothing() {
        testing::case(
            "--- .config/xtask.yaml
suppress:
  - {check: schema/unknown-kind, reason: old, until: '2020-12-31'}
#   ^ warning[config/suppression-expired]: ended on 2020-12-31
  - {check: schema/unknown-kinds, reason: old, until: '2999-12-31'}
#   ^ warning[config/suppression-unused]: matches no finding
--- clusters/demo/all.yaml
apiVersion: v1
kind: ConfgMap
#     ^ error[schema/unknown-kind]: no kind
metadata: {name: a, namespace: default}
",
        );
    }
}
