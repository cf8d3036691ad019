//! What kustomize-controller does before the build: it makes up a missing kustomization file and merges the fields of its
//! own spec into the root file.
//!
//! Source: `fluxcd/pkg/kustomize` at e2cfd1a2, the generator of Flux 2.9.

use std::sync::Arc;

use diag::Span;
use model::tree::path;
use model::yaml::Node;

use crate::RootOverlay;
use crate::accumulate::Run;
use crate::decode::{self, Decoder, Strictness};
use crate::file::{File, Image, Text};
use crate::paths::FILE_NAMES;
use crate::problem::{Problem, ProblemKind};

/// The root file as Flux rewrites it, and whether it was made up. None after saying why there is none.
pub(crate) fn root(run: &mut Run<'_, '_>, folder: &str) -> Option<(Arc<File>, bool)> {
    let tree = run.builder.tree;
    if !tree.is_folder(folder) {
        let error = run.absence(folder);
        run.cannot_read(Span::NONE, "folder", &error);
        return None;
    }
    let at = |name: &&str| join(folder, name);
    let found: Vec<String> = FILE_NAMES.iter().map(at).filter(|at| tree.is_file(at)).collect();
    let is_generated = found.is_empty();
    let mut file = match found.as_slice() {
        [] => generate(run, folder)?,
        [one] => read(run, one)?,
        _ => {
            run.kustomization_path(folder, Span::NONE);
            return None;
        }
    };
    overlay(run, &mut file);
    Some((Arc::new(file), is_generated))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Reads the file leniently. Without resources it asks for origin annotations, which also makes an empty file legal.
fn read(run: &mut Run<'_, '_>, at: &str) -> Option<File> {
    run.files.insert(at.to_owned());
    let text = match run.builder.tree.read(at) {
        Ok(text) => text,
        Err(error) => {
            run.cannot_read(Span::NONE, "kustomization file", &error);
            return None;
        }
    };
    let (mut file, problems) = decode::kustomization(at, text.source, &text.text, Strictness::Lenient);
    run.problems.extend(problems);
    if !file.has_resources {
        file.build_metadata = vec![Text {
            value: "originAnnotations".into(),
            span: Span::file(text.source),
        }];
    }
    Some(file)
}

/// A file that lists all YAML files of the folder and below; folders with a file of their own are listed as such.
fn generate(run: &mut Run<'_, '_>, folder: &str) -> Option<File> {
    let mut file = File {
        path: join(folder, FILE_NAMES[0]),
        folder: folder.to_owned(),
        ..File::default()
    };
    let mut listed = Vec::new();
    scan(run, folder, &mut listed, 0);
    let before = run.problems.len();
    for at in &listed {
        let relative = path::relative(folder, at);
        let mut span = Span::NONE;
        if run.builder.tree.is_file(at) {
            match run.builder.manifest(at) {
                Ok(manifest) => {
                    let source = run.builder.tree.read(at).map(|text| text.source);
                    span = source.map_or(Span::NONE, Span::file);
                    refuse(run, at, &manifest.problems);
                }
                Err(error) => run.cannot_read(Span::NONE, "resource", &error),
            }
            run.files.insert(at.clone());
        }
        file.resources.push(Text {
            value: relative.into(),
            span,
        });
    }
    if listed.is_empty() {
        file.namespace = Some(Text {
            value: "_placeholder".into(),
            span: Span::NONE,
        });
    }
    (run.problems.len() == before).then_some(file)
}

/// Files that are no objects fail the whole build, since Flux lists them all.
fn refuse(run: &mut Run<'_, '_>, at: &str, problems: &[Problem]) {
    for problem in problems {
        let mut problem = problem.clone();
        if problem.help.is_empty() && problem.kind == ProblemKind::Error {
            let folder = path::parent(at);
            let shown = if folder.is_empty() { "." } else { folder };
            problem.help = format!(
                "Flux builds every YAML file of a folder without kustomization.yaml: add `{shown}/kustomization.yaml` \
                 that lists what is meant, or name `{}` in `.sourceignore`",
                path::file_name(at)
            );
        }
        run.problems.push(problem);
    }
}

fn scan(run: &Run<'_, '_>, folder: &str, listed: &mut Vec<String>, depth: usize) {
    let tree = run.builder.tree;
    if depth > 200 {
        return;
    }
    for name in tree.names(folder) {
        let at = join(folder, name);
        if tree.is_file(&at) {
            if name.ends_with(".yaml") || name.ends_with(".yml") {
                listed.push(at);
            }
        } else if FILE_NAMES.iter().any(|file| tree.is_file(&join(&at, file))) {
            listed.push(at);
        } else {
            scan(run, &at, listed, depth + 1);
        }
    }
}

/// Merges the fields of the Flux spec into the root file.
fn overlay(run: &mut Run<'_, '_>, file: &mut File) {
    let RootOverlay {
        target_namespace,
        name_prefix,
        name_suffix,
        patches,
        components,
        images,
        build_metadata,
        ..
    } = &run.options.overlay;
    let mut decoder = Decoder::new(Strictness::Lenient);
    let mut replace = |field: &mut Option<Text>, node: &Option<Node>, what: &str| {
        if let Some(node) = node.as_ref().filter(|node| !node.is_null()) {
            *field = decoder.text(node, what).filter(|text| !text.value.is_empty());
        }
    };
    replace(&mut file.namespace, target_namespace, "`targetNamespace`");
    replace(&mut file.name_prefix, name_prefix, "`namePrefix`");
    replace(&mut file.name_suffix, name_suffix, "`nameSuffix`");
    for node in patches.iter().filter_map(Node::as_seq).flatten() {
        let patch = decoder.patch(node);
        file.patches.extend(patch);
    }
    for image in decoder.images(images.as_ref().filter(|node| !node.is_null())) {
        add_image(&mut file.images, image);
    }
    let texts = |decoder: &mut Decoder, node: &Option<Node>, what: &str| -> Vec<Text> {
        let items = node.iter().filter_map(Node::as_seq).flatten();
        items.filter_map(|item| decoder.text(item, what)).collect()
    };
    let metadata = texts(&mut decoder, build_metadata, "an entry of `buildMetadata`");
    if !metadata.is_empty() {
        file.build_metadata = metadata;
    }
    let components = texts(&mut decoder, components, "an entry of `components`");
    run.problems.append(&mut decoder.problems);
    for component in components {
        add_component(run, file, component);
    }
}

/// An image of the spec overrides the file's entry of the same name: the name alone, tag and digest as a pair.
fn add_image(images: &mut Vec<Image>, image: Image) {
    match images.iter_mut().find(|old| old.name == image.name) {
        None => images.push(image),
        Some(old) => {
            if image.new_name.is_some() {
                old.new_name = image.new_name;
            }
            if image.new_tag.is_some() || image.digest.is_some() {
                old.new_tag = image.new_tag;
                old.digest = image.digest;
            }
        }
    }
}

fn add_component(run: &mut Run<'_, '_>, file: &mut File, component: Text) {
    let is_local =
        !component.value.is_empty() && !component.value.starts_with('/') && !component.value.contains("://");
    if !is_local {
        let message = format!("component `{}` is no local relative path", component.value);
        run.problems.push(Problem::error(component.span, message));
        return;
    }
    let at = path::join(&file.folder, &component.value);
    let exists = at.is_ok_and(|at| run.builder.tree.is_folder(&at) || run.builder.tree.is_file(&at));
    if exists || !run.options.overlay.ignore_missing_components {
        file.components.push(component);
    }
}
