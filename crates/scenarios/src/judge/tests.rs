//! Each kind of claim on a small repository: silent where it holds, and the words and the line where it does not.

use crate::evidence::{Evidence, Need, Proof};
use crate::outcome::Status;
use crate::testing::{outcome, tree, wrong};

const APP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: web}
spec:
  replicas: ${REPLICAS}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: app:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: web}
spec:
  clusterIP: ${ADDRESS}
  ports: [{port: 53}]
";

const DEPLOYMENT: &str = "stage: built, object: {kind: Deployment, namespace: web, name: app}";
const SERVICE: &str = "stage: built, object: {kind: Service, namespace: web, name: app}";
const BUILD: &str = "stage: built, appliedBy: {namespace: flux-system, name: app}";

#[track_caller]
fn holds(expectation: &str) {
    assert_eq!(wrong(&tree(APP), expectation), Vec::<String>::new());
}

#[track_caller]
fn fails(app: &str, expectation: &str, wanted: &str) {
    assert_eq!(wrong(&tree(app), expectation), [wanted]);
}

#[test]
fn values_are_compared_with_their_type() {
    holds(&format!(
        "{DEPLOYMENT}, path: $.spec.replicas, equals: 2, type: integer, equalsSetting: REPLICAS"
    ));
    holds(
        "stage: written, object: {kind: Deployment, namespace: web, name: app}, path: $.spec.replicas, equals: '${REPLICAS}'",
    );
    fails(
        APP,
        &format!("{DEPLOYMENT}, path: $.spec.replicas, equals: '2'"),
        "clusters/a/settings.yaml:5:13 `spec.replicas`: wanted the string `2`, found `2`",
    );
    fails(
        &APP.replace("${REPLICAS}", "3"),
        &format!("{DEPLOYMENT}, path: $.spec.replicas, equalsSetting: REPLICAS"),
        "app/app.yaml:5:13 `spec.replicas`: wanted `2`, the value of `REPLICAS` on cluster `a`, found `3`",
    );
    fails(
        APP,
        &format!("{DEPLOYMENT}, path: $.spec.replicas, equalsSetting: GONE"),
        "clusters/a/settings.yaml:3:18 wanted a setting `GONE` in `ConfigMap/flux-system/cluster-settings` of cluster `a`, found no such setting",
    );
    holds(&format!(
        "{DEPLOYMENT}, path: $.spec.replicas, equalsPerCluster: {{a: 2, b: 3}}"
    ));
}

#[test]
fn what_a_path_does_not_select_is_a_failure_and_not_a_success() {
    fails(
        APP,
        &format!("{DEPLOYMENT}, path: $.spec.template.spec.hostNetwork, equals: true"),
        "app/app.yaml:9:5 `spec.template.spec.hostNetwork`: wanted `true`, found nothing",
    );
    fails(
        APP,
        "stage: built, object: {kind: Deployment, namespace: web, name: gone}, path: $.spec, exists: false",
        "clusters/a/flux-system/gotk-sync.yaml:4:29 wanted `Deployment/web/gone` on cluster `a`, found no such object",
    );
    holds("stage: built, object: {kind: Deployment, namespace: web, name: gone}, exists: false");
    fails(
        APP,
        &format!("{DEPLOYMENT}, exists: false"),
        "app/app.yaml:3:18 wanted no `Deployment/web/app` on cluster `a`, found one",
    );
    holds(&format!("{DEPLOYMENT}, path: $.spec.paused, exists: false"));
    holds(&format!(
        "{DEPLOYMENT}, path: $.spec.template.spec.containers, count: 1, contains: {{name: app, image: 'app:1'}}"
    ));
    fails(
        APP,
        &format!("{DEPLOYMENT}, path: '$.spec.template.spec.containers[*]', count: 2"),
        "app/app.yaml:9:12 `spec.template.spec.containers`: wanted 2 values, found 1 value",
    );
    fails(
        APP,
        &format!("{DEPLOYMENT}, path: $.spec.template.metadata.labels, contains: {{app: x}}"),
        "app/app.yaml:8:30 `spec.template.metadata.labels.app`: wanted `x`, found `web`",
    );
    holds(&format!(
        "{DEPLOYMENT}, path: $..image, valuesAre: ['app:1'], matches: '^app:'"
    ));
}

#[test]
fn addresses_are_read_against_the_settings() {
    holds(&format!(
        "{SERVICE}, path: $.spec.clusterIP, inNetworkOf: NETWORK, notReservedIn: NETWORK, addressUsedOnce: true"
    ));
    fails(
        &APP.replace("${ADDRESS}", "${OUTSIDE}"),
        &format!("{SERVICE}, path: $.spec.clusterIP, inNetworkOf: NETWORK"),
        "clusters/a/settings.yaml:8:12 `spec.clusterIP`: wanted an address in `[\"10.0.0.0/16\"]`, the value of `NETWORK` on cluster `a`, found `10.9.0.10`",
    );
    fails(
        &APP.replace("${ADDRESS}", "${FIRST}"),
        &format!("{SERVICE}, path: $.spec.clusterIP, notReservedIn: NETWORK"),
        "clusters/a/settings.yaml:7:10 `spec.clusterIP`: wanted an address that `[\"10.0.0.0/16\"]` does not reserve, found `10.0.0.1`, the address of the Service `kubernetes` in `10.0.0.0/16`",
    );
    let other = "---\napiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: web}\nspec: {clusterIP: 10.0.0.10}\n";
    fails(
        &format!("{APP}{other}"),
        &format!("{SERVICE}, path: $.spec.clusterIP, addressUsedOnce: true"),
        "clusters/a/settings.yaml:6:12 `spec.clusterIP`: wanted an address of its own, found `10.0.0.10`, which `Service/web/other` asks for too",
    );
}

#[test]
fn selectors_are_tried_on_the_pods() {
    let claim = format!(
        "{DEPLOYMENT}, path: $.spec.selector, selectsPodsOf: {{kind: Deployment, namespace: web, name: app}}"
    );
    holds(&claim);
    fails(
        &APP.replace("matchLabels: {app: web}", "matchLabels: {app: x}"),
        &claim,
        "app/app.yaml:6:13 `spec.selector`: wanted a selector that matches the pods of `Deployment/web/app`, labelled `{\"app\":\"web\"}`, found `{\"matchLabels\":{\"app\":\"x\"}}`",
    );
}

#[test]
fn builds_are_judged_as_a_whole() {
    holds(&format!(
        "{BUILD}, buildSucceeds: true, noPlaceholders: true, validAgainstSchema: true"
    ));
    holds(&format!(
        "{BUILD}, applies: {{kind: Service, namespace: web, name: app}}"
    ));
    holds("stage: built, folder: ./app/, buildSucceeds: true, listsEveryManifest: true");
    fails(
        &APP.replace("replicas", "replica"),
        &format!("{BUILD}, validAgainstSchema: true"),
        "app/app.yaml:5:3 `spec.replica`: wanted a valid Deployment, found unknown field `replica`, did you mean `replicas`?",
    );
    let more = tree(APP).with_files([("app/rule.yaml", "a: 1\n")]);
    assert_eq!(
        wrong(&more, "stage: written, folder: app, listsEveryManifest: true"),
        [
            "app/kustomization.yaml:1:1 `resources`: wanted `rule.yaml` among the resources, found a list without it"
        ]
    );
    let broken = tree(APP).with_files([("app/kustomization.yaml", "resources:\n  - gone.yaml\n")]);
    for claim in [
        "buildSucceeds: true",
        "noPlaceholders: true",
        "checksSilent: [flux/path-missing]",
    ] {
        let found = wrong(&broken, &format!("{BUILD}, {claim}"));
        assert!(
            found.len() == 1 && found[0].starts_with("app/kustomization.yaml:2:"),
            "{found:?}"
        );
    }
}

#[test]
fn a_placeholder_that_is_left_is_found() {
    let undefined = APP.replace("${ADDRESS}", "${NOWHERE}");
    let found = wrong(&tree(&undefined), &format!("{BUILD}, noPlaceholders: true"));
    assert!(found[0].starts_with("app/app.yaml:15:14 "), "{found:?}");
    let escaped = APP.replace("app:1", "'app:$${TAG}'");
    let found = wrong(&tree(&escaped), &format!("{BUILD}, noPlaceholders: true"));
    assert!(
        found[0].contains("wanted a value without `${`, found `app:${TAG}`"),
        "{found:?}"
    );
}

#[test]
fn only_evidence_or_its_absence_decides_what_needs_it() {
    let app = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: c, namespace: web}\n\
               spec: {interval: 1h, url: 'oci://ghcr.io/coredns/charts/coredns'}\n";
    let source = "stage: built, object: {kind: OCIRepository, namespace: web, name: c}";
    let approved = format!("{source}, path: $.spec.url, onApprovedRegistry: true");
    assert_eq!(wrong(&tree(app), &approved), Vec::<String>::new());
    let found = wrong(
        &tree(&app.replace("/coredns/charts", "/corednsx/charts")),
        &approved,
    );
    assert!(
        found[0].contains("wanted the URL of an approved registry: `ghcr.io/coredns`"),
        "{found:?}"
    );

    let claim = format!("{source}, preflightPasses: true");
    let said = |proof| Evidence {
        need: Need::Network,
        cluster: "a".to_owned(),
        subject: "OCIRepository/web/c".to_owned(),
        proof,
        by: String::new(),
    };
    let run = |evidence: &[Evidence]| outcome(&tree(app), &[&claim, &approved], evidence);
    let silent = run(&[]);
    assert_eq!(silent.status(), Status::Deferred);
    assert_eq!(
        silent.deferred().next().unwrap().1,
        "the chart preflight was not run"
    );
    assert_eq!(run(&[said(Proof::Passed)]).status(), Status::Passed);
    assert_eq!(
        run(&[said(Proof::Unknown("no route".to_owned()))]).status(),
        Status::Deferred
    );
    let failed = run(&[said(Proof::Failed("no such version".to_owned()))]);
    assert_eq!(failed.failures().next().unwrap().found, "no such version");
    let installed = outcome(
        &tree(app),
        &["stage: installed, object: {kind: Pod, name: x}, exists: true"],
        &[],
    );
    assert_eq!(
        installed.deferred().next().unwrap().1,
        "the charts were not rendered"
    );
}

#[test]
fn programs_are_believed_and_never_guessed() {
    let claims = [
        (
            "folder: app",
            "kustomize",
            Need::Kustomize,
            "app",
            "`kustomize build app` to succeed",
        ),
        (
            "appliedBy: {namespace: flux-system, name: app}",
            "flux",
            Need::Flux,
            "flux-system/app",
            "`flux build kustomization` of `flux-system/app` to succeed",
        ),
        (
            "object: {kind: Deployment, namespace: web, name: app}",
            "promtool",
            Need::Promtool,
            "Deployment/web/app",
            "`promtool check rules` to accept `Deployment/web/app`",
        ),
    ];
    for (subject, tool, need, name, wanted) in claims {
        let claim = format!("stage: built, {subject}, commandSucceeds: {tool}");
        let run = |proof: Option<Proof>| {
            let said = proof.map(|proof| Evidence {
                need,
                cluster: "a".to_owned(),
                subject: name.to_owned(),
                proof,
                by: String::new(),
            });
            outcome(&tree(APP), &[&claim], said.as_slice())
        };
        assert_eq!(run(Some(Proof::Passed)).status(), Status::Passed);
        let silent = run(None);
        assert_eq!(silent.status(), Status::Deferred);
        assert_eq!(silent.deferred().next().unwrap().1, format!("{tool} was not run"));
        let failed = run(Some(Proof::Failed("exit status 1".to_owned())));
        assert_eq!(failed.failures().next().unwrap().expected, wanted);
    }
    fails(
        APP,
        "stage: built, folder: gone, commandSucceeds: kustomize",
        " wanted a folder `gone`, found no such folder",
    );
}
