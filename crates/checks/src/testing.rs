//! Runs all checks on a tree from text, with the settings that the tree holds.

use ::flux::ClusterBuild;
use ::schema::Store;
use diag::Findings;
use model::config::{self, Config};
use model::object;
use model::tree::Tree;
use model::yaml::Node;

use crate::{Context, Outcome, run};

/// The day of the tests.
const TODAY: &str = "2026-11-23";

fn no_archive(_: &::oci::ChartRequest) -> Result<::helm::install::Archive, String> {
    Err("the chart is not in the cache".to_owned())
}

/// Runs a case of annotated text.
pub(crate) fn case(text: &str) {
    testkit::check_case(text, |tree| of_tree(tree).findings);
}

/// All findings of a tree from text.
pub(crate) fn findings(text: &str) -> Findings {
    outcome(text).findings
}

/// The outcome of a tree from text.
pub(crate) fn outcome(text: &str) -> Outcome {
    of_tree(&testkit::tree(text))
}

fn of_tree(tree: &Tree) -> Outcome {
    let config = tree
        .read(config::PATH)
        .map(|text| Config::parse(&text.text).unwrap())
        .unwrap_or_default();
    let builder = ::kustomize::Builder::new(tree);
    let options = ::flux::Options::for_version(2, 9);
    let clusters: Vec<ClusterBuild> = ::flux::discover(tree, &[])
        .iter()
        .map(|cluster| ::flux::build(tree, &builder, cluster, options))
        .collect();
    let objects = || clusters.iter().flat_map(ClusterBuild::objects);
    let crds: Vec<&Node> = objects()
        .map(|(_, object)| &object.node)
        .filter(|node| object::kind(node) == "CustomResourceDefinition")
        .collect();
    let (schemas, _) = Store::bundled().with_crds(&crds);
    let installs = ::helm::install::install(
        tree,
        &clusters,
        &no_archive,
        Err(&"helm was not asked".to_owned()),
    );
    run(&Context::new(
        tree, &clusters, &installs, &schemas, &config, TODAY,
    ))
}
