//! `build`: what kustomize or Flux would build, as YAML.

use anyhow::bail;
use diag::Sources;
use flux::{Built, BuiltObject, ClusterBuild, State};
use helm::install::Outcome;
use kustomize::{Builder, LoadRestrictor, Mode, Options, Order, RootOverlay};
use model::object;
use model::yaml::{self, Node, Style};

use crate::charts::Charts;
use crate::cli::Build;
use crate::project::Project;
use crate::{doctor, output};

/// Prints the build; exit code 1 when it fails, 2 when it needs what is not there.
pub(crate) fn run(args: &Build) -> anyhow::Result<u8> {
    match &args.dir {
        Some(dir) => folder(args, dir),
        None => cluster(args),
    }
}

fn folder(args: &Build, dir: &str) -> anyhow::Result<u8> {
    let root = crate::project::root(&args.common)?;
    let tree = model::tree::Tree::from_disk(
        &root,
        model::tree::DiskOptions {
            keep_source_ignored: true,
        },
    )?;
    let options = Options {
        mode: Mode::Kustomize,
        restrictor: LoadRestrictor::RootOnly,
        order: Order::Legacy,
        overlay: RootOverlay::default(),
    };
    let build = Builder::new(&tree).build(&model::tree::path::normalize(dir), &options);
    let code = say_problems(&build.problems, tree.sources());
    if code == report::exit::CLEAN {
        output::data(&yaml::emit_stream(
            build.objects.iter().map(|object| &object.node),
            Style::Kustomize,
        ))?;
    }
    Ok(code)
}

fn cluster(args: &Build) -> anyhow::Result<u8> {
    let project = Project::open(&args.common)?;
    let builder = Builder::new(&project.tree);
    let clusters = project.build(&builder)?;
    let chosen: Vec<&Built> = clusters
        .iter()
        .flat_map(|cluster| &cluster.kustomizations)
        .filter(|built| {
            args.kustomization
                .as_ref()
                .is_none_or(|wanted| is_called(built, wanted))
        })
        .collect();
    if chosen.is_empty() {
        bail!(
            "no such flux::Kustomization, wanted one of {}",
            names(&clusters).join(", ")
        );
    }
    let mut code = report::exit::CLEAN;
    for built in &chosen {
        code = code.max(say_problems(&built.problems, project.tree.sources()));
        if built.state == State::NoFolder {
            output::note(&format!(
                "error: {}: `{}` is no folder of the git tree",
                built.id, built.folder
            ));
            code = code.max(report::exit::FINDINGS);
        }
        for problem in built.objects.iter().flat_map(|object| &object.problems) {
            output::note(&format!(
                "error: {}",
                at(&problem.message, problem.span, project.tree.sources())
            ));
            code = code.max(report::exit::FINDINGS);
        }
    }
    if args.stage == "installed" {
        return Ok(code.max(installed(args, &project, &clusters, &chosen)?));
    }
    let written = args.stage == "written";
    let stage = |object: &'_ BuiltObject| -> Node {
        let before = object.before.as_ref().filter(|_| written);
        before.unwrap_or(&object.node).clone()
    };
    let nodes: Vec<Node> = chosen
        .iter()
        .flat_map(|built| &built.objects)
        .map(stage)
        .collect();
    output::data(&yaml::emit_stream(&nodes, Style::Kustomize))?;
    Ok(code)
}

/// Prints what the charts of the chosen flux::Kustomizations install; exit code 2 where nobody knows that.
fn installed(
    args: &Build,
    project: &Project,
    clusters: &[ClusterBuild],
    chosen: &[&Built],
) -> anyhow::Result<u8> {
    let toolbox = doctor::toolbox(&args.common)?;
    let installs = Charts::new(project, &toolbox).install(clusters);
    let mut code = report::exit::CLEAN;
    let mut nodes = Vec::new();
    for install in installs.iter().flat_map(|cluster| &cluster.releases) {
        if !chosen
            .iter()
            .any(|built| std::ptr::eq(*built, install.release.built))
        {
            continue;
        }
        let release = object::reference(install.node());
        match &install.outcome {
            Outcome::Installed(objects) => nodes.extend(objects.iter().map(|object| &object.node)),
            Outcome::Failed(failure) => {
                output::note(&format!("error: {release}: {}", failure.message));
                code = code.max(report::exit::FINDINGS);
            }
            Outcome::Deferred(reason) => {
                output::note(&format!("not known: {release}: {reason}"));
                code = code.max(report::exit::UNABLE);
            }
        }
    }
    output::data(&yaml::emit_stream(nodes, Style::Kustomize))?;
    Ok(code)
}

fn is_called(built: &Built, wanted: &str) -> bool {
    built.id.name == wanted || built.id.to_string() == wanted
}

fn names(clusters: &[ClusterBuild]) -> Vec<String> {
    clusters
        .iter()
        .flat_map(|cluster| &cluster.kustomizations)
        .map(|built| format!("`{}`", built.id))
        .collect()
}

fn at(message: &str, span: diag::Span, sources: &Sources) -> String {
    match sources.locate(span) {
        Some((path, place)) => format!("{path}:{}:{}: {message}", place.line, place.column),
        None => message.to_owned(),
    }
}

fn say_problems(problems: &[kustomize::Problem], sources: &Sources) -> u8 {
    let mut code = report::exit::CLEAN;
    for problem in problems {
        let (word, worth) = match problem.kind {
            kustomize::ProblemKind::Warning => ("warning", report::exit::CLEAN),
            kustomize::ProblemKind::Unsupported => ("error", report::exit::UNABLE),
            _ => ("error", report::exit::FINDINGS),
        };
        output::note(&format!(
            "{word}: {}",
            at(&problem.message, problem.span, sources)
        ));
        code = code.max(worth);
    }
    code
}
