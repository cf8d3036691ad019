//! What `.Values` is in a chart's templates: the given values over the chart's own, and those of its subcharts.
//!
//! Source: helm's `coalesce.go`, whose merging in place is part of what it does: see [`super::shared`].

use diag::Span;
use model::yaml::Node;

use super::ValuesProblem;
use super::dependencies;
use super::shared::{Budget, Map, Shared, TooMuch};
use crate::chart::Chart;

const GLOBAL: &str = "global";

/// Whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Helm {
    /// helm 3: a `null` in a chart's own values is a value.
    V3,
    /// helm 4, which helm-controller is built on since Flux 2.8: a `null` in a chart's own values counts as absent.
    V4,
}

/// A chart with the values of its templates.
#[derive(Debug, Clone)]
pub struct Coalesced {
    /// The chart with those subcharts alone that conditions and tags leave on, each called by its alias where it has
    /// one, and with the values that it imports from them. A subchart with two aliases is there twice.
    pub chart: Chart,
    /// `.Values` of the chart, a mapping whose keys are sorted at every level. Those of a subchart are at its name.
    /// Nodes that come from the chart point nowhere.
    pub values: Node,
    /// What makes helm refuse the values, or ignore one of them with no more than a line in a log.
    pub problems: Vec<ValuesProblem>,
}

/// Puts values over those of a chart. `values` is what [`crate::values`] gives.
pub fn coalesce(chart: &Chart, values: &Node, helm: Helm) -> Coalesced {
    let mut coalescing = Coalescing {
        helm,
        budget: Budget::new(),
        problems: Vec::new(),
    };
    let mut chart = chart.clone();
    let values = coalescing.run(&mut chart, values).unwrap_or_else(|TooMuch| {
        coalescing.problem(ValuesProblem::too_much(values.span));
        values.clone()
    });
    Coalesced {
        chart,
        values,
        problems: coalescing.problems,
    }
}

pub(super) struct Coalescing {
    helm: Helm,
    pub(super) budget: Budget,
    problems: Vec<ValuesProblem>,
}

impl Coalescing {
    fn run(&mut self, chart: &mut Chart, values: &Node) -> Result<Node, TooMuch> {
        let values = Map::from_node(values, &mut self.budget)?;
        dependencies::process(self, chart, &values)?;
        let coalesced = self.coalesce(chart, &values, false)?;
        Shared::Map(coalesced).to_node(&mut self.budget)
    }

    /// The same problem shows each time that values are merged: it is told once.
    pub(super) fn problem(&mut self, problem: ValuesProblem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Values over those of a chart and its subcharts; `keep_nulls` says whether nulls outlast it.
    pub(super) fn coalesce(&mut self, chart: &Chart, values: &Map, keep_nulls: bool) -> Result<Map, TooMuch> {
        let values = values.copy(&mut self.budget)?;
        self.chart(chart, &values, keep_nulls)?;
        Ok(values)
    }

    fn chart(&mut self, chart: &Chart, into: &Map, keep_nulls: bool) -> Result<(), TooMuch> {
        self.own(chart, into, keep_nulls)?;
        for subchart in &chart.subcharts {
            let section = match into.get(subchart.name()) {
                Some(Shared::Map(map)) => map,
                Some(other) => {
                    self.problem(mistyped_section(subchart.name(), &other));
                    continue;
                }
                None => {
                    let map = Map::new(Span::NONE);
                    into.set(subchart.name(), Span::NONE, Shared::Map(map.clone()));
                    map
                }
            };
            self.globals(&section, into)?;
            self.chart(subchart, &section, keep_nulls)?;
        }
        Ok(())
    }

    /// Adds the chart's own values.
    fn own(&mut self, chart: &Chart, into: &Map, keep_nulls: bool) -> Result<(), TooMuch> {
        let drops = self.helm == Helm::V4;
        let own = Map::from_node(&chart.values, &mut self.budget)?;
        for (key, span, value) in own.entries() {
            match into.get(&key) {
                Some(given) if given.is_null() && !keep_nulls => into.remove(&key),
                Some(Shared::Map(given)) => {
                    let Shared::Map(own) = value else { continue };
                    let is_section = chart.subcharts.iter().any(|subchart| subchart.name() == &*key);
                    let keep_nulls = keep_nulls || is_section;
                    if drops && !keep_nulls {
                        self.drop_nulls(&own)?;
                    }
                    self.tables(&given, &own, keep_nulls)?;
                }
                Some(_) => {}
                None if drops && !keep_nulls => {
                    if let Shared::Map(own) = &value {
                        self.drop_nulls(own)?;
                    }
                    if !value.is_null() {
                        into.set(key, span, value);
                    }
                }
                None => into.set(key, span, value),
            }
        }
        Ok(())
    }

    fn drop_nulls(&mut self, map: &Map) -> Result<(), TooMuch> {
        for (key, _, value) in map.entries() {
            self.budget.take(1)?;
            if value.is_null() {
                map.remove(&key);
            } else if let Shared::Map(inner) = value {
                self.drop_nulls(&inner)?;
            }
        }
        Ok(())
    }

    /// Hands the parent's globals down into a subchart's section, where they win.
    fn globals(&mut self, section: &Map, parent: &Map) -> Result<(), TooMuch> {
        let into = match section.get(GLOBAL) {
            None => Map::new(Span::NONE),
            Some(Shared::Map(map)) => map,
            Some(_) => return Ok(()),
        };
        let from = match parent.get(GLOBAL) {
            None => Map::new(Span::NONE),
            Some(Shared::Map(map)) => map,
            Some(_) => return Ok(()),
        };
        for (key, span, value) in from.entries() {
            self.budget.take(1)?;
            let old = into.get(&key);
            match (&value, old) {
                (Shared::Map(map), None) => {
                    let copy = map.shallow(&mut self.budget)?;
                    into.set(key, span, Shared::Map(copy));
                }
                (Shared::Map(map), Some(Shared::Map(old))) => {
                    let copy = map.shallow(&mut self.budget)?;
                    self.tables(&copy, &old, true)?;
                    into.set(key, span, Shared::Map(copy));
                }
                (Shared::Map(_), Some(_)) | (_, Some(Shared::Map(_))) => {}
                _ => into.set(key, span, value),
            }
        }
        section.set(GLOBAL, Span::NONE, Shared::Map(into));
        Ok(())
    }

    /// Adds to one mapping what another one has and it has not.
    pub(super) fn tables(&mut self, into: &Map, from: &Map, keep_nulls: bool) -> Result<(), TooMuch> {
        for (key, span, value) in from.entries() {
            self.budget.take(1)?;
            match into.get(&key) {
                None => into.set(key, span, value),
                // A null of the user takes the chart's value away; one beside the chart's own null stays.
                Some(given) if given.is_null() => {
                    if !keep_nulls && !value.is_null() {
                        into.remove(&key);
                    }
                }
                Some(Shared::Map(given)) => {
                    if let Shared::Map(value) = value {
                        self.tables(&given, &value, keep_nulls)?;
                    }
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn mistyped_section(name: &str, found: &Shared) -> ValuesProblem {
    let message = format!(
        "`{name}` holds the values of the subchart `{name}` and is of type {}, wanted a mapping",
        found.type_name()
    );
    ValuesProblem::new(found.span(), message)
}
