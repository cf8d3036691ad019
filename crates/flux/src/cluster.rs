//! Finding the clusters of a repository: where Flux starts on each.

use std::collections::BTreeSet;

use model::object;
use model::tree::{Tree, path};
use model::yaml::{self, Dialect, Node};

use crate::kustomization::{Kustomization, is_kustomization};

/// A cluster and the folder that its Flux is pointed at.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Short name, unique in the repository.
    pub name: String,
    /// The entrypoint's folder.
    pub folder: String,
    /// The flux::Kustomization that reconciles the entrypoint, where the repository holds it (gotk-sync.yaml).
    pub sync: Option<Node>,
    /// Kind, namespace and name of the source that holds this repository, where it is known.
    pub source: Option<(String, String, String)>,
}

/// Folders whose sub-folders are clusters, one each.
const CLUSTER_FOLDERS: &[&str] = &["kubernetes/clusters", "clusters"];
/// Last parts of an entrypoint's path that name no cluster.
const GENERIC_NAMES: &[&str] = &[
    "cluster",
    "clusters",
    "config",
    "flux",
    "flux-system",
    "kubernetes",
];

/// The clusters of a tree, sorted by name. `explicit` holds `(name, folder)` pairs of the user's; with any of them nothing
/// else is looked for.
///
/// In this order: sub-folders of `kubernetes/clusters`; what `flux bootstrap` left (a gotk-sync.yaml); what a FluxInstance
/// syncs (its own `spec.sync.path`, or that of the flux-instance chart's values); sub-folders of `clusters`;
/// flux::Kustomizations whose path holds their own file.
pub fn discover(tree: &Tree, explicit: &[(String, String)]) -> Vec<Cluster> {
    let found = entries(tree);
    let mut clusters: Vec<Cluster> = Vec::new();
    let add = |clusters: &mut Vec<Cluster>, name: String, folder: &str| {
        if clusters
            .iter()
            .any(|cluster| path::is_within(folder, &cluster.folder))
            || !tree.is_folder(folder)
        {
            return;
        }
        let entry = found
            .iter()
            .filter(|entry| entry.folder == folder)
            .min_by_key(|entry| entry.how);
        clusters.push(Cluster {
            name,
            folder: folder.to_owned(),
            sync: entry.and_then(|entry| entry.sync.clone()),
            source: entry.and_then(|entry| entry.source.clone()),
        });
    };
    if !explicit.is_empty() {
        for (name, folder) in explicit {
            add(&mut clusters, name.clone(), &path::normalize(folder));
        }
        return finish(clusters);
    }
    let below = |parent: &str| -> Vec<String> {
        // Folders such as `_patches` hold what clusters share.
        let names = tree.names(parent).filter(|name| !name.starts_with(['_', '.']));
        names
            .map(|name| format!("{parent}/{name}"))
            .filter(|folder| tree.is_folder(folder) && holds_yaml(tree, folder))
            .collect()
    };
    for folder in CLUSTER_FOLDERS.iter().take(1).flat_map(|parent| below(parent)) {
        // A cluster's folder may hold more than what Flux starts at.
        let inner = found
            .iter()
            .find(|entry| entry.is_said() && path::is_within(&entry.folder, &folder));
        add(
            &mut clusters,
            name_of(&folder),
            inner.map_or(&folder, |entry| &entry.folder),
        );
    }
    for entry in found.iter().filter(|entry| entry.is_said()) {
        add(&mut clusters, name_of(&entry.folder), &entry.folder);
    }
    if clusters.is_empty() {
        for folder in CLUSTER_FOLDERS.iter().flat_map(|parent| below(parent)) {
            add(&mut clusters, name_of(&folder), &folder);
        }
    }
    if clusters.is_empty() {
        let mut folders: Vec<&str> = found.iter().map(|entry| entry.folder.as_str()).collect();
        folders.sort_by_key(|folder| folder.len());
        for folder in folders {
            add(&mut clusters, name_of(folder), folder);
        }
    }
    finish(clusters)
}

fn holds_yaml(tree: &Tree, folder: &str) -> bool {
    tree.files_below(folder).any(is_yaml)
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

/// Sorted by name; two clusters that would share a name are called by their folders.
fn finish(mut clusters: Vec<Cluster>) -> Vec<Cluster> {
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<String> = clusters
        .iter()
        .filter(|cluster| !seen.insert(cluster.name.clone()))
        .map(|c| c.name.clone())
        .collect();
    for cluster in clusters
        .iter_mut()
        .filter(|cluster| twice.contains(&cluster.name))
    {
        cluster.name.clone_from(&cluster.folder);
    }
    clusters.sort_by(|a, b| a.name.cmp(&b.name));
    clusters
}

fn name_of(folder: &str) -> String {
    let mut parts = folder
        .rsplit('/')
        .filter(|part| !GENERIC_NAMES.contains(part) && !part.is_empty());
    parts.next().unwrap_or("cluster").to_owned()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Bootstrap,
    Instance,
    SelfReference,
}

struct Entry {
    folder: String,
    how: How,
    sync: Option<Node>,
    source: Option<(String, String, String)>,
}

impl Entry {
    /// Whether some file says so, and it is no guess.
    fn is_said(&self) -> bool {
        self.how != How::SelfReference
    }
}

fn entries(tree: &Tree) -> Vec<Entry> {
    let mut found = Vec::new();
    for file in tree.files().filter(|path| is_yaml(path)) {
        let is_bootstrap = path::file_name(file).starts_with("gotk-sync.");
        let Ok(text) = tree.read(file) else { continue };
        let promising = text.text.contains("kustomize.toolkit.fluxcd.io/") && text.text.contains("path:")
            || text.text.contains("FluxInstance")
            || text.text.contains("flux-instance");
        if !promising {
            continue;
        }
        let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
        for node in parsed.documents {
            found.extend(entry_of(file, is_bootstrap, node));
        }
    }
    found.sort_by(|a, b| a.how.cmp(&b.how).then_with(|| a.folder.cmp(&b.folder)));
    found
}

fn entry_of(file: &str, is_bootstrap: bool, node: Node) -> Option<Entry> {
    if is_kustomization(&node) {
        let kustomization = Kustomization(&node);
        let (folder, _) = kustomization.path();
        let how = if is_bootstrap {
            How::Bootstrap
        } else {
            How::SelfReference
        };
        if folder.is_empty() || how == How::SelfReference && !path::is_within(file, &folder) {
            return None;
        }
        let source = kustomization
            .source_ref()
            .map(|source| (source.kind, source.namespace, source.name));
        return Some(Entry {
            folder,
            how,
            sync: Some(node),
            source,
        });
    }
    let (sync, name) = match object::kind(&node) {
        "FluxInstance" => (node.at(&["spec", "sync"])?, object::name(&node)),
        "HelmRelease" => (node.at(&["spec", "values", "instance", "sync"])?, "flux"),
        _ => return None,
    };
    let folder = path::normalize(sync.str_at(&["path"])?);
    let namespace = Some(object::namespace(&node))
        .filter(|text| !text.is_empty())
        .unwrap_or("flux-system");
    let kind = sync.str_at(&["kind"]).unwrap_or("GitRepository");
    // flux-operator names the source after the instance's namespace unless sync.name says otherwise.
    let source_name = sync
        .str_at(&["name"])
        .unwrap_or(if name == "flux" { "flux-system" } else { name });
    let source = Some((kind.to_owned(), namespace.to_owned(), source_name.to_owned()));
    Some(Entry {
        folder,
        how: How::Instance,
        sync: None,
        source,
    })
}
