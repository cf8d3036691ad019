//! Live scenarios with the real programs, where they are: in a rehearsal, and through kubectl at one that is kept.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use tools::{Invocation, Output};

use crate::rehearse_real::{rehearse, repo};
use crate::repo::{NO_CACHE, Repo};
use crate::stage::{folders, real};

const RELEASE: &str = "kubernetes/infrastructure/dns/helmrelease.yaml";

const CHART: &str = r"apiVersion: apps/v1
kind: Deployment
metadata: {name: dns}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: dns}}
  template:
    metadata: {labels: {app: dns}}
    spec:
      affinity: {{ toJson .Values.affinity }}
      containers: [{name: dns, image: 'example.org/dns:1'}]
---
apiVersion: v1
kind: Service
metadata: {name: dns}
spec:
  clusterIP: {{ .Values.address }}
  selector: {app: dns}
  ports: [{port: 53}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dns}
data:
  Corefile: |
    .:53 {
        ready
        kubernetes cluster.local
    }
{{- with .Values.podDisruptionBudget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: dns}
spec: {selector: {matchLabels: {app: dns}}, minAvailable: {{ .minAvailable }}}
{{- end }}
";

const GOOD: &str = "    replicas: ${COREDNS_REPLICAS}
    address: ${COREDNS_CLUSTER_IP}
    affinity: {}
    podDisruptionBudget:
      minAvailable: 1
";

const DESIGN: &str = "story: '09'
title: a DNS of one's own
settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}
clusters: [infra]
criteria: []
scenarios: []
";

const LIVE: &str = "story: '09'
from: {kind: HelmRelease, namespace: kube-system, name: dns}
programs: {coredns: {config: {kind: ConfigMap, namespace: kube-system, name: dns, key: Corefile}}}
notVerified: [{what: answers, why: no pod runs}]
scenarios:
  - {id: L1, priority: P0, title: applied, ready: {kind: Kustomization, namespace: flux-system, name: dns}}
  - {id: L2, priority: P0, title: installed, ready: {kind: HelmRelease, namespace: kube-system, name: dns}}
  - id: L3
    priority: P0
    title: replicas
    at: spec.values.replicas
    replicas: {object: {kind: Deployment, namespace: kube-system, name: dns}, equalsSetting: COREDNS_REPLICAS}
  - id: L4
    priority: P1
    title: spread
    at: spec.values.affinity
    spread: {object: {kind: Deployment, namespace: kube-system, name: dns}, topologyKey: kubernetes.io/hostname}
  - id: L5
    priority: P0
    title: address
    at: spec.values.address
    service: {object: {kind: Service, namespace: kube-system, name: dns}, clusterIPEqualsSetting: COREDNS_CLUSTER_IP}
  - id: L6
    priority: P0
    title: budget
    at: spec.values.podDisruptionBudget
    disruption: {object: {kind: PodDisruptionBudget, namespace: kube-system, name: dns}, allows: 1}
  - {id: L7, priority: P0, title: restart, rollout: {object: {kind: Deployment, namespace: kube-system, name: dns}}}
  - id: L8
    priority: P1
    title: Cilium, whose chart cannot be had
    from: {kind: HelmRelease, namespace: kube-system, name: cilium}
    spread: {object: {kind: Deployment, namespace: kube-system, name: cilium-operator}, topologyKey: kubernetes.io/hostname}
  - id: L9
    priority: P0
    title: the Service has a name
    program: coredns
    dns: {ask: dns.kube-system.svc.cluster.local, type: A, answersServiceOf: {namespace: kube-system, name: dns}}
";

fn stage(test: &str, values: &str) -> Option<Repo> {
    if real("coredns").is_none() {
        eprintln!("skipped {test}: no `coredns`");
        return None;
    }
    let repo = repo(test, values)?;
    repo.write("charts/dns/templates/all.yaml", CHART);
    repo.write("docs/qa/09-dns/test-design.yaml", DESIGN);
    repo.write("docs/qa/09-dns/risks.yaml", "risks: []\n");
    repo.write("docs/qa/09-dns/live.yaml", LIVE);
    Some(repo)
}

/// `id outcome` of each scenario.
fn outcomes(scenarios: &Json) -> Vec<String> {
    let text = |scenario: &Json, field: &str| scenario[field].as_str().unwrap_or_default().to_owned();
    let all = scenarios.as_array().unwrap().iter();
    all.map(|scenario| format!("{} {}", text(scenario, "id"), text(scenario, "outcome")))
        .collect()
}

#[test]
fn what_does_not_hold_is_red_at_its_line() {
    let crowded = "    replicas: ${COREDNS_REPLICAS}
    address: ${COREDNS_CLUSTER_IP}
    affinity:
      nodeAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [rehearsal-1]}]}]
";
    let Some(repo) = stage("live_real::what_does_not_hold_is_red_at_its_line", crowded) else {
        return;
    };
    let (code, report) = rehearse(&repo);
    assert_eq!(code, 1, "{report:#}");
    let live = &report["clusters"][0]["live"];
    assert_eq!(
        outcomes(&live["scenarios"]),
        [
            "L1 passed",
            "L2 passed",
            "L3 passed",
            "L4 failed",
            "L5 passed",
            "L6 failed",
            "L7 passed",
            "L8 deferred",
            "L9 passed"
        ],
        "{live:#}"
    );
    let (affinity, _) = repo.place(RELEASE, "affinity:");
    let (values, _) = repo.place(RELEASE, "values:");
    for (n, line) in [(3, affinity), (5, values)] {
        let place = &live["scenarios"][n]["place"];
        assert_eq!((&place["file"], &place["line"]), (&RELEASE.into(), &line.into()));
    }
    let found = |n: usize| {
        live["scenarios"][n]["misses"][0]["found"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(found(3).ends_with("on `rehearsal-1`"), "{}", found(3));
    assert_eq!(found(5), "no such object");
    let why = live["scenarios"][7]["why"].as_str().unwrap();
    assert!(why.contains("cilium"), "{why}");
    assert_eq!(live["notVerified"][0]["what"], "answers");
}

#[test]
fn a_cluster_is_verified_through_kubectl() {
    let test = "live_real::a_cluster_is_verified_through_kubectl";
    let Some(repo) = stage(test, GOOD) else { return };
    if real("kubectl").is_none() {
        eprintln!("skipped {test}: no `kubectl`");
        return;
    }
    let (_kept, kubeconfig) = keep(&repo);
    let kubeconfig = kubeconfig.as_str();

    let looks = verify(&repo, kubeconfig, &[]);
    let report: Json = serde_json::from_slice(&looks.stdout).unwrap_or_else(|_| panic!("{}", looks.stderr));
    // The repository has Cilium, this cluster does not: here nobody says that it cannot be had.
    let wanted = [
        "L1 passed",
        "L2 passed",
        "L3 passed",
        "L4 passed",
        "L5 passed",
        "L6 deferred",
        "L7 deferred",
        "L8 failed",
        "L9 passed",
    ];
    assert_eq!(outcomes(&report["scenarios"]), wanted, "{report:#}");
    assert_eq!(looks.status, 1);
    let why = report["scenarios"][5]["why"].as_str().unwrap();
    assert_eq!(why, "allows 1; the rest is not run: needs `--disruptive`");

    let does = verify(&repo, kubeconfig, &["--disruptive", "--yes"]);
    let report: Json = serde_json::from_slice(&does.stdout).unwrap_or_else(|_| panic!("{}", does.stderr));
    let wanted = [
        "L1 passed",
        "L2 passed",
        "L3 passed",
        "L4 passed",
        "L5 passed",
        "L6 passed",
        "L7 passed",
        "L8 failed",
        "L9 passed",
    ];
    assert_eq!(outcomes(&report["scenarios"]), wanted, "{report:#}");
    let seen = report["scenarios"][5]["seen"].as_str().unwrap();
    assert!(
        seen.starts_with("1 accepted, then refused: The disruption budget dns needs 1 healthy pods"),
        "{seen}"
    );

    the_corefile_of_the_cluster_counts(&repo, kubeconfig);

    let other = verify(&repo, "/nonexistent", &[]);
    assert_eq!(other.status, 2, "{}", other.stderr);
}

/// Not what the chart had.
fn the_corefile_of_the_cluster_counts(repo: &Repo, kubeconfig: &str) {
    let corefile = r#"{"data": {"Corefile": ".:53 {\n  template ANY ANY {\n    rcode NXDOMAIN\n  }\n}"}}"#;
    Invocation::new(real("kubectl").unwrap())
        .args(["--kubeconfig", kubeconfig, "--namespace", "kube-system"])
        .args([
            "patch",
            "configmap",
            "dns",
            "--type",
            "merge",
            "--patch",
            corefile,
        ])
        .run()
        .unwrap();
    let other = verify(repo, kubeconfig, &[]);
    let report: Json = serde_json::from_slice(&other.stdout).unwrap_or_else(|_| panic!("{}", other.stderr));
    let asked = &report["scenarios"][8];
    assert_eq!(asked["outcome"], "failed", "{asked:#}");
    assert_eq!(asked["misses"][0]["found"], "NXDOMAIN", "{asked:#}");
}

/// A rehearsal that keeps running, with its kubeconfig.
#[expect(clippy::disallowed_methods, reason = "the test ends it")]
fn keep(repo: &Repo) -> (Kept, String) {
    let kept = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "rehearse",
            "--cluster",
            "infra",
            "--worktree",
            "--offline",
            "--keep",
            "--color",
            "never",
            "--path",
        ])
        .arg(repo.path(""))
        .env("PATH", std::env::join_paths(folders()).unwrap())
        .env("XTASK_CACHE_DIR", NO_CACHE)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut kept = Kept(kept);
    let mut said = String::new();
    for line in BufReader::new(kept.0.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        if line.starts_with("export KUBECONFIG=") {
            break;
        }
    }
    let Some((_, kubeconfig)) = said.split_once("export KUBECONFIG=") else {
        panic!("{said}");
    };
    let kubeconfig = kubeconfig.trim().to_owned();
    assert!(
        said.contains("live scenarios: 8 passed, 0 failed, 1 not run"),
        "{said}"
    );
    (kept, kubeconfig)
}

/// A rehearsal that ends with the test, however that ends.
struct Kept(Child);

impl Drop for Kept {
    #[expect(clippy::disallowed_methods, reason = "`kill` of the system")]
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        let _already_gone = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let _ended = self.0.wait();
    }
}

fn verify(repo: &Repo, kubeconfig: &str, more: &[&str]) -> Output {
    Invocation::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "verify",
            "--cluster",
            "infra",
            "--context",
            "rehearsal",
            "-o",
            "json",
            "--kubeconfig",
            kubeconfig,
        ])
        .args(more)
        .arg("--path")
        .arg(repo.path(""))
        .env("PATH", std::env::join_paths(folders()).unwrap().to_str().unwrap())
        .timeout(Duration::from_mins(4))
        .run_accepting(&[0, 1, 2])
        .unwrap()
}
