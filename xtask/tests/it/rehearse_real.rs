//! Rehearsals with the real programs, where they are: a component with a chart of the repository's own.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;
use tools::{Invocation, Output};

use crate::repo::{NO_CACHE, Repo};
use crate::stage::{self, folders};

const RELEASE: &str = "kubernetes/infrastructure/dns/helmrelease.yaml";

/// This repository with a third component on cluster infra; none where a program is missing.
pub(crate) fn repo(test: &str, values: &str) -> Option<Repo> {
    if let Some(missing) = stage::missing() {
        eprintln!("skipped {test}: no `{missing}`");
        return None;
    }
    let repo = Repo::copy();
    let infra = "kubernetes/clusters/infra/infrastructure.yaml";
    let component = "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: dns, namespace: flux-system}
spec:
  interval: 10m
  timeout: 1m
  path: ./kubernetes/infrastructure/dns
  prune: true
  wait: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
";
    repo.write(infra, &format!("{}{component}", repo.read(infra)));
    repo.write(
        "kubernetes/infrastructure/dns/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [helmrelease.yaml]\n",
    );
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: dns, namespace: kube-system}
spec:
  interval: 30m
  chart:
    spec:
      chart: ./charts/dns
      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
  values:
";
    repo.write(RELEASE, &format!("{release}{values}"));
    repo.write(
        "charts/dns/Chart.yaml",
        "apiVersion: v2\nname: dns\nversion: 1.0.0\n",
    );
    repo.write("charts/dns/templates/all.yaml", CHART);
    Some(repo)
}

/// The component of [`repo`] alone, so that nothing has to be fetched and nobody is waited for.
pub(crate) fn alone(test: &str, values: &str) -> Option<Repo> {
    let repo = repo(test, values)?;
    let infra = "kubernetes/clusters/infra/infrastructure.yaml";
    let text = repo.read(infra);
    let own = text.rfind("---\n").unwrap();
    repo.write(infra, &text[own..]);
    Some(repo)
}

const CHART: &str = r"apiVersion: apps/v1
kind: Deployment
metadata: {name: dns}
spec:
  replicas: 2
  selector: {matchLabels: {app: dns}}
  template:
    metadata: {labels: {app: dns}}
    spec: {containers: [{name: dns, image: 'example.org/dns:1'}]}
---
apiVersion: v1
kind: Service
metadata: {name: dns}
spec:
  clusterIP: {{ .Values.address }}
  selector: {app: dns}
  ports: [{port: 53}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: dns}
spec: {{ toJson .Values.podDisruptionBudget }}
";

pub(crate) fn rehearse(repo: &Repo) -> (i32, Json) {
    let output = run(repo, &folders());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|cause| panic!("no JSON ({cause}): {}", output.stderr));
    (output.status, report)
}

fn run(repo: &Repo, folders: &[PathBuf]) -> Output {
    let path = std::env::join_paths(folders).unwrap();
    Invocation::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "rehearse",
            "--cluster",
            "infra",
            "--worktree",
            "--offline",
            "-o",
            "json",
            "--path",
        ])
        .arg(repo.path(""))
        .env("PATH", path.to_str().unwrap())
        .env("XTASK_CACHE_DIR", NO_CACHE)
        .timeout(Duration::from_mins(8))
        .run_accepting(&[0, 1, 2])
        .unwrap()
}

fn object<'a>(report: &'a Json, id: &str) -> &'a Json {
    let objects = report["clusters"][0]["objects"].as_array().unwrap();
    objects
        .iter()
        .find(|object| object["object"] == id)
        .unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

#[test]
fn what_can_be_had_is_ready_and_the_rest_is_deferred() {
    let values = "    address: ${COREDNS_CLUSTER_IP}\n    podDisruptionBudget: {minAvailable: 1}\n";
    let Some(repo) = repo(
        "rehearse_real::what_can_be_had_is_ready_and_the_rest_is_deferred",
        values,
    ) else {
        return;
    };
    let (code, report) = rehearse(&repo);
    assert_eq!(code, 0, "{report:#}");
    for id in [
        "GitRepository/flux-system/flux-system",
        "Kustomization/flux-system/flux-system",
        "Kustomization/flux-system/dns",
        "HelmRelease/kube-system/dns",
    ] {
        assert_eq!(object(&report, id)["verdict"], "ready", "{id}");
    }
    for id in [
        "OCIRepository/flux-system/cilium-charts",
        "HelmRelease/kube-system/cilium",
        "Kustomization/flux-system/cilium-core",
        "Kustomization/flux-system/coredns",
    ] {
        let object = object(&report, id);
        assert_eq!(object["verdict"], "deferred", "{id}");
        assert!(object["why"].as_str().is_some_and(|why| !why.is_empty()), "{id}");
    }
    let workloads = report["clusters"][0]["workloads"].as_array().unwrap();
    let dns = workloads
        .iter()
        .find(|workload| workload["object"] == "Deployment/kube-system/dns")
        .unwrap();
    assert_eq!((&dns["ready"], &dns["wanted"]), (&Json::from(2), &Json::from(2)));
}

#[test]
fn what_flux_refuses_is_said_in_its_words_at_the_line_to_edit() {
    let values = "    address: ${COREDNS_CLUSTER_IP}\n    podDisruptionBudget:\n      enabled: true\n      minAvailable: 1\n";
    let Some(repo) = repo(
        "rehearse_real::what_flux_refuses_is_said_in_its_words_at_the_line_to_edit",
        values,
    ) else {
        return;
    };
    let coredns = "kubernetes/infrastructure/networking/coredns/helmrelease.yaml";
    repo.edit(
        coredns,
        "  chartRef:\n    kind: OCIRepository\n    name: coredns-charts\n    namespace: flux-system\n",
        "  chart:\n    spec:\n      chart: coredns\n      sourceRef:\n        kind: OCIRepository\n        name: coredns-charts\n",
    );
    // The component that is wrong must not wait for a chart that cannot be had.
    let infra = "kubernetes/clusters/infra/infrastructure.yaml";
    repo.edit(infra, "  dependsOn:\n    - name: cilium-core\n", "");
    let (code, report) = rehearse(&repo);
    assert_eq!(code, 1, "{report:#}");
    let release = object(&report, "HelmRelease/kube-system/dns");
    assert_eq!(
        (&release["verdict"], &release["reason"]),
        (&"failed".into(), &"InstallFailed".into())
    );
    assert!(
        release["message"]
            .as_str()
            .unwrap()
            .contains(".spec.enabled: field not declared in schema"),
        "{release:#}"
    );
    let (line, _) = repo.place(RELEASE, "enabled: true");
    assert_eq!(
        (&release["place"]["file"], &release["place"]["line"]),
        (&RELEASE.into(), &line.into())
    );
    let refused = object(&report, "Kustomization/flux-system/coredns");
    assert_eq!(refused["reason"], "ReconciliationFailed");
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("Unsupported value: \"OCIRepository\""),
        "{refused:#}"
    );
    let (line, _) = repo.place(coredns, "kind: OCIRepository");
    assert_eq!(
        (&refused["place"]["file"], &refused["place"]["line"]),
        (&coredns.into(), &line.into())
    );
}

#[test]
fn a_controller_that_crashes_is_named_with_its_last_words() {
    let Some(repo) = alone(
        "rehearse_real::a_controller_that_crashes_is_named_with_its_last_words",
        "    {}\n",
    ) else {
        return;
    };
    let broken = tempfile::tempdir().unwrap();
    let path = broken.path().join("helm-controller");
    std::fs::write(&path, "#!/bin/sh\necho 'panic: out of luck' >&2\nexit 2\n").unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let first = [broken.path().to_owned()]
        .into_iter()
        .chain(folders())
        .collect::<Vec<_>>();
    let output = run(&repo, &first);
    assert_eq!(output.status, 2);
    assert!(
        output
            .stderr
            .contains("`helm-controller` ended with exit status 2")
            && output.stderr.contains("panic: out of luck"),
        "{}",
        output.stderr
    );
}
