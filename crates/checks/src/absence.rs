//! Why an object that is referred to is not there: the one place that words it for all references.

use ::flux::{Built, Id, State, kustomization};
use diag::{CheckMeta, Finding, Findings, Span};
use model::object;
use model::tree::path;
use model::yaml::{self, Dialect};

use crate::cluster_view::ClusterView;
use crate::context::Context;
use crate::key::Key;
use crate::subject::Subject;
use crate::wording::{did_you_mean, nearest_name};

/// Names of kustomization files.
pub(crate) const KUSTOMIZATION_FILES: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A reference from an object to another one by name.
pub(crate) struct Reference<'a> {
    pub(crate) subject: Subject<'a>,
    /// What it refers to.
    pub(crate) key: Key,
    /// Where the name is written.
    pub(crate) span: Span,
    /// The field that holds the reference.
    pub(crate) path: String,
    /// What is looked for, in words: `Kustomization`, `ConfigMap`.
    pub(crate) what: String,
}

/// Why there is no such object, as far as the repository tells.
pub(crate) enum Absence {
    /// A file defines it that stands beside a kustomization file which does not list it.
    Unlisted(Unlisted),
    /// It is in other namespaces.
    OtherNamespace(Vec<String>, Span),
    /// A file defines it that no build of the cluster reads.
    OnDisk(OnDisk),
    /// Something has almost its name.
    Near(String, Span),
    /// Something that cannot be seen may make it.
    Perhaps(String),
    /// Nothing is known of it.
    Nowhere,
}

impl Absence {
    /// For an object that people also make outside of the repository: without a sign of a slip it may be there.
    pub(crate) fn or_made_elsewhere(self) -> Self {
        match self {
            Self::Nowhere => Self::Perhaps("no build makes it; it may be made elsewhere".to_owned()),
            Self::OnDisk(OnDisk { file, .. }) => Self::Perhaps(format!(
                "no build makes it; `{file}` holds it, which something else may apply"
            )),
            known => known,
        }
    }
}

/// A file that defines the object.
pub(crate) struct OnDisk {
    pub(crate) file: String,
    /// The object in the file.
    pub(crate) object: Span,
    /// A cluster that reads the file, and is not the one in question.
    pub(crate) other_cluster: Option<String>,
}

/// A file that a kustomization file should list.
pub(crate) struct Unlisted {
    pub(crate) file: String,
    /// The `resources` of the kustomization file, else its start.
    pub(crate) list: Span,
    /// The object in the file.
    pub(crate) object: Span,
}

/// Looks for an object that is referred to; none when it is there.
pub(crate) fn absence(cx: &Context<'_>, view: &ClusterView<'_>, key: &Key) -> Option<Absence> {
    if view.get(key).is_some() || is_build(view, key) {
        return None;
    }
    let same_kind = || view.everything_of_kind(&key.group, &key.kind);
    let elsewhere: Vec<Subject<'_>> = same_kind()
        .filter(|subject| object::name(subject.node) == key.name)
        .collect();
    if let Some(first) = elsewhere.first() {
        let mut namespaces: Vec<String> = elsewhere
            .iter()
            .map(|subject| Key::of(subject.node, cx.schemas).namespace)
            .collect();
        namespaces.sort();
        return Some(Absence::OtherNamespace(namespaces, object::span(first.node)));
    }
    let on_disk = on_disk(cx, view, key);
    if let Some((file, object)) = on_disk.into_iter().next() {
        return Some(of_file(cx, view, file, object));
    }
    let in_namespace = |subject: &Subject<'_>| Key::of(subject.node, cx.schemas).namespace == key.namespace;
    let near: Vec<Subject<'_>> = same_kind().filter(in_namespace).collect();
    if let Some(name) = nearest_name(&key.name, near.iter().map(|subject| object::name(subject.node))) {
        let found = near.iter().find(|subject| object::name(subject.node) == name);
        return Some(Absence::Near(
            name.to_owned(),
            found.map_or(Span::NONE, |subject| object::span(subject.node)),
        ));
    }
    Some(unseen(view, key).map_or(Absence::Nowhere, Absence::Perhaps))
}

/// Why an object is not applied although a file defines it.
fn of_file(cx: &Context<'_>, view: &ClusterView<'_>, file: String, object: Span) -> Absence {
    if let Some(broken) = view.broken().find(|broken| may_apply(cx, broken, &file)) {
        return Absence::Perhaps(format!("the build of Kustomization `{}` fails", broken.id));
    }
    if let Some(list) = list_beside(cx, view, &file) {
        return Absence::Unlisted(Unlisted { file, list, object });
    }
    let reader = cx.views.iter().find(|other| other.reads_well(&file));
    let other_cluster = reader.map(|other| other.build.cluster.name.clone());
    Absence::OnDisk(OnDisk {
        file,
        object,
        other_cluster,
    })
}

/// Whether the key is that of a flux::Kustomization whose object no file holds, or that was found in a broken build.
fn is_build(view: &ClusterView<'_>, key: &Key) -> bool {
    let id = Id {
        namespace: key.namespace.clone(),
        name: key.name.clone(),
    };
    key.group == kustomization::GROUP && key.kind == "Kustomization" && view.build.get(&id).is_some()
}

/// What may make objects that nobody here can see.
fn unseen(view: &ClusterView<'_>, key: &Key) -> Option<String> {
    if let Some(external) = view.external().next()
        && let State::External(why) = &external.state
    {
        return Some(format!("Kustomization `{}` may apply it: {why}", external.id));
    }
    for (group, kind) in [
        ("fluxcd.controlplane.io", "ResourceSet"),
        ("fluxcd.controlplane.io", "FluxInstance"),
    ] {
        if let Some(maker) = view.of_kind(group, kind).next() {
            return Some(format!("{} may make it", object::reference(maker.node)));
        }
    }
    let is_flux = key.group.ends_with(".toolkit.fluxcd.io");
    let charts = || view.of_kind("helm.toolkit.fluxcd.io", "HelmRelease");
    let chart_of_flux = |subject: &Subject<'_>| {
        let spec = |path: &[&str]| subject.node.str_at(path).unwrap_or_default();
        let named = [
            spec(&["metadata", "name"]),
            spec(&["spec", "chart", "spec", "chart"]),
            spec(&["spec", "chartRef", "name"]),
        ];
        named.iter().any(|name| name.contains("flux"))
    };
    if is_flux && let Some(chart) = charts().find(chart_of_flux) {
        return Some(format!("{} may install it", object::reference(chart.node)));
    }
    None
}

/// Whether a build that failed would have applied what a file holds. One without a folder might have meant any file that
/// nothing else reads.
fn may_apply(cx: &Context<'_>, broken: &Built, file: &str) -> bool {
    let lost = broken.state == State::NoFolder && !cx.is_read(file);
    lost || broken.files.contains(file)
        || broken.state == State::Failed && path::is_within(file, &broken.folder)
}

/// Files that define an object of the key's kind and name and that no good build of the cluster read; with its place.
fn on_disk(cx: &Context<'_>, view: &ClusterView<'_>, key: &Key) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let is_yaml = |file: &&str| file.ends_with(".yaml") || file.ends_with(".yml");
    for file in cx
        .tree
        .files()
        .filter(is_yaml)
        .filter(|file| !view.reads_well(file))
    {
        let Ok(text) = cx.tree.read(file) else { continue };
        if !text.text.contains(&key.kind) || !text.text.contains(&key.name) {
            continue;
        }
        let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
        let fits = |node: &&yaml::Node| {
            let namespace = object::namespace(node);
            object::kind(node) == key.kind
                && object::group(node) == key.group
                && object::name(node) == key.name
                && (namespace.is_empty() || namespace == key.namespace)
        };
        found.extend(
            parsed
                .documents
                .iter()
                .filter(fits)
                .map(|node| (file.to_owned(), object::span(node))),
        );
    }
    found.sort_by_key(|(file, _)| list_beside(cx, view, file).is_none());
    found
}

/// The `resources` of the kustomization file beside a file, when a build of the cluster reads it.
pub(crate) fn list_beside(cx: &Context<'_>, view: &ClusterView<'_>, file: &str) -> Option<Span> {
    let folder = path::parent(file);
    let beside = KUSTOMIZATION_FILES
        .iter()
        .filter_map(|name| path::join(folder, name).ok());
    let listing = beside.into_iter().find(|at| view.reads(at))?;
    Some(resources_of(cx, &listing))
}

/// Where a kustomization file lists its resources.
pub(crate) fn resources_of(cx: &Context<'_>, listing: &str) -> Span {
    let Ok(text) = cx.tree.read(listing) else {
        return Span::NONE;
    };
    let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
    let root = parsed.documents.first().and_then(yaml::Node::as_map);
    let resources = root
        .and_then(|map| map.entry("resources"))
        .map(|entry| entry.key_span);
    resources.unwrap_or_else(|| Span::file(text.source))
}

impl Reference<'_> {
    /// Reports the reference, or defers it where something unseen may make the object.
    pub(crate) fn report(&self, check: &CheckMeta, absence: &Absence, why: &str, findings: &mut Findings) {
        if let Absence::Perhaps(reason) = absence {
            let from = object::reference(self.subject.node);
            findings.defer(
                check,
                format!("{from}: {} `{}`", self.what, self.key),
                reason.clone(),
            );
        } else {
            findings.push(self.finding(check, absence).with_why(why));
        }
    }

    /// The finding of an absence that is known.
    pub(crate) fn finding(&self, check: &CheckMeta, absence: &Absence) -> Finding {
        let Self { what, key, span, .. } = self;
        let at = |span: Span, message: String| {
            self.subject
                .finding(check, span, message)
                .with_path(self.path.as_str())
        };
        let missing = format!("no {what} `{key}` is applied on this cluster");
        match absence {
            Absence::Unlisted(Unlisted { file, list, object }) => {
                let name = path::file_name(file);
                at(
                    *list,
                    format!("`{name}` is not listed, so no {what} `{key}` is applied on this cluster"),
                )
                .with_related(*span, "wanted here")
                .with_related(*object, "defined here")
                .with_help(format!("add `- {name}` to `resources`"))
            }
            Absence::OtherNamespace(namespaces, object) => {
                let shown = namespaces.join("`, `");
                let first = namespaces.first().map_or("", String::as_str);
                at(
                    *span,
                    format!("no {what} `{key}` is applied on this cluster, but one in namespace `{shown}`"),
                )
                .with_related(*object, "the one of that name")
                .with_help(format!(
                    "write `namespace: {first}` beside the name, or move the object"
                ))
            }
            Absence::OnDisk(OnDisk {
                file,
                object,
                other_cluster: Some(other),
            }) => at(*span, missing)
                .with_related(*object, format!("`{file}` defines it for cluster `{other}`"))
                .with_help("apply it on this cluster too, or drop the reference"),
            Absence::OnDisk(OnDisk {
                file,
                object,
                other_cluster: None,
            }) => at(*span, missing)
                .with_related(
                    *object,
                    format!("`{file}` defines it, and no build reads that file"),
                )
                .with_help(format!(
                    "make a kustomization list `{file}`, or drop the reference"
                )),
            Absence::Near(name, object) => at(*span, missing)
                .with_related(*object, "the one with almost that name")
                .with_help(did_you_mean(Some(name))),
            Absence::Perhaps(_) | Absence::Nowhere => {
                at(*span, missing).with_help("apply the object on this cluster, or drop the reference")
            }
        }
    }
}
