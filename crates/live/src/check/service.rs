//! `service`: a Service has the address that a setting says, and its endpoints are the ready pods.

use std::collections::BTreeSet;

use scenarios::ObjectName;
use serde_json::Value as Json;

use super::{Cx, absent};
use crate::access::{self, AccessError};
use crate::design::Service;
use crate::object::{is_true, items, plain_selector, text};
use crate::outcome::{Miss, Verdict};
use crate::pod::pods;

pub(super) fn judge(cx: &Cx<'_>, check: &Service) -> Result<Verdict, AccessError> {
    let name = &check.object;
    let Some(object) = cx.object(name)? else {
        return Ok(absent(name));
    };
    let mut misses = Vec::new();
    let address = text(&object, "/spec/clusterIP");
    if let Some(setting) = &check.cluster_ip_equals_setting {
        match cx.setting(setting) {
            Err(miss) => misses.push(miss),
            Ok(wanted) if wanted.text != address => {
                let wanted = format!("`{}`, as setting `{setting}` says", wanted.text);
                misses.push(Miss::new(wanted, format!("`{address}`")).in_field("spec.clusterIP"));
            }
            Ok(_) => {}
        }
    }
    let Some(selector) = plain_selector(&object, "/spec/selector") else {
        misses.push(Miss::new("a selector of pods", "none").in_field("spec.selector"));
        return Ok(Verdict::Failed { misses });
    };
    let takes_all = is_true(&object, "/spec/publishNotReadyAddresses");
    let pods = pods(cx.access, &name.namespace, &selector)?;
    let wanted: BTreeSet<String> = pods
        .iter()
        .filter(|pod| pod.is_ready || takes_all)
        .map(|pod| pod.name.clone())
        .collect();
    let found = endpoints(cx, name)?;
    if wanted.is_empty() {
        misses.push(Miss::new("ready pods behind the Service", "none").in_field("spec.selector"));
    } else if found != wanted {
        let wanted = format!("endpoints that are the ready pods: {}", shown(&wanted));
        misses.push(Miss::new(wanted, shown(&found)).in_field("spec.selector"));
    }
    Ok(Verdict::of(misses, || {
        format!("{address}, {} endpoints", found.len())
    }))
}

/// The pods that a Service leads to.
fn endpoints(cx: &Cx<'_>, service: &ObjectName) -> Result<BTreeSet<String>, AccessError> {
    let selector = format!("kubernetes.io/service-name={}", service.name);
    let slices = access::list(cx.access, "EndpointSlice", &service.namespace, &selector)?;
    let all = slices.iter().flat_map(|slice| items(slice, "/endpoints"));
    // "In most cases consumers should interpret this unknown state as ready."
    let ready = all.filter(|endpoint| endpoint.pointer("/conditions/ready") != Some(&Json::Bool(false)));
    Ok(ready
        .map(|endpoint| text(endpoint, "/targetRef/name").to_owned())
        .collect())
}

fn shown(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
