//! What a rehearsal cannot have, with the real programs: named, deferred, and in nobody's way.

use std::process::Output;

use serde_json::Value as Json;

use crate::repo::Repo;
use crate::stage::{self, Stage};

/// The entrypoint of a cluster: source and flux::Kustomization as bootstrap writes them.
fn entry(cluster: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: flux-system, namespace: flux-system}}
spec: {{interval: 1m, url: 'ssh://git@example.org/it.git', ref: {{branch: main}}, secretRef: {{name: flux-system}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: flux-system, namespace: flux-system}}
spec: {{interval: 10m, prune: true, path: ./clusters/{cluster}, sourceRef: {{kind: GitRepository, name: flux-system}}}}
"
    )
}

/// A flux::Kustomization of the folder of its name, with more fields.
fn kustomization(name: &str, more: &str) -> String {
    format!(
        "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  {{interval: 10m, timeout: 30s, prune: true, path: ./{name}, sourceRef: {{kind: GitRepository, name: flux-system}}{more}}}
"
    )
}

fn config_map(name: &str, data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\ndata: {data}\n")
}

/// Rehearses with the real programs; exit code and report.
fn rehearse(repo: Repo, arguments: &[&str]) -> (i32, Json) {
    let stage = Stage::of(repo, "");
    stage.take_real_programs();
    let output = stage.start(arguments).wait_with_output().unwrap();
    let code = output.status.code().unwrap();
    (code, report(&output))
}

fn report(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|cause| panic!("no JSON ({cause}): {}", String::from_utf8_lossy(&output.stderr)))
}

fn object<'a>(report: &'a Json, id: &str) -> &'a Json {
    let objects = report["clusters"][0]["objects"].as_array().unwrap();
    let mut objects = objects.iter();
    objects
        .find(|object| object["object"] == id)
        .unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

/// The verdict on a flux::Kustomization, and why it is deferred.
fn verdict<'a>(report: &'a Json, name: &str) -> (&'a str, &'a str) {
    let object = object(report, &format!("Kustomization/flux-system/{name}"));
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    (text("verdict"), text("why"))
}

const SEALED: &str = "apiVersion: v1
kind: Secret
metadata: {name: sealed, namespace: default}
stringData: {a: 'ENC[AES256_GCM,data:c2Vj,iv:aXY=,tag:dGFn,type:str]'}
sops:
  age:
    - recipient: age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqs6ex
      enc: xyz
  lastmodified: '2026-01-01T00:00:00Z'
  mac: 'ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]'
  version: 3.9.0
";

const CHARTS: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: flux-system}
spec:
  interval: 10m
  chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: flux-system}}}
  valuesFrom: [{kind: Secret, name: values}]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: other, namespace: flux-system}
spec: {interval: 10m, url: 'https://charts.rehearsal.invalid'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: other, namespace: flux-system}
spec: {interval: 10m, chart: {spec: {chart: other, sourceRef: {kind: HelmRepository, name: other}}}}
";

/// A cluster that wants what only the world outside has.
fn elsewhere() -> Repo {
    let from = ", postBuild: {substituteFrom: [{kind: Secret, name: outside}]}";
    let key = ", decryption: {provider: sops, secretRef: {name: sops-age}}";
    let entries = [
        kustomization("uses", from),
        kustomization("reads-nothing", from),
        kustomization("after", ", dependsOn: [{name: uses}]"),
        kustomization("wrong", from),
        kustomization("unsealed", key),
        kustomization("sealed", key),
        kustomization("remote", ""),
        kustomization("there", ", kubeConfig: {secretRef: {name: there}}"),
        kustomization("charts", ""),
    ];
    Repo::of(&[
        ("clusters/a/flux-system/gotk-sync.yaml", &entry("a")),
        ("clusters/a/all.yaml", &entries.concat()),
        ("uses/a.yaml", &config_map("uses", "{host: 'app.${DOMAIN}'}")),
        ("reads-nothing/a.yaml", &config_map("reads-nothing", "{a: b}")),
        ("after/a.yaml", &config_map("after", "{a: b}")),
        (
            "wrong/a.yaml",
            &format!(
                "{}---\n{}",
                config_map("right", "{a: '${DOMAIN}'}"),
                config_map("wrong", "{a: [b]}")
            ),
        ),
        ("unsealed/a.yaml", &config_map("unsealed", "{a: b}")),
        ("sealed/a.yaml", SEALED),
        (
            "remote/kustomization.yaml",
            "resources: ['https://rehearsal.invalid/a/b?ref=v1']\n",
        ),
        ("there/a.yaml", &config_map("there", "{a: b}")),
        ("charts/a.yaml", CHARTS),
        ("chart/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        (
            "chart/templates/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-chart}\n",
        ),
    ])
}

#[test]
fn what_stand_ins_decide_is_deferred_and_the_rest_is_judged() {
    if let Some(missing) = stage::missing() {
        eprintln!(
            "skipped rehearse_elsewhere::what_stand_ins_decide_is_deferred_and_the_rest_is_judged: no `{missing}`"
        );
        return;
    }
    let (code, report) = rehearse(elsewhere(), &["--offline", "-o", "json"]);
    assert_eq!(code, 1, "one of them is wrong: {report:#}");
    let (word, why) = verdict(&report, "uses");
    assert_eq!(word, "deferred");
    assert!(
        why.contains("Secret `flux-system/outside` is made elsewhere"),
        "{why}"
    );
    for name in ["reads-nothing", "after", "unsealed", "charts", "flux-system"] {
        assert_eq!(verdict(&report, name), ("ready", ""), "{name}");
    }
    assert_eq!(verdict(&report, "wrong").0, "failed");
    assert!(verdict(&report, "sealed").1.contains("SOPS"), "{report:#}");
    assert!(
        verdict(&report, "remote")
            .1
            .contains("`https://rehearsal.invalid/a/b?ref=v1`"),
        "{report:#}"
    );
    assert!(
        verdict(&report, "there").1.contains("another cluster"),
        "{report:#}"
    );
    let release = object(&report, "HelmRelease/flux-system/app");
    assert!(
        release["why"]
            .as_str()
            .is_some_and(|why| why.contains("`flux-system/values`")),
        "{release:#}"
    );
    let other = object(&report, "HelmRelease/flux-system/other");
    assert_eq!(other["root"], "HelmRepository/flux-system/other", "{other:#}");
    let stand_ins = &report["clusters"][0]["standIns"];
    assert_eq!(
        *stand_ins,
        serde_json::json!([
            "flux-system/outside",
            "flux-system/sops-age",
            "flux-system/values"
        ])
    );
}

/// What flux-operator takes for a cluster.
fn instance(kind: &str, folder: &str) -> String {
    format!(
        "apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {{name: flux, namespace: flux-system}}
spec:
  distribution: {{version: 2.x, registry: ghcr.io/fluxcd}}
  sync: {{kind: {kind}, url: 'oci://ghcr.io/example/it', ref: latest, path: {folder}, pullSecret: ghcr-auth}}
"
    )
}

#[test]
fn a_cluster_may_start_from_an_artifact_and_one_that_cannot_be_served_is_alone() {
    if let Some(missing) = stage::missing() {
        eprintln!(
            "skipped rehearse_elsewhere::a_cluster_may_start_from_an_artifact_and_one_that_cannot_be_served_is_alone: no `{missing}`"
        );
        return;
    }
    let app = kustomization("app", "").replace("GitRepository", "OCIRepository");
    let repo = Repo::of(&[
        (
            "clusters/oci/flux.yaml",
            &instance("OCIRepository", "clusters/oci"),
        ),
        ("clusters/oci/app.yaml", &app),
        (
            "clusters/bucket/flux.yaml",
            &instance("Bucket", "clusters/bucket"),
        ),
        ("app/a.yaml", &config_map("app", "{a: b}")),
    ]);
    let (code, report) = rehearse(repo, &["--offline", "-o", "json"]);
    assert_eq!(code, 2, "{report:#}");
    let unable = &report["unable"][0];
    assert_eq!(unable["cluster"], "bucket", "{report:#}");
    assert!(
        unable["why"]
            .as_str()
            .is_some_and(|why| why.contains("it starts from Bucket/flux-system/")),
        "{unable:#}"
    );
    assert_eq!(report["clusters"][0]["cluster"], "oci");
    assert_eq!(
        object(&report, "OCIRepository/flux-system/flux-system")["verdict"],
        "ready",
        "{report:#}"
    );
    assert_eq!(verdict(&report, "app"), ("ready", ""), "{report:#}");
}
