//! Merging lists by keys.
//!
//! The order of the result is that of the patch, then what it did not touch. Lists with two keys lose data when elements
//! lack the second one; that is upstream's doing and copied step by step.

use std::sync::Arc;

use model::yaml::{Map, Node, Value};

use super::{DIRECTIVE, Merged, Place, Refusal, Strategy, walk};
use crate::scalar;

type Values = Vec<Arc<str>>;

/// Merges two lists by the keys of their elements; no keys for lists of scalars.
pub(super) fn merge(
    old: Option<Node>,
    mut patch: Option<Node>,
    mut place: Place<'_>,
    keys: &'static [&'static str],
) -> Result<Merged, Refusal> {
    let (mut list, in_place) = match old.filter(|old| !old.is_null()) {
        None => match patch.clone().filter(|patch| !patch.is_null()) {
            None => return Ok(Merged::gone()),
            Some(added) => {
                place = place.patch_only();
                (added, false)
            }
        },
        Some(old) => match &mut patch {
            None => (old, true),
            Some(patch) if patch.is_null() => return Ok(Merged::gone()),
            Some(patch) => match take_strategy(patch)? {
                Strategy::Merge => (old, true),
                Strategy::Delete => return Ok(Merged::gone()),
                Strategy::Replace => {
                    let in_place = place.same;
                    place = place.patch_only();
                    (patch.clone(), in_place)
                }
            },
        },
    };
    if let Value::Seq(items) = &mut list.value {
        let patch = match patch.map(|patch| patch.value) {
            Some(Value::Seq(items)) => items,
            _ => Vec::new(),
        };
        let keys = if keys.is_empty() { &[""][..] } else { keys };
        let merged = elements(std::mem::take(items), patch, place, keys)?;
        *items = merged;
    }
    Ok(Merged {
        node: Some(list),
        in_place,
    })
}

/// The directive of a list: an element that holds nothing else.
fn take_strategy(patch: &mut Node) -> Result<Strategy, Refusal> {
    let Some(items) = patch.as_seq_mut() else {
        return Ok(Strategy::Merge);
    };
    let with_directive = items
        .iter()
        .filter_map(Node::as_map)
        .find(|map| map.get(DIRECTIVE).is_some());
    let Some(directive) = with_directive
        .filter(|map| map.len() == 1)
        .and_then(|map| map.get(DIRECTIVE))
    else {
        return Ok(Strategy::Merge);
    };
    let strategy = Strategy::read(directive)?;
    let word = scalar::text(directive);
    set_element(items, None, &[DIRECTIVE], &[word]);
    Ok(strategy)
}

fn elements(
    mut old: Vec<Node>,
    mut patch: Vec<Node>,
    place: Place<'_>,
    keys: &[&'static str],
) -> Result<Vec<Node>, Refusal> {
    let element = Place {
        schema: place.schema.elements(),
        ..place
    };
    let mut lists: Vec<Values> = Vec::new();
    for item in patch.iter().chain(&old) {
        let values: Values = keys.iter().map(|key| value_of(item, key)).collect();
        if !lists.contains(&values) {
            lists.push(values);
        }
    }
    if keys.len() > 1 {
        unite(&mut lists);
    }
    let mut merged: Vec<Node> = Vec::new();
    let mut used_keys: Vec<&str> = keys.to_vec();
    for at in 0..lists.len() {
        let Some(values) = lists.get(at) else { break };
        let (valid_keys, valid) = valid_keys(&lists, values, keys);
        used_keys.clone_from(&valid_keys);
        let (find_keys, find) = narrow(&valid_keys, &valid);
        let old_at = position(&old, &find_keys, &find);
        let patch_at = position(&patch, &find_keys, &find);
        let old_item = old_at.and_then(|at| old.get(at)).cloned();
        let patch_item = patch_at.and_then(|at| patch.get_mut(at)).map(|item| item.clone());
        let result = walk(old_item, patch_item, element)?;
        let Some(mut item) = result.node.filter(|node| !is_nothing(node)) else {
            set_element(&mut old, None, &valid_keys, &valid);
            if place.same {
                // Both lists are the patch.
                set_element(&mut patch, None, &valid_keys, &valid);
            }
            continue;
        };
        for (key, value) in valid_keys.iter().zip(&valid) {
            if let Value::Map(map) = &mut item.value
                && map.get(key).is_none()
                && !value.is_empty()
            {
                let span = diag::Span::NONE;
                map.set(*key, span, scalar::untyped(value.clone(), span));
            }
        }
        if let (true, Some(slot)) = (
            result.in_place || place.same,
            old_at.and_then(|at| old.get_mut(at)),
        ) {
            *slot = item.clone();
        }
        set_element(&mut merged, Some(item), &valid_keys, &valid);
    }
    if lists.is_empty() {
        return Ok(old);
    }
    append(merged, old, &used_keys)
}

fn is_nothing(node: &Node) -> bool {
    node.is_null() || node.as_map().is_some_and(Map::is_empty)
}

/// The text of a key of an element, or the element's own text for the empty key; empty when there is none.
fn value_of(item: &Node, key: &str) -> Arc<str> {
    let node = if key.is_empty() { Some(item) } else { item.get(key) };
    node.filter(|node| !node.is_null())
        .map_or_else(scalar::empty, scalar::text)
}

/// Lets values that differ only where one is empty become equal.
fn unite(lists: &mut [Values]) {
    for i in 0..lists.len() {
        for j in 0..lists.len() {
            let (Some(a), Some(b)) = (lists.get(i), lists.get(j)) else {
                continue;
            };
            let Some(united) = united(a, b) else { continue };
            if let Some(slot) = lists.get_mut(i) {
                slot.clone_from(&united);
            }
            if let Some(slot) = lists.get_mut(j) {
                *slot = united;
            }
        }
    }
}

fn united(a: &Values, b: &Values) -> Option<Values> {
    let mut common = false;
    let mut out = Values::new();
    for (a, b) in a.iter().zip(b) {
        if a != b && !a.is_empty() && !b.is_empty() {
            return None;
        }
        common |= a == b;
        out.push(if a.is_empty() { b.clone() } else { a.clone() });
    }
    common.then_some(out)
}

/// The keys that some element has, with one element's values of them.
fn valid_keys<'k>(lists: &[Values], values: &Values, keys: &[&'k str]) -> (Vec<&'k str>, Values) {
    let has = |at: usize| {
        lists
            .iter()
            .any(|values| values.get(at).is_some_and(|value| !value.is_empty()))
    };
    let used: Vec<bool> = (0..keys.len()).map(has).collect();
    if !used.contains(&true) {
        return (keys.to_vec(), values.clone());
    }
    let keys = keys
        .iter()
        .zip(&used)
        .filter(|(_, used)| **used)
        .map(|(key, _)| *key)
        .collect();
    let values = values
        .iter()
        .zip(&used)
        .filter(|(_, used)| **used)
        .map(|(value, _)| value.clone())
        .collect();
    (keys, values)
}

fn narrow<'k>(keys: &[&'k str], values: &Values) -> (Vec<&'k str>, Values) {
    valid_keys(std::slice::from_ref(values), values, keys)
}

/// The first element whose keys have these values.
fn position(items: &[Node], keys: &[&str], values: &Values) -> Option<usize> {
    items.iter().position(|item| {
        if keys == [""] {
            let wanted = values.first().map_or("", |value| value);
            return item.as_map().is_none() && item.as_seq().is_none() && *value_of(item, "") == *wanted;
        }
        let Some(map) = item.as_map() else { return false };
        keys.iter()
            .zip(values)
            .all(|(key, value)| map.get(key).is_some_and(|node| scalar::text(node) == *value))
    })
}

/// Puts an element in the place of those with the same keys, else at the end; without an element, takes those out.
///
/// Nulls and empty mappings go on the way. An empty value matches whatever the key has.
fn set_element(items: &mut Vec<Node>, element: Option<Node>, keys: &[&str], values: &[Arc<str>]) {
    let seeks_mapping =
        keys.first().is_some_and(|key| !key.is_empty()) && values.first().is_some_and(|v| !v.is_empty());
    let mut found_any = false;
    let mut out = Vec::with_capacity(items.len() + 1);
    for item in items.drain(..) {
        if is_nothing(&item) {
            continue;
        }
        if seeks_mapping && item.as_map().is_none() {
            out.push(item);
            continue;
        }
        if !matches_keys(&item, keys, values) {
            if !values.is_empty() {
                out.push(item);
            }
            continue;
        }
        found_any = true;
        out.extend(element.clone());
    }
    if !found_any {
        out.extend(element.filter(|element| !element.is_null()));
    }
    *items = out;
}

fn matches_keys(item: &Node, keys: &[&str], values: &[Arc<str>]) -> bool {
    let mut last = false;
    for (at, key) in keys.iter().enumerate() {
        if let Some(value) = values.get(at) {
            let same = |node: &Node| value.is_empty() || scalar::text(node) == *value;
            last = if key.is_empty() {
                item.as_map().is_none() && *value_of(item, "") == **value
            } else {
                item.get(key).is_some_and(same)
            };
        }
        if !last {
            return false;
        }
    }
    !keys.is_empty()
}

/// Adds the old elements to the merged ones; an old element takes the place of the merged one with its keys.
fn append(mut merged: Vec<Node>, old: Vec<Node>, keys: &[&str]) -> Result<Vec<Node>, Refusal> {
    for item in old {
        if keys.first().is_none_or(|key| key.is_empty()) {
            let value = value_of(&item, "");
            set_element(&mut merged, Some(item), &[""], &[value]);
            continue;
        }
        let mut values = Values::new();
        for key in keys {
            if item.as_map().is_none() && !item.is_null() {
                return Err(format!(
                    "an element of the list is {}, wanted a mapping",
                    scalar::type_word(&item)
                ));
            }
            match item.get(key) {
                Some(value) => values.push(scalar::text(value)),
                None => merged.push(item.clone()),
            }
        }
        if keys.len() > 1 {
            set_element(&mut merged, None, keys, &values);
        }
        set_element(&mut merged, Some(item), keys, &values);
    }
    Ok(merged)
}
