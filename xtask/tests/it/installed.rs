//! The installed stage on a chart in the repository: what it installs is checked, and findings point at the values.

use serde_json::Value as Json;
use tools::{Tool, Toolbox};

use crate::repo::Repo;

const RELEASE: &str = "kubernetes/infrastructure/dns/helmrelease.yaml";
const VALUES: &str = "    replicaCount: 2
    k8sAppLabelOverride: kube-dns
    service: {name: kube-dns}
    podDisruptionBudget:
      minAvailable: 1
    topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: ScheduleAnyway
        labelSelector: {matchLabels: {k8s-app: kube-dns}}
    prometheus: {monitor: {enabled: false}}
";

/// This repository with one more component on cluster infra: a chart of the repository's own that treats its values as
/// the CoreDNS chart does in the points that matter.
fn repo(test: &str, values: &str) -> Option<Repo> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Err(error) = Toolbox::discover(&std::collections::BTreeMap::new(), &path).get(Tool::Helm) {
        eprintln!("skipped installed::{test}: {error}");
        return None;
    }
    let repo = Repo::copy();
    let infra = "kubernetes/clusters/infra/infrastructure.yaml";
    repo.write(
        infra,
        &format!(
            "{}---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: dns, namespace: flux-system}}\n\
             spec:\n  interval: 10m\n  path: ./kubernetes/infrastructure/dns\n  prune: true\n  sourceRef: {{kind: \
             GitRepository, name: flux-system}}\n  healthChecks:\n    - {{apiVersion: apps/v1, kind: Deployment, name: dns, \
             namespace: dns}}\n",
            repo.read(infra)
        ),
    );
    repo.write(
        "kubernetes/infrastructure/dns/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [helmrelease.yaml]\n",
    );
    repo.write(
        RELEASE,
        &format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: dns, namespace: dns}}\nspec:\n  \
             interval: 30m\n  chart:\n    spec:\n      chart: ./charts/dns\n      sourceRef: {{kind: GitRepository, name: \
             flux-system, namespace: flux-system}}\n  values:\n{values}"
        ),
    );
    repo.write(
        "charts/dns/Chart.yaml",
        "apiVersion: v2\nname: dns\nversion: 1.0.0\n",
    );
    repo.write(
        "charts/dns/values.yaml",
        "replicaCount: 1\nk8sAppLabelOverride: ''\nservice: {name: ''}\npodDisruptionBudget: {}\ntopologySpreadConstraints: []\n\
         livenessProbe: {enabled: true, periodSeconds: 10}\nreadinessProbe: {periodSeconds: 10}\nprometheus: {monitor: {enabled: false}}\n",
    );
    repo.write("charts/dns/templates/all.yaml", CHART);
    Some(repo)
}

const CHART: &str = r#"{{- define "app" }}{{ default .Chart.Name .Values.k8sAppLabelOverride }}{{ end -}}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicaCount }}
  selector: {matchLabels: {k8s-app: {{ include "app" . }}}}
  template:
    metadata: {labels: {k8s-app: {{ include "app" . }}}}
    spec:
      topologySpreadConstraints: {{ toJson .Values.topologySpreadConstraints }}
      containers:
        - name: dns
          image: example.org/dns:1
          {{- if .Values.livenessProbe.enabled }}
          livenessProbe: {httpGet: {path: /health, port: 8080}, periodSeconds: {{ .Values.livenessProbe.periodSeconds }}}
          {{- end }}
          readinessProbe: {httpGet: {path: /ready, port: 8181}, periodSeconds: {{ .Values.readinessProbe.periodSeconds }}}
---
apiVersion: v1
kind: Service
metadata: {name: {{ default .Release.Name .Values.service.name }}}
spec: {selector: {k8s-app: {{ include "app" . }}}, ports: [{port: 53}]}
{{- if .Values.podDisruptionBudget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {k8s-app: {{ include "app" . }}}}
  {{- toYaml .Values.podDisruptionBudget | nindent 2 }}
{{- end }}
{{- if .Values.prometheus.monitor.enabled }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: {{ .Release.Name }}}
spec: {selector: {matchLabels: {k8s-app: {{ include "app" . }}}}, endpoints: [{port: metrics}]}
{{- end }}
"#;

/// `check file:line:column` of every finding.
fn places(report: &Json) -> Vec<String> {
    let place = |finding: &Json| {
        format!(
            "{} {}:{}:{}",
            finding["check"].as_str().unwrap(),
            finding["file"].as_str().unwrap(),
            finding["line"],
            finding["column"]
        )
    };
    report["findings"].as_array().unwrap().iter().map(place).collect()
}

fn at(repo: &Repo, check: &str, needle: &str) -> String {
    let (line, column) = repo.place(RELEASE, needle);
    format!("{check} {RELEASE}:{line}:{column}")
}

#[test]
fn what_a_good_release_installs_is_checked_and_clean() {
    let Some(repo) = repo("what_a_good_release_installs_is_checked_and_clean", VALUES) else {
        return;
    };
    let (code, report) = repo.validate();
    assert_eq!(places(&report), Vec::<String>::new(), "{:#}", report["findings"]);
    assert_eq!(code, 0);
    // Deployment, Service, PodDisruptionBudget; the two releases of each cluster have no chart here.
    assert_eq!(report["coverage"]["installed"], 3);
    assert_eq!(report["coverage"]["installedSchemaChecked"], 3);
    assert_eq!(report["coverage"]["releases"], 5);
    assert_eq!(report["coverage"]["releasesRendered"], 1);
    let deferred = report["deferred"].to_string();
    assert!(!deferred.contains("Deployment `dns/dns`"), "{deferred}");
}

#[test]
fn the_samples_of_the_story_give_these_findings_and_no_other() {
    let values = "    replicaCount: 2
    service: {name: kube-dns}
    podDisruptionBudget:
      enabled: true
      minAvailable: 1
    topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: ScheduleAnyway
        labelSelector:
          matchLabels: {k8s-app: kube-dns}
    livenessProbe:
      httpGet: {path: /health, port: 8080}
      periodSeconds: 10
    readinessProbe:
      periodSeconds: 10
      httpGet: {path: /ready, port: 8181}
    serviceMonitor:
      enabled: false
";
    let Some(repo) = repo(
        "the_samples_of_the_story_give_these_findings_and_no_other",
        values,
    ) else {
        return;
    };
    let (code, report) = repo.validate();
    assert_eq!(code, 1);
    let wanted = [
        at(&repo, "schema/invalid", "true\n      minAvailable"),
        at(&repo, "workload/spread-selects-nothing", "matchLabels"),
        at(&repo, "helm/value-unknown", "httpGet: {path: /health"),
        at(&repo, "helm/value-unknown", "httpGet: {path: /ready"),
        at(&repo, "helm/value-unknown", "serviceMonitor"),
    ];
    assert_eq!(places(&report), wanted, "{:#}", report["findings"]);
    assert_eq!(
        report["findings"][4]["help"],
        "did you mean `prometheus.monitor`?"
    );
}

#[test]
fn a_field_that_policy_does_not_know_is_found_at_its_value() {
    let values = VALUES.replace(
        "      minAvailable: 1\n",
        "      enabled: true\n      minAvailable: 1\n",
    );
    let Some(repo) = repo("a_field_that_policy_does_not_know_is_found_at_its_value", &values) else {
        return;
    };
    let (code, report) = repo.validate();
    assert_eq!(code, 1);
    assert_eq!(
        places(&report),
        [at(&repo, "schema/invalid", "true\n      minAvailable")]
    );
    let finding = &report["findings"][0];
    assert_eq!(finding["stage"], "installed", "{finding:#}");
    let related = &finding["related"][0];
    assert_eq!(related["file"], "rendered:dns/dns.yaml", "{finding:#}");
    assert!(
        related["message"]
            .as_str()
            .unwrap()
            .contains("spec.values.podDisruptionBudget.enabled"),
        "{finding:#}"
    );
}

#[test]
fn a_health_check_on_what_the_chart_installs_is_looked_up() {
    let Some(repo) = repo("a_health_check_on_what_the_chart_installs_is_looked_up", VALUES) else {
        return;
    };
    repo.edit(
        "kubernetes/clusters/infra/infrastructure.yaml",
        "kind: Deployment, name: dns,",
        "kind: Deployment, name: dsn,",
    );
    let (code, report) = repo.validate();
    assert_eq!(code, 1, "{:#}", report["findings"]);
    assert_eq!(report["findings"][0]["check"], "flux/health-check-unknown");
    assert!(report["findings"][0]["help"].as_str().unwrap().contains("`dns`"));
}

#[test]
fn a_chart_that_fails_is_an_error_of_its_release() {
    let values = VALUES.replace(
        "    replicaCount: 2\n",
        "    replicaCount: 2\n    livenessProbe: null\n",
    );
    let Some(repo) = repo("a_chart_that_fails_is_an_error_of_its_release", &values) else {
        return;
    };
    let (code, report) = repo.validate();
    assert_eq!(code, 1);
    assert_eq!(places(&report), [at(&repo, "helm/render-failed", "values:")]);
    let message = report["findings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("templates/all.yaml:15") && message.contains("livenessProbe"),
        "{message}"
    );
}

#[test]
fn a_post_renderer_changes_what_is_checked() {
    let Some(repo) = repo("a_post_renderer_changes_what_is_checked", VALUES) else {
        return;
    };
    repo.edit(
        RELEASE,
        "  values:\n",
        "  postRenderers:\n    - kustomize:\n        patches:\n          - target: {kind: Service}\n            patch: |\n              - \
         {op: replace, path: /spec/selector/k8s-app, value: dsn}\n  values:\n",
    );
    let (_, report) = repo.validate();
    // The Service has another name than the Deployment until it is named after the release.
    assert_eq!(places(&report), Vec::<String>::new(), "{:#}", report["findings"]);
    repo.edit(RELEASE, "    service: {name: kube-dns}\n", "");
    let (_, report) = repo.validate();
    assert_eq!(
        report["findings"][0]["check"], "workload/service-selects-nothing",
        "{report:#}"
    );
    assert_eq!(report["findings"][0]["file"], RELEASE);
}

#[test]
fn build_prints_what_is_installed() {
    let Some(repo) = repo("build_prints_what_is_installed", VALUES) else {
        return;
    };
    let root = repo.path("");
    let output = crate::repo::xtask(&[
        "build",
        "--path",
        root.to_str().unwrap(),
        "--cluster",
        "infra",
        "--kustomization",
        "dns",
        "--stage",
        "installed",
    ]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("kind: PodDisruptionBudget") && text.contains("namespace: dns"),
        "{text}"
    );
    assert!(text.contains("helm.toolkit.fluxcd.io/name: dns"), "{text}");
    assert!(!text.contains("kind: HelmRelease"), "{text}");
}
