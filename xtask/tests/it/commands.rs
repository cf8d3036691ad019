//! Arguments, exit codes and streams of the commands.

use crate::repo::{Repo, xtask};

#[test]
fn help_shows_examples_and_unknown_flags_exit_with_2() {
    let help = xtask(&["validate", "--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("cargo xtask validate --path ../other-repo"));
    assert_eq!(xtask(&["validate", "--no-such-flag"]).status, 2);
}

#[test]
fn a_folder_without_clusters_is_no_clean_run() {
    let empty = tempfile::tempdir().unwrap();
    let output = xtask(&["validate", "--path", empty.path().to_str().unwrap()]);
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("no cluster found"), "{}", output.stderr);
    assert!(output.stdout.is_empty());
}

#[test]
fn wrong_settings_are_named_with_their_line() {
    let repo = Repo::copy();
    repo.write(".config/xtask.yaml", "fluxVersion: '2.9'\nfluxversion: x\n");
    let output = xtask(&["validate", "--path", repo.path("").to_str().unwrap()]);
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("line 2"), "{}", output.stderr);
}

#[test]
fn a_mistake_in_a_live_check_shows_without_a_cluster() {
    let repo = Repo::with_designs();
    let live = "docs/qa/04-dns-coredns-base/live.yaml";
    repo.edit(live, "says: NXDOMAIN", "says: [NXDOMAIN]");
    let (line, column) = repo.place(live, "[NXDOMAIN]");
    let output = repo.run(&["scenarios"]);
    assert_eq!(output.status, 2);
    let wanted = format!("error: {live}:{line}:{column}: ");
    assert!(output.stderr.contains(&wanted), "{}", output.stderr);
}

#[test]
fn a_feature_that_is_not_there_is_refused_by_name_with_2() {
    let repo = Repo::copy();
    repo.edit(
        "kubernetes/infrastructure/networking/coredns/kustomization.yaml",
        "resources:\n",
        "vars: [{name: X, objref: {apiVersion: v1, kind: Service, name: x}}]\nresources:\n",
    );
    let (code, report) = repo.validate();
    assert_eq!(code, 2, "{report:#}");
    assert!(
        report["deferred"].to_string().contains("vars"),
        "{:#}",
        report["deferred"]
    );
}

#[test]
fn several_formats_come_from_one_run() {
    let repo = Repo::copy();
    let root = repo.path("");
    let sarif = repo.path("out/report.sarif");
    let spec = format!("sarif={}", sarif.display());
    let output = xtask(&[
        "validate",
        "--path",
        root.to_str().unwrap(),
        "-o",
        "json",
        "-o",
        &spec,
    ]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok(),
        "JSON stands alone on stdout"
    );
    let sarif: serde_json::Value = serde_json::from_str(&repo.read("out/report.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn lax_versions_of_flux_only_warn_about_undefined_variables() {
    let repo = Repo::copy();
    repo.edit(
        "kubernetes/clusters/apps/cluster-settings.yaml",
        "  CLUSTER_NAME: apps\n",
        "",
    );
    let root = repo.path("");
    let run = |version: &str| {
        let args = [
            "validate",
            "--path",
            root.to_str().unwrap(),
            "--flux-version",
            version,
            "-o",
            "json",
        ];
        let output = xtask(&args);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let levels: Vec<String> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["check"] == "flux/substitute-undefined")
            .map(|finding| finding["level"].as_str().unwrap().to_owned())
            .collect();
        levels
    };
    assert_eq!(run("2.9"), ["error"]);
    assert_eq!(run("2.8"), ["warning"]);
}

#[test]
fn schemas_of_another_kubernetes_are_named_as_not_checked() {
    let repo = Repo::copy();
    let root = repo.path("");
    let deferred = |version: &str| {
        let output = xtask(&[
            "validate",
            "--path",
            root.to_str().unwrap(),
            "--kubernetes-version",
            version,
            "-o",
            "json",
        ]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["deferred"].to_string()
    };
    assert!(deferred("1.30").contains("the bundled schemas are those of Kubernetes"));
    assert!(!deferred("1.37").contains("the bundled schemas are those of Kubernetes"));
}

#[test]
fn build_prints_what_flux_would_apply() {
    let output = xtask(&["build", "--cluster", "infra", "--kustomization", "coredns"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(text.contains("clusterIP: 10.245.0.10"), "{text}");
    let written = xtask(&[
        "build",
        "--cluster",
        "infra",
        "--kustomization",
        "coredns",
        "--stage",
        "written",
    ]);
    assert!(String::from_utf8_lossy(&written.stdout).contains("clusterIP: ${COREDNS_CLUSTER_IP}"));
    assert_eq!(
        xtask(&["build", "--cluster", "infra", "--kustomization", "nothing"]).status,
        2
    );
}

#[test]
fn generate_repairs_a_missing_file_and_keeps_hand_edits() {
    let repo = Repo::copy().with_drift();
    let root = repo.path("");
    let root = root.to_str().unwrap();
    let settings = "kubernetes/clusters/infra/cluster-settings.yaml";
    let missing = "kubernetes/clusters/apps/infrastructure.yaml";
    std::fs::remove_file(repo.path(missing)).unwrap();
    repo.edit(settings, "CLUSTER_NAME: infra", "CLUSTER_NAME: mine");
    let check = xtask(&["generate", "--check", "--path", root]);
    let diff = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status, 1);
    assert!(
        diff.contains("-  CLUSTER_NAME: mine") && diff.contains("+  CLUSTER_NAME: infra"),
        "{diff}"
    );
    assert_eq!(
        xtask(&["generate", "--path", root]).status,
        1,
        "the hand edit was kept"
    );
    assert!(repo.path(missing).exists());
    assert!(repo.read(settings).contains("mine"));
    assert_eq!(xtask(&["generate", "--force", "--path", root]).status, 0);
    assert!(repo.read(settings).contains("CLUSTER_NAME: infra"));
    assert_eq!(xtask(&["generate", "--check", "--path", root]).status, 0);
}

#[test]
fn preflight_without_a_network_cannot_tell_and_says_so() {
    let run = |extra: &[&str]| {
        let mut args = vec!["preflight", "--offline", "-o", "json"];
        args.extend(extra);
        xtask(&args)
    };
    let output = run(&["--require-network"]);
    assert_eq!(output.status, 1);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let charts = report["charts"].as_array().unwrap();
    assert_eq!(charts.len(), 2);
    assert!(
        charts.iter().all(|chart| chart["verdict"] == "unknown"),
        "{report:#}"
    );
}

/// The folder of real tools that the environment names, when kustomize and flux are in it or on PATH.
fn real_tools(test: &str) -> Option<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folder = std::env::var("XTASK_TOOLS_DIR").unwrap_or_default();
    let path = if folder.is_empty() {
        path
    } else {
        format!("{folder}:{path}")
    };
    let here = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let missing = ["kustomize", "flux"].into_iter().find(|name| !here(name));
    if let Some(name) = missing {
        eprintln!("skipped: {test}: {name} is not here");
        return None;
    }
    Some(path)
}

#[test]
fn the_real_tools_agree_with_this_program() {
    let Some(path) = real_tools("the_real_tools_agree_with_this_program") else {
        return;
    };
    let repo = Repo::copy();
    let both = repo.validate_with(&["--engine", "both"], &path);
    let engine = |report: &serde_json::Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .filter(|finding| finding["check"].as_str().unwrap().starts_with("engine/"))
            .count()
    };
    assert_eq!((both.0, engine(&both.1)), (0, 0), "{:#}", both.1["findings"]);
    repo.edit(
        "kubernetes/infrastructure/networking/coredns/kustomization.yaml",
        "helmrelease.yaml",
        "helmreleas.yaml",
    );
    let tools = repo.validate_with(&["--engine", "tools"], &path);
    assert_eq!(tools.0, 1, "{:#}", tools.1);
    assert!(
        tools.1["findings"].to_string().contains("engine/tool-failed"),
        "{:#}",
        tools.1["findings"]
    );
    let both = repo.validate_with(&["--engine", "both"], &path);
    assert_eq!(
        engine(&both.1),
        0,
        "both fail, so they agree: {:#}",
        both.1["findings"]
    );
}

#[test]
fn without_the_tools_their_engine_cannot_do_the_job() {
    let repo = Repo::copy();
    let root = repo.path("");
    let output = tools::Invocation::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["validate", "--engine", "tools", "--path", root.to_str().unwrap()])
        .env("PATH", "/nonexistent")
        .run_accepting(&[0, 1, 2])
        .unwrap();
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("kustomize"), "{}", output.stderr);
}
