//! The clusters: names, ids, networks, CoreDNS addresses, and where they get this repository from.

use std::net::IpAddr;

use ipnet::IpNet;
use model::net;

use crate::spec::flux::{self, Health, KustomizationSpec};
use crate::spec::source::{GitRepository, GitRepositoryRef, GitRepositorySpec, GitUrl};
use crate::spec::{Interval, Metadata, Name, Setting, SpecError, Type, Variable};

/// This file, as the headers of its manifests name it.
pub(crate) const SOURCE: &str = "crates/components/src/clusters.rs";
/// Where the clusters' entrypoints lie.
pub(crate) const FOLDER: &str = "kubernetes/clusters";
/// Name of the ConfigMap with a cluster's settings.
pub(crate) const SETTINGS: &str = "cluster-settings";

/// The repository that Flux reconciles.
const GIT_URL: &str = "https://github.com/monosense-io/k8s-gitops";
/// Its branch.
const GIT_BRANCH: &str = "main";

/// Both clusters: networks of a cluster are disjoint from each other and from the other cluster's, so that they can be
/// meshed.
const CLUSTERS: [ClusterSpec; 2] = [
    ClusterSpec {
        name: "infra",
        id: 1,
        pods: v4([10, 244, 0, 0], 16),
        services: v4([10, 245, 0, 0], 16),
        coredns: v4_address([10, 245, 0, 10]),
    },
    ClusterSpec {
        name: "apps",
        id: 2,
        pods: v4([10, 246, 0, 0], 16),
        services: v4([10, 247, 0, 0], 16),
        coredns: v4_address([10, 247, 0, 10]),
    },
];

/// `${CLUSTER_NAME}`.
pub const CLUSTER_NAME: Variable = Variable::required("CLUSTER_NAME", Type::String);
/// `${CLUSTER_ID}`: a number wherever it stands, quoted or not.
pub const CLUSTER_ID: Variable = Variable::required("CLUSTER_ID", Type::Integer);
/// `${POD_CIDR}`: the network of the pods.
pub const POD_CIDR: Variable = Variable::required("POD_CIDR", Type::String);
/// `${SERVICE_CIDR}`: the networks of the Services, as a list.
pub const SERVICE_CIDR: Variable = Variable::required("SERVICE_CIDR", Type::Array);
/// Settings that `cargo xtask validate` reads and no manifest: it checks that Services get addresses inside.
pub(crate) const READ_BY_CHECKS: [Variable; 1] = [SERVICE_CIDR];

/// What is decided about a cluster; see [`Cluster::new`].
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// Name of the entrypoint folder and, in Cilium, of the cluster: at most 32 characters.
    pub name: &'static str,
    /// Cilium's cluster id, 1 to 255, unique in a mesh.
    pub id: u16,
    /// Network of the pods.
    pub pods: IpNet,
    /// Network of the Services.
    pub services: IpNet,
    /// Address of the cluster's DNS Service.
    pub coredns: IpAddr,
}

/// A cluster whose numbers fit together.
#[derive(Debug, Clone)]
pub struct Cluster {
    name: Name,
    spec: ClusterSpec,
}

impl Cluster {
    /// Refuses ids that Cilium does not take, networks that overlap and a DNS address that no Service may have.
    pub fn new(spec: ClusterSpec) -> Result<Self, SpecError> {
        let name = Name::at_most(spec.name, 32)?;
        let cluster = || spec.name.to_owned();
        if !(1..=255).contains(&spec.id) {
            return Err(SpecError::ClusterId {
                cluster: cluster(),
                id: spec.id,
            });
        }
        let (address, network) = (spec.coredns, spec.services);
        if !network.contains(&address) {
            return Err(SpecError::AddressOutside {
                cluster: cluster(),
                address,
                network,
            });
        }
        let owner = if address == network.network() {
            Some("the network itself")
        } else if Some(address) == net::first_service_address(&network) {
            Some("the Service kubernetes")
        } else if address.is_ipv4() && address == network.broadcast() {
            Some("broadcast")
        } else {
            None
        };
        if let Some(owner) = owner {
            return Err(SpecError::AddressReserved {
                cluster: cluster(),
                address,
                network,
                owner,
            });
        }
        Ok(Self { name, spec })
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Address of its DNS Service.
    pub fn coredns(&self) -> IpAddr {
        self.spec.coredns
    }

    /// The settings that no single component owns.
    pub fn settings(&self) -> Result<Vec<Setting>, SpecError> {
        Ok(vec![
            CLUSTER_NAME.set(self.name.as_str())?,
            CLUSTER_ID.set(self.spec.id.to_string())?,
            POD_CIDR.set(self.spec.pods.to_string())?,
            SERVICE_CIDR.set(format!("[\"{}\"]", self.spec.services))?,
        ])
    }

    /// Its folder, relative to the repository.
    pub(crate) fn folder(&self) -> String {
        format!("{FOLDER}/{}", self.name)
    }

    /// The Flux Kustomization that applies the cluster's own folder.
    pub(crate) fn kustomization(&self) -> Result<flux::Kustomization, SpecError> {
        let source = git_repository()?;
        Ok(flux::Kustomization {
            spec: KustomizationSpec {
                interval: Interval::minutes(10),
                timeout: None,
                path: format!("./{}", self.folder()),
                prune: true,
                source_ref: flux::SourceRef::git(&source),
                depends_on: Vec::new(),
                post_build: None,
                health: Health::none(),
            },
            metadata: source.metadata,
        })
    }
}

/// Every cluster, in the order of their ids.
pub fn clusters() -> Result<Vec<Cluster>, SpecError> {
    let clusters: Vec<Cluster> = CLUSTERS.into_iter().map(Cluster::new).collect::<Result<_, _>>()?;
    distinct(&clusters)?;
    Ok(clusters)
}

/// Refuses clusters that share a name, an id or an address.
fn distinct(clusters: &[Cluster]) -> Result<(), SpecError> {
    for (index, cluster) in clusters.iter().enumerate() {
        for other in clusters.iter().skip(index + 1) {
            let shared = if cluster.name == other.name {
                Some(("cluster name", cluster.name.to_string()))
            } else if cluster.spec.id == other.spec.id {
                Some(("cluster id", cluster.spec.id.to_string()))
            } else {
                None
            };
            if let Some((what, value)) = shared {
                return Err(SpecError::Duplicate { what, value });
            }
        }
    }
    let networks: Vec<(String, IpNet)> = clusters
        .iter()
        .flat_map(|cluster| {
            let label =
                |what: &str, network: IpNet| (format!("{what} of `{}` ({network})", cluster.name), network);
            [
                label("pods", cluster.spec.pods),
                label("services", cluster.spec.services),
            ]
        })
        .collect();
    for (index, (first, network)) in networks.iter().enumerate() {
        for (second, other) in networks.iter().skip(index + 1) {
            if net::overlap(network, other) {
                return Err(SpecError::Overlap {
                    first: first.clone(),
                    second: second.clone(),
                });
            }
        }
    }
    Ok(())
}

/// This repository as a source.
pub(crate) fn git_repository() -> Result<GitRepository, SpecError> {
    Ok(GitRepository {
        metadata: Metadata::new("flux-system", flux::NAMESPACE)?,
        spec: GitRepositorySpec {
            interval: Interval::minutes(1),
            r#ref: GitRepositoryRef { branch: GIT_BRANCH },
            url: GitUrl::new(GIT_URL)?,
        },
    })
}

const fn v4_address(octets: [u8; 4]) -> IpAddr {
    let [a, b, c, d] = octets;
    IpAddr::V4(std::net::Ipv4Addr::new(a, b, c, d))
}

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(ipnet::Ipv4Net::new_assert(
        std::net::Ipv4Addr::new(a, b, c, d),
        prefix,
    ))
}

#[cfg(test)]
#[path = "clusters/tests.rs"]
mod tests;
