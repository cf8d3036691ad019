//! The published JSON Schema (2020-12) of a `live.yaml`: its form. That names name something is looked at by `load`; its own
//! tests hold both against the same examples.

use scenarios::Priority;
use serde_json::{Map, Value, json};

use crate::design::Given;
use crate::kind::{self, Family};
use crate::raw::{CHECKS, MAX_SECONDS};

/// The schema.
pub fn json_schema() -> Value {
    let program = object(&["config"], [("config", config())]);
    let file = [
        ("story", string("number of the story, a string: \"04\"")),
        ("from", reference("fluxObject")),
        (
            "programs",
            json!({
                "type": "object", "additionalProperties": program,
                "description": "programs that are started with a configuration out of the cluster, by name",
            }),
        ),
        (
            "notVerified",
            json!({"type": "array", "items": object(
                &["what", "why"],
                [("what", string("what is not shown")), ("why", string("why not"))],
            )}),
        ),
        (
            "scenarios",
            json!({"type": "array", "items": scenario(), "description": "the promises"}),
        ),
    ];
    let mut schema = object(&["story", "scenarios"], file);
    if let Some(root) = schema.as_object_mut() {
        let draft = "https://json-schema.org/draft/2020-12/schema";
        root.shift_insert(0, "$schema".into(), json!(draft));
        root.shift_insert(1, "title".into(), json!("Live checks of a story"));
        root.insert("$defs".into(), definitions());
    }
    schema
}

fn definitions() -> Value {
    json!({
        "fluxObject": named(Family::Flux, "the Flux object that brings the subject: while it is deferred, so is the scenario"),
        "service": object(&["namespace", "name"], [("namespace", name("namespace")), ("name", name("name"))]),
        "clusters": {
            "description": "`all`, or the clusters by name",
            "anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        },
    })
}

fn scenario() -> Value {
    let mut properties = vec![
        ("id", string("`04.DNS-LIVE-001`")),
        ("priority", json!({"enum": Priority::ALL.map(Priority::name)})),
        ("criterion", string("id of the criterion that it proves")),
        ("title", string("the promise")),
        ("clusters", reference("clusters")),
        ("from", reference("fluxObject")),
        (
            "at",
            string("the field of `from` that decides it: `spec.values.replicaCount`"),
        ),
        ("program", string("name of the program that is asked")),
    ];
    properties.extend(looks());
    properties.extend(questions());
    let some: Vec<Value> = CHECKS.iter().map(|key| json!({"required": [key]})).collect();
    let asked: Map<String, Value> = ["dns", "http", "metric", "alerts"]
        .into_iter()
        .map(|key| (key.to_owned(), json!(["program"])))
        .collect();
    let asks: Vec<Value> = asked.keys().map(|key| json!({"required": [key]})).collect();
    let mut scenario = object(&["id", "priority", "title"], properties);
    if let Some(scenario) = scenario.as_object_mut() {
        scenario.insert("oneOf".into(), Value::Array(some));
        scenario.insert("dependentRequired".into(), Value::Object(asked));
        scenario.insert("dependentSchemas".into(), json!({"program": {"anyOf": asks}}));
    }
    scenario
}

/// The checks that look at objects.
fn looks() -> [(&'static str, Value); 6] {
    let about = |family, required: &[&str], more: Vec<(&'static str, Value)>| {
        let mut properties = vec![("object", named(family, "what is looked at"))];
        properties.extend(more);
        object(required, properties)
    };
    let timeout = || {
        (
            "timeoutSeconds",
            json!({"type": "integer", "minimum": 1, "maximum": MAX_SECONDS, "default": 120}),
        )
    };
    let setting = |description: &str| string(description);
    [
        (
            "ready",
            named(
                Family::Flux,
                "the object that is Ready, for its present generation",
            ),
        ),
        (
            "replicas",
            about(
                Family::Workload,
                &["object", "equalsSetting"],
                vec![(
                    "equalsSetting",
                    setting("the setting that says how many pods are ready"),
                )],
            ),
        ),
        (
            "spread",
            about(
                Family::Workload,
                &["object", "topologyKey"],
                vec![(
                    "topologyKey",
                    string("the label of nodes whose value no two ready pods share"),
                )],
            ),
        ),
        (
            "service",
            about(
                Family::Service,
                &["object"],
                vec![(
                    "clusterIPEqualsSetting",
                    setting("the setting that says its clusterIP"),
                )],
            ),
        ),
        (
            "disruption",
            about(
                Family::Budget,
                &["object", "allows"],
                vec![
                    (
                        "allows",
                        json!({"type": "integer", "minimum": 1, "description": "how many evictions are accepted; the next one is held back"}),
                    ),
                    timeout(),
                ],
            ),
        ),
        ("rollout", about(Family::Workload, &["object"], vec![timeout()])),
    ]
}

/// The checks that ask a program.
fn questions() -> [(&'static str, Value); 4] {
    let port = || json!({"type": "integer", "minimum": 0, "maximum": 65535, "description": "as the configuration has it"});
    let names =
        |description: &str| json!({"type": "array", "items": {"type": "string"}, "description": description});
    let answers = ["answers", "answersServiceOf", "says", "forwards"];
    let one: Vec<Value> = answers.iter().map(|key| json!({"required": [key]})).collect();
    let mut dns = object(
        &["ask", "type"],
        [
            ("ask", string("the name")),
            ("type", string("type of the records: `A`")),
            ("answers", names("data of the records, in any order")),
            ("answersServiceOf", reference("service")),
            ("says", string("the response code: `NXDOMAIN`")),
            (
                "forwards",
                json!({"const": true, "description": "the upstream answers"}),
            ),
        ],
    );
    let mut alerts = object(
        &["rule", "given"],
        [
            ("rule", named(Family::Rule, "the rule that holds the alerts")),
            (
                "given",
                json!({"enum": Given::ALL.map(Given::name), "description": "what has become of the program"}),
            ),
            ("fires", names("alerts that fire")),
            ("quiet", names("alerts that do not")),
        ],
    );
    if let (Some(dns), Some(alerts)) = (dns.as_object_mut(), alerts.as_object_mut()) {
        dns.insert("oneOf".into(), Value::Array(one));
        let some = |key: &str| json!({"required": [key], "properties": {key: {"minItems": 1}}});
        alerts.insert("anyOf".into(), json!([some("fires"), some("quiet")]));
    }
    let http = object(
        &["port", "path", "status"],
        [
            ("port", port()),
            ("path", string("the path")),
            (
                "status",
                json!({"type": "integer", "minimum": 0, "maximum": 65535}),
            ),
        ],
    );
    let metric = object(
        &["port", "path", "name"],
        [
            ("port", port()),
            ("path", string("the path")),
            ("name", string("name of the metric")),
        ],
    );
    [
        ("dns", dns),
        ("http", http),
        ("metric", metric),
        ("alerts", alerts),
    ]
}

fn config() -> Value {
    object(
        &["kind", "namespace", "name", "key"],
        [
            ("kind", json!({"const": "ConfigMap"})),
            ("namespace", name("namespace")),
            ("name", name("name")),
            ("key", string("key in its data")),
        ],
    )
}

/// Kind, namespace and name of an object of a family.
fn named(family: Family, description: &str) -> Value {
    let kind = json!({ "enum": kind::names(family) });
    let mut schema = object(
        &["kind", "namespace", "name"],
        [
            ("kind", kind),
            ("namespace", name("namespace")),
            ("name", name("name")),
        ],
    );
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".into(), json!(description));
    }
    schema
}

fn name(description: &str) -> Value {
    json!({"type": "string", "pattern": kind::NAME, "maxLength": 253, "description": description})
}

/// A mapping with these fields and no others.
fn object(required: &[&str], properties: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let properties: Map<String, Value> = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn string(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn reference(definition: &str) -> Value {
    json!({"$ref": format!("#/$defs/{definition}")})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::testing::loader_says;

    #[track_caller]
    fn agree(scenario: &str, good: bool) {
        let text = format!(
            "story: '01'\nprograms: {{p: {{config: {{kind: ConfigMap, namespace: n, name: c, key: k}}}}}}\nscenarios:\n  - {{id: L1, priority: P0, title: t, {scenario}}}\n"
        );
        let said = loader_says(&text);
        assert_eq!(said.is_empty(), good, "the loader says {said:?} of\n{text}");
        let instance: Value = serde_yaml::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&json_schema()).unwrap();
        assert_eq!(
            validator.is_valid(&instance),
            good,
            "the schema disagrees about\n{text}"
        );
    }

    #[test]
    fn the_schema_and_the_loader_take_and_refuse_the_same() {
        let object = |kind: &str| format!("object: {{kind: {kind}, namespace: n, name: o}}");
        let alerts = "rule: {kind: PrometheusRule, namespace: n, name: o}";
        let good = [
            "ready: {kind: HelmRelease, namespace: n, name: o}".to_owned(),
            format!("replicas: {{{}, equalsSetting: N}}", object("Deployment")),
            format!("spread: {{{}, topologyKey: k}}", object("Deployment")),
            format!("service: {{{}}}", object("Service")),
            format!(
                "disruption: {{{}, allows: 2, timeoutSeconds: 3600}}",
                object("PodDisruptionBudget")
            ),
            format!("rollout: {{{}}}, clusters: all", object("Deployment")),
            "program: p, dns: {ask: a, type: A, says: NXDOMAIN}".to_owned(),
            "program: p, dns: {ask: a, type: A, answers: [1.1.1.1]}".to_owned(),
            "program: p, dns: {ask: a, type: A, forwards: true}".to_owned(),
            format!("program: p, alerts: {{{alerts}, given: absent, quiet: [A]}}"),
        ];
        let bad = [
            "ready: {kind: Deployment, namespace: n, name: o}".to_owned(),
            "ready: {kind: HelmRelease, name: o}".to_owned(),
            "ready: {kind: HelmRelease, namespace: n, name: O}".to_owned(),
            "clusters: all".to_owned(),
            format!("replicas: {{{}}}", object("Deployment")),
            format!(
                "service: {{{}}}, rollout: {{{}}}",
                object("Service"),
                object("Deployment")
            ),
            format!("disruption: {{{}, allows: 0}}", object("PodDisruptionBudget")),
            format!("rollout: {{{}, timeoutSeconds: 0}}", object("Deployment")),
            format!("rollout: {{{}}}, program: p", object("Deployment")),
            "dns: {ask: a, type: A, forwards: true}".to_owned(),
            "program: p, dns: {ask: a, type: A}".to_owned(),
            "program: p, dns: {ask: a, type: A, forwards: false}".to_owned(),
            "program: p, dns: {ask: a, type: A, forwards: true, says: NXDOMAIN}".to_owned(),
            "program: p, http: {port: 70000, path: /, status: 200}".to_owned(),
            format!("program: p, alerts: {{{alerts}, given: absent}}"),
            format!("program: p, alerts: {{{alerts}, given: gone, fires: [A]}}"),
        ];
        for scenario in &good {
            agree(scenario, true);
        }
        for scenario in &bad {
            agree(scenario, false);
        }
    }
}
