//! Gates, checklists and exit codes follow the manifests; a story is data alone.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::repo::{Repo, workspace, xtask};

const HELMRELEASE: &str = "kubernetes/infrastructure/networking/coredns/helmrelease.yaml";
const GATE: &str = "docs/qa/gates/04-dns-coredns-base.yaml";
const WAIVERS: &str = "docs/qa/04-dns-coredns-base/waivers.yaml";

#[test]
fn the_committed_evidence_fits_the_tree() {
    let gates = xtask(&["scenarios", "--check-gate", "--quiet"]);
    assert_eq!(gates.status, 0, "{}", gates.stderr);
    for entry in std::fs::read_dir(workspace().join("docs/releases")).unwrap() {
        let page = entry.unwrap().path();
        let output = xtask(&["release", "verify", page.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status, 0, "{said}{}", output.stderr);
    }
}

/// Ids about which the gate of story 04 has reasons of a weight.
fn blamed(report: &Json, weight: &str) -> BTreeSet<String> {
    let because = report["stories"][0]["gate"]["because"].as_array().unwrap();
    because
        .iter()
        .filter(|reason| reason["weight"] == weight)
        .map(|reason| reason["for"].as_str().unwrap().to_owned())
        .collect()
}

/// Numbers of the items of story 04 that are not done.
fn open_items(repo: &Repo) -> (i32, BTreeSet<String>) {
    let (code, report) = repo.json(&["release", "--story", "04", "--offline"]);
    let lines = report["checklist"].as_array().unwrap();
    let open = lines
        .iter()
        .filter(|line| line["state"] == "open")
        .map(|line| line["number"].as_str().unwrap().to_owned());
    (code, open.collect())
}

struct Break<'a> {
    find: &'a str,
    replace: &'a str,
    scenarios: &'a [&'a str],
    gate: &'a str,
    items: &'a [&'a str],
}

#[track_caller]
fn assert_follows(case: &Break<'_>) {
    let repo = Repo::with_designs();
    assert_eq!(
        open_items(&repo),
        (0, BTreeSet::new()),
        "nothing is wrong before the edit"
    );
    repo.edit(HELMRELEASE, case.find, case.replace);
    repo.commit();
    let (code, report) = repo.json(&["scenarios", "--story", "04"]);
    assert_eq!(code, 1, "a scenario fails");
    assert_eq!(report["stories"][0]["gate"]["gate"], case.gate, "{report:#}");
    let weight = if case.gate == "FAIL" { "fail" } else { "concern" };
    let blamed = blamed(&report, weight);
    for id in case.scenarios {
        assert!(blamed.contains(*id), "{id}: {blamed:?}");
    }
    let check = repo.run(&["scenarios", "--story", "04", "--check-gate"]);
    assert_eq!(check.status, 1, "the committed gate is stale");
    assert!(
        check.stderr.contains(&format!("{GATE} is stale")),
        "{}",
        check.stderr
    );
    let (code, open) = open_items(&repo);
    let wanted: BTreeSet<String> = case.items.iter().map(|item| (*item).to_owned()).collect();
    assert_eq!((code, open), (1, wanted));
}

#[test]
fn break_one_a_number_instead_of_the_setting() {
    assert_follows(&Break {
        find: "replicaCount: ${COREDNS_REPLICAS}",
        replace: "replicaCount: 2",
        scenarios: &["04.DNS-INT-001"],
        gate: "FAIL",
        items: &["2", "2.2", "7", "7.1", "7.3", "10"],
    });
}

#[test]
fn break_two_capabilities_that_are_kept() {
    assert_follows(&Break {
        find: "- ALL",
        replace: "- NET_RAW",
        scenarios: &["04.DNS-INT-005"],
        gate: "FAIL",
        items: &["2", "2.6", "7", "7.6", "10"],
    });
}

#[test]
fn break_three_a_chart_from_nowhere() {
    assert_follows(&Break {
        find: "kind: OCIRepository\n",
        replace: "kind: OCIRepositry\n",
        scenarios: &["04.DNS-INT-007", "04.DNS-INT-015"],
        gate: "FAIL",
        items: &["2", "2.1", "7", "7.1", "10"],
    });
}

#[test]
fn break_four_resources_without_a_limit() {
    // No scenario looks at them: the Definition of Done itself does.
    let repo = Repo::with_designs();
    repo.edit(HELMRELEASE, "memory: 256Mi", "memory: 1Gi");
    repo.commit();
    assert_eq!(repo.json(&["scenarios", "--story", "04"]).0, 0);
    let stale = repo.run(&["scenarios", "--story", "04", "--check-gate"]);
    assert_eq!(stale.status, 1, "the gate was decided about another release");
    let (code, open) = open_items(&repo);
    let wanted = ["10", "2", "2.5"].map(str::to_owned);
    assert_eq!((code, open), (1, BTreeSet::from(wanted)));
}

#[test]
fn break_five_a_probe_that_is_good_to_have() {
    assert_follows(&Break {
        find: "readinessProbe:\n",
        replace: "readinessProbe:\n      enabled: false\n",
        scenarios: &["04.DNS-INT-006"],
        gate: "CONCERNS",
        items: &["2", "2.7", "10"],
    });
}

#[test]
fn a_waiver_lets_through_until_its_day() {
    let repo = Repo::with_designs();
    repo.edit(HELMRELEASE, "- ALL", "- NET_RAW");
    let waiver = |until: &str| {
        let text = format!(
            "waivers:\n  - for: 04.DNS-INT-005\n    reason: the sidecar needs it\n    approver: Security Engineering\n    until: {until}\n"
        );
        repo.write(WAIVERS, &text);
    };
    waiver("2999-12-31");
    let written = repo.run(&["scenarios", "--write-gate"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    assert!(repo.read(GATE).contains("gate: WAIVED\n"), "{}", repo.read(GATE));
    assert_eq!(repo.run(&["scenarios", "--check-gate"]).status, 0);
    repo.commit();
    let (code, report) = repo.json(&["release", "--story", "04", "--offline"]);
    assert_eq!(code, 0, "{report:#}");
    let item = &report["checklist"].as_array().unwrap()[8];
    assert_eq!(
        (&item["number"], &item["state"]),
        (&"2.6".into(), &"deferred".into())
    );
    assert_eq!(item["why"][0], "`04.DNS-INT-005` is waived until 2999-12-31");

    waiver("2020-12-31");
    let (code, report) = repo.json(&["scenarios", "--story", "04"]);
    assert_eq!((code, &report["stories"][0]["gate"]["gate"]), (1, &"FAIL".into()));
    assert_eq!(repo.run(&["scenarios", "--check-gate"]).status, 1);
}

#[test]
fn a_gate_file_is_the_same_with_and_without_tools() {
    let repo = Repo::with_designs();
    let before = repo.read(GATE);
    assert_eq!(repo.run(&["scenarios", "--write-gate"]).status, 0);
    assert_eq!(repo.read(GATE), before);
    let bare = tools::Invocation::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["scenarios", "--check-gate", "--quiet", "--path"])
        .arg(repo.path(""))
        .env("PATH", "/nowhere")
        .run_accepting(&[0, 1, 2])
        .unwrap();
    assert_eq!(bare.status, 0, "{}", bare.stderr);
    repo.write(GATE, &before.replace("CONCERNS", "PASS"));
    assert_eq!(repo.run(&["scenarios", "--check-gate"]).status, 1);
    std::fs::remove_file(repo.path(GATE)).unwrap();
    assert_eq!(repo.run(&["scenarios", "--check-gate"]).status, 1);
    assert_eq!(repo.run(&["scenarios", "--write-gate"]).status, 0);
    repo.write("docs/qa/gates/99-gone.yaml", &before);
    let orphan = repo.run(&["scenarios", "--check-gate"]);
    assert!(
        orphan.stderr.contains("99-gone.yaml is the gate of no story"),
        "{}",
        orphan.stderr
    );
    assert_eq!(orphan.status, 1);
}

const DESIGN: &str = r#"story: "05"
title: CoreDNS keeps its alerts
settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}
clusters: all
criteria: [{id: AC1, title: alerts}]
scenarios:
  - id: 05.A
    priority: P1
    level: integration
    criterion: AC1
    risks: [R1]
    title: somebody is told when DNS is gone
    expectations:
      - stage: built
        object: {kind: PrometheusRule, namespace: kube-system, name: coredns}
        path: $.spec.groups[0].rules[0].alert
        equals: CoreDNSAbsent
    mutations:
      - title: no such alert
        edits:
          - file: kubernetes/infrastructure/networking/coredns/prometheusrule.yaml
            patch: [{op: remove, path: /spec/groups/0/rules/0}]
"#;
const RISKS: &str = "risks:\n  - {id: R1, category: OPS, title: t, probability: 1, impact: 3, score: 3, mitigation: m, owner: o}\n";
const STORY: &str = r#"story: "05"
owner: Platform Engineering
requires: ["04"]
manifests: [kubernetes/infrastructure/networking/coredns]
done:
  - title: the alert is there
    proofs: [{scenarios: [05.A]}, {command: validate}]
  - title: it is committed
    proofs: [{command: git}, {command: gate}]
later: [{title: it is heard, story: "45"}]
"#;

#[test]
fn a_story_is_data_alone() {
    let repo = Repo::with_designs();
    repo.write("docs/qa/05-alerts/test-design.yaml", DESIGN);
    repo.write("docs/qa/05-alerts/risks.yaml", RISKS);
    repo.write("docs/qa/05-alerts/story.yaml", STORY);
    let (code, report) = repo.json(&["scenarios", "--story", "05"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        report["scenarios"].as_array().unwrap().len(),
        2,
        "one on each cluster"
    );
    assert_eq!(report["stories"][0]["gate"]["gate"], "PASS", "{report:#}");
    assert_eq!(report["stories"][0]["gate"]["risks"][0]["standing"], "held");
    let mutated = repo.run(&["scenarios", "--story", "05", "--mutate"]);
    assert_eq!(mutated.status, 0);
    let junit = repo.run(&["scenarios", "--story", "05", "-o", "junit"]);
    let junit = String::from_utf8_lossy(&junit.stdout).into_owned();
    for property in [
        r#"<property name="priority" value="P1"/>"#,
        r#"<property name="criterion" value="AC1"/>"#,
        r#"<property name="risks" value="R1"/>"#,
    ] {
        assert!(junit.contains(property), "{junit}");
    }
    let markdown = repo.run(&["scenarios", "--story", "05", "-o", "markdown"]);
    let markdown = String::from_utf8_lossy(&markdown.stdout).into_owned();
    assert!(markdown.starts_with("## Story 05: PASS\n"), "{markdown}");
    assert!(markdown.contains("| `R1` | 3 | held | `05.A` |\n"), "{markdown}");
    let (code, _) = repo.json(&["release", "--story", "05", "--offline"]);
    assert_eq!(code, 1, "neither committed nor decided");
    assert_eq!(
        repo.run(&["scenarios", "--story", "05", "--write-gate"]).status,
        0
    );
    repo.commit();
    let (code, report) = repo.json(&["release", "--story", "05", "--offline"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["checklist"][0]["title"], "story 04 is done");
}

#[test]
fn a_mutation_that_nobody_notices_fails() {
    let repo = Repo::with_designs();
    let idle = DESIGN.replace("path: /spec/groups/0/rules/0}", "path: /spec/groups/0/rules/3}");
    repo.write("docs/qa/05-alerts/test-design.yaml", &idle);
    repo.write("docs/qa/05-alerts/risks.yaml", RISKS);
    let output = repo.run(&["scenarios", "--story", "05", "--mutate"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status, 1, "{said}");
    assert!(
        said.contains("survived") && said.contains("1 mutations, 0 noticed, 1 not; 1 idle claims"),
        "{said}"
    );
}

#[test]
fn mistakes_of_a_design_are_said_at_their_place() {
    let repo = Repo::with_designs();
    repo.write(
        "docs/qa/05-alerts/test-design.yaml",
        &DESIGN.replace("equals:", "equal:"),
    );
    repo.write("docs/qa/05-alerts/risks.yaml", RISKS);
    let output = repo.run(&["scenarios"]);
    assert_eq!(output.status, 2);
    assert!(
        output.stderr.contains(
            "docs/qa/05-alerts/test-design.yaml:17:9: scenarios[0].expectations[0]: unknown field `equal`"
        ),
        "{}",
        output.stderr
    );
}

#[test]
fn filters_choose_and_decide_no_gate() {
    let repo = Repo::with_designs();
    let args = [
        "scenarios",
        "--priority",
        "P0",
        "--risk",
        "TECH-001",
        "--cluster",
        "apps",
    ];
    let (code, report) = repo.json(&args);
    let found: Vec<String> = report["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            format!(
                "{} {}",
                entry["id"].as_str().unwrap(),
                entry["cluster"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(code, 0);
    assert!(found.iter().all(|entry| entry.ends_with(" apps")), "{found:?}");
    let ids: BTreeSet<&str> = found.iter().filter_map(|entry| entry.split(' ').next()).collect();
    assert_eq!(ids, BTreeSet::from(["04.DNS-INT-007", "04.DNS-INT-008"]));
    assert!(report["stories"][0]["gate"].is_null());
    for wrong in [
        &["scenarios", "--risk", "TECH-009"][..],
        &["scenarios", "--story", "77"],
        &["scenarios", "--priority", "P0", "--write-gate"],
        &["scenarios", "--story", "04", "--risk", "NET-001"],
        &["scenarios", "-o", "sarif"],
    ] {
        assert_eq!(repo.run(wrong).status, 2, "{wrong:?}");
    }
}
