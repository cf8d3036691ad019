//! Which subcharts are on, what they are called, and what their parents import from them.
//!
//! Source: helm's `dependencies.go`.

use std::collections::BTreeSet;

use diag::Span;
use model::yaml::Node;
use oci::Range;
use serde_json::Value as Json;

use super::ValuesProblem;
use super::coalesce::Coalescing;
use super::shared::{Map, Shared, TooMuch};
use crate::chart::{Chart, Dependency};

/// The longest path of an import.
const MAX_PATH: usize = 100;

/// Leaves the subcharts that the values leave on, called by their aliases, and imports their values.
pub(super) fn process(cx: &mut Coalescing, chart: &mut Chart, values: &Map) -> Result<(), TooMuch> {
    switch(cx, chart, values, "")?;
    import(cx, chart)
}

/// `path` leads to the chart's section in `values` and ends with a dot, or is empty for the root.
fn switch(cx: &mut Coalescing, chart: &mut Chart, values: &Map, path: &str) -> Result<(), TooMuch> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    call_by_alias(chart);
    // Also below the root, helm puts the chart's own values at the top of those that it looks at.
    let values = cx.coalesce(chart, values, false)?;
    let mut off = BTreeSet::new();
    for dependency in &chart.metadata.dependencies {
        let by_tags = tagged(cx, dependency, &values);
        if !condition(cx, dependency, &values, path).unwrap_or(by_tags) {
            off.insert(dependency.name.clone());
        }
    }
    chart.subcharts.retain(|subchart| !off.contains(subchart.name()));
    chart
        .metadata
        .dependencies
        .retain(|dependency| !off.contains(&dependency.name));
    for subchart in &mut chart.subcharts {
        let path = format!("{path}{}.", subchart.name());
        switch(cx, subchart, &values, &path)?;
    }
    Ok(())
}

/// Subcharts that no dependency names come first, then one for each dependency that finds its chart.
fn call_by_alias(chart: &mut Chart) {
    let dependencies = &mut chart.metadata.dependencies;
    let is_meant = |dependency: &Dependency, subchart: &Chart| {
        subchart.name() == dependency.name && in_range(&dependency.version, &subchart.metadata.version)
    };
    let unnamed = |subchart: &&Chart| {
        !dependencies
            .iter()
            .any(|dependency| is_meant(dependency, subchart))
    };
    let mut subcharts: Vec<Chart> = chart.subcharts.iter().filter(unnamed).cloned().collect();
    for dependency in dependencies {
        let found = chart
            .subcharts
            .iter()
            .find(|subchart| is_meant(dependency, subchart));
        let alias = dependency.alias.as_ref().filter(|alias| !alias.is_empty());
        if let Some(found) = found {
            let mut subchart = found.clone();
            if let Some(alias) = alias {
                subchart.metadata.name.clone_from(alias);
            }
            subcharts.push(subchart);
        }
        if let Some(alias) = alias {
            dependency.name.clone_from(alias);
        }
    }
    chart.subcharts = subcharts;
}

fn in_range(range: &str, version: &str) -> bool {
    let version = oci::loose_version(version);
    version.is_some_and(|version| Range::parse(range).is_ok_and(|range| range.matches(&version)))
}

/// The first of the dependency's conditions that is a boolean.
fn condition(cx: &mut Coalescing, dependency: &Dependency, values: &Map, path: &str) -> Option<bool> {
    let conditions = dependency.condition.as_deref().unwrap_or_default().trim();
    for condition in conditions.split(',').filter(|condition| !condition.is_empty()) {
        let path = format!("{path}{condition}");
        let Some(value) = scalar_at(values, &path) else {
            continue;
        };
        if let Some(on) = value.as_bool() {
            return Some(on);
        }
        not_boolean(cx, &path, dependency, &value);
    }
    None
}

/// A subchart is off by its tags when one is false and none is true.
fn tagged(cx: &mut Coalescing, dependency: &Dependency, values: &Map) -> bool {
    let Some(tags) = values.table("tags") else {
        return true;
    };
    let (mut any_true, mut any_false) = (false, false);
    for tag in &dependency.tags {
        let Some(value) = tags.get(tag) else { continue };
        match value.as_bool() {
            Some(true) => any_true = true,
            Some(false) => any_false = true,
            None => not_boolean(cx, &format!("tags.{tag}"), dependency, &value),
        }
    }
    any_true || !any_false
}

/// helm passes over such a value with a line in its log. The chart's own are not the user's business.
fn not_boolean(cx: &mut Coalescing, path: &str, dependency: &Dependency, value: &Shared) {
    if value.span().is_none() {
        return;
    }
    let message = format!(
        "`{path}` is of type {} and does not switch the subchart `{}`, wanted a boolean",
        value.type_name(),
        dependency.name
    );
    cx.problem(ValuesProblem::new(value.span(), message));
}

/// The value at a dotted path; none when it is a mapping.
fn scalar_at(values: &Map, path: &str) -> Option<Shared> {
    let value = match path.rsplit_once('.') {
        Some((table, key)) => values.table(table)?.get(key)?,
        None => values.get(path)?,
    };
    value.as_map().is_none().then_some(value)
}

fn import(cx: &mut Coalescing, chart: &mut Chart) -> Result<(), TooMuch> {
    for subchart in &mut chart.subcharts {
        import(cx, subchart)?;
    }
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let values = cx.coalesce(chart, &Map::new(Span::NONE), true)?;
    let imported = Map::new(Span::NONE);
    for dependency in &chart.metadata.dependencies {
        for import in &dependency.import_values {
            let (child, parent) = match import {
                Json::String(name) => (format!("exports.{name}"), ".".to_owned()),
                Json::Object(paths) => {
                    let text = |key: &str| {
                        paths
                            .get(key)
                            .and_then(Json::as_str)
                            .unwrap_or("<nil>")
                            .to_owned()
                    };
                    (text("child"), text("parent"))
                }
                _ => continue,
            };
            let Some(table) = values.table(&format!("{}.{child}", dependency.name)) else {
                continue;
            };
            // A copy: helm shares it, and can be made to build values that hold themselves.
            let table = table.copy(&mut cx.budget)?;
            if let Some(table) = nested(&parent, table) {
                cx.tables(&imported, &table, true)?;
            }
        }
    }
    cx.tables(&values, &imported, true)?;
    let node: Node = Shared::Map(values).to_node(&mut cx.budget)?;
    chart.values = node;
    Ok(())
}

/// A mapping that holds `table` at a dotted path.
fn nested(path: &str, table: Map) -> Option<Map> {
    if path == "." {
        return Some(table);
    }
    let names: Vec<&str> = path.split('.').collect();
    if names.len() > MAX_PATH {
        return None;
    }
    Some(names.iter().rev().fold(table, |inner, name| {
        let outer = Map::new(Span::NONE);
        outer.set(*name, Span::NONE, Shared::Map(inner));
        outer
    }))
}
