//! From helm's output to the objects that reach the cluster: hooks, post-renderers, namespaces, Flux's labels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diag::{Hop, SourceId, Sources, Span};
use flux::BuiltObject;
use kustomize::{Builder, LoadRestrictor, Mode, Options, Order, RootOverlay};
use model::object;
use model::tree::Tree;
use model::yaml::{self, Dialect, Node, Style};
use schema::{Scope, Store};

use super::{Failure, Install};

/// How the name of a rendered text begins; what follows is `namespace/name.yaml` of its HelmRelease.
const RENDERED: &str = "rendered:";
const FLUX: &str = "helm.toolkit.fluxcd.io";
/// Events of `helm.sh/hook` at which an install or upgrade sends the object.
const INSTALL_HOOKS: [&str; 4] = ["pre-install", "post-install", "pre-upgrade", "post-upgrade"];

/// Whether a source's name is that of a rendered text, which no file holds.
pub fn is_rendered(source: &str) -> bool {
    source.starts_with(RENDERED)
}

/// The objects of a rendered text as an install sends them.
pub(super) fn objects(
    install: &Install<'_>,
    text: &str,
    sources: Option<&Sources>,
) -> Result<Vec<BuiltObject>, Failure> {
    let mut text = text.to_owned();
    for renderer in install.node().seq_at(&["spec", "postRenderers"]) {
        if let Some(kustomize) = renderer.get("kustomize") {
            text = post_rendered(&text, kustomize)?;
        }
    }
    let source = sources.map_or(SourceId::NONE, |sources| {
        let (namespace, name) = (object::namespace(install.node()), object::name(install.node()));
        sources.add(
            &format!("{RENDERED}{namespace}/{name}.yaml"),
            Arc::from(text.as_str()),
        )
    });
    // helm-controller labels what helm rendered through kustomize, which reads YAML strictly.
    let parsed = yaml::parse(source, &text, Dialect::Kustomize);
    if let Some(problem) = parsed.problems.first() {
        return Err(Failure {
            message: format!("what the chart renders is refused: {}", problem.message),
            span: problem.span,
        });
    }
    let templates = templates(&text);
    let kinds = Store::bundled();
    let mut objects = Vec::new();
    for node in parsed.documents.into_iter().flat_map(items) {
        if object::kind(&node).is_empty() || !is_sent(install, &node) {
            continue;
        }
        objects.push(finished(install, node, &kinds, &templates));
    }
    Ok(objects)
}

/// The objects of a `List`, or the object itself.
fn items(node: Node) -> Vec<Node> {
    let is_list = object::kind(&node).ends_with("List") && node.get("items").is_some();
    if is_list {
        node.seq_at(&["items"]).to_vec()
    } else {
        vec![node]
    }
}

/// Whether an install or an upgrade sends the object: tests only where `spec.test.enable` says so, what only a deletion or a
/// rollback sends not at all.
fn is_sent(install: &Install<'_>, node: &Node) -> bool {
    let Some(hooks) = object::annotation(node, "helm.sh/hook") else {
        return true;
    };
    let tests = install
        .node()
        .at(&["spec", "test", "enable"])
        .and_then(Node::as_bool)
        == Some(true);
    hooks.split(',').map(str::trim).any(|hook| {
        INSTALL_HOOKS.contains(&hook) || hook == "crd-install" || hook.starts_with("test") && tests
    })
}

fn finished(
    install: &Install<'_>,
    mut node: Node,
    kinds: &Store,
    templates: &BTreeMap<u32, String>,
) -> BuiltObject {
    let start = node.span.start;
    settle_namespace(install, kinds, &mut node);
    set_labels(install, &mut node);
    let release = object::reference(install.node());
    let template = templates.range(..=start).next_back();
    let mut origin = install.release.built.origin.clone();
    origin.extend(install.release.object.origin.iter().cloned());
    origin.push(Hop {
        what: format!("{release}"),
        span: object::span(install.node()),
    });
    if let Some((_, template)) = template {
        origin.push(Hop {
            what: format!("template {template}"),
            span: Span::NONE,
        });
    }
    BuiltObject {
        node,
        before: None,
        origin,
        used: Vec::new(),
        unknown: Vec::new(),
        unknown_names: BTreeSet::new(),
        problems: Vec::new(),
    }
}

/// helm sends objects of namespaced kinds to the release's namespace unless they name one.
fn settle_namespace(install: &Install<'_>, kinds: &Store, node: &mut Node) {
    let scope = kinds.lookup(&object::gvk(node)).map(|kind| kind.scope);
    if scope != Some(Scope::Namespaced) || !object::namespace(node).is_empty() {
        return;
    }
    let span = object::span(node);
    let namespace = Node::string(install.namespace(), span);
    if let Some(metadata) = node
        .as_map_mut()
        .and_then(|map| map.map_or_insert("metadata", span))
    {
        metadata.set("namespace", span, namespace);
    }
}

/// `spec.commonMetadata` and the labels that name the HelmRelease.
fn set_labels(install: &Install<'_>, node: &mut Node) {
    let release = install.node();
    let span = object::span(node);
    let common = |field: &str| release.entries_at(&["spec", "commonMetadata", field]);
    let Some(metadata) = node
        .as_map_mut()
        .and_then(|map| map.map_or_insert("metadata", span))
    else {
        return;
    };
    if let Some(labels) = metadata.map_or_insert("labels", span) {
        for entry in common("labels") {
            labels.set(entry.key.clone(), entry.key_span, entry.value.clone());
        }
        labels.set(
            format!("{FLUX}/name"),
            span,
            Node::string(object::name(release), span),
        );
        labels.set(
            format!("{FLUX}/namespace"),
            span,
            Node::string(object::namespace(release), span),
        );
    }
    if common("annotations").is_empty() {
        return;
    }
    if let Some(annotations) = metadata.map_or_insert("annotations", span) {
        for entry in common("annotations") {
            annotations.set(entry.key.clone(), entry.key_span, entry.value.clone());
        }
    }
}

/// Where each template's output begins, by helm's `# Source:` comments.
fn templates(text: &str) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        if let Some(template) = line.strip_prefix("# Source: ") {
            found.insert(
                u32::try_from(start).unwrap_or(u32::MAX),
                template.trim().to_owned(),
            );
        }
        start += line.len();
    }
    found
}

/// One `spec.postRenderers[].kustomize`: patches and images over everything but hooks.
fn post_rendered(text: &str, kustomize: &Node) -> Result<String, Failure> {
    let parsed = yaml::parse(SourceId::NONE, text, Dialect::Kustomize);
    let (hooks, rest): (Vec<Node>, Vec<Node>) = parsed
        .documents
        .into_iter()
        .partition(|node| object::annotation(node, "helm.sh/hook").is_some());
    let tree = Tree::from_files([
        ("kustomization.yaml", "resources: [rendered.yaml]\n".to_owned()),
        ("rendered.yaml", yaml::emit_stream(&rest, Style::Kustomize)),
    ]);
    let options = Options {
        mode: Mode::Flux,
        restrictor: LoadRestrictor::None,
        order: Order::default(),
        overlay: RootOverlay {
            patches: kustomize.get("patches").cloned(),
            images: kustomize.get("images").cloned(),
            ..RootOverlay::default()
        },
    };
    let build = Builder::new(&tree).build("", &options);
    if let Some(problem) = build.problems.iter().find(|problem| problem.kind.fails()) {
        let is_here = problem.span.source == kustomize.span.source;
        return Err(Failure {
            message: format!("its post-renderer fails: {}", problem.message),
            span: if is_here { problem.span } else { kustomize.span },
        });
    }
    let objects = build.objects.iter().map(|object| &object.node);
    Ok(yaml::emit_stream(objects.chain(&hooks), Style::Kustomize))
}
