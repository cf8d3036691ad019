//! SARIF.

use diag::{Finding, Sources, Span};
use report::Format;
use serde_json::{Value, json};

use crate::sample;

fn run(text: &str) -> Value {
    let document: Value = serde_json::from_str(text).unwrap();
    assert_eq!(document["version"], "2.1.0");
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    document["runs"][0].clone()
}

#[test]
fn a_clean_run_has_rules_and_an_empty_list_of_results() {
    let [clean, ..] = crate::samples(Format::Sarif);
    let run = run(&clean);
    assert_eq!(run["results"], json!([]));
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(
        run["tool"]["driver"]["rules"][0],
        json!({
            "id": "flux/depends-on-unknown",
            "shortDescription": {"text": "a Kustomization depends on one that does not exist"},
            "help": {
                "text": "# flux/depends-on-unknown\n\nWaits forever.\n",
                "markdown": "# flux/depends-on-unknown\n\nWaits forever.\n",
            },
            "defaultConfiguration": {"level": "error"},
            "properties": {"stage": "built"},
        })
    );
}

#[test]
fn deferrals_are_notifications() {
    let [_, deferred, ..] = crate::samples(Format::Sarif);
    let run = run(&deferred);
    let told = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    assert_eq!(told.len(), 4);
    assert_eq!(
        told[0],
        json!({
            "level": "warning",
            "message": {"text": "not checked: quay.io/a:1: no network, `--offline` was given"},
            "associatedRule": {"id": "images/there"},
        })
    );
}

#[test]
fn results_have_places() {
    let [.., typical, _] = crate::samples(Format::Sarif);
    let results = run(&typical)["results"].clone();
    let (nowhere, depends_on, exact) = (&results[0], &results[1], &results[2]);
    assert_eq!(
        nowhere["locations"],
        json!([{"logicalLocations": [
            {"fullyQualifiedName": "Deployment/kube-system/coredns", "kind": "resource"},
        ]}])
    );
    assert_eq!(
        depends_on["locations"][0]["physicalLocation"],
        json!({
            "artifactLocation": {"uri": "kubernetes/components/coredns/ks.yaml", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 6, "startColumn": 13, "endLine": 6, "endColumn": 23},
        })
    );
    assert_eq!(
        (&depends_on["ruleId"], &depends_on["ruleIndex"]),
        (&json!("flux/depends-on-unknown"), &json!(0))
    );
    let wanted =
        "no Kustomization `flux-system/cilium-cor`\nFlux waits for it forever\ndid you mean `cilium-core`?";
    assert_eq!(depends_on["message"]["text"], wanted);
    assert_eq!(exact["level"], "warning");
    assert_eq!(
        exact["relatedLocations"][1],
        json!({
            "physicalLocation": {
                "artifactLocation": {"uri": "kubernetes/clusters/apps/settings.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 2, "startColumn": 12},
            },
            "message": {"text": "`VERSION` is set here"},
        })
    );
}

#[test]
fn text_from_files_is_no_link_and_no_path() {
    let [.., hostile] = crate::samples(Format::Sarif);
    let result = run(&hostile)["results"][0].clone();
    let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "a%2Cb%3Ac%7C%60d%0A.yaml");
    let wanted =
        "value `100%|` is\n::error::<script>]]>&\"' @team [x] (http://y) \u{1b}[2J\u{0}\nline 1\nline 2";
    assert_eq!(result["message"]["text"], wanted);
}

#[test]
fn fingerprints_survive_moved_lines_and_tell_twins_apart() {
    let fingerprints = |text: &str| {
        let sources = Sources::default();
        let file = sources.add("a.yaml", text.into());
        let found = |(at, _)| Finding::new(&sample::SILENT, Span::new(file, at, at + 1), "found");
        let findings = text.match_indices('x').map(found).collect();
        let run = run(&report::sarif::render(
            &sample::with_findings(findings, &sources),
            &[],
        ));
        let results = run["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|result| result["partialFingerprints"]["finding/v1"].clone())
            .collect::<Vec<_>>()
    };
    let before = fingerprints("x\nx\n");
    assert_eq!(before, fingerprints("\n\nx\n\n\nx\n"));
    assert_ne!(before[0], before[1]);
    assert_eq!(before[0], "94adec0ee0b268d9:1");
}
