//! `rehearse --mutations` with the real programs, where they are: one defect that Flux notices, and two that only we do.

use std::time::Duration;

use serde_json::Value as Json;
use tools::Invocation;

use crate::rehearse_real;
use crate::repo::{NO_CACHE, Repo};
use crate::stage::folders;

const DESIGN: &str = r#"story: "99"
title: a DNS of its own
settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}
clusters: [infra]
criteria: [{id: AC1, title: the release}]
scenarios:
  - id: 99.DNS-INT-001
    priority: P0
    level: integration
    criterion: AC1
    title: one pod stays, and the release has its name
    expectations:
      - stage: built
        object: {kind: HelmRelease, namespace: kube-system, name: dns}
        path: $.spec.values.podDisruptionBudget
        equals: {minAvailable: 1}
      - stage: written
        file: kubernetes/infrastructure/dns/note.yaml
        exists: false
    mutations:
      - title: a field that the API does not know
        edits:
          - file: kubernetes/infrastructure/dns/helmrelease.yaml
            find: "podDisruptionBudget: {"
            replace: "podDisruptionBudget: {enabled: true, "
      - title: no pod has to stay
        edits:
          - file: kubernetes/infrastructure/dns/helmrelease.yaml
            find: "minAvailable: 1"
            replace: "minAvailable: 0"
      - title: a file that nothing applies
        edits:
          - {file: kubernetes/infrastructure/dns/note.yaml, create: "a: b\n"}
"#;

/// One component on one cluster, and a test design.
fn repo(test: &str) -> Option<Repo> {
    let values = "    address: ${COREDNS_CLUSTER_IP}\n    podDisruptionBudget: {minAvailable: 1}\n";
    let repo = rehearse_real::alone(test, values)?;
    repo.write("docs/qa/99-dns/test-design.yaml", DESIGN);
    repo.write("docs/qa/99-dns/risks.yaml", "risks: []\n");
    Some(repo)
}

fn row<'r>(report: &'r Json, mutation: &str) -> &'r Json {
    let mut rows = report["rows"].as_array().unwrap().iter();
    rows.find(|row| row["mutation"] == mutation)
        .unwrap_or_else(|| panic!("no `{mutation}` in {report:#}"))
}

#[test]
fn each_mutation_is_pushed_to_a_running_cluster_and_the_table_says_who_notices() {
    let test =
        "rehearse_mutations::each_mutation_is_pushed_to_a_running_cluster_and_the_table_says_who_notices";
    let Some(repo) = repo(test) else { return };
    let path = std::env::join_paths(folders()).unwrap();
    let output = Invocation::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "rehearse",
            "--mutations",
            "--story",
            "99",
            "--cluster",
            "infra",
            "--worktree",
            "--offline",
        ])
        .args(["-o", "json", "--path"])
        .arg(repo.path(""))
        .env("PATH", path.to_str().unwrap())
        .env("XTASK_CACHE_DIR", NO_CACHE)
        .timeout(Duration::from_mins(8))
        .run_accepting(&[0, 1, 2])
        .unwrap();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let refused = row(&report, "a field that the API does not know");
    assert_eq!(
        (&refused["flux"], &refused["who"]),
        (
            &"UpgradeFailed of HelmRelease/kube-system/dns".into(),
            &"both".into()
        )
    );
    let unnoticed = row(&report, "no pod has to stay");
    assert_eq!(
        (&unnoticed["flux"], &unnoticed["who"]),
        (&"all Ready".into(), &"onlyWe".into())
    );
    let unapplied = row(&report, "a file that nothing applies");
    assert_eq!(
        (&unapplied["flux"], &unapplied["who"]),
        (&"same objects".into(), &"onlyWe".into())
    );
    // The cluster got well again in between: it was never started anew.
    assert!(!output.stderr.contains("did not get well"), "{}", output.stderr);
}
