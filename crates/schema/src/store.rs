//! Which kinds are known, and their schemas.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use diag::Span;
use model::object::Gvk;
use model::yaml::Node;

use crate::bundle::read;
use crate::document::{Dialect, Document};
use crate::validate::validate;
use crate::violation::Verdict;

/// Whether objects of a kind live in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// They do.
    Namespaced,
    /// They do not.
    Cluster,
}

/// A kind in one served version.
#[derive(Debug)]
pub struct KindSchema {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// Plural name, as paths and RBAC use it.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub scope: Scope,
    pub(crate) has_status: bool,
    pub(crate) document: Arc<Document>,
    pub(crate) root: u32,
    /// `ObjectMeta`, which custom resources have too.
    pub(crate) object_meta: Option<(Arc<Document>, u32)>,
}

impl KindSchema {
    /// Says what the API server would refuse in an object of this kind, and which rules could not be evaluated.
    pub fn validate(&self, node: &Node) -> Verdict {
        validate(self, node)
    }

    /// Whether the kind is defined by a CRD.
    pub fn is_custom(&self) -> bool {
        self.document.dialect == Dialect::Custom
    }
}

/// Something in a CRD that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrdProblem {
    /// The node that has it.
    pub span: Span,
    /// One line, lower case, no full stop.
    pub message: String,
}

/// The kinds that are known. Cheap to clone; may be shared by threads.
#[derive(Debug, Clone, Default)]
pub struct Store {
    kinds: HashMap<Gvk, Arc<KindSchema>>,
    groups: BTreeSet<String>,
    object_meta: Option<(Arc<Document>, u32)>,
}

impl Store {
    /// The kinds of the bundle: Kubernetes, Flux, Prometheus operator. Their schemas are read when they are first needed,
    /// once in a process.
    pub fn bundled() -> Self {
        static BUNDLED: OnceLock<Store> = OnceLock::new();
        BUNDLED.get_or_init(read::store).clone()
    }

    /// This store with the kinds of CRDs; they win over those of the same group, version and kind that were known. What of
    /// the CRDs cannot be understood is left out and noted.
    #[must_use]
    pub fn with_crds(&self, crds: &[&Node]) -> (Self, Vec<CrdProblem>) {
        let mut store = self.clone();
        let mut problems = Vec::new();
        for crd in crds {
            store.add_crd(crd, &mut problems);
        }
        (store, problems)
    }

    /// The schema of a kind in a served version.
    pub fn lookup(&self, gvk: &Gvk) -> Option<Arc<KindSchema>> {
        self.kinds.get(gvk).cloned()
    }

    /// The served versions of a kind, newest first as `kubectl` orders them.
    pub fn other_versions(&self, group: &str, kind: &str) -> Vec<String> {
        let known = self
            .kinds
            .keys()
            .filter(|gvk| gvk.group == group && gvk.kind == kind);
        let mut versions: Vec<String> = known.map(|gvk| gvk.version.clone()).collect();
        versions.sort_by_key(|version| (std::cmp::Reverse(maturity(version)), version.clone()));
        versions
    }

    /// Whether any kind of a group is known.
    pub fn knows_group(&self, group: &str) -> bool {
        self.groups.contains(group)
    }

    /// Every known kind, sorted.
    pub fn kinds(&self) -> Vec<&Gvk> {
        let mut kinds: Vec<&Gvk> = self.kinds.keys().collect();
        kinds.sort();
        kinds
    }

    pub(crate) fn add(&mut self, kind: KindSchema) {
        self.groups.insert(kind.gvk.group.clone());
        self.kinds.insert(kind.gvk.clone(), Arc::new(kind));
    }

    pub(crate) fn set_object_meta(&mut self, document: &Arc<Document>, id: &str) {
        self.object_meta = document.number(id).map(|number| (document.clone(), number));
    }

    pub(crate) fn object_meta(&self) -> Option<(Arc<Document>, u32)> {
        self.object_meta.clone()
    }

    fn add_crd(&mut self, crd: &Node, problems: &mut Vec<CrdProblem>) {
        let place = model::object::span(crd);
        let mut text = |path: &[&str]| {
            let found = crd.str_at(path).filter(|text| !text.is_empty());
            if found.is_none() {
                let message = format!("the CRD has no `{}`", path.join("."));
                problems.push(CrdProblem {
                    span: crd.at(&path[..1]).map_or(place, |node| node.span).or(place),
                    message,
                });
            }
            found
        };
        let names = (
            text(&["spec", "group"]),
            text(&["spec", "names", "kind"]),
            text(&["spec", "names", "plural"]),
            text(&["spec", "scope"]),
        );
        let (Some(group), Some(kind), Some(plural), Some(scope)) = names else {
            return;
        };
        self.groups.insert(group.to_owned());
        let scope = if scope == "Cluster" {
            Scope::Cluster
        } else {
            Scope::Namespaced
        };
        for version in crd.seq_at(&["spec", "versions"]) {
            let Some(name) = version.str_at(&["name"]) else {
                problems.push(CrdProblem {
                    span: version.span,
                    message: "a version of the CRD has no `name`".to_owned(),
                });
                continue;
            };
            let gvk = Gvk {
                group: group.to_owned(),
                version: name.to_owned(),
                kind: kind.to_owned(),
            };
            if version.get("served").and_then(Node::as_bool) == Some(false) {
                self.kinds.remove(&gvk);
                continue;
            }
            let Some(facts) = version.at(&["schema", "openAPIV3Schema"]) else {
                let message = format!("version `{name}` of the CRD has no `schema.openAPIV3Schema`");
                problems.push(CrdProblem {
                    span: version.span,
                    message,
                });
                continue;
            };
            let (document, troubles) = Document::of_crd(facts);
            problems.extend(troubles.into_iter().map(|trouble| CrdProblem {
                span: trouble.span.or(place),
                message: trouble.message,
            }));
            self.add(KindSchema {
                gvk,
                plural: plural.to_owned(),
                scope,
                has_status: version.at(&["subresources", "status"]).is_some(),
                document: Arc::new(document),
                root: 0,
                object_meta: self.object_meta.clone(),
            });
        }
    }
}

/// How mature a version is: v1 above v1beta1 above v1alpha1, then by number.
fn maturity(version: &str) -> (u8, u32, u32) {
    let rest = version.strip_prefix('v').unwrap_or(version);
    let major = rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    let stage = rest.get(major.len()..).unwrap_or_default();
    let minor = stage
        .trim_start_matches(|c: char| c.is_ascii_alphabetic())
        .parse()
        .unwrap_or(0);
    let rank = match stage {
        "" => 2,
        stage if stage.starts_with("beta") => 1,
        _ => 0,
    };
    (rank, major.parse().unwrap_or(0), minor)
}
