//! `validate`: everything that can be checked offline, one report.

use std::collections::BTreeSet;
use std::time::Instant;

use diag::{CheckMeta, Deferred, Findings};
use flux::{ClusterBuild, State};
use kustomize::Builder;
use model::config::major_minor;
use report::color::Paint;
use report::{Engine, Format, OutputSpec, RenderOptions, Report, Run};
use tools::Toolbox;

use crate::charts::Charts;
use crate::cli::Validate;
use crate::project::Project;
use crate::schemas::ForKubeconform;
use crate::{compare, doctor, generate, output};

/// Checks the repository and writes the report in every format that was asked for.
pub(crate) fn run(args: &Validate) -> anyhow::Result<u8> {
    let start = Instant::now();
    let project = Project::open(&args.common)?;
    let builder = Builder::new(&project.tree);
    let clusters = project.build(&builder)?;
    let toolbox = doctor::toolbox(&args.common)?;
    let charts = Charts::new(&project, &toolbox);
    let installs = charts.install(&clusters);
    let (schemas, crd_problems) = Project::schemas(&clusters, &installs);
    let mut run = empty_run(args, &project, &clusters);
    let mut unable = false;
    if args.engine != Engine::Tools {
        let outcome = charts.check(&clusters, &installs, &schemas);
        unable = !outcome.unsupported.is_empty();
        run.coverage = coverage(&outcome, &project);
        run.findings = outcome.findings.found;
        run.deferred = outcome.findings.deferred;
        run.suppressed = suppressed(&outcome.suppressed, &project);
        run.deferred.extend(other_schemas(&project, &crd_problems));
        let mut drift = Findings::default();
        generate::findings(&project, &mut drift)?;
        run.findings.extend(drift.found);
    }
    if args.engine != Engine::Inproc {
        with_tools(args, &project, &toolbox, &builder, &clusters, &mut run)?;
    }
    let report = report::assemble(run, project.tree.sources());
    write(args, &report, project.config.generated)?;
    if args.common.verbose {
        output::note(&format!("took {:.2} s", start.elapsed().as_secs_f64()));
    }
    let code = report::exit::code(&report, args.fail_on);
    Ok(if unable { report::exit::UNABLE } else { code })
}

/// The rules that were applied in this run: what did not run is in no list of passed ones.
fn metas(args: &Validate, report: &Report, generated: bool) -> Vec<&'static CheckMeta> {
    let mut metas: Vec<&CheckMeta> = Vec::new();
    if args.engine != Engine::Tools {
        metas.extend(checks::registry().iter().map(|check| &check.meta));
        metas.extend(generated.then_some(&generate::DRIFT));
    }
    if args.engine != Engine::Inproc {
        metas.extend(compare::METAS);
    }
    debug_assert!(
        report
            .findings
            .iter()
            .all(|finding| metas.iter().any(|meta| meta.id == finding.check))
    );
    metas
}

/// What the schemas of this run are not: those of another Kubernetes, and those of CRDs that cannot be read.
fn other_schemas(project: &Project, crd_problems: &[schema::CrdProblem]) -> Vec<Deferred> {
    let mut deferred = Vec::new();
    let bundled = schema::bundle::MODULES
        .iter()
        .find(|module| module.path == "k8s.io/kubernetes");
    let wanted = major_minor(&project.kubernetes_version);
    if let Some(module) = bundled.filter(|module| major_minor(module.version) != wanted) {
        deferred.push(Deferred {
            check: "schema/missing",
            subject: format!("Kubernetes {}", project.kubernetes_version),
            reason: format!("the bundled schemas are those of Kubernetes {}", module.version),
        });
    }
    for problem in crd_problems {
        let place = project.tree.sources().locate(problem.span);
        let subject = place.map_or_else(|| "a CRD".to_owned(), |(file, at)| format!("{file}:{}", at.line));
        deferred.push(Deferred {
            check: "schema/missing",
            subject,
            reason: problem.message.clone(),
        });
    }
    deferred
}

fn empty_run(args: &Validate, project: &Project, clusters: &[ClusterBuild]) -> Run {
    Run {
        path: project.shown.clone(),
        engine: args.engine,
        flux_version: project.flux_version.clone(),
        kubernetes_version: project.kubernetes_version.clone(),
        clusters: clusters.iter().map(cluster_summary).collect(),
        coverage: report::Coverage::default(),
        findings: Vec::new(),
        deferred: Vec::new(),
        suppressed: Vec::new(),
    }
}

/// A cluster in numbers.
pub(crate) fn cluster_summary(build: &ClusterBuild) -> report::ClusterSummary {
    let kustomizations = build.kustomizations.iter();
    report::ClusterSummary {
        name: build.cluster.name.clone(),
        entrypoint: build.cluster.folder.clone(),
        kustomizations: kustomizations.filter(|built| built.state == State::Built).count() as u32,
        objects: build.objects().count() as u32,
    }
}

/// How much of the repository was built; nothing of it was held against a schema.
pub(crate) fn built(project: &Project, clusters: &[ClusterBuild]) -> report::Coverage {
    let kustomizations = clusters.iter().flat_map(|cluster| &cluster.kustomizations);
    let reached: BTreeSet<&String> = kustomizations.flat_map(|built| &built.files).collect();
    report::Coverage {
        files: yaml_files(project),
        files_reached: reached.len() as u32,
        objects: clusters
            .iter()
            .map(|cluster| cluster.objects().count() as u32)
            .sum(),
        ..report::Coverage::default()
    }
}

/// How many YAML files the tree holds.
fn yaml_files(project: &Project) -> u32 {
    let is_yaml = |path: &&str| path.ends_with(".yaml") || path.ends_with(".yml");
    project.tree.files().filter(is_yaml).count() as u32
}

fn coverage(outcome: &checks::Outcome, project: &Project) -> report::Coverage {
    report::Coverage {
        files: yaml_files(project),
        files_reached: outcome.files_reached as u32,
        objects: outcome.objects as u32,
        schema_checked: outcome.schema_checked as u32,
        releases: outcome.releases as u32,
        releases_rendered: outcome.releases_rendered as u32,
        installed: outcome.installed as u32,
        installed_schema_checked: outcome.installed_schema_checked as u32,
        excused: outcome
            .excused
            .iter()
            .map(|(reason, count)| report::Excused {
                reason: reason.clone(),
                count: *count as u32,
            })
            .collect(),
    }
}

fn suppressed(given: &[checks::Suppressed], project: &Project) -> Vec<report::Suppressed> {
    let sources = project.tree.sources();
    given
        .iter()
        .map(|suppressed| {
            let (file, line) = sources.locate(suppressed.finding.primary).map_or_else(
                || (String::new(), 0),
                |(path, place)| (path.to_string(), place.line),
            );
            report::Suppressed {
                check: suppressed.finding.check.to_owned(),
                file,
                line,
                reason: suppressed.reason.clone(),
                until: suppressed.until.clone(),
            }
        })
        .collect()
}

fn with_tools(
    args: &Validate,
    project: &Project,
    toolbox: &Toolbox,
    builder: &Builder<'_>,
    clusters: &[ClusterBuild],
    run: &mut Run,
) -> anyhow::Result<()> {
    // kubeconform's own default would be downloaded; whoever wants it says `--schema-location default`.
    let bundled = ForKubeconform::write()?;
    let kubeconform = bundled.options(&project.kubernetes_version, &args.schema_location);
    let engine = compare::Engine {
        project,
        toolbox,
        builder,
        compare: args.engine == Engine::Both,
        kubeconform: &kubeconform,
    };
    let outcome = engine.run(clusters)?;
    if !args.common.quiet {
        let same = match args.engine {
            Engine::Both => format!(" ({} byte for byte as here)", outcome.identical),
            _ => String::new(),
        };
        output::note(&format!(
            "real tools: kustomize built {} folders{same}, flux built {} Kustomizations, kubeconform judged {} objects",
            outcome.folders, outcome.kustomizations, outcome.judged
        ));
    }
    if args.engine == Engine::Tools {
        run.coverage = report::Coverage {
            schema_checked: outcome.judged as u32,
            ..built(project, clusters)
        };
    }
    run.findings.extend(outcome.findings.found);
    run.deferred.extend(outcome.findings.deferred);
    Ok(())
}

fn write(args: &Validate, report: &Report, generated: bool) -> anyhow::Result<()> {
    let metas = metas(args, report, generated);
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
        let options = RenderOptions {
            paint,
            verbose: args.common.verbose,
            checks: &metas,
        };
        let text = report::render(spec.format, report, options);
        match &spec.file {
            Some(path) => output::file(path, &text)?,
            None if args.common.quiet && spec.format == Format::Text && report.findings.is_empty() => {}
            None => output::data(&text)?,
        }
    }
    Ok(())
}
