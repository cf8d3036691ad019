//! Objects as people write them: each defect is named at its place, and the right twin of each object is silent.

use diag::Sources;
use model::object::gvk;
use model::yaml::{Dialect, parse};
use schema::{Store, ViolationKind};

/// `path: message` of each violation, and what its span covers.
fn check(text: &str) -> Vec<(String, String)> {
    let parsed = parse(Sources::default().add("a.yaml", "".into()), text, Dialect::Sigs);
    assert_eq!(parsed.problems, []);
    let object = &parsed.documents[0];
    let kind = Store::bundled().lookup(&gvk(object));
    let verdict = kind.map(|kind| kind.validate(object)).unwrap_or_default();
    verdict
        .violations
        .into_iter()
        .map(|v| {
            let covered = text
                .get(v.span.start as usize..v.span.end as usize)
                .unwrap_or_default();
            (
                format!("{}: {}", v.path, v.message),
                covered.lines().next().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

/// The text without its `- ` line is right; with it, one violation has the message and covers the text.
#[track_caller]
fn one(text: &str, message: &str, covered: &str) {
    let found = check(text);
    assert_eq!(found, [(message.to_owned(), covered.to_owned())]);
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
";

#[test]
fn a_right_deployment_is_silent() {
    assert_eq!(check(DEPLOYMENT), []);
}

#[test]
fn unknown_fields_are_named_at_their_key() {
    one(
        &DEPLOYMENT.replace("replicas", "replica"),
        "spec.replica: unknown field `replica`, did you mean `replicas`?",
        "replica",
    );
    one(
        &DEPLOYMENT.replace("name: web\nspec", "name: web\n  owner: me\nspec"),
        "metadata.owner: unknown field `owner`",
        "owner",
    );
    one(
        &format!("{DEPLOYMENT}extra: 1\n"),
        "extra: unknown field `extra`",
        "extra",
    );
}

#[test]
fn wrong_types_are_named_at_their_value() {
    one(
        &DEPLOYMENT.replace("replicas: 1", "replicas: one"),
        "spec.replicas: `replicas` is string `one`, wanted integer",
        "one",
    );
    one(
        &DEPLOYMENT.replace("name: web\nspec", "name: web\n  labels: {a: yes}\nspec"),
        "metadata.labels.a: `a` is boolean `true`, wanted string",
        "yes",
    );
}

#[test]
fn missing_fields_are_named_at_the_key_that_holds_them() {
    one(
        &DEPLOYMENT.replace("        image: web:1\n", ""),
        "spec.template.spec.containers[0]: missing required field `image` in `containers[0]`",
        "name: web",
    );
    one(
        &DEPLOYMENT.replace("  selector: {matchLabels: {app: web}}\n", ""),
        "spec: missing required field `selector` in `spec`",
        "spec",
    );
}

#[test]
fn rules_in_the_code_of_the_api_server_are_kept() {
    one(
        &DEPLOYMENT.replace("{matchLabels: {app: web}}", "{matchLabels: {app: wbe}}"),
        "spec.selector.matchLabels.app: the pods have no label `app` with value `wbe`",
        "wbe",
    );
    one(
        &DEPLOYMENT.replace("name: web\nspec", "name: Web\nspec"),
        "metadata.name: `Web` is no DNS name",
        "Web",
    );
    one(
        &DEPLOYMENT.replace(
            "image: web:1\n",
            "image: web:1\n        volumeMounts: [{name: data, mountPath: /d}]\n",
        ),
        "spec.template.spec.containers[0].volumeMounts[0].name: the pod has no volume `data`",
        "data",
    );
    one(
        &DEPLOYMENT.replace(
            "image: web:1\n",
            "image: web:1\n        resources: {requests: {cpu: 2}, limits: {cpu: 500m}}\n",
        ),
        "spec.template.spec.containers[0].resources.requests.cpu: `cpu` request is `2`, more than the limit `500m`",
        "2",
    );
}

#[test]
fn null_is_unset_for_built_in_kinds() {
    assert_eq!(check(&DEPLOYMENT.replace("replicas: 1", "replicas: null")), []);
    one(
        &DEPLOYMENT.replace("{matchLabels: {app: web}}", "null"),
        "spec: missing required field `selector` in `spec`",
        "spec",
    );
}

const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: coredns
spec:
  interval: 1h
  chart:
    spec:
      chart: coredns
      version: 1.38.0
      sourceRef: {kind: HelmRepository, name: coredns}
  values:
    anything: [1, {goes: here}]
";

#[test]
fn a_helm_release_takes_exactly_one_chart() {
    assert_eq!(check(RELEASE), []);
    one(
        &RELEASE.replace(
            "  values:",
            "  chartRef: {kind: OCIRepository, name: coredns}\n  values:",
        ),
        "spec: `spec` breaks a rule: either chart or chartRef must be set",
        "spec",
    );
}

#[test]
fn the_source_of_a_chart_is_no_oci_repository() {
    one(
        &RELEASE.replace("HelmRepository", "OCIRepository"),
        "spec.chart.spec.sourceRef.kind: `kind` is `OCIRepository`, wanted one of `HelmRepository`, `GitRepository`, \
         `Bucket`",
        "OCIRepository",
    );
    one(
        &RELEASE.replace("interval: 1h", "interval: 1d"),
        "spec.interval: `interval` is `1d`, wanted a match of `^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$`",
        "1d",
    );
    one(
        &RELEASE.replace("  values:", "  value:"),
        "spec.value: unknown field `value`, did you mean `values`?",
        "value",
    );
}

#[test]
fn kinds_of_violations_carry_facts() {
    let parsed = parse(
        Sources::default().add("a.yaml", "".into()),
        &RELEASE.replace("  values:", "  value:"),
        Dialect::Sigs,
    );
    let kind = Store::bundled()
        .lookup(&gvk(&parsed.documents[0]))
        .expect("HelmRelease");
    let verdict = kind.validate(&parsed.documents[0]);
    assert_eq!(
        verdict.violations[0].kind,
        ViolationKind::UnknownField {
            nearest: Some("values".to_owned())
        }
    );
    assert_eq!(verdict.unchecked, Vec::<String>::new());
}
