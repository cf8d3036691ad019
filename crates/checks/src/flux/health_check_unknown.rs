//! A health check names an object that the Kustomization does not apply.

use ::flux::State;
use diag::{CheckMeta, Findings, Level, Stage};
use model::object::{self, Gvk};
use model::yaml::Node;

use crate::absence::{Absence, Reference, absence};
use crate::cluster_view::{ClusterView, Release};
use crate::context::{Check, Context};
use crate::key::Key;
use crate::subject::Subject;
use crate::wording::nearest_name;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/health-check-unknown",
        summary: "a health check names an object that is not applied",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the object of every entry of `spec.healthChecks`. What a chart installs cannot be seen without the chart: such a
health check is deferred, and the report names the HelmRelease. With `wait: true` Flux ignores the list: there the finding is a warning.

## Why it matters
Flux waits for the object until the timeout, and the Kustomization fails.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  healthChecks:
    - apiVersion: v1
      kind: ConfigMap
      namespace: default
      name: setings
#           ^^^ error[flux/health-check-unknown]: no ConfigMap `default/setings`
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## How to fix
```yaml
--- clusters/demo/apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  healthChecks:
    - apiVersion: v1
      kind: ConfigMap
      namespace: default
      name: settings
--- apps/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
```

## References
- <https://fluxcd.io/flux/components/kustomize/kustomizations/#health-checks>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for reference in references(view) {
            look(cx, view, &reference, findings);
        }
        for reference in view
            .kustomizations
            .iter()
            .filter(|subject| waits(subject))
            .flat_map(list)
        {
            let mut ignored = Findings::default();
            look(cx, view, &reference, &mut ignored);
            for finding in ignored.found {
                findings.push(finding.with_level(Level::Warning).with_why(
                    "with `wait: true` Flux ignores this list and waits for what it applies: the name is wrong all the same",
                ));
            }
        }
    }
}

/// Every health check that Flux makes on this cluster.
pub(crate) fn references<'a>(view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let heeded = view.kustomizations.iter().filter(|subject| !waits(subject));
    heeded.flat_map(list).collect()
}

/// The health checks of a Kustomization; none of one whose objects cannot be compared: a remote or a failed build.
fn list<'a>(subject: &Subject<'a>) -> Vec<Reference<'a>> {
    let kustomization = subject.kustomization();
    if subject.built.state != State::Built || subject.remote || kustomization.is_remote() {
        return Vec::new();
    }
    let checks = kustomization.list("healthChecks").iter().enumerate();
    checks
        .filter_map(|(index, check)| reference(*subject, index, check))
        .collect()
}

/// With `wait: true` Flux ignores the list.
fn waits(subject: &Subject<'_>) -> bool {
    subject.kustomization().spec("wait").and_then(Node::as_bool) == Some(true)
}

fn reference<'a>(subject: Subject<'a>, index: usize, check: &Node) -> Option<Reference<'a>> {
    let name = check.get("name")?;
    let gvk = Gvk::new(
        check.str_at(&["apiVersion"]).unwrap_or_default(),
        check.str_at(&["kind"])?,
    );
    let namespace = check.str_at(&["namespace"]).unwrap_or_default();
    Some(Reference {
        subject,
        key: Key::new(&gvk.group, &gvk.kind, namespace, name.as_str()?),
        span: name.span,
        path: format!("spec.healthChecks[{index}].name"),
        what: gvk.kind,
    })
}

fn look(cx: &Context<'_>, view: &ClusterView<'_>, reference: &Reference<'_>, findings: &mut Findings) {
    let key = &reference.key;
    let same = |subject: &Subject<'_>| object::name(subject.node) == key.name;
    let without_namespace =
        key.namespace.is_empty() && view.of_kind(&key.group, &key.kind).any(|subject| same(&subject));
    if without_namespace {
        return;
    }
    let Some(absence) = absence(cx, view, key) else {
        return;
    };
    let absence = match absence {
        Absence::OtherNamespace(..) | Absence::Unlisted(_) => absence,
        Absence::Near(..) if is_near_own(view, reference) || !is_workload(key) => absence,
        absence => match maker(view, reference) {
            Some(reason) => Absence::Perhaps(reason),
            None => absence,
        },
    };
    reference.report(
        &CHECK.meta,
        &absence,
        "Flux waits for it until the timeout, and fails",
        findings,
    );
}

/// Kinds that charts and operators make; Flux's own kinds are written in the repository.
fn is_workload(key: &Key) -> bool {
    !key.group.ends_with(".toolkit.fluxcd.io")
}

/// Whether the Kustomization itself applies something with almost that name.
fn is_near_own(view: &ClusterView<'_>, reference: &Reference<'_>) -> bool {
    let own = |subject: &Subject<'_>| std::ptr::eq(subject.built, reference.subject.built);
    let names: Vec<&str> = view
        .of_kind(&reference.key.group, &reference.key.kind)
        .filter(own)
        .map(|subject| object::name(subject.node))
        .collect();
    nearest_name(&reference.key.name, names).is_some()
}

/// What the Kustomization applies that may make the object: a HelmRelease, best one of the same namespace, or a custom
/// resource whose controller makes objects.
fn maker(view: &ClusterView<'_>, reference: &Reference<'_>) -> Option<String> {
    if !is_workload(&reference.key) {
        return None;
    }
    let below = |subject: &&Subject<'_>| is_below(subject, &reference.subject);
    let target = |release: &&Release<'_>| release.install.namespace() == reference.key.namespace;
    let silent = || {
        view.releases
            .iter()
            .filter(|release| release.install.silence().is_some())
    };
    let mut releases: Vec<&Release<'_>> = silent().filter(|release| below(&&release.subject)).collect();
    releases.sort_by_key(|release| !target(release));
    let said = |release: &Release<'_>, verb: &str| {
        let why = release.install.silence().unwrap_or_default();
        format!("{verb} by {}: {why}", object::reference(release.subject.node))
    };
    if let Some(release) = releases.first() {
        return Some(said(release, "installed"));
    }
    if let Some(release) = silent().find(target) {
        return Some(said(release, "may be installed"));
    }
    let is_custom = |subject: &&Subject<'_>| {
        let group = object::group(subject.node);
        group.contains('.') && !group.ends_with(".k8s.io") && !group.ends_with(".toolkit.fluxcd.io")
    };
    let custom = view.objects.iter().filter(is_custom).find(below)?;
    Some(format!(
        "may be made by the controller of {}",
        object::reference(custom.node)
    ))
}

/// Whether an object is applied by a Kustomization or by one that comes out of it.
fn is_below(subject: &Subject<'_>, kustomization: &Subject<'_>) -> bool {
    let own = format!("Kustomization {}", kustomization.built.id);
    subject.built.origin.iter().any(|hop| hop.what == own)
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const KUSTOMIZATION: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  healthChecks:
";

    #[test]
    fn what_a_chart_installs_is_deferred() {
        testing::case(&format!(
            "{KUSTOMIZATION}    - {{apiVersion: apps/v1, kind: DaemonSet, name: cilium, namespace: kube-system}}
# deferred[flux/health-check-unknown]: installed by HelmRelease/kube-system/cilium: its chart comes from a HelmRepository over HTTP
--- apps/cilium.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: cilium, namespace: kube-system}}
spec: {{url: https://helm.cilium.io}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: cilium, namespace: kube-system}}
spec:
  interval: 10m
  chart: {{spec: {{chart: cilium, sourceRef: {{kind: HelmRepository, name: cilium}}}}}}
"
        ));
    }

    #[test]
    fn a_misspelled_release_is_an_error() {
        testing::case(&format!(
            "{KUSTOMIZATION}    - {{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, name: ciliun, namespace: kube-system}}
#                                                                      ^ error[flux/health-check-unknown]: no HelmRelease
--- apps/cilium.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: cilium, namespace: kube-system}}
spec: {{url: https://helm.cilium.io}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: cilium, namespace: kube-system}}
spec:
  interval: 10m
  chart: {{spec: {{chart: cilium, sourceRef: {{kind: HelmRepository, name: cilium}}}}}}
"
        ));
    }
}
