//! `build`: what kustomize or Flux would build, as YAML.

use anyhow::bail;
use diag::Sources;
use flux::{Built, BuiltObject, ClusterBuild, State};
use kustomize::{Builder, LoadRestrictor, Mode, Options, Order, RootOverlay};
use model::yaml::{self, Node, Style};

use crate::cli::Build;
use crate::output;
use crate::project::Project;

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
