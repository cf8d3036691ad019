//! This repository with its real charts, from a local registry through mirrors. The archives are not ours to keep: the
//! environment names a folder with `coredns-1.38.0.tgz` and `cilium-1.18.3.tgz`.

use std::path::PathBuf;

use serde_json::Value;
use tools::{Invocation, Output};

use crate::registry::Registry;
use crate::repo::{Repo, workspace};

const VARIABLE: &str = "XTASK_TEST_CHARTS";
const RELEASE: &str = "kubernetes/infrastructure/networking/coredns/helmrelease.yaml";

/// A registry with both charts, and a cache that the first preflight fills.
struct World {
    registry: Registry,
    cache: tempfile::TempDir,
}

impl World {
    fn new(test: &str) -> Option<Self> {
        let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
            eprintln!("skipped real_charts::{test}: no {VARIABLE}");
            return None;
        };
        let registry = Registry::start();
        for (name, version, repository) in [
            ("coredns", "1.38.0", "coredns/charts/coredns"),
            ("cilium", "1.18.3", "cilium/charts/cilium"),
        ] {
            let file = folder.join(format!("{name}-{version}.tgz"));
            let Ok(archive) = std::fs::read(&file) else {
                eprintln!("skipped real_charts::{test}: {VARIABLE} has no {name}-{version}.tgz");
                return None;
            };
            registry.publish(repository, name, version, "", &archive);
        }
        let world = Self {
            registry,
            cache: tempfile::tempdir().unwrap(),
        };
        Some(world)
    }

    fn run(&self, repo: &Repo, args: &[&str]) -> Output {
        Invocation::new(env!("CARGO_BIN_EXE_xtask"))
            .args(args)
            .args(["--path", repo.path("").to_str().unwrap()])
            .cwd(workspace())
            .env("NO_COLOR", "1")
            .env("XTASK_CACHE_DIR", self.cache.path().display().to_string())
            .run_accepting(&[0, 1, 2])
            .unwrap()
    }

    fn mirrors(&self) -> [String; 2] {
        ["ghcr.io", "quay.io"].map(|host| format!("{host}={}", self.registry.host))
    }

    fn fetch(&self, repo: &Repo) -> Output {
        let [ghcr, quay] = self.mirrors();
        self.run(
            repo,
            &["preflight", "--fetch", "--mirror", &ghcr, "--mirror", &quay],
        )
    }

    fn report(&self, repo: &Repo) -> (i32, Value) {
        let output = self.run(repo, &["validate", "-o", "json"]);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|cause| panic!("{cause}: {}", output.stderr));
        (output.status, report)
    }
}

fn checks(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| (text(&finding["check"]), text(&finding["path"])))
        .collect()
}

/// The registry answers for both charts, everything that they install is checked, and no promise is deferred.
#[test]
fn both_charts_install_what_the_story_promises() {
    let Some(world) = World::new("both_charts_install_what_the_story_promises") else {
        return;
    };
    let repo = Repo::copy();
    let output = world.fetch(&repo);
    assert_eq!(output.status, 0, "{}", output.stderr);
    let (code, report) = world.report(&repo);
    assert_eq!(checks(&report), [], "{:#}", report["findings"]);
    assert_eq!(code, 0);
    let coverage = &report["coverage"];
    assert_eq!(
        (&coverage["releases"], &coverage["releasesRendered"]),
        (&4.into(), &4.into())
    );
    assert!(coverage["installed"].as_u64().unwrap() > 50, "{coverage}");
    assert_eq!(coverage["installed"], coverage["installedSchemaChecked"]);
    assert_eq!(
        report["deferred"].as_array().unwrap().len(),
        0,
        "{:#}",
        report["deferred"]
    );
}

/// The sample manifests of the story, each wrong where it is: no more and no less.
#[test]
fn the_values_of_the_story_are_told_from_those_that_work() {
    let Some(world) = World::new("the_values_of_the_story_are_told_from_those_that_work") else {
        return;
    };
    let repo = Repo::copy();
    assert_eq!(world.fetch(&repo).status, 0);
    repo.edit(RELEASE, "    k8sAppLabelOverride: kube-dns\n", "");
    repo.edit(
        RELEASE,
        "    podDisruptionBudget:\n",
        "    podDisruptionBudget:\n      enabled: true\n",
    );
    repo.edit(
        RELEASE,
        "    livenessProbe:\n",
        "    livenessProbe:\n      httpGet: {path: /health, port: 8080}\n",
    );
    repo.edit(
        RELEASE,
        "    readinessProbe:\n",
        "    readinessProbe:\n      httpGet: {path: /ready, port: 8181}\n",
    );
    repo.edit(
        RELEASE,
        "    prometheus:\n",
        "    serviceMonitor: {enabled: false}\n    prometheus:\n",
    );
    let (code, report) = world.report(&repo);
    assert_eq!(code, 1);
    let wanted = [
        (
            "workload/spread-selects-nothing",
            "spec.template.spec.topologySpreadConstraints[0].labelSelector",
        ),
        ("schema/invalid", "spec.enabled"),
        ("helm/value-unknown", "spec.values.livenessProbe.httpGet"),
        ("helm/value-unknown", "spec.values.readinessProbe.httpGet"),
        ("helm/value-unknown", "spec.values.serviceMonitor"),
    ];
    let wanted: Vec<(String, String)> = wanted
        .into_iter()
        .map(|(check, path)| (check.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(checks(&report), wanted, "{:#}", report["findings"]);
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(finding["file"], RELEASE, "{finding:#}");
        assert_eq!(finding["stage"], "installed", "{finding:#}");
    }
}
