//! `replicas`: a workload has the pods that a setting says, all of them ready.

use super::workload::Count;
use super::{Cx, FIELD_REPLICAS, absent};
use crate::access::AccessError;
use crate::design::Replicas;
use crate::outcome::{Miss, Verdict};

pub(super) fn judge(cx: &Cx<'_>, check: &Replicas) -> Result<Verdict, AccessError> {
    let name = &check.object;
    let setting = match cx.setting(&check.equals_setting) {
        Ok(setting) => setting,
        Err(miss) => return Ok(Verdict::Failed { misses: vec![miss] }),
    };
    let Ok(wanted) = setting.text.parse::<u64>() else {
        let miss = Miss::new(
            format!("a number of pods in setting `{}`", check.equals_setting),
            format!("`{}`", setting.text),
        );
        return Ok(Verdict::Failed {
            misses: vec![miss.at(setting.span)],
        });
    };
    let Some(object) = cx.object(name)? else {
        return Ok(absent(name));
    };
    let count = Count::of(&name.kind, &object);
    let mut misses = Vec::new();
    if count.wanted != wanted {
        let wanted = format!("{wanted} pods, as setting `{}` says", check.equals_setting);
        misses.push(Miss::new(wanted, format!("{} are asked for", count.wanted)).in_field(FIELD_REPLICAS));
    } else if !count.is_rolled_out() {
        let found = format!(
            "{} ready, {} of the present template, {} in all",
            count.ready, count.updated, count.all
        );
        misses.push(Miss::new(
            format!("{wanted} ready pods of the present template"),
            found,
        ));
    }
    Ok(Verdict::of(misses, || format!("{wanted} ready")))
}
