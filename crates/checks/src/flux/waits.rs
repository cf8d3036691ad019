//! Who waits for whom, and where that leads back to its start.
//!
//! Two things can be waited for: that a Kustomization is *applied* and that it is *ready*. Applying needs every dependency to
//! be ready, and the Kustomization that applies this one to have been applied; being ready needs the apply, and with `wait` or
//! health checks every child to be ready too. A way round is a deadlock: none of them ever becomes ready.

use std::collections::BTreeMap;

use diag::Span;

/// A thing that somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Applied(String),
    Ready(String),
}

/// One reason to wait.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    pub(crate) to: State,
    /// In words: `depends on`; empty where it goes without saying.
    pub(crate) how: &'static str,
    /// Where it is written.
    pub(crate) span: Span,
}

/// All reasons to wait, by who waits.
#[derive(Debug, Default)]
pub(crate) struct Waits(BTreeMap<State, Vec<Wait>>);

/// A way round: who waits, how, for whom, and where that is written.
#[derive(Debug)]
pub(crate) struct Cycle {
    pub(crate) steps: Vec<(String, &'static str, String, Span)>,
}

impl State {
    fn name(&self) -> &str {
        match self {
            Self::Applied(name) | Self::Ready(name) => name,
        }
    }
}

impl Waits {
    /// Adds a reason; `how` is empty where it goes without saying.
    pub(crate) fn add(&mut self, from: State, to: State, how: &'static str, span: Span) {
        self.0.entry(to.clone()).or_default();
        self.0.entry(from).or_default().push(Wait { to, how, span });
    }

    /// One shortest way round for each group of states that all wait for each other, by the first name of each.
    pub(crate) fn cycles(&self) -> Vec<Cycle> {
        let mut cycles = Vec::new();
        let mut done: Vec<&State> = Vec::new();
        for start in self.0.keys() {
            if done.contains(&start) {
                continue;
            }
            let Some(way) = self.way_back(start) else { continue };
            done.extend(
                self.0
                    .keys()
                    .filter(|state| self.reaches(start, state) && self.reaches(state, start)),
            );
            cycles.extend(named(start, &way));
        }
        cycles
    }

    fn reaches(&self, from: &State, to: &State) -> bool {
        from == to || self.way(from, to).is_some()
    }

    fn way_back<'w>(&'w self, start: &'w State) -> Option<Vec<&'w Wait>> {
        self.way(start, start)
    }

    /// A shortest way of at least one step.
    fn way<'w>(&'w self, from: &'w State, to: &State) -> Option<Vec<&'w Wait>> {
        let mut came: BTreeMap<&State, (&State, &Wait)> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(state) = queue.pop_front() {
            for wait in self.0.get(state).into_iter().flatten() {
                if came.contains_key(&wait.to) {
                    continue;
                }
                came.insert(&wait.to, (state, wait));
                if wait.to == *to {
                    return Some(trace(&came, from, to));
                }
                queue.push_back(&wait.to);
            }
        }
        None
    }
}

fn trace<'w>(came: &BTreeMap<&State, (&'w State, &'w Wait)>, from: &State, to: &State) -> Vec<&'w Wait> {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some((before, wait)) = came.get(at) {
        steps.push(*wait);
        at = before;
        if at == from {
            break;
        }
    }
    steps.reverse();
    steps
}

/// The steps that people wrote; a step without words belongs to the same Kustomization.
fn named(start: &State, way: &[&Wait]) -> Option<Cycle> {
    let mut at = start.name().to_owned();
    let mut steps = Vec::new();
    for wait in way {
        if !wait.how.is_empty() {
            steps.push((at.clone(), wait.how, wait.to.name().to_owned(), wait.span));
        }
        wait.to.name().clone_into(&mut at);
    }
    (!steps.is_empty()).then_some(Cycle { steps })
}

impl Cycle {
    /// `a` depends on `b`, `b` depends on `a`.
    pub(crate) fn story(&self) -> String {
        let said: Vec<String> = self
            .steps
            .iter()
            .map(|(from, how, to, _)| format!("`{from}` {how} `{to}`"))
            .collect();
        said.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depend(waits: &mut Waits, from: &str, to: &str) {
        let state = |name: &str| (State::Applied(name.to_owned()), State::Ready(name.to_owned()));
        waits.add(state(from).0, state(to).1, "depends on", Span::NONE);
        for name in [from, to] {
            waits.add(state(name).1, state(name).0, "", Span::NONE);
        }
    }

    #[test]
    fn each_way_round_is_told_once() {
        let mut waits = Waits::default();
        for (from, to) in [("a", "b"), ("b", "c"), ("c", "a"), ("x", "x"), ("y", "a")] {
            depend(&mut waits, from, to);
        }
        let stories: Vec<String> = waits.cycles().iter().map(Cycle::story).collect();
        assert_eq!(
            stories,
            [
                "`a` depends on `b`, `b` depends on `c`, `c` depends on `a`",
                "`x` depends on `x`"
            ]
        );
    }

    #[test]
    fn a_chain_is_no_cycle() {
        let mut waits = Waits::default();
        depend(&mut waits, "a", "b");
        depend(&mut waits, "b", "c");
        assert!(waits.cycles().is_empty());
    }
}
