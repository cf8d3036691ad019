//! A cluster from text, for tests.

use flux::ClusterBuild;

/// The only cluster of a tree from text; text before the first `--- path` is what it applies.
pub(crate) fn cluster(text: &str) -> ClusterBuild {
    let tree = testkit::tree(text);
    let builder = kustomize::Builder::new(&tree);
    let clusters = flux::discover(&tree, &[]);
    assert_eq!(clusters.len(), 1);
    flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9))
}
