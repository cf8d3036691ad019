//! `rehearse`: the real Flux reconciles each cluster on this machine, and what it says is reported with the lines to edit.

mod charts;
mod compare;
mod fetch;
mod live;
mod mutations;
mod print;
mod screen;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use diag::{ObjectRef, Span};
use flux::ClusterBuild;
use helm::install::{ClusterInstall, Renderer};
use kustomize::Builder;
use model::object;
use rehearse::{Copy, Outcome, Plane, Programs, RehearseError, Request, Run, Served, Server, Settings};
use serde::Serialize;
use tools::Toolbox;

use crate::charts::Charts;
use crate::cli::{Common, ProgramPlaces};
use crate::project::Project;
use crate::{clock, doctor, output, project, test};

use screen::Screen;

/// Networks where no setting names any: those that kubeadm takes.
const SERVICES: &str = "10.96.0.0/12";
const PODS: &str = "10.244.0.0/16";
/// How often a cluster is begun where somebody else takes a port between looking and listening.
const ATTEMPTS: usize = 3;

/// Let the real Flux reconcile a cluster on this machine: a real API server, no containers, no cluster.
///
/// Starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok and the Flux controllers on loopback, applies the
/// entrypoint as `flux bootstrap` leaves it, waits until nothing moves and says what became of every Flux object. What is
/// committed counts. Programs are looked for in --bin-dir, on PATH and among what --fetch has fetched. Charts come from the
/// cache, else from their registries or --mirror; what cannot be had is deferred with all that needs it. Then the live
/// scenarios of docs/qa are run. Everything that was started ends with the command, however it ends.
///
/// Examples:
///   cargo xtask rehearse --fetch
///   cargo xtask rehearse --cluster infra --worktree
///   cargo xtask rehearse --cluster infra --keep --bin-dir ~/flux-bin
///   cargo xtask rehearse --mutations --story 04
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Rehearse {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Rehearse what is on the disk instead of what is committed
    #[arg(long)]
    worktree: bool,
    /// Time for each cluster once the control plane is up: 90s, 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    timeout: Duration,
    /// Time for each part of the control plane to get ready; a slow machine needs more
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = duration)]
    start_timeout: Duration,
    /// Set the verdict of `validate` beside what happened
    #[arg(long)]
    compare: bool,
    /// Do not run the live scenarios of docs/qa
    #[arg(long)]
    no_live: bool,
    /// Leave everything running after the report, until Ctrl-C; needs exactly one cluster
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    mutations: mutations::Mutations,
    /// Fetch the programs that are missing out of their official images, by digest, into the cache: some 200 MB
    #[arg(long, conflicts_with = "offline")]
    fetch: bool,
    #[command(flatten)]
    places: ProgramPlaces,
    /// Ask another registry for one's charts and images: HOST=HOST[/PREFIX]; repeatable
    #[arg(long, value_name = "HOST=HOST")]
    mirror: Vec<String>,
    /// Ask no registry: charts and programs come from the cache alone
    #[arg(long)]
    offline: bool,
    /// Format: text or json
    #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    output: String,
    /// Be the watchdog of the rehearsal in this folder
    #[arg(long, value_name = "DIR", hide = true, exclusive = true)]
    watch_over: Option<PathBuf>,
}

/// What a command has to say.
#[derive(Default)]
struct Rehearsed {
    commit: Option<String>,
    outcomes: Vec<Outcome>,
    /// Clusters that could not be rehearsed, with the reason.
    unable: Vec<Unable>,
    /// The live scenarios of each cluster, in the order of `outcomes`; none where they were not run.
    live: Vec<Option<live::Report>>,
    /// With `--compare`.
    sides: Option<Vec<compare::Sides>>,
    notes: Vec<String>,
}

/// A cluster that could not be rehearsed.
#[derive(Debug, Serialize)]
struct Unable {
    cluster: String,
    why: String,
}

/// What the rehearsals of all clusters share.
struct Hall<'a> {
    args: &'a Rehearse,
    toolbox: &'a Toolbox,
    programs: &'a Programs,
    run: &'a Run,
    copy: &'a Copy,
    project: &'a Project,
    designs: &'a [::live::Design],
}

/// Rehearses every cluster; exit code 1 when something is not Ready that should be.
pub(crate) fn run(args: &Rehearse) -> anyhow::Result<u8> {
    if let Some(folder) = &args.watch_over {
        let is_clean = rehearse::watch(folder) == ExitCode::SUCCESS;
        return Ok(if is_clean {
            report::exit::CLEAN
        } else {
            report::exit::UNABLE
        });
    }
    let root = project::root(&args.common)?;
    let toolbox = doctor::toolbox(&args.common)?;
    let programs = fetch::programs(args, &root)?;
    if args.mutations.are_wanted {
        return mutations::run(args, &root, &toolbox, &programs);
    }
    let own = std::env::current_exe().context("this program does not know its own file")?;
    let run = Run::start(&own)?;
    if run.swept() > 0 {
        output::note(&format!(
            "cleared away what {} killed rehearsals had left",
            run.swept()
        ));
    }
    let rehearsed = all(args, &root, &toolbox, &programs, &run);
    let code = rehearsed.as_ref().map_or(report::exit::UNABLE, Rehearsed::code);
    if code != report::exit::CLEAN && !run.is_interrupted() {
        keep_logs(&run);
    }
    let rehearsed = rehearsed?;
    drop(run);
    let text = if args.output == "json" {
        print::json(&rehearsed)
    } else {
        print::text(&rehearsed, args.common.color.paint(&std::io::stdout()))
    };
    if !args.keep {
        output::data(&text)?;
    }
    Ok(code)
}

impl Rehearsed {
    /// A cluster without an answer counts more than one that fails.
    fn code(&self) -> u8 {
        if !self.unable.is_empty() {
            report::exit::UNABLE
        } else if self.outcomes.iter().any(Outcome::failed)
            || self.live.iter().flatten().any(live::Report::failed)
        {
            report::exit::FINDINGS
        } else {
            report::exit::CLEAN
        }
    }
}

fn all(
    args: &Rehearse,
    root: &Path,
    toolbox: &Toolbox,
    programs: &Programs,
    run: &Run,
) -> anyhow::Result<Rehearsed> {
    let served = if args.worktree {
        Served::Worktree
    } else {
        Served::Commit
    };
    let copy = Copy::make(run, toolbox, root, served)?;
    let mut rehearsed = Rehearsed {
        commit: copy.commit.clone(),
        sides: args.compare.then(Vec::new),
        ..Rehearsed::default()
    };
    rehearsed.notes.push(
        "the cluster's own source and the charts' registries lead to this machine; signatures are not verified".to_owned(),
    );
    if copy.is_dirty {
        let note = "what is not committed was left out; `--worktree` rehearses it";
        rehearsed.notes.push(note.to_owned());
    }
    let common = Common {
        path: Some(copy.root().to_owned()),
        ..args.common.clone()
    };
    let project = Project::open(&common)?;
    let builder = Builder::new(&project.tree);
    let builds = project.build(&builder)?;
    if args.keep && builds.len() != 1 {
        bail!(
            "`--keep` needs one cluster, found {}; name it with `--cluster`",
            builds.len()
        );
    }
    let designs = if args.no_live {
        Vec::new()
    } else {
        crate::live::designs(&project, None)?
    };
    let hall = Hall {
        args,
        toolbox,
        programs,
        run,
        copy: &copy,
        project: &project,
        designs: &designs,
    };
    for build in &builds {
        if let Err(error) = hall.rehearse(build, &mut rehearsed) {
            // One cluster alone: its error is the command's.
            if builds.len() == 1 || run.is_interrupted() {
                return Err(error);
            }
            let cluster = build.cluster.name.clone();
            output::note(&format!("{cluster} could not be rehearsed: {error:#}"));
            let why = format!("{error:#}");
            rehearsed.unable.push(Unable { cluster, why });
        }
    }
    let mut seen = BTreeSet::new();
    rehearsed.notes.retain(|note| seen.insert(note.clone()));
    Ok(rehearsed)
}

/// What is known of a cluster before its plane is there.
struct Prepared<'a> {
    charts: charts::Gathered,
    installs: Vec<ClusterInstall<'a>>,
}

impl<'a> Hall<'a> {
    /// One cluster: up, watched, judged, down. Once more where a part lost its port to somebody else.
    fn rehearse(&self, build: &'a ClusterBuild, rehearsed: &mut Rehearsed) -> anyhow::Result<()> {
        let mut prepared = None;
        for _ in 1..ATTEMPTS {
            match self.attempt(build, &mut prepared, rehearsed) {
                Err(error) if error.downcast_ref().is_some_and(RehearseError::lost_port) => {
                    output::note("a port was taken by somebody else; starting again with other ones");
                }
                other => return other,
            }
        }
        self.attempt(build, &mut prepared, rehearsed)
    }

    fn attempt(
        &self,
        build: &'a ClusterBuild,
        prepared: &mut Option<Prepared<'a>>,
        rehearsed: &mut Rehearsed,
    ) -> anyhow::Result<()> {
        let Self {
            args,
            toolbox,
            programs,
            run,
            copy,
            project,
            designs,
        } = *self;
        let start = Instant::now();
        rehearse::servable(build)?;
        let settings = settings(build, project, args.start_timeout, &mut rehearsed.notes)?;
        let screen = Screen::new(&build.cluster.name, start, &args.common);
        let tell = |what: &str| screen.step(what);
        let is_over = AtomicBool::new(false);
        let (plane, fresh) = std::thread::scope(|scope| {
            let fresh = prepared
                .is_none()
                .then(|| scope.spawn(|| self.prepare(build, &is_over)));
            let plane = Plane::start(run, programs, &settings, &tell);
            is_over.store(plane.is_err(), Ordering::Relaxed);
            (plane, fresh.and_then(|fresh| fresh.join().ok()))
        });
        let plane = plane?;
        if let Some(fresh) = fresh {
            *prepared = Some(fresh?);
        }
        let Some(Prepared { charts, installs }) = prepared else {
            bail!("the charts could not be read");
        };
        version_note(project, &plane, &mut rehearsed.notes);
        let server = Server::start(run, copy, build, &charts.found)?;
        let renderer = Renderer::new(
            toolbox,
            &project.kubernetes_version,
            project.kubernetes_version_is_assumed,
        );
        let blame = |object: &ObjectRef, path: &str| blame(renderer.as_ref().ok(), installs, object, path);
        let request = Request {
            build,
            sources: project.tree.sources(),
            charts: &charts.found,
            missing: &charts.missing,
            brought: &brought(installs),
            secrets: &secrets(installs),
            timeout: args.timeout,
            blame: &blame,
        };
        let listener = |event: &rehearse::Event<'_>| screen.event(event);
        let outcome = rehearse::rehearse(&plane, &server, &request, start, &listener)?;
        drop(screen);
        if let Some(sides) = &mut rehearsed.sides {
            let one = std::slice::from_ref(build);
            sides.extend(compare::sides(project, toolbox, one, installs, &outcome));
        }
        let asked = (toolbox, args.places.bin_dir.as_slice());
        let live = live::run((run, &plane), asked, build, project, designs, &outcome, start)?;
        rehearsed.live.push(live);
        rehearsed.outcomes.push(outcome);
        if args.keep {
            self.keep(&plane, rehearsed)?;
        }
        Ok(())
    }

    /// Fetches the charts and renders them.
    fn prepare(&self, build: &'a ClusterBuild, is_over: &AtomicBool) -> anyhow::Result<Prepared<'a>> {
        let Self {
            args, run, project, ..
        } = *self;
        let charts = charts::gather(build, &project.config, args, run, is_over)?;
        let installs = Charts::new(project, self.toolbox).install(std::slice::from_ref(build));
        Ok(Prepared { charts, installs })
    }

    /// Prints the report and where the API server is, then waits for the end.
    fn keep(&self, plane: &Plane<'_>, rehearsed: &Rehearsed) -> anyhow::Result<()> {
        let paint = self.args.common.color.paint(&std::io::stdout());
        output::data(&print::text(rehearsed, paint))?;
        output::data(&format!("\nexport KUBECONFIG={}\n", plane.kubeconfig().display()))?;
        output::note("everything keeps running until Ctrl-C");
        while self.run.check().is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }
}

/// What is at hand and not what the settings say.
fn version_note(project: &Project, plane: &Plane<'_>, notes: &mut Vec<String>) {
    let (wanted, found) = (&project.kubernetes_version, &plane.kubernetes_version);
    if model::config::major_minor(wanted) != model::config::major_minor(found) {
        notes.push(format!(
            "the settings say Kubernetes {wanted}, at hand was {found}"
        ));
    }
    let wanted = &project.flux_version;
    let mut others = Vec::new();
    let mut silent = Vec::new();
    for controller in &plane.controllers {
        let (name, version) = (controller.name, controller.version.as_deref().unwrap_or_default());
        match controller.flux() {
            Some(found) if model::config::major_minor(wanted) != model::config::major_minor(&found) => {
                others.push(format!("{name} {version} of Flux {found}"));
            }
            Some(_) => {}
            None => silent.push(name),
        }
    }
    if !others.is_empty() {
        let others = others.join(", ");
        notes.push(format!("the settings say Flux {wanted}, at hand was {others}"));
    }
    if !silent.is_empty() {
        let silent = silent.join(", ");
        notes.push(format!(
            "the settings say Flux {wanted}, to which release these belong cannot be told: {silent}"
        ));
    }
}

fn blame(
    renderer: Option<&Renderer<'_>>,
    installs: &[ClusterInstall<'_>],
    object: &ObjectRef,
    path: &str,
) -> Option<Span> {
    let renderer = renderer?;
    let culprits = installs
        .iter()
        .filter_map(|install| renderer.culprit(install, object, path));
    culprits.map(|culprit| culprit.span).next()
}

/// Groups and kinds of the CRDs that charts install.
fn brought(installs: &[ClusterInstall<'_>]) -> BTreeSet<(String, String)> {
    let crds = installs.iter().flat_map(ClusterInstall::crds);
    crds.filter(|crd| object::kind(crd) == "CustomResourceDefinition")
        .map(|crd| {
            let text = |path: &[&str]| crd.str_at(path).unwrap_or_default().to_owned();
            (text(&["spec", "group"]), text(&["spec", "names", "kind"]))
        })
        .collect()
}

/// Namespaces and names of the Secrets that charts install.
fn secrets(installs: &[ClusterInstall<'_>]) -> BTreeSet<(String, String)> {
    let objects = installs.iter().flat_map(ClusterInstall::objects);
    objects
        .filter(|(_, built)| object::kind(&built.node) == "Secret")
        .map(|(install, built)| {
            let own = Some(object::namespace(&built.node)).filter(|namespace| !namespace.is_empty());
            let namespace = own.unwrap_or_else(|| install.namespace());
            (namespace.to_owned(), object::name(&built.node).to_owned())
        })
        .collect()
}

/// The networks that the cluster's settings name.
fn settings(
    build: &ClusterBuild,
    project: &Project,
    patience: Duration,
    notes: &mut Vec<String>,
) -> anyhow::Result<Settings> {
    let names = &project.config.networks;
    let mut network = |names: &[String], what: &str, default: &str| {
        let value = names.iter().find_map(|name| variable(build, name));
        let networks = value.as_deref().map(model::net::parse_networks);
        match networks {
            Some(Ok(networks)) => networks
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(","),
            Some(Err(problem)) => {
                notes.push(format!("{problem}; the {what} network is {default} here"));
                default.to_owned()
            }
            None => {
                notes.push(format!(
                    "no setting names the {what} network, it is {default} here"
                ));
                default.to_owned()
            }
        }
    };
    let services = network(&names.services, "Service", SERVICES);
    let pods = network(&names.pods, "pod", PODS);
    let first = pods.split(['/', ',']).next().unwrap_or_default();
    Ok(Settings {
        services,
        pods: first
            .parse::<IpAddr>()
            .context("the pod network has no address")?,
        patience,
    })
}

fn variable(build: &ClusterBuild, name: &str) -> Option<String> {
    let variables = build
        .kustomizations
        .iter()
        .filter_map(|built| built.variables.as_ref());
    let mut values = variables.filter_map(|variables| variables.known.get(name)?.value.clone());
    values.next().map(|value| value.to_string())
}

/// The logs of all parts, in this program's target folder.
fn keep_logs(run: &Run) {
    let id = run
        .folder()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let folder = format!("target/rehearse/{}-{id}", clock::today());
    match run.keep_logs(&test::workspace().join(&folder)) {
        Ok(true) => output::note(&format!("the logs of all parts are in `{folder}`")),
        // It has not come to a start.
        Ok(false) => {}
        Err(error) => output::note(&format!("the logs could not be kept: {error}")),
    }
}

/// `90s`, `5m`, or a number of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(number) => (number, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("`{text}` is no time, wanted `90s` or `5m`"))?;
    let seconds = number
        .checked_mul(unit)
        .filter(|seconds| (1..=86_400).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| format!("`{text}` is not between a second and a day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_bounds() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        assert!(
            duration("0").is_err() && duration("5h").is_err() && duration("99999999999999999999m").is_err()
        );
    }
}
