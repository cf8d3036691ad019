//! `valuesFrom` of a HelmRelease names a ConfigMap or Secret, or a key of it, that is not there.

use diag::{CheckMeta, Finding, Findings, Level, Stage};
use model::object;
use model::yaml::Node;

use super::GROUP;
use crate::absence::{Reference, absence};
use crate::cluster_view::ClusterView;
use crate::context::{Check, Context};
use crate::flux::substitute_from_missing::is_made_from;
use crate::key::Key;
use crate::subject::Subject;
use crate::wording::{did_you_mean, nearest_name, some_of};

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "helm/values-from-missing",
        summary: "`valuesFrom` of a HelmRelease names values that are not there",
        level: Level::Error,
        stage: Stage::Built,
        docs: r"## What it does
Looks for the ConfigMaps and Secrets of `valuesFrom`, and for their keys, in the HelmRelease's namespace. One that has almost the
name of one that is there, that a generator gives a hash, or that lies in a file which is not listed, is an error. Others may be
made outside of the repository and are deferred. `optional: true` is silent.

## Why it matters
The HelmRelease fails with `ValuesError` and installs nothing.

## Example
```yaml
--- clusters/demo/kustomization.yaml
resources: [web.yaml]
configMapGenerator:
  - {name: web-values, namespace: apps, files: [values.yaml=web-values.txt]}
--- clusters/demo/web-values.txt
replicas: 2
--- clusters/demo/web.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: https://charts.example.org}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}
  valuesFrom:
    - kind: ConfigMap
      name: web-values
#           ^^^ error[helm/values-from-missing]: the ConfigMap generator makes `web-values-
```

## How to fix
```yaml
--- clusters/demo/kustomization.yaml
resources: [web.yaml]
configMapGenerator:
  - {name: web-values, namespace: apps, files: [values.yaml=web-values.txt], options: {disableNameSuffixHash: true}}
--- clusters/demo/web-values.txt
replicas: 2
--- clusters/demo/web.yaml
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: https://charts.example.org}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}
  valuesFrom:
    - kind: ConfigMap
      name: web-values
```

## References
- <https://fluxcd.io/flux/components/helm/helmreleases/#values-references>
- <https://fluxcd.io/flux/guides/helmreleases/#refer-to-values-in-configmaps-generated-with-kustomize>
",
    },
    run,
};

const WHY: &str = "the HelmRelease fails with ValuesError and installs nothing";

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for view in &cx.views {
        for (reference, source) in sources(view) {
            look(cx, view, &reference, source, findings);
        }
    }
}

/// Every `valuesFrom` that must be there.
pub(crate) fn references<'a>(view: &ClusterView<'a>) -> Vec<Reference<'a>> {
    sources(view)
        .into_iter()
        .map(|(reference, _)| reference)
        .collect()
}

fn sources<'a>(view: &ClusterView<'a>) -> Vec<(Reference<'a>, &'a Node)> {
    let mut sources = Vec::new();
    for subject in view.of_kind(GROUP, "HelmRelease") {
        for (index, source) in subject.node.seq_at(&["spec", "valuesFrom"]).iter().enumerate() {
            let is_optional = source.get("optional").and_then(Node::as_bool) == Some(true);
            let (Some(kind), Some(name)) = (source.str_at(&["kind"]), source.get("name")) else {
                continue;
            };
            let Some(text) = name
                .as_str()
                .filter(|_| !is_optional && subject.is_settled(name.span))
            else {
                continue;
            };
            let namespace = match object::namespace(subject.node) {
                "" => "default",
                namespace => namespace,
            };
            let path = format!("spec.valuesFrom[{index}]");
            let key = Key::new("", kind, namespace, text);
            sources.push((
                Reference {
                    subject,
                    key,
                    span: name.span,
                    path,
                    what: kind.to_owned(),
                },
                source,
            ));
        }
    }
    sources
}

fn look(
    cx: &Context<'_>,
    view: &ClusterView<'_>,
    reference: &Reference<'_>,
    source: &Node,
    findings: &mut Findings,
) {
    let key = &reference.key;
    if let Some(object) = view.get(key) {
        findings.found.extend(look_for_key(reference, &object, source));
        return;
    }
    if is_made_from(view, key) {
        return;
    }
    if let Some(hashed) = view
        .of_kind("", &key.kind)
        .find(|object| is_hashed(object.node, key))
    {
        findings.push(made_with_hash(reference, &hashed));
        return;
    }
    if let Some(absence) = absence(cx, view, key) {
        reference.report(&CHECK.meta, &absence.or_made_elsewhere(), WHY, findings);
    }
}

fn made_with_hash(reference: &Reference<'_>, hashed: &Subject<'_>) -> Finding {
    let (kind, name, made) = (
        &reference.key.kind,
        &reference.key.name,
        object::name(hashed.node),
    );
    reference
        .subject
        .finding(&CHECK.meta, reference.span, format!("the {kind} generator makes `{made}`, wanted `{name}`"))
        .with_path(format!("{}.name", reference.path))
        .with_related(object::span(hashed.node), "the generator")
        .with_why(WHY)
        .with_help(
            "kustomize does not know this reference: set `disableNameSuffixHash: true`, or add a `nameReference` for \
             `spec/valuesFrom/name` through `configurations`",
        )
}

/// Whether kustomize made the object for a name and put a hash behind it.
fn is_hashed(node: &Node, key: &Key) -> bool {
    let hash = object::name(node)
        .strip_prefix(&key.name)
        .and_then(|rest| rest.strip_prefix('-'));
    let is_hash =
        |hash: &str| hash.len() == 10 && hash.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
    let same_namespace = object::namespace(node) == key.namespace;
    same_namespace && hash.is_some_and(is_hash)
}

fn look_for_key(reference: &Reference<'_>, object: &Subject<'_>, source: &Node) -> Option<Finding> {
    let wanted = source.get("valuesKey");
    let key = wanted.and_then(Node::as_str).unwrap_or("values.yaml");
    let span = wanted.map_or(reference.span, |node| node.span);
    let entries = ["data", "stringData", "binaryData"].map(|field| object.node.entries_at(&[field]));
    let known: Vec<&str> = entries.into_iter().flatten().map(|entry| &*entry.key).collect();
    if known.contains(&key) || !reference.subject.is_settled(span) {
        return None;
    }
    let meant = nearest_name(key, known.iter().copied());
    let help = match (meant, known.is_empty()) {
        (Some(_), _) => did_you_mean(meant),
        (None, true) => String::new(),
        (None, false) => format!("it has {}: name one in `valuesKey`", some_of(&known, 4)),
    };
    let holder = object::reference(object.node);
    let finding = reference
        .subject
        .finding(&CHECK.meta, span, format!("{holder} has no key `{key}`"));
    Some(
        finding
            .with_path(format!("{}.valuesKey", reference.path))
            .with_related(object::span(object.node), "the values")
            .with_why(WHY)
            .with_help(help),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const RELEASE: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: apps}
spec: {url: https://charts.example.org}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: apps}
data: {web.yaml: 'replicas: 2'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 10m
  chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}
  valuesFrom:
";

    #[test]
    fn a_key_that_is_not_there() {
        testing::case(&format!(
            "{RELEASE}    - {{kind: ConfigMap, name: values}}
#                             ^ error[helm/values-from-missing]: ConfigMap/apps/values has no key `values.yaml`
    - {{kind: ConfigMap, name: values, valuesKey: web.yaml}}
    - {{kind: ConfigMap, name: more, optional: true}}
    - {{kind: Secret, name: from-outside}}
# deferred[helm/values-from-missing]: it may be made elsewhere
"
        ));
    }
}
