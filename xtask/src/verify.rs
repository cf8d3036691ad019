//! `verify`: the live scenarios of docs/qa against a real cluster, through kubectl.

#[cfg_attr(not(target_os = "linux"), path = "verify/programs_elsewhere.rs")]
mod programs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use flux::ClusterBuild;
use kustomize::Builder;
use live::{
    Access, Changes, Check, Design, Event, NotVerified, Programs, Proxy, ProxyOptions, Request, Settled,
};
use serde_json::json;
use tools::Tool;

use crate::cli::Common;
use crate::project::Project;
use crate::{clock, doctor, output};

/// A cluster at work moves: what does not hold at once may a moment later.
const PATIENCE: Duration = Duration::from_secs(5);
/// Why what changes something is not done.
const NEEDS: &str = "needs `--disruptive`";

/// Run the live scenarios of docs/qa against a real cluster, through `kubectl proxy`. Only looks, unless told otherwise.
///
/// What is wanted comes from the repository, what is found from the cluster of a context of the kubeconfig. Secrets are never
/// read. Programs that scenarios ask (coredns) are started on this machine with the configuration that the cluster has, and lead
/// to its API server; Linux only. With --disruptive pods are evicted and workloads restarted, after the name of the context was
/// typed (or --yes).
///
/// Exit codes:
///   0  what was looked at holds; what was not run is listed
///   1  a scenario does not hold
///   2  the job could not be done: no kubectl, no such context, no answer, no confirmation
///
/// Examples:
///   cargo xtask verify --cluster infra --context admin@infra
///   cargo xtask verify --cluster infra --context admin@infra --story 04 -o json
///   cargo xtask verify --cluster infra --context admin@infra --disruptive
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Context of the kubeconfig: the real cluster
    #[arg(long, value_name = "NAME", required = true)]
    context: Option<String>,
    /// The kubeconfig [default: what kubectl takes]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Only this story: its number or its folder's name
    #[arg(long)]
    story: Option<String>,
    /// Folder with programs that scenarios ask; comes before PATH; repeatable
    #[arg(long, value_name = "DIR", env = "XTASK_BIN_DIR")]
    bin_dir: Vec<PathBuf>,
    /// Run what changes something, too: evictions and restarts of pods
    #[arg(long)]
    disruptive: bool,
    /// Ask for no confirmation
    #[arg(long, requires = "disruptive")]
    yes: bool,
    /// Format: text or json
    #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    output: String,
    /// Be the keeper of kubectl in this folder
    #[arg(long, value_name = "DIR", hide = true, exclusive = true)]
    keep_proxy: Option<PathBuf>,
}

/// Verifies one cluster; exit code 1 when a scenario does not hold.
pub(crate) fn run(args: &Verify) -> anyhow::Result<u8> {
    if let Some(folder) = &args.keep_proxy {
        live::keep(folder)?;
        return Ok(report::exit::CLEAN);
    }
    let project = Project::open(&args.common)?;
    let builder = Builder::new(&project.tree);
    let builds = project.build(&builder)?;
    let [build] = builds.as_slice() else {
        bail!(
            "`verify` needs one cluster, found {}; name it with `--cluster`",
            builds.len()
        );
    };
    let designs = crate::live::designs(&project, args.story.as_deref())?;
    if designs.is_empty() {
        bail!(
            "no story has a `{}`: docs/reference/live.md says what it holds",
            live::FILE_NAME
        );
    }
    let context = args.context.as_deref().unwrap_or_default();
    let toolbox = doctor::toolbox(&args.common)?;
    let kubectl = toolbox.get(Tool::Kubectl)?.path().to_owned();
    if args.disruptive {
        confirm(args, &designs, build, context)?;
    }
    let program = std::env::current_exe().context("this program does not know its own file")?;
    let proxy = Proxy::start(&ProxyOptions {
        kubectl: &kubectl,
        program: &program,
        context,
        kubeconfig: args.kubeconfig.as_deref(),
        may_change: args.disruptive,
    })?;
    let asks = live::promised(&designs, &build.cluster.name)
        .any(|scenario| matches!(scenario.check, Check::Program { .. }));
    let (settled, replaced) = programs::with(args, &toolbox, &proxy, asks, |access, programs| {
        settle(args, &project, (build, &designs), access, programs)
    })?;
    drop(proxy);
    let pods = NotVerified {
        what: "what pods do, packets, images".to_owned(),
        why: "the API server alone is asked".to_owned(),
    };
    let not_verified: Vec<NotVerified> = std::iter::once(pods).chain(replaced).collect();
    output::data(&shown(args, build, &settled, &not_verified))?;
    Ok(if settled.iter().any(Settled::failed) {
        report::exit::FINDINGS
    } else {
        report::exit::CLEAN
    })
}

fn settle(
    args: &Verify,
    project: &Project,
    (build, designs): (&ClusterBuild, &[Design]),
    access: &dyn Access,
    programs: Option<&dyn Programs>,
) -> anyhow::Result<Vec<Settled>> {
    let now = clock::now();
    let request = Request {
        access,
        cluster: build,
        sources: project.tree.sources(),
        deferred: &BTreeMap::new(),
        failed: &BTreeMap::new(),
        ready: &BTreeSet::new(),
        changes: if args.disruptive {
            Changes::Allowed { now: &now }
        } else {
            Changes::Refused { why: NEEDS }
        },
        programs,
        patience: PATIENCE,
    };
    let is_watched = std::io::stderr().is_terminal() && !args.common.quiet;
    let listener = |event: &Event<'_>| {
        if let (Event::Ends(settled), true) = (event, is_watched) {
            output::note(&crate::live::line(settled));
        }
    };
    Ok(live::run(&request, designs, &listener)?)
}

/// Says what will be done, and has the context's name typed.
fn confirm(args: &Verify, designs: &[Design], build: &ClusterBuild, context: &str) -> anyhow::Result<()> {
    let mut text = format!("on the cluster of context `{context}` this\n");
    let mut all = 0;
    for scenario in live::promised(designs, &build.cluster.name) {
        if let Some(what) = scenario.check.changes() {
            let _ = writeln!(text, "  {what}   ({})", scenario.id);
            all += 1;
        }
    }
    if all == 0 {
        return Ok(());
    }
    output::note(text.trim_end());
    if args.yes {
        return Ok(());
    }
    let mut stdin = std::io::stdin().lock();
    if !stdin.is_terminal() {
        bail!("nobody is there to confirm it; say `--yes` to do it all the same");
    }
    output::note("type the context's name to go on:");
    let mut line = String::new();
    stdin
        .read_line(&mut line)
        .context("cannot read the confirmation")?;
    if line.trim() != context {
        bail!("`{}` is not `{context}`; nothing was done", line.trim());
    }
    Ok(())
}

fn shown(args: &Verify, build: &ClusterBuild, settled: &[Settled], not_verified: &[NotVerified]) -> String {
    let cluster = &build.cluster.name;
    let context = args.context.as_deref().unwrap_or_default();
    if args.output == "json" {
        return report::json::document(&json!({
            "apiVersion": report::API_VERSION, "kind": "Verification", "tool": report::Tool::THIS,
            "cluster": cluster, "context": context, "disruptive": args.disruptive, "scenarios": settled,
            "notVerified": not_verified,
        }));
    }
    let paint = args.common.color.paint(&std::io::stdout());
    let mut text = crate::live::failures(settled);
    let _ = writeln!(text, "cluster `{cluster}`, context `{context}`:");
    text.push_str(&crate::live::table(settled, paint));
    let deferred = crate::live::deferred(settled);
    let _ = write!(text, "\nnot run:\n{deferred}");
    for NotVerified { what, why } in not_verified {
        let _ = writeln!(text, "  {what}: {why}");
    }
    let _ = write!(text, "\n{}\n", crate::live::summary(settled));
    report::visible(&text).into_owned()
}
