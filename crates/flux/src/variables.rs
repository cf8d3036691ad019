//! The variables of one flux::Kustomization: where each comes from, and what is not known of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use diag::Span;
use model::object;
use model::yaml::{self, Node, Value};

use crate::kustomization::{Kustomization, Reference};

/// One variable.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its value without line breaks; none when it is encrypted or made elsewhere.
    pub value: Option<Arc<str>>,
    /// Where the value is written.
    pub span: Span,
    /// `ConfigMap flux-system/cluster-settings` or `spec.postBuild.substitute`.
    pub from: String,
}

/// All variables of one flux::Kustomization.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// By name; later sources have replaced earlier ones.
    pub known: BTreeMap<String, Variable>,
    /// References whose object no build produces.
    pub missing: Vec<Reference>,
    /// Names that Flux refuses: it takes `[_[:alpha:]][_[:alpha:][:digit:]]*` only.
    pub bad_names: Vec<(String, Span)>,
}

/// ConfigMaps and Secrets that the builds of one cluster have produced, by kind, namespace and name.
#[derive(Debug, Default)]
pub struct Pool(BTreeMap<(String, String, String), Node>);

impl Pool {
    /// Takes in an object if it is a ConfigMap or a Secret.
    pub fn add(&mut self, node: &Node) {
        let kind = object::kind(node);
        if object::api_version(node) == "v1" && matches!(kind, "ConfigMap" | "Secret") {
            let namespace = match object::namespace(node) {
                "" => "default",
                namespace => namespace,
            };
            let key = (
                kind.to_owned(),
                namespace.to_owned(),
                object::name(node).to_owned(),
            );
            self.0.insert(key, node.clone());
        }
    }

    /// The object of a reference.
    pub fn get(&self, reference: &Reference) -> Option<&Node> {
        let key = (
            reference.kind.clone(),
            reference.namespace.clone(),
            reference.name.clone(),
        );
        self.0.get(&key)
    }
}

impl Variables {
    /// The variables that `substituteFrom` and `substitute` give, in that order (kustomize-controller:
    /// `LoadVariables`; inline ones override).
    pub fn load(kustomization: Kustomization<'_>, pool: &Pool) -> Self {
        let mut variables = Self::default();
        for reference in kustomization.substitute_from() {
            match pool.get(&reference) {
                Some(object) => variables.take_object(object, &reference),
                None => variables.missing.push(reference),
            }
        }
        for entry in kustomization.0.entries_at(&["spec", "postBuild", "substitute"]) {
            variables.take(
                &entry.key,
                entry.key_span,
                &entry.value,
                "spec.postBuild.substitute",
            );
        }
        variables
    }

    fn take_object(&mut self, object: &Node, reference: &Reference) {
        let from = format!("{} {}/{}", reference.kind, reference.namespace, reference.name);
        let encrypted = object.get("sops").is_some();
        for entry in object.entries_at(&["data"]) {
            let unknown = Node::new(Value::Null, entry.value.span);
            let decoded;
            let value = if encrypted {
                &unknown
            } else if reference.kind == "Secret" {
                decoded = decode(&entry.value).unwrap_or(unknown);
                &decoded
            } else {
                &entry.value
            };
            self.take(&entry.key, entry.key_span, value, &from);
        }
        // stringData never reaches the controller as such: the API server turns it into data.
        for entry in object
            .entries_at(&["stringData"])
            .iter()
            .filter(|_| reference.kind == "Secret")
        {
            let unknown = Node::new(Value::Null, entry.value.span);
            self.take(
                &entry.key,
                entry.key_span,
                if encrypted { &unknown } else { &entry.value },
                &from,
            );
        }
    }

    fn take(&mut self, name: &str, name_span: Span, value: &Node, from: &str) {
        let mut chars = name.chars();
        let good = chars.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
            && chars.all(|c| c == '_' || c.is_ascii_alphanumeric());
        if !good {
            self.bad_names.push((name.to_owned(), name_span));
            return;
        }
        let text = if value.is_null() {
            None
        } else {
            value.scalar_text()
        };
        let variable = Variable {
            value: text.map(|text| text.replace('\n', "").into()),
            span: value.span,
            from: from.to_owned(),
        };
        self.known.insert(name.to_owned(), variable);
    }

    /// Whether some variables may exist that nobody here can see.
    pub fn has_unknown(&self) -> bool {
        self.missing.iter().any(|reference| !reference.optional)
    }
}

fn decode(value: &Node) -> Option<Node> {
    let clean: String = value.as_str()?.chars().filter(|c| !c.is_whitespace()).collect();
    let text = String::from_utf8(yaml::base64_decode(&clean)?).ok()?;
    Some(Node::string(text, value.span))
}
