//! cilium-core: the clusters' network: kube-proxy replacement, native routing, WireGuard between nodes.
//!
//! The nodes run Talos: see docs/decisions on the API server's address, the capabilities and the cgroup mount.

use serde::Serialize;

use crate::clusters::{CLUSTER_ID, CLUSTER_NAME, POD_CIDR};
use crate::component::{Component, File, no_settings};
use crate::spec::flux::{self, Health, HealthCheck};
use crate::spec::helm::{ChartSource, HelmRelease};
use crate::spec::source::OCIRepository;
use crate::spec::{Interval, Metadata, Name, SpecError, Variable};

const SOURCE: &str = "crates/components/src/cilium_core.rs";
const CHART_URL: &str = "oci://quay.io/cilium/charts/cilium";
const CHART_VERSION: &str = "1.18.3";
const NAMESPACE: &str = "kube-system";

/// The component.
pub(crate) fn component() -> Result<Component, SpecError> {
    let chart = OCIRepository::chart(
        Metadata::new("cilium-charts", flux::NAMESPACE)?,
        CHART_URL,
        CHART_VERSION,
    )?;
    let release = HelmRelease::new(
        Metadata::new("cilium", NAMESPACE)?,
        ChartSource::oci(&chart),
        &values(),
    )?;
    let health = Health::named(vec![
        HealthCheck::helm_release(&release),
        HealthCheck::daemon_set(Metadata::new("cilium", NAMESPACE)?),
        HealthCheck::deployment(Metadata::new("cilium-operator", NAMESPACE)?),
    ]);
    Ok(Component {
        name: Name::new("cilium-core")?,
        source: SOURCE,
        folder: "kubernetes/infrastructure/networking/cilium/core",
        files: vec![
            File::new("ocirepository.yaml", chart),
            File::new("helmrelease.yaml", release).explained(&[
                ("k8sServiceHost:", "KubePrism, Talos' balancer on every node: there is no kube-proxy to reach the API server by."),
                ("ipam:", "Pod addresses come from the setting that native routing uses, not from the machine configuration."),
                ("autoDirectNodeRoutes:", "Nodes share one layer 2 network: each has a route to every other node's pods."),
                ("ciliumAgent:", "The chart's lists without SYS_MODULE: Talos lets no workload load kernel modules."),
                ("cgroup:", "Talos has mounted it already."),
            ]),
        ],
        depends_on: Vec::new(),
        timeout: Interval::minutes(10),
        health,
        settings: no_settings,
    })
}

fn values() -> Values {
    Values {
        cluster: ClusterValues {
            name: CLUSTER_NAME,
            id: CLUSTER_ID,
        },
        kube_proxy_replacement: true,
        k8s_service_host: "localhost",
        k8s_service_port: 7445,
        ipam: Ipam {
            mode: "cluster-pool",
            operator: IpamOperator {
                cluster_pool_ipv4_pod_cidr_list: [POD_CIDR],
            },
        },
        routing_mode: "native",
        ipv4_native_routing_cidr: POD_CIDR,
        auto_direct_node_routes: true,
        encryption: Encryption {
            enabled: true,
            r#type: "wireguard",
        },
        security_context: SecurityContext {
            capabilities: Capabilities {
                cilium_agent: [
                    "CHOWN",
                    "KILL",
                    "NET_ADMIN",
                    "NET_RAW",
                    "IPC_LOCK",
                    "SYS_ADMIN",
                    "SYS_RESOURCE",
                    "DAC_OVERRIDE",
                    "FOWNER",
                    "SETGID",
                    "SETUID",
                ],
                clean_cilium_state: ["NET_ADMIN", "SYS_ADMIN", "SYS_RESOURCE"],
            },
        },
        cgroup: Cgroup {
            auto_mount: AutoMount { enabled: false },
            host_root: "/sys/fs/cgroup",
        },
    }
}

/// The chart's values that differ from its defaults, by their own names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    cluster: ClusterValues,
    kube_proxy_replacement: bool,
    k8s_service_host: &'static str,
    k8s_service_port: u16,
    ipam: Ipam,
    routing_mode: &'static str,
    #[serde(rename = "ipv4NativeRoutingCIDR")]
    ipv4_native_routing_cidr: Variable,
    auto_direct_node_routes: bool,
    encryption: Encryption,
    security_context: SecurityContext,
    cgroup: Cgroup,
}

#[derive(Serialize)]
struct ClusterValues {
    name: Variable,
    id: Variable,
}

#[derive(Serialize)]
struct Ipam {
    mode: &'static str,
    operator: IpamOperator,
}

#[derive(Serialize)]
struct IpamOperator {
    #[serde(rename = "clusterPoolIPv4PodCIDRList")]
    cluster_pool_ipv4_pod_cidr_list: [Variable; 1],
}

#[derive(Serialize)]
struct Encryption {
    enabled: bool,
    r#type: &'static str,
}

#[derive(Serialize)]
struct SecurityContext {
    capabilities: Capabilities,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    cilium_agent: [&'static str; 11],
    clean_cilium_state: [&'static str; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cgroup {
    auto_mount: AutoMount,
    host_root: &'static str,
}

#[derive(Serialize)]
struct AutoMount {
    enabled: bool,
}
