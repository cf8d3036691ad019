//! A HelmRelease or HelmChart takes its chart from a source that does not exist.

use diag::{CheckMeta, Finding, Findings, Level, Stage};
use model::object;
use model::tree::path;
use model::yaml::Node;

use super::GROUP;
use crate::absence::{Absence, KUSTOMIZATION_FILES, Reference, absence};
use crate::cluster_view::{ClusterView, SOURCES};
use crate::context::{Check, Context};
use crate::key::Key;
use crate::subject::Subject;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/source-unknown",
        summary: "a HelmRelease takes its chart from a source that does not exist",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the target of `chart.spec.sourceRef` and `chartRef` of every HelmRelease, and of `sourceRef` of every HelmChart, among
what is applied on the same cluster. Without a `namespace`, Flux looks in the object's own. When a `namespace:` of a
kustomization file has moved the source, the finding points at it.

## Why it matters
Without its chart a HelmRelease installs nothing.

## Example
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns-charts, namespace: flux-system}
spec: {interval: 1h, url: oci://ghcr.io/coredns/charts/coredns, ref: {tag: 1.38.0}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: coredns, namespace: kube-system}
spec:
  interval: 10m
  chartRef:
    kind: OCIRepository
    name: coredns-charts
#         ^^^ error[helm/source-unknown]: no OCIRepository `kube-system/coredns-charts`
```

## How to fix
```yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: coredns-charts, namespace: flux-system}
spec: {interval: 1h, url: oci://ghcr.io/coredns/charts/coredns, ref: {tag: 1.38.0}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: coredns, namespace: kube-system}
spec:
  interval: 10m
  chartRef:
    kind: OCIRepository
    name: coredns-charts
    namespace: flux-system
```

## References
- <https://fluxcd.io/flux/components/helm/helmreleases/#chart-reference>
- <https://fluxcd.io/flux/components/helm/helmreleases/#chart-template>
",
    },
    run,
};

const TEMPLATE_KINDS: &[&str] = &["HelmRepository", "GitRepository", "Bucket"];
const REFERENCE_KINDS: &[&str] = &["OCIRepository", "HelmChart", "ExternalArtifact"];

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        let own = view.build.cluster.source.as_ref();
        let own = own.map(|(kind, namespace, name)| Key::new(SOURCES, kind, namespace, name));
        for reference in references(view)
            .into_iter()
            .filter(|reference| own.as_ref() != Some(&reference.key))
        {
            let Some(absence) = absence(cx, view, &reference.key) else {
                continue;
            };
            let at = findings.found.len();
            reference.report(
                &CHECK.meta,
                &absence,
                "without its chart a HelmRelease installs nothing",
                findings,
            );
            if let (Some(finding), Absence::OtherNamespace(..)) = (findings.found.get_mut(at), &absence) {
                say_who_moved_it(cx, view, &reference, finding);
            }
        }
    }
}

/// Every reference to the source of a chart on this cluster; those that the schema refuses anyway are left out.
pub(crate) fn references<'a>(view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let mut references = Vec::new();
    for subject in view.of_kind(GROUP, "HelmRelease") {
        let template = subject.node.at(&["spec", "chart", "spec", "sourceRef"]);
        let reference = subject.node.at(&["spec", "chartRef"]);
        match (template, reference) {
            (Some(node), None) => {
                references.extend(read(subject, node, "spec.chart.spec.sourceRef", TEMPLATE_KINDS));
            }
            (None, Some(node)) => references.extend(read(subject, node, "spec.chartRef", REFERENCE_KINDS)),
            _ => {}
        }
    }
    for subject in view.of_kind(SOURCES, "HelmChart") {
        if let Some(node) = subject.node.at(&["spec", "sourceRef"]) {
            references.extend(read(subject, node, "spec.sourceRef", TEMPLATE_KINDS));
        }
    }
    references
}

fn read<'a>(subject: Subject<'a>, node: &Node, path: &str, kinds: &[&str]) -> Option<Reference<'a>> {
    let kind = node.str_at(&["kind"]).filter(|kind| kinds.contains(kind))?;
    let name = node.get("name")?;
    let unknown = subject.is_unknown(name.span)
        || node
            .get("namespace")
            .is_some_and(|node| subject.is_unknown(node.span));
    let own = match object::namespace(subject.node) {
        "" => "default",
        own => own,
    };
    let namespace = node
        .str_at(&["namespace"])
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or(own);
    (!unknown).then(|| Reference {
        subject,
        key: Key::new(SOURCES, kind, namespace, name.as_str().unwrap_or_default()),
        span: name.span,
        path: format!("{path}.name"),
        what: kind.to_owned(),
    })
}

/// Points at the `namespace:` of a kustomization file that gave the source, or the referrer, another namespace.
fn say_who_moved_it(
    cx: &Context<'_>,
    view: &ClusterView<'_>,
    reference: &Reference<'_>,
    finding: &mut Finding,
) {
    let same_name = |subject: &Subject<'_>| object::name(subject.node) == reference.key.name;
    let Some(source) = view.of_kind(SOURCES, &reference.key.kind).find(same_name) else {
        return;
    };
    for (subject, what) in [(&source, "the source"), (&reference.subject, "the HelmRelease")] {
        let Some(namespace) = subject.node.at(&["metadata", "namespace"]) else {
            continue;
        };
        let Some((file, _)) = cx.tree.sources().locate(namespace.span) else {
            continue;
        };
        if KUSTOMIZATION_FILES.contains(&path::file_name(&file)) {
            let message = format!("this `namespace` moves {what}");
            finding.related.push(diag::Label {
                span: namespace.span,
                message,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn points_at_the_namespace_that_moved_the_source() {
        let text = "--- clusters/demo/kustomization.yaml
namespace: kube-system
resources: [all.yaml]
--- clusters/demo/all.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: charts, namespace: flux-system}
spec: {interval: 1h, url: oci://ghcr.io/coredns/charts/coredns, ref: {tag: 1.38.0}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: coredns, namespace: kube-system}
spec:
  interval: 10m
  chartRef: {kind: OCIRepository, name: charts, namespace: flux-system}
";
        let findings = testing::findings(text);
        let messages: Vec<&str> = findings
            .found
            .iter()
            .flat_map(|finding| &finding.related)
            .map(|label| label.message.as_str())
            .collect();
        assert!(
            messages.contains(&"this `namespace` moves the source"),
            "{messages:?}"
        );
    }
}
