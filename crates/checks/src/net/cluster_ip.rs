//! A fixed ClusterIP that the cluster cannot give.

use std::collections::BTreeMap;
use std::net::IpAddr;

use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};
use ipnet::IpNet;
use model::net::first_service_address;
use model::object;
use model::yaml::{FieldPath, Node};

use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::settings::{Purpose, Setting, networks};
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "net/cluster-ip",
        summary: "a fixed ClusterIP that the cluster cannot give",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Compares every `clusterIP` of Services and of HelmRelease values with the Service network that the cluster's settings name: it
must lie in it, must not be its first, its last or the network's own address, and no two Services may have the same.

## Why it matters
The API server refuses the Service. The first address belongs to the Service `kubernetes`.

## Example
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  SERVICE_CIDR: 10.245.0.0/16
  DNS_IP: 10.96.0.10
#         ^^^ error[net/cluster-ip]: `10.96.0.10` is outside the Service network `10.245.0.0/16`
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
--- apps/dns.yaml
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: kube-system}
spec:
  clusterIP: ${DNS_IP}
  ports: [{port: 53}]
```

## How to fix
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  SERVICE_CIDR: 10.245.0.0/16
  DNS_IP: 10.245.0.10
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
--- apps/dns.yaml
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: kube-system}
spec:
  clusterIP: ${DNS_IP}
  ports: [{port: 53}]
```

## References
- <https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/>
",
    },
    run,
};

const WHY: &str = "the API server refuses the Service";

/// An address that somebody wants to have.
struct Wish<'a> {
    subject: Subject<'a>,
    address: IpAddr,
    span: Span,
    path: String,
    /// The mapping that holds the field: `clusterIP` and `clusterIPs` of one Service stand in one.
    service: String,
}

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        let wishes = wishes(view);
        findings.found.extend(no_addresses(view));
        if wishes.is_empty() {
            continue;
        }
        let settings = networks(cx, view, Purpose::Services);
        let nets: Vec<(IpNet, &Setting<'_>)> = settings
            .iter()
            .flat_map(|setting| setting.networks.iter().flatten().map(move |net| (*net, setting)))
            .collect();
        let outside = wishes.iter().filter_map(|wish| against_network(wish, &nets));
        findings.found.extend(outside);
        if settings.is_empty() {
            let reason = "no setting names the Service network of the cluster";
            let subject = format!("ClusterIPs of cluster `{}`", view.build.cluster.name);
            findings.defer(&CHECK.meta, subject, reason);
        }
        findings.found.extend(taken_twice(&wishes));
    }
}

fn against_network(wish: &Wish<'_>, nets: &[(IpNet, &Setting<'_>)]) -> Option<Finding> {
    let address = wish.address;
    let Some((net, setting)) = nets.iter().find(|(net, _)| net.contains(&address)) else {
        let (_, setting) = nets.first()?;
        let shown: Vec<String> = nets.iter().map(|(net, _)| net.to_string()).collect();
        let message = format!(
            "`{address}` is outside the Service network `{}`",
            shown.join("`, `")
        );
        return Some(
            report(wish, message)
                .with_related(setting.span, format!("`{}` of this cluster", setting.name))
                .with_help("take an address of that network"),
        );
    };
    let trouble = if first_service_address(net) == Some(address) {
        "is the first address of the Service network, which the Service `kubernetes` has"
    } else if net.network() == address {
        "is the Service network's own address"
    } else if matches!(net, IpNet::V4(_)) && net.broadcast() == address {
        "is the last address of the Service network, which is not handed out"
    } else {
        return None;
    };
    Some(
        report(wish, format!("`{address}` {trouble}"))
            .with_related(setting.span, format!("`{}` of this cluster", setting.name))
            .with_help(format!("take another address of `{net}`")),
    )
}

/// One finding for each Service after the first that wants an address.
fn taken_twice(wishes: &[Wish<'_>]) -> Vec<Finding> {
    let mut first: BTreeMap<IpAddr, &Wish<'_>> = BTreeMap::new();
    let mut findings = Vec::new();
    for wish in wishes {
        let owner = *first.entry(wish.address).or_insert(wish);
        let same_service = object::reference(owner.subject.node) == object::reference(wish.subject.node)
            && owner.service == wish.service;
        if same_service {
            continue;
        }
        let by = object::reference(owner.subject.node);
        let finding = report(wish, format!("`{}` is wanted by {by} too", wish.address));
        // A variable that both read is not the line to edit.
        let shared = finding.primary == place(owner).unwrap_or(owner.span);
        let finding = if shared { at_field(wish, finding) } else { finding };
        findings.push(
            finding
                .with_related(owner.span, format!("wanted by {by}"))
                .with_help("an address belongs to one Service: give one of them another"),
        );
    }
    findings
}

/// A finding at the setting that gives the address, else at the field.
fn report(wish: &Wish<'_>, message: String) -> Finding {
    let finding = wish
        .subject
        .finding(&CHECK.meta, wish.span, message)
        .with_path(wish.path.as_str())
        .with_why(WHY);
    match place(wish) {
        Some(setting) => Finding {
            primary: setting,
            ..finding
        }
        .with_related(wish.span, "used here"),
        None => finding,
    }
}

fn at_field(wish: &Wish<'_>, finding: Finding) -> Finding {
    Finding {
        primary: wish.span,
        related: Vec::new(),
        ..finding
    }
}

/// Where the variable is set that gives the whole address.
fn place(wish: &Wish<'_>) -> Option<Span> {
    let mut variables = wish
        .subject
        .variables_in(wish.span)
        .filter_map(|(_, variable)| variable);
    let variable = variables.find(|variable| {
        let value = variable
            .value
            .as_deref()
            .and_then(|value| value.trim().parse::<IpAddr>().ok());
        value == Some(wish.address)
    })?;
    Some(variable.span)
}

/// Every fixed ClusterIP on the cluster itself: those of Services and those in values of HelmReleases.
fn wishes<'a>(view: &ClusterView<'a>) -> Vec<Wish<'a>> {
    let mut wishes = Vec::new();
    each_value(view, &mut |subject, holder, path, node| {
        if let Ok(address) = node.as_str().unwrap_or_default().parse() {
            let (path, service) = (path.to_owned(), holder.to_owned());
            wishes.push(Wish {
                subject,
                address,
                span: node.span,
                path,
                service,
            });
        }
    });
    wishes
}

/// Values of HelmReleases that are no address; those of Services break the rules of their kind.
fn no_addresses(view: &ClusterView<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    each_value(view, &mut |subject, _, path, node| {
        let text = node.as_str().unwrap_or_default();
        let means_none = text.is_empty()
            || text.eq_ignore_ascii_case("none")
            || text.contains("{{")
            || text.contains("${");
        let is_release = object::kind(subject.node) == "HelmRelease";
        if is_release && !means_none && text.parse::<IpAddr>().is_err() {
            let finding = subject.finding(&CHECK.meta, node.span, format!("`{text}` is no IP address"));
            findings.push(
                finding
                    .with_path(path)
                    .with_why(WHY)
                    .with_help("write an address, `None`, or nothing"),
            );
        }
    });
    findings
}

/// Calls `visit` with each value of `clusterIP` and `clusterIPs` on the cluster itself, the path of the mapping that holds it
/// and its own path.
fn each_value<'a>(view: &ClusterView<'a>, visit: &mut dyn FnMut(Subject<'a>, &str, &str, &'a Node)) {
    for subject in view.objects.iter().filter(|subject| !subject.remote) {
        let roots: &[&str] = match (object::group(subject.node), object::kind(subject.node)) {
            ("", "Service") => &["spec"],
            ("helm.toolkit.fluxcd.io", "HelmRelease") => &["spec", "values"],
            _ => continue,
        };
        let Some(root) = subject.node.at(roots) else {
            continue;
        };
        root.walk(&mut |path, node: &'a Node| {
            if let Some(holder) =
                holder(path).filter(|_| node.as_str().is_some() && subject.is_settled(node.span))
            {
                visit(
                    *subject,
                    &holder.to_string(),
                    &format!("{}.{path}", roots.join(".")),
                    node,
                );
            }
        });
    }
}

/// The mapping around `clusterIP` or an element of `clusterIPs`.
fn holder<'p>(path: &FieldPath<'p>) -> Option<FieldPath<'p>> {
    match path {
        FieldPath::Key(holder, "clusterIP") | FieldPath::Index(FieldPath::Key(holder, "clusterIPs"), _) => {
            Some(**holder)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const CLUSTER: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data: {SERVICE_CIDR: '[\"10.245.0.0/16\"]'}
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
--- apps/dns.yaml
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: kube-system}
spec:
  clusterIP: 10.245.0.10
  clusterIPs: [10.245.0.10]
  ports: [{port: 53}]
---
";

    #[test]
    fn an_address_belongs_to_one_service() {
        testing::case(&format!(
            "{CLUSTER}apiVersion: v1
kind: Service
metadata: {{name: other, namespace: kube-system}}
spec:
  clusterIP: 10.245.0.10
#            ^ error[net/cluster-ip]: `10.245.0.10` is wanted by Service/kube-system/dns too
  ports: [{{port: 53}}]
"
        ));
    }

    #[test]
    fn the_ends_of_the_network_are_not_handed_out() {
        for (address, text) in [
            ("10.245.0.0", "own address"),
            ("10.245.0.1", "`kubernetes`"),
            ("10.245.255.255", "last"),
        ] {
            testing::case(&format!(
                "{CLUSTER}apiVersion: v1
kind: Service
metadata: {{name: other, namespace: kube-system}}
spec:
  clusterIP: {address}
#            ^ error[net/cluster-ip]: {text}
  ports: [{{port: 53}}]
"
            ));
        }
    }
}
