//! coredns: the clusters' DNS, two replicas apart from each other, hardened, with alerts.
//!
//! Every value was checked against the chart 1.38.0; docs/decisions says where the story's samples differ and why.

use serde::Serialize;

use crate::clusters::Cluster;
use crate::component::{Component, File};
use crate::spec::flux::{self, Health, HealthCheck};
use crate::spec::helm::{ChartSource, HelmRelease};
use crate::spec::monitoring::{Alert, AlertSpec, PrometheusRule, PrometheusRuleSpec, RuleGroup, Severity};
use crate::spec::source::OCIRepository;
use crate::spec::{Interval, Metadata, Name, Setting, SpecError, Type, Variable};

const SOURCE: &str = "crates/components/src/coredns.rs";
const CHART_URL: &str = "oci://ghcr.io/coredns/charts/coredns";
const CHART_VERSION: &str = "1.38.0";
const NAMESPACE: &str = "kube-system";
/// What `k8s-app` is everywhere else: the Service's selector of old, and what people and network policies look for.
const K8S_APP: &str = "kube-dns";

const REPLICAS: Variable = Variable::required("COREDNS_REPLICAS", Type::Integer);
const CLUSTER_IP: Variable = Variable::required("COREDNS_CLUSTER_IP", Type::String);
const SERVICEMONITOR_ENABLED: Variable =
    Variable::with_default("COREDNS_SERVICEMONITOR_ENABLED", Type::Boolean, "false");

/// The component.
pub(crate) fn component() -> Result<Component, SpecError> {
    let chart = OCIRepository::chart(
        Metadata::new("coredns-charts", flux::NAMESPACE)?,
        CHART_URL,
        CHART_VERSION,
    )?;
    let metadata = Metadata::new("coredns", NAMESPACE)?;
    let release = HelmRelease::new(metadata.clone(), ChartSource::oci(&chart), &values())?;
    let health = Health::all(vec![HealthCheck::helm_release(&release)]);
    Ok(Component {
        name: Name::new("coredns")?,
        source: SOURCE,
        folder: "kubernetes/infrastructure/networking/coredns",
        files: vec![
            File::new("ocirepository.yaml", chart),
            File::new("helmrelease.yaml", release).explained(&[
                ("k8sAppLabelOverride:", "Without it the pods are labeled `k8s-app: coredns` and the constraint below selects none."),
                ("securityContext:", "The chart adds NET_BIND_SERVICE to these: port 53 without root."),
                ("livenessProbe:", "Paths and ports are fixed in the chart: /health on 8080, /ready on 8181."),
                ("monitor:", "A ServiceMonitor, by the cluster setting."),
            ]),
            File::new("prometheusrule.yaml", rules(metadata)?),
        ],
        depends_on: vec!["cilium-core"],
        timeout: Interval::minutes(5),
        health,
        settings,
    })
}

fn settings(cluster: &Cluster) -> Result<Vec<Setting>, SpecError> {
    Ok(vec![
        REPLICAS.set("2")?,
        CLUSTER_IP.set(cluster.coredns().to_string())?,
        SERVICEMONITOR_ENABLED.set("false")?,
    ])
}

fn values() -> Values {
    Values {
        replica_count: REPLICAS,
        k8s_app_label_override: K8S_APP,
        service: Service {
            name: "kube-dns",
            cluster_ip: CLUSTER_IP,
        },
        service_account: ServiceAccount { create: true },
        topology_spread_constraints: [TopologySpreadConstraint {
            max_skew: 1,
            topology_key: "kubernetes.io/hostname",
            when_unsatisfiable: "ScheduleAnyway",
            label_selector: LabelSelector {
                match_labels: MatchLabels { k8s_app: K8S_APP },
            },
        }],
        pod_disruption_budget: PodDisruptionBudget { min_available: 1 },
        resources: Resources {
            requests: Quantities {
                cpu: "100m",
                memory: "128Mi",
            },
            limits: Quantities {
                cpu: "200m",
                memory: "256Mi",
            },
        },
        security_context: SecurityContext {
            run_as_non_root: true,
            run_as_user: 10001,
            read_only_root_filesystem: true,
            allow_privilege_escalation: false,
            capabilities: Capabilities { drop: ["ALL"] },
        },
        liveness_probe: Probe {
            initial_delay_seconds: 60,
            period_seconds: 10,
        },
        readiness_probe: Probe {
            initial_delay_seconds: 5,
            period_seconds: 10,
        },
        prometheus: Prometheus {
            service: MetricsService {
                enabled: true,
                annotations: ScrapeAnnotations {
                    scrape: "true",
                    port: "9153",
                },
            },
            monitor: Monitor {
                enabled: SERVICEMONITOR_ENABLED,
            },
        },
    }
}

fn rules(metadata: Metadata) -> Result<PrometheusRule, SpecError> {
    let alerts = [
        AlertSpec {
            alert: "CoreDNSAbsent",
            expr: r#"absent(up{job=~"coredns|coredns-metrics"})"#,
            r#for: Interval::minutes(5),
            severity: Severity::Critical,
            summary: "CoreDNS metrics absent",
            description: "CoreDNS metrics have been absent for 5 minutes",
        },
        AlertSpec {
            alert: "CoreDNSDown",
            expr: r#"up{job=~"coredns|coredns-metrics"} == 0"#,
            r#for: Interval::minutes(5),
            severity: Severity::Critical,
            summary: "CoreDNS is down",
            description: "CoreDNS pod {{ $labels.pod }} is down",
        },
        AlertSpec {
            alert: "CoreDNSHighErrorRate",
            expr: r#"sum(rate(coredns_dns_responses_total{rcode="SERVFAIL"}[5m])) / sum(rate(coredns_dns_responses_total[5m])) > 0.05"#,
            r#for: Interval::minutes(10),
            severity: Severity::Warning,
            summary: "CoreDNS high error rate",
            description: "More than 5% of the answers have been SERVFAIL for 10 minutes: {{ $value | humanizePercentage }}",
        },
        AlertSpec {
            alert: "CoreDNSLatencyHigh",
            expr: "histogram_quantile(0.99, sum by (le) (rate(coredns_dns_request_duration_seconds_bucket[5m]))) > 1",
            r#for: Interval::minutes(10),
            severity: Severity::Warning,
            summary: "CoreDNS high latency",
            description: "The slowest 1% of the answers have taken more than 1s for 10 minutes: p99 is {{ $value | humanizeDuration }}",
        },
    ];
    Ok(PrometheusRule {
        metadata,
        spec: PrometheusRuleSpec {
            groups: vec![RuleGroup {
                name: Name::new("coredns")?,
                interval: Interval::seconds(30),
                rules: alerts.into_iter().map(Alert::new).collect::<Result<_, _>>()?,
            }],
        },
    })
}

/// The chart's values that differ from its defaults, by their own names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    replica_count: Variable,
    k8s_app_label_override: &'static str,
    service: Service,
    service_account: ServiceAccount,
    topology_spread_constraints: [TopologySpreadConstraint; 1],
    pod_disruption_budget: PodDisruptionBudget,
    resources: Resources,
    security_context: SecurityContext,
    liveness_probe: Probe,
    readiness_probe: Probe,
    prometheus: Prometheus,
}

#[derive(Serialize)]
struct Service {
    name: &'static str,
    #[serde(rename = "clusterIP")]
    cluster_ip: Variable,
}

#[derive(Serialize)]
struct ServiceAccount {
    create: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TopologySpreadConstraint {
    max_skew: u8,
    topology_key: &'static str,
    when_unsatisfiable: &'static str,
    label_selector: LabelSelector,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LabelSelector {
    match_labels: MatchLabels,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct MatchLabels {
    #[serde(rename = "k8s-app")]
    k8s_app: &'static str,
}

/// The chart copies this map into the budget's spec: a key that policy/v1 does not know fails the install.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodDisruptionBudget {
    min_available: u8,
}

#[derive(Serialize)]
struct Resources {
    requests: Quantities,
    limits: Quantities,
}

#[derive(Serialize)]
struct Quantities {
    cpu: &'static str,
    memory: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecurityContext {
    run_as_non_root: bool,
    run_as_user: u32,
    read_only_root_filesystem: bool,
    allow_privilege_escalation: bool,
    capabilities: Capabilities,
}

#[derive(Serialize)]
struct Capabilities {
    drop: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    initial_delay_seconds: u8,
    period_seconds: u8,
}

#[derive(Serialize)]
struct Prometheus {
    service: MetricsService,
    monitor: Monitor,
}

#[derive(Serialize)]
struct MetricsService {
    enabled: bool,
    annotations: ScrapeAnnotations,
}

#[derive(Serialize)]
struct ScrapeAnnotations {
    #[serde(rename = "prometheus.io/scrape")]
    scrape: &'static str,
    #[serde(rename = "prometheus.io/port")]
    port: &'static str,
}

#[derive(Serialize)]
struct Monitor {
    enabled: Variable,
}
