//! The clusters, side by side, each with one mutation after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use diag::ObjectRef;
use flux::ClusterBuild;
use helm::install::ClusterInstall;
use rehearse::{Blame, Copy, Event, Plane, Programs, Request, Run, Served, Server, Stage};
use tools::Toolbox;

use super::heard::Heard;
use super::trial::Trial;
use super::turn::Turn;
use crate::output;
use crate::project::Project;
use crate::rehearse::charts::{self, Gathered};
use crate::rehearse::screen::Screen;
use crate::rehearse::{Rehearse, brought, keep_logs, secrets, settings};

/// How often a cluster that does not get well again is replaced by a new one.
const MAX_PLANES: usize = 6;

/// What Flux makes of each mutation: by its place in the list, then by cluster.
pub(super) type All = BTreeMap<(usize, String), Heard>;

/// What all clusters share.
pub(super) struct Hall<'a> {
    pub(super) args: &'a Rehearse,
    pub(super) toolbox: &'a Toolbox,
    pub(super) programs: &'a Programs,
    /// This program's own file.
    pub(super) own: &'a Path,
    /// The user's repository.
    pub(super) root: &'a Path,
    pub(super) served: Served,
    /// The copy that was read.
    pub(super) copy: &'a Copy,
    /// The run that it belongs to.
    pub(super) reading: &'a Run,
    pub(super) project: &'a Project,
    pub(super) installs: &'a [ClusterInstall<'a>],
}

/// What one cluster has to do.
struct Part<'a> {
    build: &'a ClusterBuild,
    /// Mutations that are pushed, by their place in the list; others with the same pieces go with them.
    trials: Vec<usize>,
    good: Gathered,
    bad: Vec<Gathered>,
}

impl Hall<'_> {
    /// Pushes every mutation to every cluster that it touches. Clusters run side by side: what takes time is mostly waiting.
    pub(super) fn perform(&self, builds: &[ClusterBuild], trials: &[Trial]) -> anyhow::Result<All> {
        let results = std::thread::scope(|scope| {
            let threads: Vec<_> = builds
                .iter()
                .map(|build| scope.spawn(|| self.cluster(build, trials)))
                .collect();
            let results = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            results.collect::<Vec<_>>()
        });
        let mut all = All::new();
        for result in results {
            match result {
                Ok(heard) => all.extend(heard?),
                Err(_) => bail!("the rehearsal of a cluster has crashed"),
            }
        }
        Ok(all)
    }

    fn cluster(&self, build: &ClusterBuild, trials: &[Trial]) -> anyhow::Result<All> {
        let name = &build.cluster.name;
        let mut all = All::new();
        let mut twins: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut first = BTreeMap::new();
        for (place, trial) in trials.iter().enumerate() {
            match trial.differs.get(name) {
                None => {
                    let why = "the cluster is not there with it".to_owned();
                    all.insert((place, name.clone()), Heard::Unknown(why));
                }
                Some(differs) if differs.touched.is_empty() => {
                    all.insert((place, name.clone()), Heard::SameObjects);
                }
                Some(differs) => {
                    let leader = *first.entry(&differs.pieces).or_insert(place);
                    twins.entry(leader).or_default().push(place);
                }
            }
        }
        if twins.is_empty() {
            return Ok(all);
        }
        let part = self.part(build, trials, twins.keys().copied().collect())?;
        let heard = self.pushed(&part, trials)?;
        for (leader, heard) in part.trials.iter().zip(heard) {
            for place in twins.get(leader).into_iter().flatten() {
                all.insert((*place, name.clone()), heard.clone());
            }
        }
        Ok(all)
    }

    /// Everything that is fetched before the cluster starts.
    fn part<'a>(
        &self,
        build: &'a ClusterBuild,
        trials: &[Trial],
        chosen: Vec<usize>,
    ) -> anyhow::Result<Part<'a>> {
        let mut builds = vec![build];
        for place in &chosen {
            builds.push(mutated(trials, *place, build)?);
        }
        let config = &self.project.config;
        let is_over = AtomicBool::new(false);
        let mut gathered =
            charts::gather_all(&builds, config, self.args, self.reading, &is_over)?.into_iter();
        Ok(Part {
            build,
            trials: chosen,
            good: gathered.next().unwrap_or_default(),
            bad: gathered.collect(),
        })
    }

    /// What Flux makes of each of the part's mutations, in their order.
    fn pushed(&self, part: &Part<'_>, trials: &[Trial]) -> anyhow::Result<Vec<Heard>> {
        let name = &part.build.cluster.name;
        let mut notes = Vec::new();
        let settings = settings(part.build, self.project, self.args.start_timeout, &mut notes)?;
        let mut heard = BTreeMap::new();
        let mut left = order(&part.trials, trials, name);
        for _ in 0..MAX_PLANES {
            let run = Run::start(self.own)?;
            let copy = Copy::make(&run, self.toolbox, self.root, self.served)?;
            if !copy.is_same_tree(self.copy) {
                bail!("the repository has changed since the rehearsal began; run it again");
            }
            let start = Instant::now();
            let screen = Screen::in_lines(name, start, &self.args.common);
            let tell = |what: &str| screen.step(what);
            let result = Plane::start(&run, self.programs, &settings, &tell)
                .map_err(anyhow::Error::from)
                .and_then(|plane| self.on(&plane, &run, &copy, part, trials, &mut left, &mut heard));
            if result.is_err() && !run.is_interrupted() {
                keep_logs(&run);
            }
            result?;
            if left.is_empty() {
                return Ok(heard.into_values().collect());
            }
        }
        bail!(
            "cluster `{name}` did not get well again after {MAX_PLANES} mutations; `--only` rehearses them one by one"
        )
    }

    /// On one control plane: mutations from the front of `left` for as long as the cluster gets well again.
    #[expect(clippy::too_many_arguments, reason = "what a control plane is given")]
    fn on(
        &self,
        plane: &Plane<'_>,
        run: &Run,
        copy: &Copy,
        part: &Part<'_>,
        trials: &[Trial],
        left: &mut VecDeque<usize>,
        heard: &mut BTreeMap<usize, Heard>,
    ) -> anyhow::Result<()> {
        let name = &part.build.cluster.name;
        let all: Vec<rehearse::Chart> = std::iter::once(&part.good)
            .chain(&part.bad)
            .flat_map(|gathered| gathered.found.iter().cloned())
            .collect();
        let server = Server::start(run, copy, part.build, &all)?;
        let (brought, secrets) = (brought(self.installs), secrets(self.installs));
        let blame = |_: &ObjectRef, _: &str| None;
        let common = Given {
            brought: &brought,
            secrets: &secrets,
            timeout: self.args.timeout,
            blame: &blame,
        };
        let start = Instant::now();
        let screen = Screen::in_lines(name, start, &self.args.common);
        let listener = |event: &Event<'_>| {
            if self.args.common.verbose {
                screen.event(event);
            }
        };
        let good = common.request(part.build, self.project, &part.good);
        let stage = Stage::open(plane, &server, &good, start, &listener)?;
        let mut turn = Turn::begin(stage, copy, run, &good)?;
        output::note(&format!(
            "{name} is up after {:.1} s",
            start.elapsed().as_secs_f64()
        ));
        while let Some(place) = left.front().copied() {
            let (index, gathered) = match (part.trials.get(place), part.bad.get(place)) {
                (Some(index), Some(gathered)) => (*index, gathered),
                _ => bail!("a mutation that is not there"),
            };
            let trial = trials.get(index).context("a mutation that is not there")?;
            let bad = common.request(mutated(trials, index, part.build)?, &trial.project, gathered);
            let differs = trial.differs.get(name).context("a cluster that is not there")?;
            let begin = Instant::now();
            let what = turn.hear(trial, differs, &bad)?;
            let seconds = begin.elapsed().as_secs_f64();
            let Some(what) = what else {
                output::note(&format!(
                    "{name} did not get well again in {seconds:.1} s: it is started anew"
                ));
                return Ok(());
            };
            left.pop_front();
            heard.insert(place, what.clone());
            let (done, count) = (heard.len(), part.trials.len());
            output::note(&format!(
                "{name} {done}/{count} {}: {what} in {seconds:.1} s",
                trial.name
            ));
        }
        Ok(())
    }
}

/// Which of a part's mutations is pushed when. What moves much comes last, since the way back is long; before that, what is likely
/// to be refused comes first, since the good tree must follow it.
fn order(places: &[usize], trials: &[Trial], cluster: &str) -> VecDeque<usize> {
    let key = |place: &usize| {
        let trial = places.get(*place).and_then(|index| trials.get(*index));
        let differs = trial.and_then(|trial| trial.differs.get(cluster));
        let moves = differs.and_then(|differs| differs.moves);
        (
            moves.unwrap_or_default(),
            trial.is_some_and(|trial| trial.errors.is_empty()),
        )
    };
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(key);
    order.into()
}

/// What every request of a cluster has.
struct Given<'a> {
    brought: &'a BTreeSet<(String, String)>,
    secrets: &'a BTreeSet<(String, String)>,
    timeout: Duration,
    blame: &'a Blame<'a>,
}

impl<'a> Given<'a> {
    fn request(&self, build: &'a ClusterBuild, project: &'a Project, gathered: &'a Gathered) -> Request<'a> {
        Request {
            build,
            sources: project.tree.sources(),
            charts: &gathered.found,
            missing: &gathered.missing,
            brought: self.brought,
            secrets: self.secrets,
            timeout: self.timeout,
            blame: self.blame,
        }
    }
}

/// The same cluster with a mutation.
fn mutated<'t>(trials: &'t [Trial], place: usize, good: &ClusterBuild) -> anyhow::Result<&'t ClusterBuild> {
    let builds = trials.get(place).map(|trial| trial.clusters.iter());
    builds
        .into_iter()
        .flatten()
        .find(|build| build.cluster.name == good.cluster.name)
        .context("a cluster that is not there")
}
