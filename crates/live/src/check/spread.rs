//! `spread`: no two ready pods of a workload share a node, a zone, ...

use std::collections::{BTreeMap, BTreeSet};

use super::{Cx, absent};
use crate::access::AccessError;
use crate::design::Spread;
use crate::object::text;
use crate::outcome::{Miss, Verdict};
use crate::pod::{Pod, ready};

/// The label that each node has for itself.
const HOSTNAME: &str = "kubernetes.io/hostname";
/// What spreads pods.
const FIELD: &str = "spec.template.spec.topologySpreadConstraints";

pub(super) fn judge(cx: &Cx<'_>, check: &Spread) -> Result<Verdict, AccessError> {
    let Some(object) = cx.object(&check.object)? else {
        return Ok(absent(&check.object));
    };
    let pods = cx.pods_of(&check.object, &object)?;
    let pods = ready(&pods);
    if pods.is_empty() {
        return Ok(Verdict::Failed {
            misses: vec![Miss::new("ready pods", "none")],
        });
    }
    let mut places: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for pod in &pods {
        let place = place(cx, pod, &check.topology_key)?;
        places.entry(place).or_default().insert(&pod.name);
    }
    let crowds: Vec<String> = places
        .iter()
        .filter(|(_, pods)| pods.len() > 1)
        .map(|(place, pods)| {
            let names: Vec<String> = pods.iter().map(|name| format!("`{name}`")).collect();
            format!("{} on `{place}`", names.join(" and "))
        })
        .collect();
    let misses = if crowds.is_empty() {
        Vec::new()
    } else {
        let wanted = format!("ready pods that share no `{}`", check.topology_key);
        vec![Miss::new(wanted, crowds.join(", ")).in_field(FIELD)]
    };
    Ok(Verdict::of(misses, || {
        format!(
            "{} pods on {}",
            pods.len(),
            places.into_keys().collect::<Vec<_>>().join(", ")
        )
    }))
}

/// The value of a label of the pod's node; what lacks it shares the empty one.
fn place(cx: &Cx<'_>, pod: &Pod, key: &str) -> Result<String, AccessError> {
    if key == HOSTNAME {
        return Ok(pod.node.clone());
    }
    let node = cx.node(&pod.node)?.unwrap_or_default();
    let label = key.replace('~', "~0").replace('/', "~1");
    Ok(text(&node, &format!("/metadata/labels/{label}")).to_owned())
}
