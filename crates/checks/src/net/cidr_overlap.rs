//! Two networks share addresses.

use std::collections::BTreeSet;

use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};
use ipnet::IpNet;
use model::net::overlap;

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::settings::{Purpose, networks};
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "net/cidr-overlap",
        summary: "two networks share addresses",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Compares the pod and Service networks that the settings of a cluster name with each other, and with those of the other
clusters. Between clusters it is a warning, and only where each has a setting of its own.

## Why it matters
In one cluster a packet to a shared address reaches the wrong end. Between clusters, shared addresses rule out routing and
Cilium's ClusterMesh.

## Example
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  POD_CIDR: 10.244.0.0/15
#           ^^^ error[net/cidr-overlap]: pod network `10.244.0.0/15` overlaps Service network `10.245.0.0/16`
  SERVICE_CIDR: 10.245.0.0/16
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
--- apps/kustomization.yaml
resources: []
```

## How to fix
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  POD_CIDR: 10.244.0.0/16
  SERVICE_CIDR: 10.245.0.0/16
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
--- apps/kustomization.yaml
resources: []
```

## References
- <https://docs.cilium.io/en/stable/network/clustermesh/clustermesh/#prerequisites>
",
    },
    run,
};

/// One network of one cluster.
struct Network<'a> {
    cluster: usize,
    purpose: Purpose,
    name: &'a str,
    net: IpNet,
    span: Span,
    reader: Subject<'a>,
}

fn run(cx: &Context<'_>, findings: &mut Findings) {
    let all: Vec<Network<'_>> = cx
        .views
        .iter()
        .enumerate()
        .flat_map(|(index, view)| of_cluster(cx, index, view))
        .collect();
    let mut seen: BTreeSet<(Span, Span)> = BTreeSet::new();
    for (index, one) in all.iter().enumerate() {
        for other in all.iter().skip(index + 1) {
            let aliases = one.cluster == other.cluster && one.purpose == other.purpose;
            if aliases || one.span == other.span || !overlap(&one.net, &other.net) {
                continue;
            }
            // Between two clusters each setting is compared with its like first; one finding for each pair of settings.
            if seen.insert((one.span, other.span)) {
                findings.push(report(cx, one, other));
            }
        }
    }
}

/// The networks of a cluster; a setting that repeats another one's network is an alias.
fn of_cluster<'a>(cx: &Context<'_>, cluster: usize, view: &ClusterView<'a>) -> Vec<Network<'a>> {
    let mut found: Vec<Network<'a>> = Vec::new();
    for purpose in [Purpose::Pods, Purpose::Services] {
        for setting in networks(cx, view, purpose) {
            for net in setting.networks.into_iter().flatten() {
                if !found
                    .iter()
                    .any(|known| known.purpose == purpose && known.net == net)
                {
                    let (name, span, reader) = (setting.name, setting.span, setting.reader);
                    found.push(Network {
                        cluster,
                        purpose,
                        name,
                        net,
                        span,
                        reader,
                    });
                }
            }
        }
    }
    found
}

fn report(cx: &Context<'_>, one: &Network<'_>, other: &Network<'_>) -> Finding {
    let same_cluster = one.cluster == other.cluster;
    // Between clusters the later one is the one to move.
    let (here, there) = if same_cluster { (one, other) } else { (other, one) };
    let cluster = cx
        .views
        .get(there.cluster)
        .map_or("", |view| view.build.cluster.name.as_str());
    let of = if same_cluster {
        String::new()
    } else {
        format!(" of cluster `{cluster}`")
    };
    let (purpose, other_purpose) = (here.purpose.name(), there.purpose.name());
    let message = format!(
        "{purpose} network `{}` overlaps {other_purpose} network `{}`{of}",
        here.net, there.net
    );
    let finding = here
        .reader
        .finding(&CHECK.meta, here.span, message)
        .with_path(format!("data.{}", here.name))
        .with_related(there.span, format!("`{}`", there.name));
    if same_cluster {
        finding
            .with_why("a packet to a shared address reaches the wrong end")
            .with_help("give them networks that share nothing")
    } else {
        finding
            .with_level(Level::Warning)
            .with_why("clusters with shared addresses cannot be routed to each other or meshed")
            .with_help("give each cluster networks of its own")
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn clusters_are_compared_with_each_other() {
        let cluster = |name: &str, pods: &str, mark: &str| {
            format!(
                "--- clusters/{name}/all.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: flux-system}}
data:
  POD_CIDR: {pods}
{mark}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
  postBuild: {{substituteFrom: [{{kind: ConfigMap, name: settings}}]}}
"
            )
        };
        let mark =
            "#           ^ warning[net/cidr-overlap]: overlaps pod network `10.0.0.0/15` of cluster `one`";
        let apps = "--- apps/kustomization.yaml\nresources: []\n";
        testing::case(&format!(
            "{}{}{apps}",
            cluster("one", "10.0.0.0/15", ""),
            cluster("two", "10.1.0.0/16", mark)
        ));
        testing::case(&format!(
            "{}{}{apps}",
            cluster("one", "10.0.0.0/16", ""),
            cluster("two", "10.1.0.0/16", "")
        ));
    }
}
