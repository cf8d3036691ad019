//! Checks of PrometheusRules.

pub(crate) mod alert_incomplete;
pub(crate) mod rule_invalid;

use model::object;
use model::yaml::Node;

use crate::subject::Subject;

/// The rules of a PrometheusRule with their paths; none for other kinds.
fn rules<'a>(subject: &Subject<'a>) -> Vec<(String, &'a Node)> {
    let is_rule = object::group(subject.node) == "monitoring.coreos.com"
        && object::kind(subject.node) == "PrometheusRule";
    let groups = if is_rule {
        subject.node.seq_at(&["spec", "groups"])
    } else {
        &[]
    };
    let mut rules = Vec::new();
    for (group_index, group) in groups.iter().enumerate() {
        for (index, rule) in group.seq_at(&["rules"]).iter().enumerate() {
            rules.push((format!("spec.groups[{group_index}].rules[{index}]"), rule));
        }
    }
    rules
}
