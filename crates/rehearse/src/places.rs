//! From Flux's words to the line that a person must edit.

use diag::{ObjectRef, Sources, Span};
use flux::{BuiltObject, ClusterBuild};
use model::object;
use model::yaml::Node;

use crate::observe::Live;
use crate::outcome::Place;

/// The value of a HelmRelease (`Kind/namespace/name`) that makes a field of an installed object what it is.
pub type Blame<'a> = dyn Fn(&ObjectRef, &str) -> Option<Span> + 'a;

/// Finds places.
pub(crate) struct Places<'a> {
    pub(crate) build: &'a ClusterBuild,
    pub(crate) sources: &'a Sources,
    pub(crate) blame: &'a Blame<'a>,
}

impl Places<'_> {
    /// Where to edit for an object that is not Ready, and where one that is Ready is written.
    pub(crate) fn of(&self, live: &Live, is_ready: bool) -> Option<Place> {
        let node = self.node(live.kind, &live.namespace, &live.name);
        let span = if is_ready {
            node.map(object::span)
        } else {
            self.culprit(live, node).or_else(|| node.map(object::span))
        };
        self.place(span?)
    }

    fn place(&self, span: Span) -> Option<Place> {
        let (file, at) = self.sources.locate(span)?;
        Some(Place {
            file: file.to_string(),
            line: at.line,
            column: at.column,
        })
    }

    fn node(&self, kind: &str, namespace: &str, name: &str) -> Option<&Node> {
        let is_it = |node: &Node| {
            object::kind(node) == kind
                && object::name(node) == name
                && (object::namespace(node) == namespace || object::namespace(node).is_empty())
        };
        let built = self
            .build
            .objects()
            .map(|(_, object): (_, &BuiltObject)| &object.node);
        let sync = self.build.cluster.sync.as_ref();
        built.chain(sync).find(|node| is_it(node))
    }

    fn culprit(&self, live: &Live, own: Option<&Node>) -> Option<Span> {
        match live.kind {
            "HelmRelease" => self.release(live, own?),
            "Kustomization" => self.kustomization(live, own),
            "OCIRepository" | "HelmRepository" | "GitRepository" | "Bucket" => {
                let own = own?;
                let field = if live.reason == "URLInvalid" { "url" } else { "ref" };
                let node = own.at(&["spec", field]).or_else(|| own.at(&["spec", "url"]))?;
                Some(first_scalar(node))
            }
            _ => None,
        }
    }

    /// A Kustomization whose dry run names an object, whose build names one, or that waits for something.
    fn kustomization(&self, live: &Live, own: Option<&Node>) -> Option<Span> {
        if let Some((head, rest)) = live.message.split_once(" dry-run failed") {
            let id = head.split_whitespace().last()?;
            let mut parts = id.split('/');
            let (kind, second, third) = (parts.next()?, parts.next()?, parts.next());
            let (namespace, name) = third.map_or(("", second), |name| (second, name));
            let node = self.node(kind, namespace, name)?;
            return Some(field(node, rest).unwrap_or_else(|| object::span(node)));
        }
        if let Some((_, rest)) = live.message.split_once("post build failed for '") {
            let (id, _) = rest.split_once('\'')?;
            let (gvk, name) = id.split_once('/')?;
            if rest.contains("substitute from") {
                let missing = quoted_after(rest, "substitute from '")?;
                return named(
                    own?.at(&["spec", "postBuild", "substituteFrom"])?,
                    missing.rsplit('/').next()?,
                );
            }
            let kind = gvk.split('.').next()?;
            let mut built = self.build.objects().map(|(_, object)| object);
            let object = built
                .find(|object| object::kind(&object.node) == kind && object::name(&object.node) == name)?;
            let problem = object.problems.first().map(|problem| problem.span);
            return problem
                .filter(|span| !span.is_none())
                .or(Some(object::span(&object.node)));
        }
        let own = own?;
        if let Some(id) = quoted_after(&live.message, "dependency '") {
            return named(own.at(&["spec", "dependsOn"])?, id.rsplit('/').next()?);
        }
        if live.reason == "ArtifactFailed" {
            return own
                .at(&["spec", "sourceRef", "name"])
                .or_else(|| own.at(&["spec", "path"]))
                .map(|node| node.span);
        }
        if let Some((_, list)) = live.message.split_once(": [") {
            let name = list.split_whitespace().next()?.rsplit('/').next()?;
            return named(own.at(&["spec", "healthChecks"])?, name);
        }
        None
    }

    /// A HelmRelease: its source, its values, or the value that makes a field of what it installs.
    fn release(&self, live: &Live, own: &Node) -> Option<Span> {
        if live.reason == "ArtifactFailed" || live.reason == "SourceNotReady" {
            let reference = own.at(&["spec", "chartRef", "name"]);
            return reference
                .or_else(|| own.at(&["spec", "chart", "spec", "sourceRef", "name"]))
                .map(|node| node.span);
        }
        if live.reason == "ValuesError" {
            let name = quoted_after(&live.message, "reference '")?;
            return named(own.at(&["spec", "valuesFrom"])?, name.rsplit('/').next()?);
        }
        let (installed, path) = installed(&live.message)?;
        if let Some(span) = (self.blame)(&installed, &path) {
            return Some(span);
        }
        let values = own.at(&["spec", "values"])?;
        let leaf = path.rsplit('.').next()?.split('[').next()?;
        let mut found = Vec::new();
        values.walk(&mut |_, node| {
            let entries = node.as_map().map(model::yaml::Map::entries).unwrap_or_default();
            found.extend(
                entries
                    .iter()
                    .filter(|entry| &*entry.key == leaf)
                    .map(|entry| entry.value.span),
            );
        });
        match found.as_slice() {
            [only] => Some(*only),
            _ => Some(values.span),
        }
    }
}

/// The object and the field that a failed install names: `for object kube-system/coredns policy/v1, Kind=PodDisruptionBudget`.
fn installed(message: &str) -> Option<(ObjectRef, String)> {
    let (_, rest) = message.split_once("for object ")?;
    let mut words = rest.split_whitespace();
    let id = words.next()?;
    let api_version = words.next()?.trim_end_matches(',').trim_start_matches('/');
    let kind = words.next()?.strip_prefix("Kind=")?.trim_end_matches(':');
    let (namespace, name) = id.split_once('/').unwrap_or(("", id));
    let reference = ObjectRef {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    Some((reference, path(rest)?.to_owned()))
}

/// The first field path of an API server's message: `spec.a.b[0].c: Invalid value`, `.data.X: expected string`.
fn path(message: &str) -> Option<&str> {
    const ROOTS: [&str; 6] = ["spec", "metadata", "data", "stringData", "rules", "subjects"];
    message.split_whitespace().find_map(|word| {
        let word = word.trim_start_matches(['[', '.', '(']);
        let word = word.strip_suffix(':')?;
        let root = word.split(['.', '[']).next()?;
        ROOTS.contains(&root).then_some(word)
    })
}

/// The deepest node of the path that a message names; where the last key is not there, the one that lacks it.
fn field(node: &Node, message: &str) -> Option<Span> {
    let mut at = node;
    let mut key_span = None;
    for step in steps(path(message)?) {
        let next = match &step {
            Step::Key(key) => at.get(key),
            Step::Index(index) => at.as_seq().and_then(|items| items.get(*index)),
            Step::With(key, value) => {
                let mut items = at.as_seq().unwrap_or_default().iter();
                items.find(|item| item.get(key).and_then(Node::scalar_text).as_deref() == Some(value))
            }
        };
        let Some(next) = next else { break };
        key_span = Some(next.span);
        at = next;
    }
    if at.as_map().is_some() || at.as_seq().is_some() {
        return Some(key_span.map_or_else(|| object::span(node), |_| first_scalar(at)));
    }
    key_span
}

/// The first scalar inside: a map's own span may begin elsewhere after a patch.
fn first_scalar(node: &Node) -> Span {
    let first = node
        .as_map()
        .and_then(|map| map.entries().first().map(|entry| &entry.value))
        .or_else(|| node.as_seq().and_then(<[Node]>::first));
    match first {
        Some(first) if !first.span.is_none() => first_scalar(first),
        _ => node.span,
    }
}

/// The `name` of an entry of a list.
fn named(list: &Node, name: &str) -> Option<Span> {
    let mut items = list.as_seq()?.iter();
    items.find_map(|item| {
        item.get("name")
            .filter(|node| node.as_str() == Some(name))
            .map(|node| node.span)
    })
}

fn quoted_after<'m>(message: &'m str, before: &str) -> Option<&'m str> {
    message
        .split_once(before)?
        .1
        .split_once('\'')
        .map(|(text, _)| text)
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    With(String, String),
}

/// `a.b[0].c[name="d"].e`.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']').unwrap_or((inner, ""));
            let step = match inside.split_once('=') {
                Some((key, value)) => Step::With(key.to_owned(), value.trim_matches('"').to_owned()),
                None => inside
                    .parse()
                    .map_or_else(|_| Step::Key(inside.to_owned()), Step::Index),
            };
            steps.push(step);
            rest = after.trim_start_matches('.');
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        steps.push(Step::Key(key.to_owned()));
        rest = after.trim_start_matches('.');
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields_that_messages_name() {
        let message = "(Invalid): HelmRelease.helm.toolkit.fluxcd.io \"coredns\" is invalid: \
                       [spec.chart.spec.sourceRef.kind: Unsupported value: \"OCIRepository\"";
        assert_eq!(path(message), Some("spec.chart.spec.sourceRef.kind"));
        assert_eq!(
            path("apps/v1, Kind=Deployment): .data.CLUSTER_ID: expected string"),
            Some("data.CLUSTER_ID")
        );
        assert_eq!(path("no field here: at all"), None);
        assert_eq!(
            steps("spec.containers[name=\"operator\"].env[0].value"),
            [
                Step::Key("spec".to_owned()),
                Step::Key("containers".to_owned()),
                Step::With("name".to_owned(), "operator".to_owned()),
                Step::Key("env".to_owned()),
                Step::Index(0),
                Step::Key("value".to_owned()),
            ]
        );
    }

    #[test]
    fn reads_the_object_that_an_install_fails_on() {
        let message = "Helm install failed for release kube-system/coredns with chart coredns@1.38.0: server-side apply failed \
                       for object kube-system/coredns policy/v1, Kind=PodDisruptionBudget: failed to create typed patch object \
                       (kube-system/coredns; policy/v1, Kind=PodDisruptionBudget): .spec.enabled: field not declared in schema";
        let (object, path) = installed(message).unwrap();
        assert_eq!(object.to_string(), "PodDisruptionBudget/kube-system/coredns");
        assert_eq!(
            (object.api_version.as_str(), path.as_str()),
            ("policy/v1", "spec.enabled")
        );
        let service = "apply failed for object kube-system/kube-dns /v1, Kind=Service: Service \"kube-dns\" is invalid: \
                       spec.clusterIPs: Invalid value: []";
        let (object, path) = installed(service).unwrap();
        assert_eq!(
            (object.api_version.as_str(), path.as_str()),
            ("v1", "spec.clusterIPs")
        );
    }
}
