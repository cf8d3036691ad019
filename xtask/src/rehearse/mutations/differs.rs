//! What Flux could notice of a mutation: the pieces of a cluster that differ from those of the good tree.

use std::collections::BTreeSet;

use flux::ClusterBuild;
use helm::source::{Source, releases};
use model::object;
use model::tree::Tree;
use model::yaml;

/// One thing of a cluster that Flux looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    /// Whose it is, `Kind/namespace/name`.
    owner: String,
    /// The Kustomization that applies it, `Kustomization/namespace/name`; none for the entrypoint's.
    applier: Option<String>,
    /// What it is.
    text: String,
}

/// Everything of a cluster that Flux looks at: the entrypoint, every object, why builds fail, and charts that lie in the tree.
/// Two trees with the same pieces are one and the same to Flux.
pub(super) fn pieces(tree: &Tree, build: &ClusterBuild) -> BTreeSet<Piece> {
    let mut pieces = BTreeSet::new();
    let mut add = |owner: &str, applier: Option<&String>, text: String| {
        pieces.insert(Piece {
            owner: owner.to_owned(),
            applier: applier.cloned(),
            text,
        });
    };
    if let Some(sync) = &build.cluster.sync {
        let id = object::reference(sync).to_string();
        add(&id, None, yaml::to_json(sync).to_string());
    }
    for built in &build.kustomizations {
        let applier = format!("Kustomization/{}/{}", built.id.namespace, built.id.name);
        add(&applier, None, format!("{:?} in {}", built.state, built.folder));
        for problem in &built.problems {
            add(&applier, None, problem.message.clone());
        }
        for object in &built.objects {
            let id = object::reference(&object.node).to_string();
            add(&id, Some(&applier), yaml::to_json(&object.node).to_string());
            for problem in &object.problems {
                add(&id, Some(&applier), problem.message.clone());
            }
        }
    }
    for release in releases(build) {
        let Source::Folder(folder) = &release.source else {
            continue;
        };
        let id = object::reference(&release.object.node).to_string();
        for file in tree.files_below(folder) {
            let bytes = tree.read_bytes(file).unwrap_or_default();
            add(&id, None, format!("{file}: {}", String::from_utf8_lossy(&bytes)));
        }
    }
    pieces
}

/// Whose pieces differ, and who applies them: `Kind/namespace/name`.
pub(super) fn touched(good: &BTreeSet<Piece>, bad: &BTreeSet<Piece>) -> BTreeSet<String> {
    good.symmetric_difference(bad)
        .flat_map(|piece| std::iter::once(&piece.owner).chain(&piece.applier))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: [(&str, &str); 3] = [
        (
            "clusters/a/flux-system/gotk-sync.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, prune: true, path: ./clusters/a, sourceRef: {kind: GitRepository, name: flux-system}}
",
        ),
        (
            "clusters/a/app.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {interval: 10m, chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}}
",
        ),
        ("charts/app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
    ];

    fn of(tree: &Tree) -> BTreeSet<Piece> {
        let clusters = flux::discover(tree, &[]);
        let builder = kustomize::Builder::new(tree);
        let build = flux::build(tree, &builder, &clusters[0], flux::Options::for_version(2, 9));
        pieces(tree, &build)
    }

    fn touched_by(path: &str, find: &str, replace: &str) -> Vec<String> {
        let tree = Tree::from_files(CLUSTER);
        let text = tree.read(path).unwrap().text;
        assert!(text.contains(find));
        let changed = tree.with_files([(path, text.replace(find, replace))]);
        touched(&of(&tree), &of(&changed)).into_iter().collect()
    }

    #[test]
    fn a_comment_touches_nothing_and_a_field_its_object() {
        assert!(
            touched_by(
                "clusters/a/app.yaml",
                "kind: HelmRelease",
                "kind: HelmRelease # soon"
            )
            .is_empty()
        );
        assert_eq!(
            touched_by("clusters/a/app.yaml", "interval: 10m", "interval: 5m"),
            ["HelmRelease/web/app", "Kustomization/flux-system/flux-system"]
        );
    }

    #[test]
    fn a_chart_in_the_tree_is_a_piece_of_its_release() {
        assert_eq!(
            touched_by("charts/app/Chart.yaml", "1.0.0", "1.0.1"),
            ["HelmRelease/web/app"]
        );
    }

    #[test]
    fn a_build_that_fails_touches_what_it_applied() {
        let touched = touched_by("clusters/a/app.yaml", "spec:", "spec: [");
        assert!(
            touched.contains(&"Kustomization/flux-system/flux-system".to_owned()),
            "{touched:?}"
        );
    }
}
