//! References by name: when an object's name changed, those that named it are changed too.
//!
//! A reference is rewritten to an object whose previous name equals the text, of the right kind, that the referrer may
//! see: same namespace, or one of the two is cluster-scoped, or it is a ServiceAccount that a RoleBinding names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::yaml::{Node, Value};

use crate::config::{Config, Target};
use crate::problem::Problem;
use crate::resource::{Id, NOT_NAMESPACED, Resource};
use crate::scalar;

/// What references need to know of an object; names and namespaces do not change any more.
struct Facts {
    id: Id,
    original: Id,
    written_namespace: Arc<str>,
    previous: Vec<(Arc<str>, Arc<str>)>,
    prefixes: Vec<Arc<str>>,
    suffixes: Vec<Arc<str>>,
    is_cluster_scoped: bool,
}

struct Index {
    facts: Vec<Facts>,
    by_previous_name: HashMap<Arc<str>, Vec<usize>>,
    /// By previous name and present namespace.
    by_place: HashMap<(Arc<str>, Arc<str>), Vec<usize>>,
    by_original_namespace: HashMap<Arc<str>, Vec<usize>>,
    by_namespace: HashMap<Arc<str>, Vec<usize>>,
}

/// Rewrites all references; the problems are those that may mean several objects.
pub(crate) fn fix(resources: &mut [Resource], config: &Config) -> Vec<Problem> {
    let index = Index::new(resources);
    let mut problems = Vec::new();
    for (at, resource) in resources.iter_mut().enumerate() {
        let Some(facts) = index.facts.get(at) else {
            continue;
        };
        let mut fields = config.references_of(&facts.original.kind).peekable();
        if fields.peek().is_none() {
            continue;
        }
        let referrer = match Referrer::new(&index, facts, &resource.node) {
            Ok(referrer) => referrer,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if index.by_previous_name.is_empty() {
            continue;
        }
        for (target, field) in fields.filter(|(_, field)| field.selects(&facts.original)) {
            let role = field
                .path
                .ends_with("roleRef/name")
                .then(|| referrer.role.clone())
                .flatten();
            let mut set = |node: &mut Node| referrer.visit(node, target, role.as_ref(), &mut problems);
            let outcome = field.apply(&mut resource.node, crate::fieldspec::Create::Never, &mut set);
            if let Err(message) = outcome {
                let span = model::object::span(&resource.node);
                problems.push(Problem::error(span, format!("`{}`: {message}", facts.id)));
            }
        }
    }
    problems
}

impl Index {
    fn new(resources: &[Resource]) -> Self {
        let facts: Vec<Facts> = resources.iter().map(Facts::new).collect();
        let mut index = Self {
            facts: Vec::new(),
            by_previous_name: HashMap::new(),
            by_place: HashMap::new(),
            by_original_namespace: HashMap::new(),
            by_namespace: HashMap::new(),
        };
        for (at, fact) in facts.iter().enumerate() {
            for (name, _) in &fact.previous {
                let places = index.by_previous_name.entry(name.clone()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                    let key = (name.clone(), fact.id.namespace.clone());
                    index.by_place.entry(key).or_default().push(at);
                }
            }
            index
                .by_original_namespace
                .entry(fact.original.namespace.clone())
                .or_default()
                .push(at);
            index
                .by_namespace
                .entry(fact.id.namespace.clone())
                .or_default()
                .push(at);
        }
        index.facts = facts;
        index
    }
}

impl Facts {
    fn new(resource: &Resource) -> Self {
        Self {
            id: resource.id(),
            original: resource.original(),
            written_namespace: resource.namespace(),
            previous: resource
                .previous
                .iter()
                .map(|p| (p.name.clone(), p.kind.clone()))
                .collect(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            is_cluster_scoped: resource.is_cluster_scoped(),
        }
    }

    /// Whether it was of a kind; empty parts of the kind stand for any.
    fn was(&self, group: &str, version: &str, kind: &str) -> bool {
        (group.is_empty() || group == self.id.group())
            && (version.is_empty() || version == self.id.version())
            && self
                .previous
                .iter()
                .any(|(_, previous)| kind.is_empty() || **previous == *kind)
    }

    /// Whether both were renamed in the same kustomizations.
    fn same_affixes(&self, other: &Self, allow_empty: bool) -> bool {
        let same = |a: &[Arc<str>], b: &[Arc<str>]| {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            match (short.is_empty(), allow_empty) {
                (true, true) => true,
                (true, false) => long.is_empty(),
                (false, _) => long.ends_with(short),
            }
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }
}

/// Group and kind of a `roleRef`.
type Role = (Arc<str>, Arc<str>);

struct Referrer<'i> {
    index: &'i Index,
    facts: &'i Facts,
    /// Namespaces of the ServiceAccounts that a RoleBinding names.
    namespaces: HashSet<Arc<str>>,
    role: Option<Role>,
}

impl<'i> Referrer<'i> {
    fn new(index: &'i Index, facts: &'i Facts, node: &Node) -> Result<Self, Problem> {
        let mut namespaces = HashSet::new();
        if &*facts.id.kind == "RoleBinding" && !facts.is_cluster_scoped {
            for subject in node.seq_at(&["subjects"]) {
                let (Some(namespace), Some("ServiceAccount")) =
                    (subject.get("namespace"), subject.str_at(&["kind"]))
                else {
                    continue;
                };
                let Value::Str(text) = &namespace.value else {
                    let found = scalar::type_word(namespace);
                    let message = format!("the namespace of a subject is {found}, wanted a string");
                    return Err(Problem::error(namespace.span.or(subject.span), message));
                };
                namespaces.insert(text.clone());
            }
        }
        let text = |key| {
            node.at(&["roleRef", key])
                .filter(|node| !node.is_null())
                .map(scalar::text)
        };
        let role = text("apiGroup").zip(text("kind"));
        Ok(Self {
            index,
            facts,
            namespaces,
            role,
        })
    }

    /// Whether the referrer may name an object at all.
    fn may_see(&self, other: &Facts) -> bool {
        self.facts.is_cluster_scoped
            || other.is_cluster_scoped
            || other.id.namespace == self.facts.id.namespace
            || self.namespaces.contains(&other.written_namespace)
    }

    fn visit(
        &self,
        node: &mut Node,
        target: &Target,
        role: Option<&Role>,
        problems: &mut Vec<Problem>,
    ) -> Result<(), String> {
        match &mut node.value {
            Value::Null => Ok(()),
            Value::Map(_) => self.set_mapping(node, target, role, problems),
            Value::Seq(items) => items.iter_mut().try_for_each(|item| match &item.value {
                Value::Null => Ok(()),
                Value::Map(_) => self.set_mapping(item, target, role, problems),
                Value::Seq(_) => Err("found a list in a list, wanted names".to_owned()),
                _ => {
                    self.set_scalar(item, target, role, problems);
                    Ok(())
                }
            }),
            _ => {
                self.set_scalar(node, target, role, problems);
                Ok(())
            }
        }
    }

    fn set_scalar(&self, node: &mut Node, target: &Target, role: Option<&Role>, problems: &mut Vec<Problem>) {
        let old = scalar::text(node);
        let all = |_: usize| true;
        let same = |a: &Facts, b: &Facts| a.id.name == b.id.name;
        if let Some(found) = self.select(node, &old, &all, target, role, &same, problems)
            && found.id.name != old
        {
            *node = scalar::untyped(found.id.name.clone(), node.span);
        }
    }

    /// A mapping with `name` and perhaps `namespace`: both are set.
    fn set_mapping(
        &self,
        node: &mut Node,
        target: &Target,
        role: Option<&Role>,
        problems: &mut Vec<Problem>,
    ) -> Result<(), String> {
        let Some(name) = node.get("name") else {
            return Err("a reference has no `name`".to_owned());
        };
        let (old, name_span) = (scalar::text(name), name.span);
        let namespace = node.get("namespace").map(scalar::text);
        let group = namespace.as_ref().map(|namespace| {
            let seen = |map: &'i HashMap<Arc<str>, Vec<usize>>| {
                let places = map.get(namespace).filter(|_| &**namespace != NOT_NAMESPACED)?;
                let visible = |at: &&usize| {
                    self.index
                        .facts
                        .get(**at)
                        .is_some_and(|facts| self.may_see(facts))
                };
                places.iter().find(visible).map(|_| places)
            };
            seen(&self.index.by_original_namespace).or_else(|| seen(&self.index.by_namespace))
        });
        let within = |at: usize| match group {
            None => true,
            Some(places) => places.is_some_and(|places| places.binary_search(&at).is_ok()),
        };
        let same =
            |a: &Facts, b: &Facts| a.id.name == b.id.name && a.written_namespace == b.written_namespace;
        let Some(found) = self.select(node, &old, &within, target, role, &same, problems) else {
            return Ok(());
        };
        let Some(map) = node.as_map_mut() else {
            return Ok(());
        };
        if found.id.name != old
            && let Some(name) = map.get_mut("name")
        {
            *name = scalar::untyped(found.id.name.clone(), name_span);
        }
        if !found.written_namespace.is_empty() {
            let span = map.get("namespace").map_or(name_span, |old| old.span);
            let value = scalar::untyped(found.written_namespace.clone(), span);
            match map.get_mut("namespace") {
                Some(old) => *old = value,
                None => map.set("namespace", span, value),
            }
        }
        Ok(())
    }

    /// Where the objects stand that had a name and that the referrer may see, in order.
    fn places(&self, name: &Arc<str>) -> Vec<usize> {
        if self.facts.is_cluster_scoped {
            return self.index.by_previous_name.get(name).cloned().unwrap_or_default();
        }
        let own = [self.facts.id.namespace.clone(), crate::resource::no_namespace()];
        let all = own.into_iter().chain(self.namespaces.iter().cloned());
        let mut places: Vec<usize> = all
            .filter_map(|namespace| self.index.by_place.get(&(name.clone(), namespace)))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The one object that a name means.
    #[expect(
        clippy::too_many_arguments,
        reason = "the facts of one reference, used in one place"
    )]
    fn select(
        &self,
        node: &Node,
        name: &Arc<str>,
        within: &dyn Fn(usize) -> bool,
        target: &Target,
        role: Option<&Role>,
        same: &dyn Fn(&Facts, &Facts) -> bool,
        problems: &mut Vec<Problem>,
    ) -> Option<&'i Facts> {
        let places = self.places(name).into_iter().filter(|at| within(*at));
        let mut found: Vec<&Facts> = places.filter_map(|at| self.index.facts.get(at)).collect();
        found.retain(|facts| {
            self.may_see(facts)
                && facts.was(&target.group, &target.version, &target.kind)
                && role.is_none_or(|(group, kind)| facts.was(group, "", kind))
                && self.same_namespace(facts)
        });
        if found.len() == 1 {
            return found.pop();
        }
        found.retain(|facts| facts.same_affixes(self.facts, true));
        if found.len() > 1 {
            found.retain(|facts| facts.same_affixes(self.facts, false));
        }
        let (first, rest) = found.split_first()?;
        if rest.iter().all(|other| same(first, other)) {
            return Some(first);
        }
        let shown: Vec<String> = found.iter().map(|facts| format!("`{}`", facts.id)).collect();
        problems.push(
            Problem::error(
                node.span,
                format!("`{name}` may mean several objects: {}", shown.join(", ")),
            )
            .with_help("give the objects different names before they are brought together"),
        );
        None
    }

    fn same_namespace(&self, other: &Facts) -> bool {
        self.facts.is_cluster_scoped
            || other.is_cluster_scoped
            || &*other.id.kind == "ServiceAccount"
            || other.id.namespace == self.facts.id.namespace
    }
}
