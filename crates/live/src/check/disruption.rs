//! `disruption`: a PodDisruptionBudget allows so many evictions and holds the next one back.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Cx, Until, absent};
use crate::access::{self, AccessError, Answer, Verb};
use crate::design::Disruption;
use crate::object::{is_observed, items, number, selector, text};
use crate::outcome::{Miss, Verdict};
use crate::pod::{self, Pod, pods};

/// A pod that comes back between two evictions makes the second one lawful: then it is tried again.
const ROUNDS: u32 = 3;

/// What one round of evictions has shown.
enum Round {
    /// As many were accepted as the budget allows, and the next one was refused in these words.
    HeldBack(String),
    /// One that should have been accepted was not, or the other way round.
    Missed(Miss),
    /// All were accepted, and in the meantime enough pods were ready for that.
    TooSlow,
}

/// What the budget says while nothing is disturbed.
pub(super) fn judge(cx: &Cx<'_>, check: &Disruption) -> Result<Verdict, AccessError> {
    let Some(budget) = cx.object(&check.object)? else {
        return Ok(absent(&check.object));
    };
    let allowed = number(&budget, "/status/disruptionsAllowed");
    let mut misses = Vec::new();
    if !is_observed(&budget) || allowed != u64::from(check.allows) {
        let found = format!(
            "{allowed}, with {} of {} pods healthy and {} needed",
            number(&budget, "/status/currentHealthy"),
            number(&budget, "/status/expectedPods"),
            number(&budget, "/status/desiredHealthy")
        );
        let wanted = format!("a budget that allows {} evictions", check.allows);
        misses.push(Miss::new(wanted, found).in_field("spec"));
    }
    Ok(Verdict::of(misses, || format!("allows {allowed}")))
}

/// Evicts pods until the budget holds one back, and waits until all are there again.
pub(super) fn try_it(cx: &Cx<'_>, check: &Disruption) -> Result<Verdict, AccessError> {
    let seen = judge(cx, check)?;
    let Verdict::Passed { .. } = seen else {
        return Ok(seen);
    };
    for _ in 0..ROUNDS {
        let Some(budget) = cx.object(&check.object)? else {
            return Ok(absent(&check.object));
        };
        let Some(selector) = selector(&budget, "/spec/selector") else {
            let miss = Miss::new("a budget that selects pods", "no selector").in_field("spec.selector");
            return Ok(Verdict::Failed { misses: vec![miss] });
        };
        let before = pods(cx.access, &check.object.namespace, &selector)?;
        let round = round(cx, check, &budget, &selector, &before)?;
        let wanted = pod::ready(&before).len();
        let back = come_back(cx, check, &selector, wanted)?;
        match (round, back) {
            (Round::Missed(miss), _) | (_, Some(miss)) => {
                return Ok(Verdict::Failed { misses: vec![miss] });
            }
            (Round::HeldBack(words), None) => {
                let seen = format!(
                    "{} accepted, then refused: {words}; {wanted} ready again",
                    check.allows
                );
                return Ok(Verdict::Passed { seen });
            }
            (Round::TooSlow, None) => {}
        }
    }
    Ok(Verdict::deferred(format!(
        "pods came back quicker than they were evicted, {ROUNDS} times"
    )))
}

/// One eviction after the other, without a look in between.
fn round(
    cx: &Cx<'_>,
    check: &Disruption,
    budget: &Json,
    selector: &str,
    before: &[Pod],
) -> Result<Round, AccessError> {
    let ready = pod::ready(before);
    let tries = check.allows as usize + 1;
    if ready.len() < tries {
        let found = format!("{} ready", ready.len());
        return Ok(Round::Missed(Miss::new(
            format!("{tries} ready pods to evict"),
            found,
        )));
    }
    let mut evicted = Vec::new();
    for (n, pod) in ready.iter().take(tries).enumerate() {
        let answer = evict(cx, &check.object.namespace, pod)?;
        let is_lawful = n < check.allows as usize;
        match (answer.status, is_lawful) {
            (200..=299, true) => evicted.push(pod.uid.as_str()),
            (200..=299, false) => {
                evicted.push(pod.uid.as_str());
                let now = pods(cx.access, &check.object.namespace, selector)?;
                let others = pod::ready(&now);
                let others = others.iter().filter(|pod| !evicted.contains(&pod.uid.as_str()));
                let needed = number(budget, "/status/desiredHealthy");
                if others.count() as u64 >= needed {
                    return Ok(Round::TooSlow);
                }
                let found = format!("the API server accepted eviction {} too", n + 1);
                let wanted = format!("a budget that holds back eviction {}", n + 1);
                return Ok(Round::Missed(Miss::new(wanted, found).in_field("spec")));
            }
            (429, false) if is_held_back(&answer) => return Ok(Round::HeldBack(words(&answer))),
            (403 | 405, _) => {
                let what = access::what(Verb::Create, &path(&check.object.namespace, pod));
                let (status, message) = (answer.status, answer.message());
                return Err(AccessError::Refused {
                    what,
                    status,
                    message,
                });
            }
            (status, _) => {
                let wanted = if is_lawful {
                    "accepted"
                } else {
                    "refused by the budget"
                };
                let found = format!("{} ({status})", words(&answer));
                return Ok(Round::Missed(Miss::new(
                    format!("eviction {} {wanted}", n + 1),
                    found,
                )));
            }
        }
    }
    Ok(Round::TooSlow)
}

fn evict(cx: &Cx<'_>, namespace: &str, pod: &Pod) -> Result<Answer, AccessError> {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": namespace},
        // Never another pod of the same name.
        "deleteOptions": {"preconditions": {"uid": pod.uid}},
    });
    cx.access
        .ask(Verb::Create, &path(namespace, pod), Some(&eviction))
}

fn path(namespace: &str, pod: &Pod) -> String {
    format!("/api/v1/namespaces/{namespace}/pods/{}/eviction", pod.name)
}

/// Too many requests have the same status.
fn is_held_back(answer: &Answer) -> bool {
    items(&answer.body, "/details/causes").any(|cause| text(cause, "/reason") == "DisruptionBudget")
}

/// The budget's own words, where it has any.
fn words(answer: &Answer) -> String {
    let cause = items(&answer.body, "/details/causes").map(|cause| text(cause, "/message"));
    let cause = cause.into_iter().find(|message| !message.is_empty());
    cause.map_or_else(|| answer.message(), str::to_owned)
}

/// Waits until as many pods are ready as before and the budget allows as much; what is missing where they do not come.
fn come_back(
    cx: &Cx<'_>,
    check: &Disruption,
    selector: &str,
    wanted: usize,
) -> Result<Option<Miss>, AccessError> {
    let mut found = 0;
    let until = Until::new(Duration::from_secs(check.timeout_seconds));
    let is_back = until.holds(|| {
        let pods = pods(cx.access, &check.object.namespace, selector)?;
        found = pod::ready(&pods).len();
        let is_settled = matches!(judge(cx, check)?, Verdict::Passed { .. });
        Ok(found == wanted && is_settled)
    })?;
    Ok((!is_back).then(|| {
        Miss::new(
            format!("{wanted} ready pods again within {} s", check.timeout_seconds),
            format!("{found}"),
        )
    }))
}
