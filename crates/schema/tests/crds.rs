//! CRDs of a repository: they win over the bundle, all served versions count, and none of them can do harm.

use diag::Sources;
use model::object::{Gvk, gvk};
use model::yaml::{Dialect, Node, from_json, parse};
use schema::{Scope, Store, ViolationKind};
use serde_json::{Value as Json, json};

fn crd(schema: &Json) -> Node {
    from_json(&json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "x.example",
            "scope": "Cluster",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}},
                {"name": "v1beta1", "served": true, "schema": {"openAPIV3Schema": schema}},
                {"name": "v1alpha1", "served": false, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }))
}

fn spec(properties: &Json) -> Json {
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}})
}

/// The messages for a Thing with a spec.
fn messages(properties: &Json, found: &Json) -> Vec<String> {
    let (store, problems) = Store::bundled().with_crds(&[&crd(&spec(properties))]);
    assert_eq!(problems, []);
    let thing =
        json!({"apiVersion": "x.example/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": found});
    let kind = store.lookup(&Gvk::new("x.example/v1", "Thing"));
    let violations = kind
        .map(|kind| kind.validate(&from_json(&thing)).violations)
        .unwrap_or_default();
    violations
        .into_iter()
        .map(|v| format!("{}: {}", v.path, v.message))
        .collect()
}

#[test]
fn served_versions_of_a_repository_are_known() {
    let (store, problems) = Store::bundled().with_crds(&[&crd(&json!({"type": "object"}))]);
    assert_eq!(problems, []);
    assert_eq!(store.other_versions("x.example", "Thing"), ["v1", "v1beta1"]);
    assert!(store.lookup(&Gvk::new("x.example/v1alpha1", "Thing")).is_none());
    assert!(store.knows_group("x.example") && !Store::bundled().knows_group("x.example"));
    let thing = store.lookup(&Gvk::new("x.example/v1", "Thing")).unwrap();
    assert_eq!(
        (thing.scope, thing.plural.as_str(), thing.is_custom()),
        (Scope::Cluster, "things", true)
    );
}

#[test]
fn a_crd_of_the_repository_wins_over_the_bundle() {
    let text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: \
        helm.toolkit.fluxcd.io\n  scope: Namespaced\n  names: {kind: HelmRelease, plural: helmreleases}\n  versions:\n  - \
        {name: v2, served: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}}\n";
    let own = parse(Sources::default().add("a.yaml", "".into()), text, Dialect::Sigs)
        .documents
        .remove(0);
    let (store, problems) = Store::bundled().with_crds(&[&own]);
    assert_eq!(problems, []);
    let release = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "r"},
        "spec": {"interval": "1h"},
    });
    let release = from_json(&release);
    let kind = gvk(&release);
    let messages = |store: &Store| -> Vec<String> {
        let verdict = store.lookup(&kind).unwrap().validate(&release);
        verdict.violations.into_iter().map(|v| v.message).collect()
    };
    assert_eq!(messages(&store), ["unknown field `interval`"]);
    assert_eq!(
        messages(&Store::bundled()),
        ["`spec` breaks a rule: either chart or chartRef must be set"],
        "the bundle knows `interval`, and wants a chart"
    );
}

#[test]
fn values_are_checked_as_structural_schemas_say() {
    let properties = json!({
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "format": "int32"},
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
        "kind": {"type": "string", "enum": ["Alpha", "Beta"]},
        "port": {"x-kubernetes-int-or-string": true},
        "when": {"type": "string", "format": "date-time"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "list": {
            "type": "array",
            "items": {"type": "object", "properties": {"k": {"type": "string"}}},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
        },
    });
    let right = json!({
        "count": 3, "name": "abc", "kind": "Beta", "port": "http", "when": "2026-01-01T00:00:00Z",
        "free": {"any": [1]}, "map": {"a": "b"}, "set": ["a", "b"], "list": [{"k": "a"}, {"k": "b"}],
    });
    assert_eq!(messages(&properties, &right), [""; 0]);
    for (wrong, message) in [
        (
            json!({"count": 0}),
            "spec.count: `count` is `0`, wanted at least 1",
        ),
        (
            json!({"count": "3"}),
            "spec.count: `count` is string `3`, wanted integer",
        ),
        (
            json!({"name": "A"}),
            "spec.name: `name` is `A`, wanted a match of `^[a-z]+$`",
        ),
        (
            json!({"name": "abcd"}),
            "spec.name: `name` has 4 characters, wanted at most 3",
        ),
        (
            json!({"kind": "beta"}),
            "spec.kind: `kind` is `beta`, wanted one of `Alpha`, `Beta`, did you mean `Beta`?",
        ),
        (
            json!({"port": true}),
            "spec.port: `port` is boolean `true`, wanted integer or string",
        ),
        (
            json!({"when": "today"}),
            "spec.when: `when` is `today`, wanted date-time",
        ),
        (
            json!({"map": {"a": 1}}),
            "spec.map.a: `a` is integer `1`, wanted string",
        ),
        (
            json!({"set": ["a", "a"]}),
            "spec.set[1]: `set[1]` repeats: the element `a` stands here twice",
        ),
        (
            json!({"list": [{"k": "a"}, {"k": "a"}]}),
            "spec.list[1]: `list[1]` repeats: an earlier element has the same k `a`",
        ),
        (
            json!({"cuont": 1}),
            "spec.cuont: unknown field `cuont`, did you mean `count`?",
        ),
    ] {
        assert_eq!(messages(&properties, &wrong), [message]);
    }
}

#[test]
fn nulls_are_pruned_and_defaults_are_set() {
    let properties = json!({
        "a": {"type": "string"},
        "d": {"type": "object", "required": ["r"], "properties": {"r": {"type": "string", "default": "x"}}},
        "n": {"type": "string", "nullable": true},
        "l": {"type": "array", "items": {"type": "string"}},
    });
    assert_eq!(
        messages(&properties, &json!({"a": null, "d": {"r": null}, "n": null})),
        [""; 0]
    );
    assert_eq!(
        messages(&properties, &json!({"l": [null]})),
        ["spec.l[0]: `l[0]` is null, wanted string"]
    );
}

#[test]
fn alternatives_and_rules_are_evaluated() {
    let properties = json!({
        "one": {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        "rule": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": "self.a < self.b", "message": "a must be less"}],
        },
    });
    assert_eq!(
        messages(&properties, &json!({"one": {"a": "x"}, "rule": {"a": 1, "b": 2}})),
        [""; 0]
    );
    assert_eq!(
        messages(&properties, &json!({"one": {}})),
        ["spec.one: `one` sets none of `a`, `b`"]
    );
    assert_eq!(
        messages(&properties, &json!({"one": {"a": "x", "b": "y"}})),
        ["spec.one: `one` sets more than one of `a`, `b`"]
    );
    assert_eq!(
        messages(&properties, &json!({"rule": {"a": 2, "b": 2}})),
        ["spec.rule: `rule` breaks a rule: a must be less"]
    );
}

#[test]
fn what_cannot_be_checked_is_named() {
    let schema = spec(&json!({
        "p": {"type": "string", "pattern": "(?<!x)y"},
        "r": {"type": "string", "x-kubernetes-validations": [{"rule": "quantity(self).isGreaterThan(quantity('1'))"}]},
        "book": {"type": "string", "format": "isbn"},
    }));
    let (store, _) = Store::bundled().with_crds(&[&crd(&schema)]);
    let thing = json!({
        "apiVersion": "x.example/v1", "kind": "Thing", "metadata": {"name": "t"},
        "spec": {"p": "y", "r": "2", "book": "x"},
    });
    let verdict = store
        .lookup(&Gvk::new("x.example/v1", "Thing"))
        .unwrap()
        .validate(&from_json(&thing));
    assert!(verdict.is_accepted());
    assert_eq!(
        verdict.unchecked,
        [
            "spec.book: format `isbn`",
            "spec.p: pattern `(?<!x)y`",
            "spec.r: rule `quantity(self).isGreaterThan(quantity('1'))`",
        ]
    );
}

#[test]
fn malformed_crds_are_problems_at_their_node() {
    let text = "spec:\n  group: x.example\n  scope: Cluster\n  names: {kind: Thing, plural: things}\n  versions:\n  - \
        {name: v1, served: true, schema: {openAPIV3Schema: {type: objekt, properties: [], required: {}}}}\n  - \
        {name: v2, served: true}\n  - {served: true}\n  - nothing\n";
    let crd = parse(Sources::default().add("a.yaml", "".into()), text, Dialect::Sigs)
        .documents
        .remove(0);
    let (_, problems) = Store::bundled().with_crds(&[&crd]);
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`objekt` is no type of a schema",
            "found array for `properties`, wanted object",
            "version `v2` of the CRD has no `schema.openAPIV3Schema`",
            "a version of the CRD has no `name`",
            "a version of the CRD has no `name`",
        ]
    );
    let at = problems[0].span;
    assert_eq!(&text[at.start as usize..at.end as usize], "objekt");
    let (_, problems) =
        Store::bundled().with_crds(&[&from_json(&json!({"spec": {"group": 1}})), &from_json(&json!([]))]);
    assert_eq!(problems.len(), 8);
}

#[test]
fn hostile_crds_do_no_harm() {
    let mut deep = json!({"type": "string"});
    for _ in 0..300 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    let (_, problems) = Store::bundled().with_crds(&[&crd(&deep)]);
    assert_eq!(problems.len(), 2, "one for each served version");
    assert!(problems[0].message.contains("deep"));

    let own = json!({"type": "object", "properties": {"spec": {"$ref": "#/self"}}});
    let (store, problems) = Store::bundled().with_crds(&[&crd(&own)]);
    assert_eq!(problems[0].message, "`$ref` is not allowed in a CRD");
    let thing =
        json!({"apiVersion": "x.example/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"a": 1}});
    let verdict = store
        .lookup(&Gvk::new("x.example/v1", "Thing"))
        .unwrap()
        .validate(&from_json(&thing));
    assert_eq!(verdict.violations, []);

    let mut rule = String::from("self.size() > 0");
    for _ in 0..2_000 {
        rule.push_str(" && (self.exists(a, self.exists(b, a == b)))");
    }
    let heavy = json!({
        "l": {"type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [{"rule": rule}]},
        "p": {"type": "string", "pattern": "(((a{1000}){1000}){1000}){1000}"},
    });
    let items: Vec<String> = (0..500).map(|at| format!("x{at}")).collect();
    assert_eq!(messages(&heavy, &json!({"l": items, "p": "a"})), [""; 0]);
}

#[test]
fn deep_objects_do_no_harm() {
    let mut deep = json!(1);
    for _ in 0..390 {
        deep = json!({"a": deep});
    }
    let schema = json!({"free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    assert_eq!(messages(&schema, &json!({"free": deep})), [""; 0]);
    let (store, _) = Store::bundled().with_crds(&[]);
    let mut props = json!({"type": "string"});
    for _ in 0..100 {
        props = json!({"type": "object", "properties": {"a": props}});
    }
    let nested = from_json(&json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.x.example"},
        "spec": {
            "group": "x.example", "scope": "Cluster", "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": props}}],
        },
    }));
    let kind = store.lookup(&gvk(&nested)).unwrap();
    assert_eq!(kind.validate(&nested).violations, []);
    assert!(matches!(
        kind.validate(&crd(&json!({"typ": "object"}))).violations[0].kind,
        ViolationKind::UnknownField { .. }
    ));
}
