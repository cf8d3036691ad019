//! What the clusters apply, of the work tree and of another revision.

use std::collections::BTreeMap;

use anyhow::Context;
use diag::ObjectRef;
use flux::{ClusterBuild, State};
use kustomize::Builder;
use model::object;
use model::tree::{Tree, path};
use model::yaml;
use serde_json::Value;
use tools::git::Blob;
use tools::{Toolbox, git};

use crate::project::Project;

/// An object as Flux applies it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rendered {
    /// `flux-system/coredns`: the flux::Kustomization that applies it.
    pub(super) kustomization: String,
    pub(super) content: Value,
}

/// The objects of one revision by name and cluster, and what of it does not build.
#[derive(Debug, Default)]
pub(super) struct Revision {
    pub(super) objects: BTreeMap<(String, String), Rendered>,
    pub(super) broken: Vec<String>,
}

/// Renders every cluster of a project.
pub(super) fn render(project: &Project) -> anyhow::Result<Revision> {
    let builder = Builder::new(&project.tree);
    let clusters = project.build(&builder)?;
    let mut revision = Revision::default();
    for build in &clusters {
        let cluster = &build.cluster.name;
        revision.broken.extend(broken(build));
        for (built, object) in build.objects() {
            let ObjectRef {
                kind,
                namespace,
                name,
                ..
            } = object::reference(&object.node);
            let key = if namespace.is_empty() {
                format!("{kind}/{name}")
            } else {
                format!("{kind}/{namespace}/{name}")
            };
            let rendered = Rendered {
                kustomization: built.id.to_string(),
                content: yaml::to_json(&object.node),
            };
            revision.objects.insert((key, cluster.clone()), rendered);
        }
    }
    Ok(revision)
}

fn broken(build: &ClusterBuild) -> Vec<String> {
    let cluster = &build.cluster.name;
    let is_broken = |state: &State| matches!(state, State::Failed | State::NoFolder);
    build
        .kustomizations
        .iter()
        .filter(|built| is_broken(&built.state))
        .map(|built| format!("Kustomization {} of cluster `{cluster}` does not build", built.id))
        .collect()
}

/// The project with the files of another revision: those that Flux would see, links resolved.
pub(super) fn at_revision(
    toolbox: &Toolbox,
    project: &Project,
    common: &crate::cli::Common,
    rev: &str,
) -> anyhow::Result<Project> {
    let is_seen = |path: &str| project.tree.is_file(path) || project.tree.hidden_by(path).is_none();
    let blobs = git::files_at(toolbox, &project.root, rev, &is_seen)
        .with_context(|| format!("cannot read the revision `{rev}`"))?;
    Ok(project.with_tree(common, tree(blobs)))
}

fn tree(blobs: Vec<Blob>) -> Tree {
    let by_path: BTreeMap<String, (Vec<u8>, bool)> = blobs
        .into_iter()
        .map(|blob| (blob.path, (blob.content, blob.is_link)))
        .collect();
    let files = by_path.iter().filter_map(|(at, (content, is_link))| {
        if !is_link {
            return Some((at.as_str(), content.clone()));
        }
        // As on disk: a link to a file inside the tree is that file, any other is absent.
        let target = std::str::from_utf8(content).ok()?;
        let target = path::join(path::parent(at), target).ok()?;
        let (content, is_link) = by_path.get(&target)?;
        (!is_link).then(|| (at.as_str(), content.clone()))
    });
    Tree::from_files(files.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_inside_the_tree_are_followed() {
        let blob = |path: &str, content: &str, is_link| Blob {
            path: path.to_owned(),
            content: content.as_bytes().to_vec(),
            is_link,
        };
        let tree = tree(vec![
            blob("a/b", "x", false),
            blob("a/near", "b", true),
            blob("c/far", "../a/b", true),
            blob("out", "/etc/passwd", true),
            blob("away", "../x", true),
        ]);
        assert_eq!(tree.files().collect::<Vec<_>>(), ["a/b", "a/near", "c/far"]);
        assert_eq!(&*tree.read("c/far").unwrap().text, "x");
    }
}
