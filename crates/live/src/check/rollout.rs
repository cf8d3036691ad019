//! `rollout`: a restart of a workload keeps a pod ready all the time.

use std::time::Duration;

use serde_json::json;

use super::workload::Count;
use super::{Cx, Until, absent};
use crate::access::{self, AccessError, Verb};
use crate::design::Rollout;
use crate::kind;
use crate::object::{number, selector};
use crate::outcome::{Miss, Verdict};
use crate::pod::{self, pods};

/// What `kubectl rollout restart` sets.
const ANNOTATION: &str = "kubectl.kubernetes.io/restartedAt";

/// Whether a restart could begin.
pub(super) fn judge(cx: &Cx<'_>, check: &Rollout) -> Result<Verdict, AccessError> {
    let Some(object) = cx.object(&check.object)? else {
        return Ok(absent(&check.object));
    };
    let count = Count::of(&check.object.kind, &object);
    let misses = if count.is_rolled_out() && count.wanted > 0 {
        Vec::new()
    } else {
        let found = format!("{} of {} ready", count.ready, count.wanted);
        vec![Miss::new("all pods ready before the restart", found)]
    };
    Ok(Verdict::of(misses, || format!("{} ready", count.ready)))
}

/// Restarts it and looks at its pods until the last one is new.
pub(super) fn try_it(cx: &Cx<'_>, check: &Rollout) -> Result<Verdict, AccessError> {
    let name = &check.object;
    let seen = judge(cx, check)?;
    let Verdict::Passed { .. } = seen else {
        return Ok(seen);
    };
    let Some(before) = cx.object(name)? else {
        return Ok(absent(name));
    };
    let Some(selector) = selector(&before, "/spec/selector") else {
        return Ok(absent(name));
    };
    let Some(collection) = kind::collection(&name.kind, &name.namespace) else {
        return Ok(absent(name));
    };
    let path = format!("{collection}/{}", name.name);
    let change = json!({"spec": {"template": {"metadata": {"annotations": {ANNOTATION: cx.now}}}}});
    let answer = cx.access.ask(Verb::Patch, &path, Some(&change))?;
    let after = access::accepted(Verb::Patch, &path, answer)?;
    if number(&after, "/metadata/generation") == number(&before, "/metadata/generation") {
        return Ok(Verdict::deferred("it was restarted within this same second"));
    }
    let (mut looks, mut least) = (0_u32, usize::MAX);
    let mut count = Count::of(&name.kind, &after);
    let until = Until::new(Duration::from_secs(check.timeout_seconds));
    let is_over = until.holds(|| {
        let now = pods(cx.access, &name.namespace, &selector)?;
        looks += 1;
        least = least.min(pod::ready(&now).len());
        if let Some(object) = cx.object(name)? {
            count = Count::of(&name.kind, &object);
        }
        Ok(count.is_rolled_out())
    })?;
    let mut misses = Vec::new();
    if least == 0 {
        let found = format!("none at one of {looks} looks");
        misses.push(Miss::new("a ready pod at every moment of the restart", found).in_field("spec.strategy"));
    }
    if !is_over {
        let wanted = format!("a restart that ends within {} s", check.timeout_seconds);
        let found = format!(
            "{} of {} pods new and ready",
            count.updated.min(count.ready),
            count.wanted
        );
        misses.push(Miss::new(wanted, found));
    }
    Ok(Verdict::of(misses, || {
        format!("never fewer than {least} ready in {looks} looks")
    }))
}
