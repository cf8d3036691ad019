//! postBuild substitution of one object, as kustomize-controller does it: on the text of `kustomize build`, which is then
//! read again as YAML 1.1.
//!
//! Source: fluxcd/pkg `kustomize` (`SubstituteVariables`); semantics measured on the real library.

use std::collections::BTreeSet;

use diag::{SourceId, Sources, Span};
use model::object;
use model::yaml::{self, Dialect, Node, Style, Value};

use crate::envsubst::{self, ErrorKind, Strictness};
use crate::kustomization::GROUP;
use crate::variables::Variables;

/// What substitution made of an object.
#[derive(Debug, Clone)]
pub struct Substituted {
    /// The object after substitution; as it was where substitution failed.
    pub node: Node,
    /// Variables that were read, each with the value (of the object before) that reads it.
    pub used: Vec<(String, Span)>,
    /// Values that hold variables whose content nobody here knows: their text means nothing.
    pub unknown: Vec<Span>,
    /// The names of these variables.
    pub unknown_names: BTreeSet<String>,
    /// Why Flux would fail.
    pub problems: Vec<Problem>,
}

impl Substituted {
    fn is_unknown(&mut self, name: String, span: Span) {
        self.unknown.push(span);
        self.unknown_names.insert(name);
    }
}

/// Why substitution fails, or would fail in strict mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// The place in the manifest.
    pub span: Span,
    /// One line.
    pub message: String,
}

/// Kinds of trouble in substitution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The named variable has no value and no default. Lax versions of Flux put nothing there.
    Undefined(String),
    /// No valid `${...}` expression.
    Syntax,
    /// The substituted text is no valid YAML.
    NotYaml,
}

/// Substitutes in one object. `sources` is the store that the object's spans point into.
pub fn object(node: &Node, variables: &Variables, strictness: Strictness, sources: &Sources) -> Substituted {
    let mut out = Substituted {
        node: node.clone(),
        used: Vec::new(),
        unknown: Vec::new(),
        unknown_names: BTreeSet::new(),
        problems: Vec::new(),
    };
    let switch = format!("{GROUP}/substitute");
    let disabled = |value: Option<&str>| value == Some("disabled");
    if disabled(object::label(node, &switch)) || disabled(object::annotation(node, &switch)) {
        return out;
    }
    if !holds_dollar(node) {
        return out;
    }
    scan(node, variables, strictness, sources, &mut out);
    if out
        .problems
        .iter()
        .any(|problem| problem.kind == ProblemKind::Syntax)
    {
        return out;
    }
    let mut before = node.clone();
    yaml::sort_keys(&mut before);
    let text = yaml::emit(&before, Style::Kustomize);
    let unknown_names = out.unknown_names.clone();
    let placeholder = |name: &str| match variables.known.get(name) {
        Some(variable) => Some(variable.value.as_deref().unwrap_or("unknown")),
        // A Secret that nobody here sees may hold any name; one that has a default is taken to be left to it.
        None if unknown_names.contains(name) => Some("unknown"),
        None => None,
    };
    // What is undefined has been reported by name; the rest of the object is still worth looking at.
    let expanded = match envsubst::expand(&text, Strictness::Lax, &placeholder) {
        Ok(expanded) => expanded,
        Err(error) => {
            let span = object::span(node);
            out.problems.push(Problem {
                kind: ProblemKind::Syntax,
                span,
                message: error.to_string(),
            });
            return out;
        }
    };
    let parsed = yaml::parse(SourceId::NONE, &expanded, Dialect::Sigs);
    let broken = parsed
        .problems
        .iter()
        .find(|problem| problem.kind == yaml::ProblemKind::Syntax);
    match (parsed.documents.into_iter().next(), broken) {
        (Some(mut after), None) => {
            graft(&before, &mut after);
            out.node = after;
        }
        (_, broken) => {
            let why = broken.map_or("it is empty", |problem| &problem.message);
            let span = culprit(&before, variables).unwrap_or_else(|| object::span(node));
            let message = format!("after substitution this object is not valid YAML: {why}");
            out.problems.push(Problem {
                kind: ProblemKind::NotYaml,
                span,
                message,
            });
        }
    }
    out
}

fn holds_dollar(node: &Node) -> bool {
    match &node.value {
        Value::Str(text) => text.contains('$'),
        Value::Seq(items) => items.iter().any(holds_dollar),
        Value::Map(map) => map
            .entries()
            .iter()
            .any(|e| e.key.contains('$') || holds_dollar(&e.value)),
        _ => false,
    }
}

/// Looks at each text for itself, so that trouble is found at its own place and all of it at once.
fn scan(
    node: &Node,
    variables: &Variables,
    strictness: Strictness,
    sources: &Sources,
    out: &mut Substituted,
) {
    let mut text = |text: &str, span: Span| {
        if !text.contains('$') {
            return;
        }
        let (references, error) = envsubst::references(text);
        let mut named: BTreeSet<String> = BTreeSet::new();
        for reference in references {
            // A script that reads a variable ten times has one defect, at the first of them.
            if !named.insert(reference.name.clone()) {
                continue;
            }
            let at = locate(&format!("${{{}", reference.name), span, sources);
            out.used.push((reference.name.clone(), at));
            match variables.known.get(&reference.name) {
                Some(variable) if variable.value.is_none() => out.is_unknown(reference.name, span),
                Some(_) => {}
                None if reference.has_default => {}
                None if variables.has_unknown() => out.is_unknown(reference.name, span),
                None => {
                    let message = undefined(&reference.name, strictness);
                    let kind = ProblemKind::Undefined(reference.name);
                    out.problems.push(Problem {
                        kind,
                        span: at,
                        message,
                    });
                }
            }
        }
        if let Some(error) = error.filter(|error| error.kind != ErrorKind::Undefined) {
            let rest = text.get(error.offset..).unwrap_or_default();
            let token: String = rest.chars().take_while(|c| *c != '\n').take(24).collect();
            let span = locate(&token, span, sources);
            out.problems.push(Problem {
                kind: ProblemKind::Syntax,
                span,
                message: error.to_string(),
            });
        }
    };
    visit_texts(node, &mut text);
}

fn undefined(name: &str, strictness: Strictness) -> String {
    match strictness {
        Strictness::Strict => format!("variable `{name}` is not set and has no default"),
        Strictness::Lax => format!("variable `{name}` is not set: Flux puts nothing in its place"),
    }
}

fn visit_texts(node: &Node, visit: &mut dyn FnMut(&str, Span)) {
    match &node.value {
        Value::Str(text) => visit(text, node.span),
        Value::Seq(items) => items.iter().for_each(|item| visit_texts(item, visit)),
        Value::Map(map) => {
            for entry in map.entries() {
                visit(&entry.key, entry.key_span);
                visit_texts(&entry.value, visit);
            }
        }
        _ => {}
    }
}

/// The first place of `token` inside a span of the file, else the whole span.
fn locate(token: &str, span: Span, sources: &Sources) -> Span {
    let Some(source) = sources.get(span.source) else {
        return span;
    };
    let written = source
        .text()
        .get(span.start as usize..span.end as usize)
        .unwrap_or_default();
    match written.find(token) {
        Some(at) if !token.is_empty() => {
            let start = span.start as usize + at;
            let rest = written.get(at..).unwrap_or_default();
            let end = rest.find(['}', '\n']).map_or(rest.len(), |end| {
                end + usize::from(rest.as_bytes().get(end) == Some(&b'}'))
            });
            Span::new(span.source, start, start + end)
        }
        _ => span,
    }
}

/// The value that no longer parses, when one alone does not.
fn culprit(node: &Node, variables: &Variables) -> Option<Span> {
    let mut found = None;
    visit_texts(node, &mut |text, span| {
        if found.is_some() || !text.contains('$') {
            return;
        }
        let value = Node::string(text, Span::NONE);
        let mut map = Node::map(Span::NONE);
        if let Some(map) = map.as_map_mut() {
            map.set("k", Span::NONE, value);
        }
        let lookup = |name: &str| variables.known.get(name).and_then(|v| v.value.as_deref());
        let broken = envsubst::expand(&yaml::emit(&map, Style::Kustomize), Strictness::Lax, &lookup)
            .is_ok_and(|text| {
                !yaml::parse(SourceId::NONE, &text, Dialect::Sigs)
                    .problems
                    .is_empty()
            });
        if broken {
            found = Some(span);
        }
    });
    found
}

/// Gives the nodes of `after` the places of `before`, whose keys are in the order of the text that `after` came from.
fn graft(before: &Node, after: &mut Node) {
    after.span = before.span;
    match (&before.value, &mut after.value) {
        (Value::Map(from), Value::Map(to)) => {
            let aligned = from.len() == to.len();
            for (index, entry) in to.entries_mut().iter_mut().enumerate() {
                let origin = if aligned {
                    from.entries().get(index)
                } else {
                    from.entry(&entry.key)
                };
                match origin {
                    Some(origin) => {
                        entry.key_span = origin.key_span;
                        graft(&origin.value, &mut entry.value);
                    }
                    None => mark(&mut entry.value, before.span),
                }
            }
        }
        (Value::Seq(from), Value::Seq(to)) if from.len() == to.len() => {
            from.iter().zip(to).for_each(|(from, to)| graft(from, to));
        }
        _ => mark(after, before.span),
    }
}

fn mark(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| mark(item, span)),
        Value::Map(map) => {
            for entry in map.entries_mut() {
                entry.key_span = span;
                mark(&mut entry.value, span);
            }
        }
        _ => {}
    }
}
