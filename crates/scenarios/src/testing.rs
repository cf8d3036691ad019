//! A small repository and its way through builds and scenarios, for this crate's tests.

use flux::{ClusterBuild, Options};
use model::config::Config;
use model::tree::Tree;
use schema::Store;

use crate::design::Story;
use crate::evidence::Evidence;
use crate::outcome::Outcome;
use crate::run::{Filter, Inputs, run};
use crate::seen::digest_of_inputs;

const KUSTOMIZATIONS: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, path: ./clusters/a, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system}
spec:
  interval: 10m
  path: ./app
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
";

const SETTINGS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  REPLICAS: '2'
  ADDRESS: 10.0.0.10
  FIRST: 10.0.0.1
  OUTSIDE: 10.9.0.10
  NETWORK: '[\"10.0.0.0/16\"]'
";

/// A repository with one cluster, whose Kustomization `app` applies `app/`.
pub(crate) fn tree(app: &str) -> Tree {
    Tree::from_files([
        ("clusters/a/flux-system/gotk-sync.yaml", KUSTOMIZATIONS),
        ("clusters/a/settings.yaml", SETTINGS),
        ("app/kustomization.yaml", "resources:\n  - app.yaml\n"),
        ("app/app.yaml", app),
    ])
}

/// A story of one scenario with these expectations, each one line of flow YAML.
pub(crate) fn story(expectations: &[&str]) -> Story {
    let mut text = "{story: '01', title: t, settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}, \
                    clusters: all, criteria: [], scenarios: [{id: S, priority: P0, level: integration, title: t, \
                    mutations: [], expectations: ["
        .to_owned();
    let expectations: Vec<String> = expectations.iter().map(|text| format!("{{{text}}}")).collect();
    text += &expectations.join(", ");
    text += "]}]}";
    Story {
        digest: expectations.join(", "),
        ..serde_yaml::from_str(&text).unwrap()
    }
}

/// The outcome of a scenario with these expectations.
pub(crate) fn outcome(tree: &Tree, expectations: &[&str], evidence: &[Evidence]) -> Outcome {
    run_story(tree, &story(expectations), evidence).remove(0)
}

/// The outcomes of a story.
pub(crate) fn run_story(tree: &Tree, story: &Story, evidence: &[Evidence]) -> Vec<Outcome> {
    with_inputs(tree, evidence, |inputs| run(inputs, story, &Filter::default()))
}

/// The digest of what a story looks at.
pub(crate) fn digest(tree: &Tree, story: &Story) -> String {
    with_inputs(tree, &[], |inputs| digest_of_inputs(inputs, story))
}

fn with_inputs<T>(tree: &Tree, evidence: &[Evidence], use_them: impl FnOnce(&Inputs<'_>) -> T) -> T {
    let clusters = build(tree);
    let config = Config {
        approved_registries: vec!["ghcr.io/coredns".to_owned()],
        ..Config::default()
    };
    let schemas = Store::bundled();
    let checked = checks::Outcome::default();
    use_them(&Inputs {
        tree,
        clusters: &clusters,
        installs: &[],
        schemas: &schemas,
        config: &config,
        checked: &checked,
        evidence,
    })
}

/// What is wrong with one expectation, as `file:line:column message`.
pub(crate) fn wrong(tree: &Tree, expectation: &str) -> Vec<String> {
    let outcome = outcome(tree, &[expectation], &[]);
    outcome
        .failures()
        .map(|failure| format!("{} {}", failure.place(), failure.message()))
        .collect()
}

fn build(tree: &Tree) -> Vec<ClusterBuild> {
    let builder = kustomize::Builder::new(tree);
    let clusters = flux::discover(tree, &[]);
    clusters
        .iter()
        .map(|cluster| flux::build(tree, &builder, cluster, Options::for_version(2, 9)))
        .collect()
}
