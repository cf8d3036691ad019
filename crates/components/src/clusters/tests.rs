//! Clusters that cannot be, and the two that are.

use super::*;

fn infra() -> ClusterSpec {
    CLUSTERS[0].clone()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_clusters_are_those_of_the_story() {
    let clusters = clusters().unwrap();
    let facts: Vec<String> = clusters
        .iter()
        .map(|c| {
            format!(
                "{} {} {} {} {}",
                c.name, c.spec.id, c.spec.pods, c.spec.services, c.spec.coredns
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            "infra 1 10.244.0.0/16 10.245.0.0/16 10.245.0.10",
            "apps 2 10.246.0.0/16 10.247.0.0/16 10.247.0.10"
        ]
    );
}

#[test]
fn settings_keep_their_types() {
    let settings = Cluster::new(infra()).unwrap().settings().unwrap();
    let texts: Vec<String> = settings
        .iter()
        .map(|s| format!("{}={}", s.variable.name(), s.value))
        .collect();
    assert_eq!(
        texts,
        [
            "CLUSTER_NAME=infra",
            "CLUSTER_ID=1",
            "POD_CIDR=10.244.0.0/16",
            "SERVICE_CIDR=[\"10.245.0.0/16\"]"
        ]
    );
}

#[test]
fn refuses_a_name_that_substitution_makes_a_boolean() {
    let cluster = Cluster::new(ClusterSpec {
        name: "on",
        ..infra()
    })
    .unwrap();
    assert!(matches!(cluster.settings(), Err(SpecError::SettingType { .. })));
}

#[test]
fn refuses_an_address_outside_or_reserved() {
    for coredns in ["10.247.0.10", "10.244.0.10"] {
        let spec = ClusterSpec {
            coredns: address(coredns),
            ..infra()
        };
        assert!(
            matches!(Cluster::new(spec), Err(SpecError::AddressOutside { .. })),
            "{coredns}"
        );
    }
    for coredns in ["10.245.0.0", "10.245.0.1", "10.245.255.255"] {
        let spec = ClusterSpec {
            coredns: address(coredns),
            ..infra()
        };
        assert!(
            matches!(Cluster::new(spec), Err(SpecError::AddressReserved { .. })),
            "{coredns}"
        );
    }
}

#[test]
fn refuses_names_and_ids_that_cilium_refuses() {
    for name in ["", "Infra", "a-cluster-name-of-thirty-three-char"] {
        assert!(Cluster::new(ClusterSpec { name, ..infra() }).is_err(), "{name:?}");
    }
    for id in [0, 256] {
        assert!(matches!(
            Cluster::new(ClusterSpec { id, ..infra() }),
            Err(SpecError::ClusterId { .. })
        ));
    }
}

#[test]
fn refuses_clusters_that_share_something() {
    let apps = || CLUSTERS[1].clone();
    let verdict = |other: ClusterSpec| {
        distinct(&[Cluster::new(infra()).unwrap(), Cluster::new(other).unwrap()])
            .map_err(|error| error.to_string())
    };
    assert_eq!(verdict(apps()), Ok(()));
    for (other, wanted) in [
        (
            ClusterSpec {
                name: "infra",
                ..apps()
            },
            "cluster name `infra` stands twice",
        ),
        (ClusterSpec { id: 1, ..apps() }, "cluster id `1` stands twice"),
        (
            ClusterSpec {
                pods: "10.244.128.0/17".parse().unwrap(),
                ..apps()
            },
            "pods of `infra` (10.244.0.0/16) and pods of `apps` (10.244.128.0/17) overlap",
        ),
        (
            ClusterSpec {
                pods: "10.247.0.0/24".parse().unwrap(),
                ..apps()
            },
            "pods of `apps` (10.247.0.0/24) and services of `apps` (10.247.0.0/16) overlap",
        ),
    ] {
        assert_eq!(verdict(other).unwrap_err(), wanted);
    }
}
