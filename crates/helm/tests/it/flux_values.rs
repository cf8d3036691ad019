//! A HelmRelease's values are merged as helm-controller does.

use std::sync::Arc;

use base64::Engine;
use helm::{Merged, values};
use model::tree::Tree;
use model::yaml::{Dialect, Node, Value, parse, to_json};

use crate::program;

fn object(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: apps}}\n")
}

/// The case's objects, each with its kind and name.
fn objects(case: &Node) -> Vec<(&'static str, String, Node)> {
    let mut objects = Vec::new();
    for (kind, field) in [("ConfigMap", "configMaps"), ("Secret", "secrets")] {
        for entry in case.entries_at(&[field]) {
            let mut data = entry.value.clone();
            for entry in data
                .as_map_mut()
                .unwrap()
                .entries_mut()
                .iter_mut()
                .filter(|_| kind == "Secret")
            {
                let encoded = base64::engine::general_purpose::STANDARD.encode(entry.value.as_str().unwrap());
                entry.value.value = Value::Str(Arc::from(encoded));
            }
            let mut node = program::document(&object(kind, &entry.key));
            node.as_map_mut().unwrap().set("data", entry.key_span, data);
            objects.push((kind, entry.key.to_string(), node));
        }
    }
    objects
}

fn release(case: &Node) -> Node {
    let mut node = program::document(&object("HelmRelease", "app"));
    let mut spec = Node::map(case.span);
    for field in ["values", "valuesFrom"] {
        if let Some(value) = case.get(field) {
            spec.as_map_mut().unwrap().set(field, value.span, value.clone());
        }
    }
    node.as_map_mut().unwrap().set("spec", case.span, spec);
    node
}

fn merged(case: &Node) -> Merged {
    let objects = objects(case);
    values(&release(case), &|kind, namespace, name| {
        let found = objects
            .iter()
            .find(|(k, n, _)| *k == kind && n == name && namespace == "apps");
        found.map(|(_, _, node)| node)
    })
}

#[test]
fn agrees_with_the_library_of_flux() {
    for case in program::cases("flux-values.yaml") {
        let name = case.str_at(&["name"]).unwrap();
        let found = merged(&case);
        assert!(found.unknown.is_empty(), "{name}: {:?}", found.unknown);
        let Some(wanted) = case.get("wanted") else {
            assert!(case.get("error").is_some());
            assert_eq!(found.problems.len(), 1, "{name}: {:?}", found.problems);
            continue;
        };
        assert!(found.problems.is_empty(), "{name}: {:?}", found.problems);
        let (found, wanted) = (to_json(&found.values), to_json(wanted));
        assert_eq!(found, wanted, "{name}");
    }
}

/// A HelmRelease and beside it objects, from one text.
fn from_text(text: &str) -> (Tree, Merged) {
    let tree = Tree::from_files([("all.yaml", text)]);
    let read = tree.read("all.yaml").unwrap();
    let parsed = parse(read.source, &read.text, Dialect::Sigs).documents;
    let merged = values(&parsed[0], &|kind, _, name| {
        let object = |node: &&Node| model::object::kind(node) == kind && model::object::name(node) == name;
        parsed[1..].iter().find(object)
    });
    (tree, merged)
}

fn line(tree: &Tree, span: diag::Span) -> u32 {
    tree.sources().get(span.source).unwrap().position(span.start).line
}

const RELEASE: &str = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: apps}
spec:
  valuesFrom:
  - kind: ConfigMap
    name: one
  - kind: Secret
    name: two
    valuesKey: token
    targetPath: auth.token
  values:
    replicas: 2
    image:
      tag: v1
---
kind: ConfigMap
metadata: {name: one}
data:
  values.yaml: |
    replicas: 1
    image:
      name: app
";

#[test]
fn values_point_at_the_line_that_sets_them() {
    let text = format!("{RELEASE}---\nkind: Secret\nmetadata: {{name: two}}\nstringData:\n  token: abc\n");
    let (tree, merged) = from_text(&text);
    assert!(
        merged.problems.is_empty() && merged.unknown.is_empty(),
        "{merged:?}"
    );
    for (path, wanted) in [
        (&["replicas"][..], 13),
        (&["image", "tag"], 15),
        (&["image", "name"], 21),
        (&["auth", "token"], 28),
    ] {
        assert_eq!(
            line(&tree, merged.values.at(path).unwrap().span),
            wanted,
            "{path:?}"
        );
    }
    let (key, holder) = ("name", merged.values.get("image").unwrap());
    assert_eq!(
        line(&tree, holder.as_map().unwrap().entry(key).unwrap().key_span),
        21
    );
}

#[test]
fn what_is_not_known_here_is_told_and_is_no_problem() {
    let (_, merged) = from_text(RELEASE);
    assert_eq!(
        merged.unknown,
        ["Secret `apps/two`, which holds some of the values, is not applied here"]
    );
    let encrypted = "---\nkind: Secret\nmetadata: {name: two}\ndata: {token: x}\nsops: {mac: x}\n";
    let (_, merged) = from_text(&format!("{RELEASE}{encrypted}"));
    assert_eq!(
        merged.unknown,
        ["Secret `apps/two`, which holds some of the values, is encrypted"]
    );
    assert!(merged.problems.is_empty());
    assert_eq!(
        merged.values.at(&["image", "name"]).and_then(Node::as_str),
        Some("app")
    );
}

#[test]
fn problems_name_the_place_and_no_secret() {
    let secret = |data: &str| format!("{RELEASE}---\nkind: Secret\nmetadata: {{name: two}}\n{data}\n");
    for (text, wanted, at) in [
        (
            secret("data: {other: eA==}"),
            "Secret `apps/two` has no key `token`",
            10,
        ),
        (
            secret("data: {token: hush!}"),
            "`token` of Secret `apps/two` is not base64",
            27,
        ),
        (
            secret("stringData: {token: 'hush,hush'}"),
            "`token` of Secret `apps/two` cannot be set at `auth.token`: a `,` in a value must be written `\\,`",
            11,
        ),
        (
            secret("stringData: {token: '{hush'}"),
            "`token` of Secret `apps/two` cannot be set at `auth.token`: a list starts with `{` and does not end with `}`",
            11,
        ),
    ] {
        let (tree, merged) = from_text(&text);
        let [problem] = merged.problems.as_slice() else {
            panic!("{:?}", merged.problems);
        };
        assert_eq!(problem.message, wanted);
        assert_eq!(line(&tree, problem.span), at, "{wanted}");
        assert!(!problem.message.contains("hush"));
    }
    let whole = RELEASE.replace("    valuesKey: token\n    targetPath: auth.token\n", "");
    let (_, merged) = from_text(&format!(
        "{whole}---\nkind: Secret\nmetadata: {{name: two}}\nstringData: {{values.yaml: 'hush: .nan'}}\n"
    ));
    assert_eq!(
        merged.problems[0].message,
        "`values.yaml` of Secret `apps/two`, line 1: is no mapping in YAML"
    );
    let (_, merged) = from_text(&RELEASE.replace("    replicas: 1", "    replicas: ["));
    assert_eq!(
        merged.problems[0].message.split(',').next(),
        Some("`values.yaml` of ConfigMap `apps/one`")
    );
}

#[test]
fn a_path_without_an_end_is_refused_in_time() {
    let path = "a[0].".repeat(100_000);
    let text = format!(
        "kind: HelmRelease\nmetadata: {{name: a, namespace: apps}}\nspec:\n  valuesFrom: [{{kind: ConfigMap, name: one, targetPath: v}}]\n---\nkind: ConfigMap\nmetadata: {{name: one}}\ndata:\n  values.yaml: \"1,{path}b=1\"\n"
    );
    let (_, merged) = from_text(&text);
    assert_eq!(merged.problems.len(), 1, "{:?}", merged.problems);
}
