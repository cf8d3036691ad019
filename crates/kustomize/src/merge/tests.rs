//! Strategic merges, each with what the real program answers.

use model::yaml::{Dialect, Style, emit, parse};

use super::merge;

fn run(object: &str, patch: &str) -> String {
    let sources = diag::Sources::default();
    let read = |text: &str| {
        parse(sources.add("x", text.into()), text, Dialect::Kustomize)
            .documents
            .remove(0)
    };
    match merge(read(object), &read(patch), &sources) {
        Ok(Some(node)) => emit(&node, Style::Kustomize),
        Ok(None) => "gone".to_owned(),
        Err(refusal) => refusal,
    }
}

#[test]
fn mappings_are_merged_and_null_deletes() {
    assert_eq!(
        run("a: {b: 1, c: 2}", "a: {b: null, d: {}, e: []}"),
        "a:\n  c: 2\n  d: {}\n  e: []\n"
    );
    assert_eq!(run("a: 1", "b: {c: null, d: 1}"), "a: 1\nb:\n  d: 1\n");
    assert_eq!(run("a: 1", "b: null"), "a: 1\n");
}

#[test]
fn empty_values_of_the_object_go_and_explicit_nulls_stay() {
    assert_eq!(
        run("a: null\nb: ~\nc:\nd: {e: , f: null}\n", "x: 1"),
        "a: null\nb: null\nd:\n  f: null\nx: 1\n"
    );
}

#[test]
fn directives_delete_and_replace() {
    assert_eq!(run("a: {b: 1}", "$patch: delete"), "gone");
    assert_eq!(run("a: {b: 1}\nc: 1", "a: {$patch: delete}"), "c: 1\n");
    assert_eq!(run("a: {b: 1}", "a: {$patch: replace, c: 1}"), "a:\n  c: 1\n");
    assert_eq!(
        run("a: {b: 1}", "a: {$patch: frob, c: 1}"),
        "field `a`: unknown patch strategy `frob`, wanted `delete`, `replace` or `merge`"
    );
}

#[test]
fn another_type_is_refused() {
    assert_eq!(
        run("a: {b: 1}", "a: {b: [1]}"),
        "field `a.b`: the patch has a list where the object has a number"
    );
}

const POD: &str = "apiVersion: v1\nkind: Pod\n";

#[test]
fn lists_of_built_in_kinds_are_merged_by_key() {
    let object = format!(
        "{POD}spec:\n  containers:\n  - {{name: c, args: [a, b], env: [{{name: A, value: '1'}}, {{name: B, value: '2'}}]}}\n  - {{name: side}}\n"
    );
    let patch = "spec: {containers: [{name: new}, {name: c, args: [z], env: [{name: B, value: '3'}, {name: C, value: '4'}, {name: A, $patch: delete}]}]}";
    let wanted = format!(
        "{POD}spec:\n  containers:\n  - name: new\n  - args:\n    - z\n    env:\n    - name: B\n      value: \"3\"\n    - name: C\n      value: \"4\"\n    name: c\n  - name: side\n"
    );
    assert_eq!(run(&object, patch), wanted);
}

#[test]
fn lists_of_other_kinds_are_replaced() {
    let object = "apiVersion: x/v1\nkind: X\nmetadata: {finalizers: [a]}\nspec: {containers: [{name: a}]}\n";
    let patch = "metadata: {finalizers: [b]}\nspec: {containers: [{name: n}]}";
    let wanted =
        "apiVersion: x/v1\nkind: X\nmetadata:\n  finalizers:\n  - b\nspec:\n  containers:\n  - name: \"n\"\n";
    assert_eq!(run(object, patch), wanted);
}

#[test]
fn finalizers_of_built_in_kinds_are_united() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {finalizers: [a, c]}\n";
    let wanted = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  finalizers:\n  - b\n  - a\n  - c\n";
    assert_eq!(run(object, "metadata: {finalizers: [b, a]}"), wanted);
}

#[test]
fn lists_have_directives_too() {
    let object = format!("{POD}spec:\n  containers: [{{name: a}}, {{name: b}}]\n");
    assert_eq!(
        run(&object, "spec: {containers: [{$patch: delete}]}"),
        format!("{POD}spec: {{}}\n")
    );
    let wanted = format!("{POD}spec:\n  containers:\n  - name: c\n");
    assert_eq!(
        run(&object, "spec: {containers: [{$patch: replace}, {name: c}]}"),
        wanted
    );
}

#[test]
fn a_replace_inside_an_element_keeps_the_old_one() {
    let object = format!("{POD}spec:\n  containers: [{{name: c, image: a}}]\n");
    let patch = "spec: {containers: [{name: c, $patch: replace, image: z}]}";
    assert_eq!(
        run(&object, patch),
        format!("{POD}spec:\n  containers:\n  - image: a\n    name: c\n")
    );
}

#[test]
fn two_keys_lose_data_where_the_second_is_missing() {
    let service = "apiVersion: v1\nkind: Service\nspec:\n  ports:\n";
    let object = format!(
        "{service}  - {{name: http, port: 80, protocol: TCP}}\n  - {{name: udp, port: 80, protocol: UDP}}\n"
    );
    let patch = "spec: {ports: [{port: 80, targetPort: 8080}, {port: 443, name: tls}]}";
    let wanted = format!(
        "{service}  - name: tls\n    port: 443\n  - name: http\n    port: 80\n    protocol: TCP\n  - name: udp\n    port: 80\n    protocol: UDP\n"
    );
    assert_eq!(run(&object, patch), wanted);
    let single = format!("{service}  - {{name: http, port: 80}}\n");
    let wanted = format!("{service}  - name: http\n    port: 80\n    targetPort: 8080\n");
    assert_eq!(
        run(&single, "spec: {ports: [{port: 80, targetPort: 8080}]}"),
        wanted
    );
}

#[test]
fn quotes_of_the_object_make_strings_of_numbers() {
    assert_eq!(run("a: 'x'\nb: x\n", "a: 1\nb: 1\n"), "a: \"1\"\nb: 1\n");
}
