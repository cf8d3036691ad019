//! What apps, batch, autoscaling and policy demand across fields: selectors that match, policies that fit, schedules.

use model::yaml::{Map, Node};

use super::native::{count_set, set};
use super::pods;
use crate::validate::{Place, Walk, quoted, shown};

const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

/// The rules of a definition, named without its group's first part.
pub(super) fn definition(walk: &mut Walk<'_>, id: &str, node: &Node, place: Place<'_>) {
    match id {
        "v1.DeploymentSpec" | "v1.ReplicaSetSpec" | "v1.DaemonSetSpec" | "v1.StatefulSetSpec" => {
            selects_template(walk, node, place);
            let claims = node.seq_at(&["volumeClaimTemplates"]);
            template(walk, node, place, &["Always"], claims);
        }
        "v1.DeploymentStrategy" if node.str_at(&["type"]) == Some("Recreate") => {
            walk.below(node, "rollingUpdate", place, |walk, rolling, place| {
                walk.refuse(rolling.span, place, || {
                    "`rollingUpdate` is set, which `type: Recreate` does not allow".to_owned()
                });
            });
        }
        "v1.RollingUpdateDeployment" => {
            let zero = |key: &str| {
                set(node, key).is_some_and(|value| matches!(shown(value).as_str(), " `0`" | " `0%`"))
            };
            if zero("maxUnavailable") && zero("maxSurge") {
                walk.refuse(node.span, place, || {
                    "`maxUnavailable` and `maxSurge` are both 0".to_owned()
                });
            }
        }
        "v1.RollingUpdateDaemonSet" if !is_zero(node, "maxUnavailable") && !is_zero(node, "maxSurge") => {
            walk.refuse(node.span, place, || {
                "`maxSurge` is set, wanted `maxUnavailable: 0` with it".to_owned()
            });
        }
        "v1.JobSpec" => template(walk, node, place, &["OnFailure", "Never"], &[]),
        "v1.CronJobSpec" => walk.below(node, "schedule", place, schedule),
        "v1.PodDisruptionBudgetSpec" => {
            if count_set(node, &["minAvailable", "maxUnavailable"]) == 2 {
                walk.refuse(node.span, place, || {
                    format!(
                        "{}sets both `minAvailable` and `maxUnavailable`",
                        quoted(place.path)
                    )
                });
            }
            for key in ["minAvailable", "maxUnavailable"] {
                walk.below(node, key, place, at_most_all);
            }
        }
        "v2.HorizontalPodAutoscalerSpec" | "v1.HorizontalPodAutoscalerSpec" => {
            replicas(walk, node, place);
            walk.below(node, "scaleTargetRef", place, scale_target);
        }
        "v2.MetricSpec" => metric(walk, node, place),
        "v2.HPAScalingRules"
            if node.seq_at(&["policies"]).is_empty()
                && node.at(&["policies"]).is_some_and(|n| !n.is_null()) =>
        {
            walk.refuse(node.span, place, || {
                format!("{}has no `policies`", quoted(place.path))
            });
        }
        _ => {}
    }
}

fn template(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>, policies: &[&str], claims: &[Node]) {
    walk.below(spec, "template", place, |walk, template, place| {
        walk.below(template, "spec", place, |walk, pod, place| {
            pods::restart_policy(walk, pod, place, policies);
            pods::mounts(walk, pod, place, claims);
        });
    });
}

fn selects_template(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>) {
    let wanted = spec.entries_at(&["selector", "matchLabels"]);
    let expressions = spec.seq_at(&["selector", "matchExpressions"]);
    if wanted.is_empty() && expressions.is_empty() {
        walk.below(spec, "selector", place, |walk, selector, place| {
            walk.refuse(selector.span, place, || {
                "`selector` is empty, wanted labels of the pods".to_owned()
            });
        });
        return;
    }
    let none = Map::default();
    let text = |node: &Node| node.as_str().unwrap_or_default().to_owned();
    let labels = spec
        .at(&["template", "metadata", "labels"])
        .and_then(Node::as_map)
        .unwrap_or(&none);
    for entry in wanted {
        let has = labels.get(&entry.key).map(text) == Some(text(&entry.value));
        if !has {
            walk.below(spec, "selector", place, |walk, selector, place| {
                walk.below(selector, "matchLabels", place, |walk, labels, place| {
                    walk.below(labels, &entry.key, place, |walk, value, place| {
                        walk.refuse(value.span, place, || {
                            format!(
                                "the pods have no label `{}` with value{}",
                                entry.key,
                                shown(value)
                            )
                        });
                    });
                });
            });
        }
    }
    for expression in expressions {
        let key = expression.str_at(&["key"]).unwrap_or_default();
        let value = labels.get(key).and_then(Node::as_str);
        let listed = expression
            .seq_at(&["values"])
            .iter()
            .any(|wanted| wanted.as_str() == value);
        let holds = match expression.str_at(&["operator"]) {
            Some("In") => value.is_some() && listed,
            Some("NotIn") => value.is_none() || !listed,
            Some("Exists") => value.is_some(),
            Some("DoesNotExist") => value.is_none(),
            _ => true,
        };
        if !holds {
            walk.refuse(expression.span, place, || {
                format!("the pods' label `{key}` does not match the selector")
            });
        }
    }
}

/// An expression of a label selector has values where its operator compares them, and only there.
pub(super) fn selector_requirement(walk: &mut Walk<'_>, node: &Node, place: Place<'_>) {
    let values = node.seq_at(&["values"]).len();
    match node.str_at(&["operator"]) {
        Some("In" | "NotIn") if values == 0 => walk.missing("values", place),
        Some("Exists" | "DoesNotExist") if values > 0 => walk.refuse(node.span, place, || {
            format!(
                "{}has `values`, which its operator does not compare",
                quoted(place.path)
            )
        }),
        _ => {}
    }
}

/// A percentage of all is the most that a budget can ask for.
fn at_most_all(walk: &mut Walk<'_>, node: &Node, place: Place<'_>) {
    let percent = node
        .as_str()
        .and_then(|text| text.strip_suffix('%')?.parse::<u32>().ok());
    if percent.is_some_and(|percent| percent > 100) {
        walk.refuse(node.span, place, || {
            format!("{}is{}, wanted at most `100%`", quoted(place.path), shown(node))
        });
    }
}

fn replicas(walk: &mut Walk<'_>, spec: &Node, place: Place<'_>) {
    let count = |key: &str| set(spec, key).and_then(Node::as_int);
    if let (Some(least), Some(most)) = (count("minReplicas"), count("maxReplicas"))
        && most < least
    {
        walk.below(spec, "maxReplicas", place, |walk, node, place| {
            walk.refuse(node.span, place, || {
                format!("`maxReplicas` is `{most}`, less than `minReplicas` `{least}`")
            });
        });
    }
    if count("minReplicas") == Some(0) {
        let scalable = spec
            .seq_at(&["metrics"])
            .iter()
            .any(|metric| matches!(metric.str_at(&["type"]), Some("Object" | "External")));
        if !scalable {
            walk.below(spec, "minReplicas", place, |walk, node, place| {
                walk.refuse(node.span, place, || {
                    "`minReplicas` is `0`, wanted at least 1 without a metric of type `Object` or `External`"
                        .to_owned()
                });
            });
        }
    }
}

/// What is scaled has a group: no kind of the core group can be.
fn scale_target(walk: &mut Walk<'_>, target: &Node, place: Place<'_>) {
    let version = target.str_at(&["apiVersion"]).unwrap_or_default();
    if version.is_empty() {
        walk.missing("apiVersion", place);
    } else if version.split('/').count() != 2 {
        walk.below(target, "apiVersion", place, |walk, node, place| {
            walk.refuse(node.span, place, || {
                format!("`apiVersion` is{}, wanted group and version", shown(node))
            });
        });
    }
}

fn metric(walk: &mut Walk<'_>, metric: &Node, place: Place<'_>) {
    let kind = metric.str_at(&["type"]).unwrap_or_default();
    let Some((_, wanted)) = SOURCES.iter().find(|(known, _)| *known == kind) else {
        return;
    };
    if set(metric, wanted).is_none() {
        return walk.missing(wanted, place);
    }
    for (_, other) in SOURCES.iter().filter(|(_, other)| other != wanted) {
        walk.below(metric, other, place, |walk, node, place| {
            walk.refuse(node.span, place, || {
                format!("`{other}` is set, which `type: {kind}` does not allow")
            });
        });
    }
}

/// Whether a count or percentage is absent or zero.
fn is_zero(node: &Node, key: &str) -> bool {
    set(node, key).is_none_or(|value| matches!(shown(value).as_str(), " `0`" | " `0%`"))
}

/// Five fields of numbers, ranges, lists, steps and names, or one of the words with `@`.
fn schedule(walk: &mut Walk<'_>, node: &Node, place: Place<'_>) {
    let Some(text) = node.as_str() else {
        return;
    };
    let problem = schedule_problem(text);
    if let Some(problem) = problem {
        walk.refuse(node.span, place, || format!("`schedule` is `{text}`: {problem}"));
    }
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

fn schedule_problem(text: &str) -> Option<String> {
    if text.contains("TZ") {
        return Some("wanted the time zone in `timeZone`".to_owned());
    }
    if let Some(word) = text.strip_prefix('@') {
        let known = [
            "yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly",
        ];
        let every = word.strip_prefix("every ").is_some();
        return (!known.contains(&word) && !every).then(|| "no such word".to_owned());
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != 5 {
        return Some(format!("it has {} fields, wanted 5", fields.len()));
    }
    let limits: [(&str, u32, u32, &[&str], u32); 5] = [
        ("minute", 0, 59, &[], 0),
        ("hour", 0, 23, &[], 0),
        ("day of month", 1, 31, &[], 0),
        ("month", 1, 12, &MONTHS, 1),
        ("day of week", 0, 6, &DAYS, 0),
    ];
    fields
        .iter()
        .zip(limits)
        .find_map(|(field, (name, least, most, words, first))| {
            let number = |text: &str| {
                let word = words
                    .iter()
                    .position(|word| *word == text.to_lowercase())
                    .map(|at| at as u32 + first);
                word.or_else(|| text.parse().ok())
                    .filter(|number| (least..=most).contains(number))
            };
            let right = field.split(',').all(|part| {
                let (range, step) = part
                    .split_once('/')
                    .map_or((part, None), |(range, step)| (range, Some(step)));
                let step = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
                let range = match range.split_once('-') {
                    Some((low, high)) => {
                        matches!((number(low), number(high)), (Some(low), Some(high)) if low <= high)
                    }
                    None => matches!(range, "*" | "?") || number(range).is_some(),
                };
                step && range
            });
            (!right).then(|| format!("`{field}` is no {name}"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_cron_reads_them() {
        for right in [
            "*/5 * * * *",
            "0 3 1-7,15 jan-mar MON",
            "@daily",
            "@every 1h",
            "0 0 ? * 6",
        ] {
            assert_eq!(schedule_problem(right), None, "{right}");
        }
        for wrong in [
            "* * * *",
            "60 * * * *",
            "* * * * 7",
            "*/0 * * * *",
            "@often",
            "TZ=UTC * * * * *",
            "5-1 * * * *",
        ] {
            assert!(schedule_problem(wrong).is_some(), "{wrong}");
        }
    }
}
