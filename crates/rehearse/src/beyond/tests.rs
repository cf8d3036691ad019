//! What is deferred with what, and what has failed all the same.

use model::tree::Tree;
use serde_json::json;

use super::*;
use crate::observe;

const SYNC: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, prune: true, path: ./clusters/a, sourceRef: {kind: GitRepository, name: flux-system}}
";
const APPS: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system}
spec: {interval: 10m, prune: true, wait: true, path: ./app, sourceRef: {kind: GitRepository, name: flux-system}}
";
const APP: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: chart, namespace: flux-system}
spec: {interval: 10m, url: 'oci://example.org:5000/charts/app'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: default}
spec: {interval: 10m, chartRef: {kind: OCIRepository, name: chart, namespace: flux-system}}
";

fn build() -> ClusterBuild {
    let tree = Tree::from_files([
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/a/apps.yaml", APPS),
        ("app/app.yaml", APP),
    ]);
    let clusters = flux::discover(&tree, &[]);
    let builder = kustomize::Builder::new(&tree);
    flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9))
}

/// An object that is not Ready, with a reason and a spec.
fn object(kind: &'static str, id: &str, reason: &str, message: &str, spec: &Json) -> Live {
    let (namespace, name) = id.split_once('/').unwrap();
    let object = json!({
        "metadata": {"name": name, "namespace": namespace, "generation": 1}, "spec": spec,
        "status": {"observedGeneration": 1, "conditions": [
            {"type": "Ready", "status": "False", "reason": reason, "message": message},
        ]},
    });
    observe::live("", kind, &object)
}

/// The chart's source, its release, what applies them, and what waits for that; the reason of what applies them.
fn cluster(applies: &str) -> Snapshot {
    let source = json!({"url": "oci://127.0.0.1:1/s/example.org_5000/charts/app"});
    let release = json!({"chartRef": {"kind": "OCIRepository", "name": "chart", "namespace": "flux-system"}});
    let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}, "wait": true});
    let waits = json!({"sourceRef": own["sourceRef"], "dependsOn": [{"name": "app"}]});
    Snapshot {
        objects: vec![
            object(
                "OCIRepository",
                "flux-system/chart",
                "OCIArtifactPullFailed",
                "not found",
                &source,
            ),
            object(
                "HelmRelease",
                "default/app",
                "SourceNotReady",
                "not ready",
                &release,
            ),
            object("Kustomization", "flux-system/app", applies, "", &own),
            object(
                "Kustomization",
                "flux-system/later",
                "DependencyNotReady",
                "",
                &waits,
            ),
        ],
        ..Snapshot::default()
    }
}

fn deferred(snapshot: &Snapshot, served: &[&str], missing: &[&str]) -> Vec<String> {
    let set = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect();
    let beyond = Beyond {
        build: &build(),
        served: &set(served),
        missing: &set(missing),
        oci_prefix: "oci://127.0.0.1:1/s/",
        own: &set(&["GitRepository/flux-system/flux-system"]),
    };
    beyond.deferred(snapshot, &BTreeSet::new()).into_keys().collect()
}

#[test]
fn what_waits_for_a_chart_that_cannot_be_had_is_deferred_with_it() {
    assert_eq!(
        deferred(&cluster("HealthCheckFailed"), &[], &[]),
        [
            "HelmRelease/default/app",
            "Kustomization/flux-system/app",
            "Kustomization/flux-system/later",
            "OCIRepository/flux-system/chart",
        ]
    );
}

#[test]
fn a_fault_of_its_own_is_one_whatever_else_is_missing() {
    let found = deferred(&cluster("BuildFailed"), &[], &[]);
    assert_eq!(
        found,
        ["HelmRelease/default/app", "OCIRepository/flux-system/chart"]
    );
}

#[test]
fn a_chart_that_is_served_or_known_not_to_exist_fails() {
    let url = "oci://example.org:5000/charts/app";
    assert!(deferred(&cluster("HealthCheckFailed"), &[url], &[]).is_empty());
    assert!(deferred(&cluster("HealthCheckFailed"), &[], &[url]).is_empty());
}

#[test]
fn secrets_that_nobody_here_makes_and_external_artifacts_are_deferred() {
    let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
    let external = json!({"sourceRef": {"kind": "ExternalArtifact", "name": "x"}});
    let message = "substitute from 'Secret/keys' error: secrets \"keys\" not found";
    let snapshot = Snapshot {
        objects: vec![
            object("Kustomization", "flux-system/app", "BuildFailed", message, &own),
            object(
                "Kustomization",
                "flux-system/other",
                "BuildFailed",
                "configmaps \"keys\" not found",
                &own,
            ),
            object("Kustomization", "flux-system/x", "AccessDenied", "", &external),
        ],
        ..Snapshot::default()
    };
    assert_eq!(
        deferred(&snapshot, &[], &[]),
        ["Kustomization/flux-system/app", "Kustomization/flux-system/x"]
    );
}

/// A cluster whose `app` reads a variable of a Secret that nobody makes in one of its two objects.
fn substituting() -> ClusterBuild {
    let app = APPS.replace(
        "wait: true,",
        "postBuild: {substituteFrom: [{kind: Secret, name: outside}]},",
    );
    let map = |name: &str, value: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\ndata: {{a: '{value}'}}\n"
        )
    };
    let tree = Tree::from_files([
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC.to_owned()),
        ("clusters/a/apps.yaml", app),
        ("app/app.yaml", map("invented", "${X}") + &map("plain", "b")),
    ]);
    let clusters = flux::discover(&tree, &[]);
    let builder = kustomize::Builder::new(&tree);
    flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9))
}

/// Why `app` is deferred when Flux says this of it and the Secret has a stand-in.
fn with_a_stand_in(ready: bool, message: &str) -> Option<String> {
    let build = substituting();
    let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
    let mut live = object(
        "Kustomization",
        "flux-system/app",
        "ReconciliationFailed",
        message,
        &own,
    );
    if ready {
        live.ready = Ready::Yes;
    }
    let beyond = Beyond {
        build: &build,
        served: &BTreeSet::new(),
        missing: &BTreeSet::new(),
        oci_prefix: "oci://127.0.0.1:1/s/",
        own: &BTreeSet::new(),
    };
    let snapshot = Snapshot {
        objects: vec![live],
        ..Snapshot::default()
    };
    let made = BTreeSet::from([("flux-system".to_owned(), "outside".to_owned())]);
    let mut deferred = beyond.deferred(&snapshot, &made);
    deferred
        .remove("Kustomization/flux-system/app")
        .map(|deferral| deferral.why)
}

#[test]
fn ready_with_invented_values_is_not_ready() {
    let why = with_a_stand_in(true, "Applied revision: rehearsal").unwrap();
    assert!(
        why.contains("invented values") && why.contains("`flux-system/outside`"),
        "{why}"
    );
}

#[test]
fn a_refusal_counts_where_no_value_of_the_refused_object_is_invented() {
    let refusal = |name: &str| format!("ConfigMap/default/{name} dry-run failed (Invalid): data.a: no");
    assert!(with_a_stand_in(false, &refusal("invented")).is_some());
    assert_eq!(with_a_stand_in(false, &refusal("plain")), None);
    assert_eq!(
        with_a_stand_in(false, "kustomize build failed: no such file"),
        None
    );
}

#[test]
fn a_build_is_deferred_where_it_fails_at_what_is_remote() {
    let remote = "https://github.com/a/b?ref=v1";
    let kustomization = format!("resources: [{remote}, gone.yaml]\n");
    let why = |message: &str| {
        let tree = Tree::from_files([
            ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
            ("clusters/a/apps.yaml", APPS),
            ("app/kustomization.yaml", &kustomization),
        ]);
        let clusters = flux::discover(&tree, &[]);
        let builder = kustomize::Builder::new(&tree);
        let build = flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9));
        let own = json!({"sourceRef": {"kind": "GitRepository", "name": "flux-system"}});
        let snapshot = Snapshot {
            objects: vec![object(
                "Kustomization",
                "flux-system/app",
                "BuildFailed",
                message,
                &own,
            )],
            ..Snapshot::default()
        };
        let beyond = Beyond {
            build: &build,
            served: &BTreeSet::new(),
            missing: &BTreeSet::new(),
            oci_prefix: "oci://127.0.0.1:1/s/",
            own: &BTreeSet::new(),
        };
        let mut deferred = beyond.deferred(&snapshot, &BTreeSet::new());
        deferred
            .remove("Kustomization/flux-system/app")
            .map(|deferral| deferral.why)
    };
    let failed =
        |at: &str| format!("kustomize build failed: accumulating resources from '{at}': no such host");
    assert!(why(&failed(remote)).is_some_and(|why| why.contains(remote)));
    assert_eq!(why(&failed("gone.yaml")), None);
}
