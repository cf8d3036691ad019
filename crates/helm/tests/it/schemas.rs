//! What `values.schema.json` says about values, in words that help.

use std::fs;
use std::time::{Duration, Instant};

use helm::{Coalesced, Helm, SchemaReport, coalesce, values_schema};
use model::tree::Tree;
use model::yaml::{Dialect, Node, parse, to_json};

use crate::packed::{self, chart_yaml};
use crate::program;

const DRAFT: &str = "\"$schema\": \"http://json-schema.org/draft-07/schema#\",";

/// A chart with a schema and defaults, and values from a file of their own.
fn coalesced(schema: &str, defaults: &str, given: &str) -> (Tree, Coalesced) {
    let chart = packed::chart([
        ("Chart.yaml", chart_yaml("top")),
        ("values.yaml", defaults.to_owned()),
        ("values.schema.json", schema.to_owned()),
    ]);
    let tree = Tree::from_files([("given.yaml", given)]);
    let read = tree.read("given.yaml").unwrap();
    let given = parse(read.source, &read.text, Dialect::Sigs).documents.remove(0);
    let coalesced = coalesce(&chart, &given, Helm::V4);
    (tree, coalesced)
}

fn report(schema: &str, given: &str) -> SchemaReport {
    values_schema::violations(&coalesced(schema, "", given).1)
}

/// The lines of all violations as `line: message`; line 0 for the chart's own.
fn told(schema: &str, defaults: &str, given: &str) -> Vec<String> {
    let (tree, coalesced) = coalesced(schema, defaults, given);
    let report = values_schema::violations(&coalesced);
    assert!(report.deferred.is_empty(), "{:?}", report.deferred);
    let line = |span: diag::Span| {
        let source = tree.sources().get(span.source);
        source.map_or(0, |source| source.position(span.start).line)
    };
    report
        .violations
        .iter()
        .map(|one| format!("{}: {}", line(one.span), one.message))
        .collect()
}

const SCHEMA: &str = r##"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "required": ["image"],
  "properties": {
    "global": {},
    "replicas": {"type": "integer", "minimum": 1, "maximum": 9},
    "image": {"$ref": "#/definitions/image"},
    "policy": {"enum": ["Always", "IfNotPresent", null]},
    "port": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[a-z]+$"}]},
    "node": {"type": ["object", "null"], "patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": false},
    "list": {"type": "array", "items": {"type": "string", "minLength": 2}, "uniqueItems": true, "maxItems": 2}
  },
  "definitions": {
    "image": {"type": "object", "required": ["repository"], "additionalProperties": false,
      "properties": {"repository": {"type": "string"}, "tag": {"type": "string"}}}
  }
}"##;

#[test]
fn violations_are_told_at_the_line_of_the_value() {
    let image = "image: {repository: a}\n";
    for (given, wanted) in [
        ("", &[][..]),
        ("replicas: 3\n", &[]),
        (
            "replicas: '3'\n",
            &["2: `replicas`: is of type string, wanted integer"],
        ),
        ("replicas: 0\n", &["2: `replicas`: is less than 1"]),
        ("replicas: 10\n", &["2: `replicas`: is more than 9"]),
        (
            "replica: 1\n",
            &["2: `replica`: the schema knows no such value, did you mean `replicas`?"],
        ),
        ("unheard: 1\n", &["2: `unheard`: the schema knows no such value"]),
        (
            "policy: Allways\n",
            &["2: `policy`: is none of `Always`, `IfNotPresent`, `null`, did you mean `Always`?"],
        ),
        ("port: 80\n", &[]),
        ("port: http\n", &[]),
        (
            "port: [80]\n",
            &["2: `port`: is of type array, wanted integer or string"],
        ),
        (
            "port: HTTP\n",
            &["2: `port`: does not match the pattern `^[a-z]+$`"],
        ),
        ("node: {x-a: b}\n", &[]),
        (
            "node:\n  x-a: 1\n",
            &["3: `node.x-a`: is of type integer, wanted string"],
        ),
        (
            "node:\n  y-a: 1\n",
            &["3: `node.y-a`: the schema knows no such value"],
        ),
        ("list: [ab, ab]\n", &["2: `list`: its items 0 and 1 are equal"]),
        (
            "list:\n- ab\n- c\n",
            &["4: `list.1`: is shorter than 2 characters"],
        ),
        (
            "list: [ab, cd, ef]\n",
            &["2: `list`: has 3 items, wanted 2 or less"],
        ),
    ] {
        assert_eq!(told(SCHEMA, "", &format!("{image}{given}")), wanted, "{given}");
    }
    assert_eq!(
        told(SCHEMA, "", "image: {tag: v1, tagg: v2}\n"),
        [
            "1: `image`: lacks `repository`",
            "1: `image.tagg`: the schema knows no such value, did you mean `tag`?",
        ]
    );
    assert_eq!(told(SCHEMA, "", "{}"), ["1: the values: lacks `image`"]);
}

#[test]
fn defaults_of_the_chart_are_told_as_such() {
    let defaults = "replicas: many\nimage: {repository: a}\n";
    let wanted = ["0: `replicas`: is of type string, wanted integer, and is the chart's own default"];
    assert_eq!(told(SCHEMA, defaults, "policy: Always\n"), wanted);
    assert!(told(SCHEMA, defaults, "replicas: 1\n").is_empty());
}

#[test]
fn values_are_never_told() {
    let secret = "hush-hush";
    let schema = format!(
        "{{{DRAFT} \"properties\": {{\"a\": {{\"format\": \"ipv4\"}}, \"b\": {{\"const\": \"x\"}}, \"c\": {{\"pattern\": \"^x\"}}, \"d\": {{\"enum\": [\"x\"]}}}}}}"
    );
    let told = told(
        &schema,
        "",
        &format!("a: {secret}\nb: {secret}\nc: {secret}\nd: {secret}\n"),
    );
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().all(|line| !line.contains(secret)), "{told:?}");
}

#[test]
fn subcharts_judge_their_section_under_its_alias() {
    let dependencies = "dependencies:\n- {name: sub, version: '*', alias: mine}\n- {name: other, version: '*', condition: other.enabled}\n";
    let strict = "{\"properties\": {\"a\": {\"type\": \"integer\"}}}";
    let chart = packed::chart([
        ("Chart.yaml", format!("{}{dependencies}", chart_yaml("top"))),
        ("values.yaml", "other: {enabled: false, a: text}\n".to_owned()),
        ("charts/sub/Chart.yaml", chart_yaml("sub")),
        ("charts/sub/values.schema.json", strict.to_owned()),
        ("charts/other/Chart.yaml", chart_yaml("other")),
        ("charts/other/values.schema.json", strict.to_owned()),
    ]);
    let given = program::document("mine: {a: text}\n");
    let report = values_schema::violations(&coalesce(&chart, &given, Helm::V4));
    let paths: Vec<_> = report.violations.iter().map(|one| one.path.join(".")).collect();
    assert_eq!(paths, ["mine.a"]);
}

#[test]
fn schemas_that_cannot_be_followed_are_deferred() {
    for (schema, wanted) in [
        (
            "{\"$ref\": \"https://example.org/s.json\"}",
            "it refers to `https://example.org/s.json`, which is not fetched",
        ),
        (
            "{\"$ref\": \"file:///etc/passwd\"}",
            "it refers to `file:///etc/passwd`, which is not fetched",
        ),
        (
            "{\"$ref\": \"other.json\"}",
            "it refers to `file:///other.json`, which is not fetched",
        ),
        (
            "{\"$schema\": \"https://example.org/own\"}",
            "it refers to `https://example.org/own`, which is not fetched",
        ),
        ("{\"$ref\": \"#/none\"}", "its reference `#/none` leads nowhere"),
        ("{\"type\": 1}", "it is no JSON Schema"),
        ("{\"pattern\": \"(?=x)\"}", "it is no JSON Schema"),
        ("{\"$ref\": \"#\"}", "it refers to itself without an end"),
        (
            "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"allOf\": [{\"$ref\": \"#/$defs/b\"}]}, \"b\": {\"$ref\": \"#/$defs/a\"}}}",
            "it refers to itself without an end",
        ),
        (
            "{\"pattern\": \"((a{0,500}){0,500}){0,500}\"}",
            "it has a pattern that is too large",
        ),
    ] {
        let found = report(schema, "a: 1\n");
        assert_eq!(
            found.deferred,
            [format!("the schema of the chart `top`: {wanted}")],
            "{schema}"
        );
        assert!(found.violations.is_empty());
    }
    assert_eq!(
        report("{\"$ref\": \"urn:example:x\"}", "a: 1\n"),
        SchemaReport::default()
    );
}

#[test]
fn recursive_schemas_of_recursive_values_are_followed() {
    let schema = "{\"properties\": {\"a\": {\"$ref\": \"#\"}, \"b\": {\"type\": \"integer\"}}}";
    assert_eq!(
        told(schema, "", "a: {a: {a: {b: x}}}\n"),
        ["1: `a.a.a.b`: is of type string, wanted integer"]
    );
}

#[test]
fn schemas_that_make_endless_work_end() {
    let start = Instant::now();
    let doubled = |index: usize| {
        let next = format!("{{\"$ref\": \"#/$defs/d{}\"}}", index + 1);
        format!("\"d{index}\": {{\"allOf\": [{next}, {next}]}},")
    };
    let chained = |index: usize| format!("\"d{index}\": {{\"$ref\": \"#/$defs/d{}\"}},", index + 1);
    let schema = |definitions: Vec<String>| {
        let last = definitions.len();
        let all = definitions.concat();
        format!("{{\"$ref\": \"#/$defs/d0\", \"$defs\": {{{all}\"d{last}\": {{\"type\": \"object\"}}}}}}")
    };
    let too_much = "the schema of the chart `top`: it makes more work than is done for it";
    let doubling = |count| schema((0..count).map(doubled).collect());
    assert_eq!(report(&doubling(4), "a: 1\n"), SchemaReport::default());
    assert_eq!(report(&doubling(60), "a: 1\n").deferred, [too_much]);
    let chain = |count| schema((0..count).map(chained).collect());
    assert_eq!(report(&chain(900), "a: 1\n"), SchemaReport::default());
    assert_eq!(report(&chain(5000), "a: 1\n").deferred, [too_much]);

    let items = |count| format!("{{\"items\": [{}]}}", vec!["{}"; count].join(","));
    let schema = format!("{{{DRAFT} {}", items(9_000).trim_start_matches('{'));
    assert_eq!(report(&schema, "a: 1\n"), SchemaReport::default());
    assert!(report(&items(12_000), "a: 1\n").deferred[0].ends_with("it has more than 10000 parts"));

    // Backtracking engines take years for it.
    let evil = "{\"properties\": {\"a\": {\"pattern\": \"^(a+)+$\"}}}";
    let found = report(evil, &format!("a: {}b\n", "a".repeat(20_000)));
    assert_eq!(found.violations.len(), 1, "{found:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

/// The verdict cases: a schema, values, and whether they fit.
fn verdicts() -> Vec<(String, Node, bool)> {
    let mut verdicts = Vec::new();
    for case in program::cases("schemas.yaml") {
        let schema = to_json(case.get("schema").unwrap()).to_string();
        for (key, fits) in [("fits", true), ("refused", false)] {
            let values = case.get(key).and_then(Node::as_seq).unwrap();
            verdicts.extend(values.iter().map(|values| (schema.clone(), values.clone(), fits)));
        }
    }
    verdicts
}

#[test]
fn verdicts_are_those_of_helm() {
    for (schema, values, fits) in verdicts() {
        let found = report(&schema, &to_json(&values).to_string());
        assert!(found.deferred.is_empty(), "{schema}: {:?}", found.deferred);
        assert_eq!(
            found.violations.is_empty(),
            fits,
            "{schema}: {values:?} {found:?}"
        );
    }
}

#[test]
fn verdicts_are_those_of_the_program() {
    let Some(helm) = program::helm("schemas::verdicts_are_those_of_the_program") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (index, (schema, values, fits)) in verdicts().into_iter().enumerate() {
        let root = folder.path().join(format!("chart{index}"));
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("Chart.yaml"), chart_yaml("top")).unwrap();
        fs::write(root.join("values.schema.json"), &schema).unwrap();
        let answer = program::template(&helm, &root, &values, None);
        assert_eq!(answer.is_ok(), fits, "{schema}: {values:?} {answer:?}");
    }
}
