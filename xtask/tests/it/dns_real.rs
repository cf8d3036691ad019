//! Live scenarios that ask a real CoreDNS, started in a rehearsal with a Corefile out of a chart of the test's own.

use crate::rehearse_real::{alone, rehearse};
use crate::stage::folders;

const CHART: &str = r"apiVersion: v1
kind: ConfigMap
metadata: {name: dns}
data:
  Corefile: |
    .:53 {
        errors
        health
        ready 127.0.0.1:8181
        kubernetes cluster.local in-addr.arpa ip6.arpa
        prometheus 0.0.0.0:9153
        forward . /etc/resolv.conf
        loop
    }
";
const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [helmrelease.yaml, rule.yaml]
";
const RULE: &str = r#"apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: dns, namespace: kube-system}
spec:
  groups:
    - name: dns
      rules:
        - {alert: Down, expr: 'up{job="coredns"} == 0', for: 5m}
        - alert: Errors
          expr: sum(rate(coredns_dns_responses_total{rcode="SERVFAIL"}[5m])) / sum(rate(coredns_dns_responses_total[5m])) > 0.05
          for: 10m
"#;
const DESIGN: &str = "story: '09'
title: a DNS of one's own
settings: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}
clusters: [infra]
criteria: []
scenarios: []
";

/// What is asked, what comes of it, and a part of what is seen or found.
const QUESTIONS: [(&str, &str, &str); 12] = [
    (
        "dns: {ask: kubernetes.default.svc.cluster.local, type: A, answersServiceOf: {namespace: default, name: kubernetes}}",
        "passed",
        "NOERROR 10.245.0.1",
    ),
    (
        "dns: {ask: kubernetes.default.svc.cluster.local, type: A, answers: [10.9.9.9]}",
        "failed",
        "NOERROR 10.245.0.1",
    ),
    (
        "dns: {ask: nobody.default.svc.cluster.local, type: A, says: NXDOMAIN}",
        "passed",
        "NXDOMAIN",
    ),
    (
        "dns: {ask: www.example.org, type: A, forwards: true}",
        "passed",
        "the stand-in upstream",
    ),
    (
        "dns: {ask: x.cluster.local, type: A, forwards: true}",
        "failed",
        "the upstream was not asked",
    ),
    (
        "http: {port: 8080, path: /health, status: 200}",
        "passed",
        "200 at 8080/health",
    ),
    (
        "http: {port: 8181, path: /ready, status: 200}",
        "failed",
        "the pod's own loopback alone",
    ),
    (
        "http: {port: 8082, path: /health, status: 200}",
        "failed",
        "nothing listens there; the Corefile has 53, 8080, 8181, 9153",
    ),
    (
        "metric: {port: 9153, path: /metrics, name: coredns_dns_requests_total}",
        "passed",
        "series, sum",
    ),
    (
        "metric: {port: 9153, path: /metrics, name: nobody_counts_total}",
        "failed",
        "other series",
    ),
    (
        "alerts: {rule: {kind: PrometheusRule, namespace: kube-system, name: dns}, given: upstreamFails, fires: [Errors], quiet: [Down]}",
        "passed",
        "fires: Errors; 1 quiet",
    ),
    (
        "alerts: {rule: {kind: PrometheusRule, namespace: kube-system, name: dns}, given: running, fires: [Errors], quiet: [Down]}",
        "failed",
        "it does not",
    ),
];

#[test]
fn the_real_coredns_is_asked_and_what_is_wrong_is_red() {
    let test = "dns_real::the_real_coredns_is_asked_and_what_is_wrong_is_red";
    let is_there = |name: &&str| folders().iter().any(|folder| folder.join(name).is_file());
    if let Some(missing) = ["coredns", "promtool"].iter().find(|name| !is_there(name)) {
        eprintln!("skipped {test}: no `{missing}`");
        return;
    }
    let Some(repo) = alone(test, "    {}\n") else {
        return;
    };
    repo.write("charts/dns/templates/all.yaml", CHART);
    repo.write("kubernetes/infrastructure/dns/kustomization.yaml", KUSTOMIZATION);
    repo.write("kubernetes/infrastructure/dns/rule.yaml", RULE);
    repo.write("docs/qa/09-dns/test-design.yaml", DESIGN);
    repo.write("docs/qa/09-dns/risks.yaml", "risks: []\n");
    let mut live = "story: '09'
from: {kind: HelmRelease, namespace: kube-system, name: dns}
programs: {coredns: {config: {kind: ConfigMap, namespace: kube-system, name: dns, key: Corefile}}}
scenarios:
"
    .to_owned();
    for (n, (question, _, _)) in QUESTIONS.iter().enumerate() {
        live += &[
            "  - {id: L",
            &n.to_string(),
            ", priority: P1, title: t, program: coredns, ",
            question,
            "}\n",
        ]
        .concat();
    }
    repo.write("docs/qa/09-dns/live.yaml", &live);
    let (code, report) = rehearse(&repo);
    assert_eq!(code, 1, "{report:#}");
    let settled = report["clusters"][0]["live"]["scenarios"].as_array().unwrap();
    assert_eq!(settled.len(), QUESTIONS.len(), "{settled:#?}");
    for (settled, (question, outcome, said)) in settled.iter().zip(QUESTIONS) {
        assert_eq!(settled["outcome"], outcome, "{question}: {settled:#}");
        let text = settled.to_string();
        assert!(text.contains(said), "{question}: wanted `{said}` in {settled:#}");
    }
}
