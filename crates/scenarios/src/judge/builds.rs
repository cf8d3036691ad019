//! Claims about builds: of a folder by kustomize, of a flux::Kustomization by Flux.

use diag::Span;
use flux::Built;
use model::yaml::{self, Dialect, FieldPath, Node, Value};

use crate::design::{ObjectName, Subject};
use crate::miss::{Miss, quote};
use crate::subject::{View, is_named, why_not_built};

/// Names that kustomize gives its own file.
const KUSTOMIZATION_FILES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether `kustomize build` of a folder succeeds, or Flux's build with its substitution.
pub(super) fn build_succeeds(view: View<'_>, subject: &Subject) -> Result<(), Miss> {
    if let Subject::Folder(folder) = subject {
        return folder_builds(view, folder);
    }
    let built = applied_by(view, subject)?;
    let broken = built
        .objects
        .iter()
        .find_map(|object| Some((object, object.problems.first()?)));
    match broken {
        None => Ok(()),
        Some((object, problem)) => {
            let wanted = format!("a Flux build of `{}` that succeeds", built.id);
            Err(Miss::new(wanted, problem.message.clone())
                .at(problem.span)
                .of_object(&object.node))
        }
    }
}

fn folder_builds(view: View<'_>, folder: &str) -> Result<(), Miss> {
    let wanted = format!("a `kustomize build {folder}` that succeeds");
    let tree = view.inputs.tree;
    let build = kustomize::Builder::new(tree).build(folder, &kustomize::Options::default());
    if let Some(problem) = build.problems.iter().find(|problem| problem.kind.fails()) {
        return Err(Miss::new(wanted, problem.message.clone()).at(problem.span));
    }
    if build.objects.is_empty() {
        Err(Miss::new(wanted, "no object"))
    } else {
        Ok(())
    }
}

/// Manifests of a folder that its kustomization file does not lead to.
pub(super) fn unlisted(view: View<'_>, subject: &Subject) -> Vec<Miss> {
    let folder = subject.to_string();
    let tree = view.inputs.tree;
    let Some(listing) = KUSTOMIZATION_FILES.iter().find_map(|name| {
        let file = format!("{folder}/{name}");
        tree.is_file(&file).then_some(file)
    }) else {
        return vec![Miss::new(format!("a kustomization file in `{folder}`"), "none")];
    };
    if let Err(miss) = folder_builds(view, &folder) {
        return vec![miss];
    }
    let build = kustomize::Builder::new(tree).build(&folder, &kustomize::Options::default());
    let is_yaml = |name: &&str| name.ends_with(".yaml") || name.ends_with(".yml");
    let names = tree
        .names(&folder)
        .filter(is_yaml)
        .filter(|name| !KUSTOMIZATION_FILES.contains(name));
    let files: Vec<&str> = names
        .filter(|name| tree.is_file(&format!("{folder}/{name}")))
        .collect();
    if files.is_empty() {
        return vec![Miss::new(format!("manifests in `{folder}`"), "none")];
    }
    let place = resources_of(view, &listing);
    let missing = files
        .into_iter()
        .filter(|name| !build.files.contains(&format!("{folder}/{name}")));
    let miss = |name| Miss::new(format!("`{name}` among the resources"), "a list without it");
    missing
        .map(|name| miss(name).at(place).in_field("resources"))
        .collect()
}

fn resources_of(view: View<'_>, listing: &str) -> Span {
    let Ok(text) = view.inputs.tree.read(listing) else {
        return Span::NONE;
    };
    let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
    let map = parsed.documents.first().and_then(Node::as_map);
    map.and_then(|map| map.entry("resources"))
        .map_or_else(|| Span::file(text.source), |entry| entry.key_span)
}

/// Whether a flux::Kustomization applies an object.
pub(super) fn applies(view: View<'_>, subject: &Subject, name: &ObjectName) -> Result<(), Miss> {
    let built = applied_by(view, subject)?;
    if built.objects.iter().any(|object| is_named(&object.node, name)) {
        return Ok(());
    }
    let found = format!("{} objects without it", built.objects.len());
    let miss = Miss::new(format!("`{name}` among what `{}` applies", built.id), found);
    Err(match &built.node {
        Some(node) => miss.of_object(node),
        None => miss,
    })
}

/// Placeholders that are left in what a flux::Kustomization applies.
pub(super) fn no_placeholders(view: View<'_>, subject: &Subject) -> Vec<Miss> {
    let built = match applied_by(view, subject) {
        Ok(built) => built,
        Err(miss) => return vec![miss],
    };
    let mut misses = Vec::new();
    for object in &built.objects {
        for problem in &object.problems {
            let miss = Miss::new("a value for every placeholder", problem.message.clone());
            misses.push(miss.at(problem.span).of_object(&object.node));
        }
        object.node.walk(&mut |path, node| {
            if let Some(miss) = placeholder(path, node) {
                misses.push(miss.of_object(&object.node));
            }
        });
    }
    misses
}

fn placeholder(path: &FieldPath<'_>, node: &Node) -> Option<Miss> {
    let wanted = "a value without `${`";
    match &node.value {
        Value::Str(text) if text.contains("${") => Some(
            Miss::new(wanted, quote(node))
                .at(node.span)
                .in_field(path.to_string()),
        ),
        Value::Map(map) => {
            let entry = map.entries().iter().find(|entry| entry.key.contains("${"))?;
            let found = format!("the key `{}`", entry.key);
            Some(
                Miss::new(wanted, found)
                    .at(entry.key_span)
                    .in_field(path.to_string()),
            )
        }
        _ => None,
    }
}

/// The flux::Kustomization of a subject, when it was built and applies something.
pub(super) fn applied_by<'a>(view: View<'a>, subject: &Subject) -> Result<&'a Built, Miss> {
    let Subject::AppliedBy(name) = subject else {
        // The data are refused when they are read.
        return Err(Miss::new("a flux::Kustomization", subject.to_string()));
    };
    let built = view.built(name)?;
    let wanted = format!("a Flux build of `{name}` that succeeds");
    if let Some((why, span)) = why_not_built(built) {
        return Err(Miss::new(wanted, format!("a Kustomization that {why}")).at(span));
    }
    if built.objects.is_empty() {
        let miss = Miss::new(wanted, "no object");
        return Err(match &built.node {
            Some(node) => miss.of_object(node),
            None => miss,
        });
    }
    Ok(built)
}
