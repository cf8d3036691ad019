//! Objects go to a namespace that nothing on the cluster makes.

use std::collections::{BTreeMap, BTreeSet};

use ::schema::{Scope, Store};
use diag::{CheckMeta, Finding, Findings, Label, Level, Span, Stage};
use model::object;
use model::yaml::Node;

use crate::absence::{Absence, OnDisk, Reference, absence};
use crate::cluster_view::{ClusterView, Release, installs_elsewhere};
use crate::context::{Check, Context};
use crate::helm;
use crate::key::Key;
use crate::subject::Subject;
use crate::wording::some_of;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "flux/namespace-missing",
        summary: "objects go to a namespace that nothing makes",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the namespace of every object: of what builds apply, of what charts install, and of what a HelmRelease names in
`targetNamespace`. A Namespace that a build applies or a chart installs is there, `install.createNamespace` makes one, and every
cluster has `default`, `kube-system`, `kube-public`, `kube-node-lease` and the namespace that Flux runs in. One whose file is not
listed, or that has almost the name of one that is there, is an error. Where the repository makes most of its namespaces, another
one that nothing makes is a warning; where it does not, its namespaces are made elsewhere, and the question is deferred.

## Why it matters
The API server refuses the objects. Flux applies nothing of the Kustomization until the namespace is there.

## Example
```yaml
--- clusters/demo/apps.yaml
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: v1
kind: Namespace
metadata: {name: network}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dashboards, namespace: monitoring}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: routes, namespace: network}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: peers
  namespace: networks
#            ^^^ error[flux/namespace-missing]: no Namespace `networks` is applied on this cluster
```

## How to fix
```yaml
--- clusters/demo/apps.yaml
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: v1
kind: Namespace
metadata: {name: network}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dashboards, namespace: monitoring}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: routes, namespace: network}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: peers
  namespace: network
```

## References
- <https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces>
- <https://fluxcd.io/flux/components/helm/helmreleases/#target-namespace>
",
    },
    run,
};

/// What a new cluster has.
const INITIAL: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];
/// More places than these say nothing new.
const PLACES: usize = 3;
/// As many namespaces are named where nobody can tell.
const NAMED: usize = 6;

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        look(cx, view, findings);
    }
}

/// Namespaces of the cluster that objects go to.
struct Namespaces<'a> {
    /// How many of them the repository makes.
    made: usize,
    /// Those that nothing makes, each with what goes there.
    missing: BTreeMap<&'a str, Vec<Want<'a>>>,
}

/// Every namespace that nothing makes, by the first object that goes there.
pub(crate) fn references<'a>(cx: &Context<'a>, view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    let namespaces = namespaces(cx, view);
    let firsts = namespaces.missing.values().filter_map(|wants| wants.first());
    firsts.map(Want::reference).collect()
}

fn namespaces<'a>(cx: &Context<'a>, view: &ClusterView<'a>) -> Namespaces<'a> {
    let mut missing: BTreeMap<&str, Vec<Want<'_>>> = BTreeMap::new();
    for want in wants(view, cx.schemas) {
        missing.entry(want.namespace).or_default().push(want);
    }
    let used = missing.len();
    missing.retain(|namespace, _| view.get(&key(namespace)).is_none());
    let made = used - missing.len();
    let there = there(view);
    missing.retain(|namespace, _| !there.contains(namespace));
    Namespaces { made, missing }
}

fn look(cx: &Context<'_>, view: &ClusterView<'_>, findings: &mut Findings) {
    let Namespaces { made, missing } = namespaces(cx, view);
    let makes_its_own = made > missing.len();
    let mut unknown: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (namespace, wants) in &missing {
        let Some(absence) = absence(cx, view, &key(namespace)) else {
            continue;
        };
        match settle(absence, makes_its_own) {
            (Absence::Perhaps(reason), _) => unknown.entry(reason).or_default().push(namespace),
            (absence, level) => findings.found.extend(report(wants, &absence, level)),
        }
    }
    for (reason, namespaces) in unknown {
        let noun = if namespaces.len() == 1 {
            "namespace"
        } else {
            "namespaces"
        };
        let (named, cluster) = (some_of(&namespaces, NAMED), &view.build.cluster.name);
        let subject = format!("{noun} {named} of cluster `{cluster}`");
        findings.defer(&CHECK.meta, subject, reason);
    }
}

/// What an absence means: with how bad it is, or that something else may make the namespace.
fn settle(absence: Absence, makes_its_own: bool) -> (Absence, Level) {
    let absence = match absence {
        Absence::OnDisk(OnDisk {
            other_cluster: None, ..
        }) => absence.or_made_elsewhere(),
        Absence::Unlisted(_) | Absence::Perhaps(_) => absence,
        absence if makes_its_own => absence,
        _ => Absence::Nowhere.or_made_elsewhere(),
    };
    let is_slip = matches!(absence, Absence::Unlisted(_) | Absence::Near(..));
    (absence, if is_slip { Level::Error } else { Level::Warning })
}

/// An object that goes to a namespace.
struct Want<'a> {
    subject: Subject<'a>,
    namespace: &'a str,
    span: Span,
    path: &'static str,
}

impl<'a> Want<'a> {
    fn reference(&self) -> Reference<'a> {
        Reference {
            subject: self.subject,
            key: key(self.namespace),
            span: self.span,
            path: self.path.to_owned(),
            what: "Namespace".to_owned(),
        }
    }
}

fn key(namespace: &str) -> Key {
    Key::new("", "Namespace", "", namespace)
}

/// Namespaces that are there although no build and no chart makes them.
fn there<'a>(view: &ClusterView<'a>) -> BTreeSet<&'a str> {
    let mut there = BTreeSet::from(INITIAL);
    // What the cluster was started with.
    let build = view.build;
    there.extend(
        build
            .cluster
            .source
            .as_ref()
            .map(|(_, namespace, _)| namespace.as_str()),
    );
    there.extend(
        build
            .kustomizations
            .first()
            .map(|built| built.id.namespace.as_str()),
    );
    let creating = |release: &&Release<'_>| {
        let creates = release.subject.node.at(&["spec", "install", "createNamespace"]);
        !installs_elsewhere(&release.subject) && creates.and_then(Node::as_bool) == Some(true)
    };
    there.extend(
        view.releases
            .iter()
            .filter(creating)
            .filter_map(|release| release.subject.node.str_at(&["spec", "targetNamespace"])),
    );
    there
}

/// Every object that must have its namespace, but for those of what is suspended or lives elsewhere.
fn wants<'a>(view: &ClusterView<'a>, schemas: &Store) -> Vec<Want<'a>> {
    let mut wants = Vec::new();
    let is_here = |subject: &&Subject<'a>| !subject.remote && !subject.is_suspended();
    for subject in view.everything().filter(is_here) {
        let node = subject.node;
        let scope = schemas.lookup(&object::gvk(node)).map(|kind| kind.scope);
        if scope == Some(Scope::Namespaced) {
            wants.extend(want(subject, &["metadata", "namespace"], "metadata.namespace"));
        }
        let is_release = object::kind(node) == "HelmRelease" && object::group(node) == helm::GROUP;
        let suspended = node.at(&["spec", "suspend"]).and_then(Node::as_bool) == Some(true);
        if is_release && !installs_elsewhere(subject) && !suspended {
            wants.extend(want(
                subject,
                &["spec", "targetNamespace"],
                "spec.targetNamespace",
            ));
        }
    }
    wants
}

fn want<'a>(subject: &Subject<'a>, at: &[&str], path: &'static str) -> Option<Want<'a>> {
    let value = subject.node.at(at)?;
    let namespace = value.as_str().filter(|text| !text.is_empty())?;
    subject.is_settled(value.span).then_some(Want {
        subject: *subject,
        namespace,
        span: value.span,
        path,
    })
}

/// A finding at the first object that goes there.
fn report(wants: &[Want<'_>], absence: &Absence, level: Level) -> Option<Finding> {
    let first = wants.first()?;
    let mut finding = first
        .reference()
        .finding(&CHECK.meta, absence)
        .with_why("the API server refuses the objects, and Flux applies nothing of what brings them");
    finding.level = finding.level.max(level);
    let mut places = BTreeSet::from([first.span]);
    let others = wants.iter().filter(|want| places.insert(want.span));
    finding.related.extend(others.take(PLACES).map(|want| Label {
        span: want.span,
        message: format!("{} goes there too", object::reference(want.subject.node)),
    }));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing;

    /// Three namespaces of the repository's own, each with something in it.
    const OWN: &str = "--- clusters/demo/kustomization.yaml
resources: [own.yaml, more.yaml]
--- clusters/demo/own.yaml
apiVersion: v1
kind: Namespace
metadata: {name: network}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: network}
---
apiVersion: v1
kind: Namespace
metadata: {name: storage}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: storage}
--- clusters/demo/more.yaml
";

    #[test]
    fn one_that_nothing_makes_is_said_once_with_all_that_goes_there() {
        let text = format!(
            "{OWN}apiVersion: v1
kind: ConfigMap
metadata: {{name: b, namespace: media}}
#                              ^ warning[flux/namespace-missing]: no Namespace `media` is applied on this cluster
---
apiVersion: v1
kind: Secret
metadata: {{name: c, namespace: media}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: d, namespace: kube-system}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: e, namespace: flux-system}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: f, namespace: nowhere}}
"
        );
        testing::case(&text);
        let findings = testing::findings(&text);
        assert_eq!(findings.found[0].related.len(), 1);
    }

    #[test]
    fn a_file_that_is_not_listed_is_an_error() {
        let text = OWN.replace(
            "own.yaml, more.yaml]",
            "more.yaml]\n#< error[flux/namespace-missing]: `own.yaml` is not listed",
        );
        testing::case(&format!(
            "{text}apiVersion: v1
kind: ConfigMap
metadata: {{name: b, namespace: network}}
"
        ));
    }

    #[test]
    fn where_namespaces_are_made_elsewhere_nobody_can_tell() {
        testing::case(
            "apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: one}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: two}
---
apiVersion: v1
kind: Namespace
metadata: {name: three}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: three}
# deferred[flux/namespace-missing]: namespaces `one` and `two` of cluster `demo`
",
        );
    }

    const RELEASE: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: network}
spec: {url: https://charts.example.org}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: network}
spec:
  interval: 10m
  targetNamespace: web
  chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}
";

    #[test]
    fn a_release_makes_its_target_where_it_says_so() {
        let without = RELEASE.replace(
            "targetNamespace: web\n",
            "targetNamespace: web\n#                  ^ warning[flux/namespace-missing]: no Namespace `web`\n",
        );
        testing::case(&format!("{OWN}{without}"));
        testing::case(&format!("{OWN}{RELEASE}  install: {{createNamespace: true}}\n"));
        testing::case(&format!("{OWN}{RELEASE}  suspend: true\n"));
        let elsewhere = "  kubeConfig: {secretRef: {name: other-cluster}}\n";
        testing::case(&format!("{OWN}{RELEASE}{elsewhere}"));
    }
}
