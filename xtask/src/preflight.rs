//! `preflight`: the charts of every cluster, asked for in their registries.

mod findings;
mod images;
mod json;
mod judge;
mod locked;
mod rows;
mod single;
mod text;

use std::time::Duration;

use anyhow::{Context, bail};
use diag::Findings;
use kustomize::Builder;
use model::config::Config;
use oci::signature::preflight_signed;
use oci::{Cache, Options};
use report::color::Paint;
use report::{Format, OutputSpec, RenderOptions};

use crate::charts::Charts;
use crate::cli::{self, Preflight};
use crate::progress::ProgressLine;
use crate::project::Project;
use crate::{clock, doctor, output};

pub(crate) use findings::METAS;
pub(crate) use rows::{Row, rows};

use images::Image;
use judge::{Answer, Beside, Judged};
use locked::LockFile;
use rows::Ask;

/// A run's rows with their verdicts, and what the formats say beside them.
struct Outcome {
    judged: Vec<Judged>,
    /// None where nobody wants to know of images.
    images: Option<Vec<Image>>,
    report: report::Report,
    /// The metadata of the one chart that was asked for.
    metadata: Option<serde_json::Value>,
}

/// Asks for every chart; exit code 1 when one is missing, moved or refused, or unknown where that counts.
pub(crate) fn run(args: &Preflight) -> anyhow::Result<u8> {
    let outcome = match &args.url {
        Some(url) => one(args, url)?,
        None => all(args)?,
    };
    write(args, &outcome)?;
    let rules = judge::Rules {
        answers: args.require_network || std::env::var("CI").is_ok_and(|ci| ci == "true"),
        registries: args.require_network,
        updated: args.lock.update,
    };
    let bad_chart = outcome.judged.iter().any(|judged| judged.fails(&rules));
    let mut images = outcome.images.iter().flatten();
    Ok(
        if bad_chart || images.any(|image| images::fails(image, rules.answers)) {
            report::exit::FINDINGS
        } else {
            report::exit::CLEAN
        },
    )
}

/// The answers to the rows, in their order.
pub(crate) fn ask(rows: &[Row], options: &Options) -> Vec<Answer> {
    let requests: Vec<_> = rows
        .iter()
        .filter_map(|row| match &row.ask {
            Ask::Registry { request, policy } => Some((request.clone(), policy.clone())),
            Ask::Nobody { .. } => None,
        })
        .collect();
    let mut results = preflight_signed(&requests, options).into_iter();
    let answer = |row: &Row| match &row.ask {
        Ask::Nobody { reason } => Answer::unknown(reason.clone()),
        Ask::Registry { .. } => results.next().map_or_else(
            || Answer::unknown("not asked".to_owned()),
            |result| Answer {
                verdict: result.chart.verdict,
                signature: result.signature,
            },
        ),
    };
    rows.iter().map(answer).collect()
}

/// How to ask, from the command line and the settings.
pub(crate) fn options(args: &cli::Registries, config: &Config) -> anyhow::Result<Options> {
    let mut mirrors = args
        .mirror
        .iter()
        .map(|mirror| {
            let (from, to) = mirror
                .split_once('=')
                .with_context(|| format!("`{mirror}` is no HOST=HOST[/PREFIX]"))?;
            Ok((from.to_owned(), to.to_owned()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    mirrors.extend(config.mirrors.clone());
    Ok(Options {
        deadline: Duration::from_secs(args.timeout),
        mirrors,
        registry_config: args.registry_config.clone(),
        credential_helpers: !args.no_credential_helpers,
        ca_files: args.ca_file.clone(),
        cache: Cache::default_root().map(Cache::at),
        now: clock::now(),
        ..Options::default()
    })
}

fn options_of(args: &Preflight, config: &Config) -> anyhow::Result<Options> {
    Ok(Options {
        offline: args.offline,
        fetch: args.fetch,
        ..options(&args.registries, config)?
    })
}

fn all(args: &Preflight) -> anyhow::Result<Outcome> {
    let project = Project::open(&args.common)?;
    let builder = Builder::new(&project.tree);
    let clusters = project.build(&builder)?;
    let rows = rows(&project, &clusters);
    if rows.is_empty() {
        bail!(
            "no chart to ask for: no cluster applies an OCIRepository that holds a chart, or a HelmRelease"
        );
    }
    let given = args.lock.file.clone();
    let must_exist = given.is_some() && !args.lock.update;
    let path = given.unwrap_or_else(|| project.root.join(project.config.lock_path(&project.tree)));
    let mut lock = LockFile::read(path, must_exist)?;
    let mut options = options_of(args, &project.config)?;
    let line = ProgressLine::start(args.common.quiet).map(|(line, listener)| {
        options.progress = Some(listener);
        line
    });
    let answers = ask(&rows, &options);
    let images = if args.images {
        let toolbox = doctor::toolbox(&args.common)?;
        let installs = Charts::new(&project, &toolbox).install(&clusters);
        Some(images::ask(&clusters, &installs, &options))
    } else {
        None
    };
    drop(line);
    let judged = judge::all(
        rows,
        answers,
        &Beside {
            lock: &lock.lock,
            config: &project.config,
            offline: args.offline,
        },
    );
    if args.lock.update {
        let whole = args.common.cluster.is_empty();
        lock.update(&judged, whole)?;
    }
    let run = report::Run {
        path: project.shown.clone(),
        engine: report::Engine::Inproc,
        flux_version: project.flux_version.clone(),
        kubernetes_version: project.kubernetes_version.clone(),
        clusters: clusters.iter().map(crate::validate::cluster_summary).collect(),
        coverage: crate::validate::built(&project, &clusters),
        findings: Vec::new(),
        deferred: Vec::new(),
        suppressed: Vec::new(),
    };
    let of_images = images.as_deref().map(images::findings).unwrap_or_default();
    let report = findings::report(run, &judged, of_images, args.lock.update, project.tree.sources());
    Ok(Outcome {
        judged,
        images,
        report,
        metadata: None,
    })
}

fn one(args: &Preflight, url: &str) -> anyhow::Result<Outcome> {
    let row = single::row(url, &args.one)?;
    let config = Config::default();
    let options = options_of(args, &config)?;
    let lock = match &args.lock.file {
        Some(path) => LockFile::read(path.clone(), true)?.lock,
        None => oci::lock::Lock::default(),
    };
    let rows = vec![row];
    let answers = ask(&rows, &options);
    let metadata = single::metadata(&rows, &answers, &options);
    let judged = judge::all(
        rows,
        answers,
        &Beside {
            lock: &lock,
            config: &config,
            offline: args.offline,
        },
    );
    let run = report::Run {
        path: url.to_owned(),
        engine: report::Engine::Inproc,
        flux_version: String::new(),
        kubernetes_version: String::new(),
        clusters: Vec::new(),
        coverage: report::Coverage::default(),
        findings: Vec::new(),
        deferred: Vec::new(),
        suppressed: Vec::new(),
    };
    let report = findings::report(
        run,
        &judged,
        Findings::default(),
        false,
        &diag::Sources::default(),
    );
    Ok(Outcome {
        judged,
        images: None,
        report,
        metadata,
    })
}

fn write(args: &Preflight, outcome: &Outcome) -> anyhow::Result<()> {
    let default = [OutputSpec::default()];
    let specs = if args.output.is_empty() {
        &default[..]
    } else {
        &args.output
    };
    for spec in specs {
        let paint = match &spec.file {
            Some(_) => Paint::Plain,
            None => args.common.color.paint(&std::io::stdout()),
        };
        let text = match spec.format {
            Format::Json => json::render(outcome),
            Format::Text if args.url.is_some() => single::render(&outcome.judged, outcome.metadata.as_ref()),
            Format::Text => text::render(outcome, &args.common, paint),
            format => {
                let options = RenderOptions {
                    paint,
                    verbose: args.common.verbose,
                    checks: &METAS,
                };
                report::render(format, &outcome.report, options)
            }
        };
        match &spec.file {
            Some(path) => output::file(path, &text)?,
            None => output::data(&text)?,
        }
    }
    Ok(())
}
