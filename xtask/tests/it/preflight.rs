//! `preflight` against a registry in process: verdicts, signatures, the lock file, formats and exit codes.

use rcgen::KeyPair;
use serde_json::Value;
use tools::{Invocation, Output};

use crate::registry::Registry;
use crate::repo::{Repo, workspace, xtask};

const LOCK: &str = "charts.lock.yaml";
const MANIFEST: &str = "clusters/demo/all.yaml";

/// An OCIRepository in use, a release of a HelmRepository in the registry, and one over HTTP.
fn repo(registry: &Registry) -> Repo {
    let text = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: demo, namespace: apps}}
spec:
  interval: 1h
  url: oci://ghcr.io/charts/demo
  layerSelector: {{mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}}
  ref:
    tag: 1.2.3
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: demo, namespace: apps}}
spec:
  interval: 1h
  chartRef: {{kind: OCIRepository, name: demo}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: registry, namespace: apps}}
spec: {{interval: 1h, type: oci, url: oci://{}/charts}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: other, namespace: apps}}
spec:
  interval: 1h
  chart:
    spec:
      chart: other
      version: 2.x
      sourceRef: {{kind: HelmRepository, name: registry}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: http, namespace: apps}}
spec: {{interval: 1h, url: 'https://example.org/charts'}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: third, namespace: apps}}
spec:
  interval: 1h
  chart: {{spec: {{chart: third, version: 1.0.0, sourceRef: {{kind: HelmRepository, name: http}}}}}}
",
        registry.host
    );
    let settings = format!(
        "mirrors: {{ghcr.io: '{}'}}\napprovedRegistries: [ghcr.io]\n",
        registry.host
    );
    Repo::of(&[(MANIFEST, &text), (".config/xtask.yaml", &settings)])
}

fn registry() -> Registry {
    let registry = Registry::start();
    registry.push("charts/demo", "demo", "1.2.3", "first");
    registry.push("charts/other", "other", "2.0.0", "first");
    registry
}

fn preflight(repo: &Repo, args: &[&str]) -> Output {
    let root = repo.path("");
    xtask(&[&["preflight", "--path", root.to_str().unwrap()], args].concat())
}

fn json(repo: &Repo, args: &[&str]) -> (i32, Vec<Value>) {
    let output = preflight(repo, &[&["-o", "json"], args].concat());
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|cause| panic!("{cause}: {}", output.stderr));
    assert_eq!(
        (report["kind"].as_str(), report["apiVersion"].as_str()),
        (Some("Preflight"), Some("xtask.gitops/v1"))
    );
    (output.status, report["charts"].as_array().unwrap().clone())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_source_and_release_is_a_row_with_its_verdict() {
    let registry = registry();
    let repo = repo(&registry);
    let (status, charts) = json(&repo, &[]);
    assert_eq!(status, 0);
    let rows: Vec<(&str, &str, &str)> = charts
        .iter()
        .map(|chart| {
            let field = |name: &str| chart[name].as_str().unwrap_or_default();
            (field("source"), field("verdict"), field("version"))
        })
        .collect();
    let wanted = [
        ("HelmRelease/apps/other", "there", "2.0.0"),
        ("HelmRelease/apps/third", "notChecked", ""),
        ("OCIRepository/apps/demo", "there", "1.2.3"),
    ];
    assert_eq!(rows, wanted);
    assert_eq!(charts[2]["releases"][0], "HelmRelease/apps/demo");
    assert_eq!(charts[2]["line"], repo.place(MANIFEST, "1.2.3").0);
    assert_eq!(
        (&charts[0]["approved"], &charts[2]["approved"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    let table = text(&preflight(&repo, &[]));
    assert!(
        table.contains("a HelmRepository over HTTP, which is not asked"),
        "{table}"
    );
    assert!(table.contains("its registry is not approved"), "{table}");
    assert!(table.ends_with("3 charts: 2 there, 1 not checked\n"), "{table}");
}

#[test]
fn a_missing_version_fails_at_its_line_in_every_format() {
    let registry = registry();
    let repo = repo(&registry);
    repo.edit(MANIFEST, "tag: 1.2.3", "tag: 1.2.4");
    let output = preflight(
        &repo,
        &[
            "-o",
            "text",
            "-o",
            &format!("sarif={}", repo.path("out.sarif").display()),
        ],
    );
    assert_eq!(output.status, 1);
    let table = text(&output);
    let (line, column) = repo.place(MANIFEST, "1.2.4");
    let finding = format!("{MANIFEST}:{line}:{column}: error[oci/chart-missing]");
    assert!(
        table.contains("nearest: 1.2.3") && table.contains(&finding),
        "{table}"
    );
    let sarif: Value = serde_json::from_str(&repo.read("out.sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "oci/chart-missing");
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"]["startLine"],
        line
    );
    for (format, part) in [
        ("junit", "<failure"),
        ("github", "::error"),
        ("markdown", "oci/chart-missing"),
    ] {
        let output = preflight(&repo, &["-o", format]);
        assert!(text(&output).contains(part), "{format}: {}", text(&output));
    }
}

#[test]
fn the_lock_is_written_once_kept_without_news_and_compared() {
    let registry = registry();
    let repo = repo(&registry);
    let output = preflight(&repo, &["--update-lock"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(output.stderr.contains("2 added"), "{}", output.stderr);
    let written = repo.read(LOCK);
    assert!(
        written.contains("semver: 2.x") && written.contains("version: 2.0.0"),
        "{written}"
    );
    let again = preflight(&repo, &["--update-lock"]);
    assert!(again.stderr.contains("is up to date"), "{}", again.stderr);
    assert_eq!(repo.read(LOCK), written);
    let drift = |repo: &Repo| {
        repo.validate().1["findings"]
            .to_string()
            .matches("oci/lock-")
            .count()
    };
    assert_eq!(drift(&repo), 0);
    repo.edit(MANIFEST, "tag: 1.2.3", "tag: 1.3.0");
    let findings = repo.validate().1["findings"].clone();
    let found = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["check"] == "oci/lock-drift")
        .unwrap();
    assert_eq!(found["line"], repo.place(MANIFEST, "1.3.0").0);
    assert_eq!(found["related"][0]["file"], LOCK);
    registry.push("charts/demo", "demo", "1.3.0", "first");
    let output = preflight(&repo, &["--update-lock"]);
    assert!(
        output.stderr.contains("1 added, 0 changed, 1 dropped"),
        "{}",
        output.stderr
    );
    assert_eq!(drift(&repo), 0);
}

#[test]
fn a_tag_that_moved_fails_until_the_lock_says_so_and_a_newer_version_of_a_range_does_not() {
    let registry = registry();
    let repo = repo(&registry);
    preflight(&repo, &["--update-lock"]);
    registry.push("charts/other", "other", "2.1.0", "first");
    let output = preflight(&repo, &[]);
    assert_eq!(output.status, 0);
    assert!(
        text(&output).contains("2.1.0") && text(&output).contains("the lock has 2.0.0"),
        "{}",
        text(&output)
    );
    let digest = registry.push("charts/demo", "demo", "1.2.3", "second");
    let (status, charts) = json(&repo, &[]);
    assert_eq!((status, charts[2]["verdict"].as_str()), (1, Some("moved")));
    assert_eq!(charts[2]["digest"], digest);
    assert_ne!(charts[2]["locked"]["digest"], digest);
    assert!(text(&preflight(&repo, &["-o", "concise"])).contains("error[oci/chart-moved]"));
    let output = preflight(&repo, &["--update-lock"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(output.stderr.contains("0 added, 2 changed"), "{}", output.stderr);
    assert_eq!(json(&repo, &[]).1[2]["verdict"], "there");
}

#[test]
fn a_chart_that_is_not_found_keeps_its_entry() {
    let registry = registry();
    let repo = repo(&registry);
    preflight(&repo, &["--update-lock"]);
    let written = repo.read(LOCK);
    let nowhere = [
        "--update-lock",
        "--mirror",
        "ghcr.io=127.0.0.1:9",
        "--timeout",
        "5",
    ];
    let output = preflight(&repo, &nowhere);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(repo.read(LOCK), written);
}

#[test]
fn offline_the_lock_answers_and_a_damaged_one_ends_the_run() {
    let registry = registry();
    let repo = repo(&registry);
    preflight(&repo, &["--update-lock"]);
    drop(registry);
    let (status, charts) = json(&repo, &["--offline"]);
    assert_eq!((status, charts[2]["verdict"].as_str()), (0, Some("locked")));
    assert_eq!(json(&repo, &["--offline", "--require-network"]).0, 1);
    assert!(text(&preflight(&repo, &["--offline"])).contains("from the lock as of 20"));
    repo.edit(LOCK, "  size:", "  sise:");
    let output = preflight(&repo, &["--offline"]);
    assert_eq!(output.status, 2);
    assert!(
        output.stderr.contains(&format!("{LOCK}:")) && output.stderr.contains("unknown field `sise`"),
        "{}",
        output.stderr
    );
    let output = preflight(&repo, &["--lock", "no-such-file"]);
    assert_eq!(output.status, 2);
    assert_eq!(preflight(&repo, &["--offline", "--update-lock"]).status, 2);
}

#[test]
fn fetched_charts_answer_offline_from_the_cache() {
    let registry = registry();
    let repo = repo(&registry);
    let cache = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        Invocation::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["preflight", "--path", repo.path("").to_str().unwrap()])
            .args(args)
            .cwd(workspace())
            .env("CI", "true")
            .env("XTASK_CACHE_DIR", cache.path().display().to_string())
            .run_accepting(&[0, 1, 2])
            .unwrap()
    };
    let output = run(&["--offline"]);
    assert_eq!(output.status, 1, "nobody knows, and CI wants to");
    assert_eq!(run(&["--fetch"]).status, 0);
    drop(registry);
    let output = run(&["--offline"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        text(&output).contains("from the cache as of 20"),
        "{}",
        text(&output)
    );
}

#[test]
fn what_a_chart_installs_is_judged_by_the_archive_that_the_lock_names() {
    let registry = registry();
    let repo = repo(&registry);
    let cache = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        Invocation::new(env!("CARGO_BIN_EXE_xtask"))
            .args(args)
            .args(["--path", repo.path("").to_str().unwrap()])
            .cwd(workspace())
            .env("CI", "")
            .env("XTASK_CACHE_DIR", cache.path().display().to_string())
            .run_accepting(&[0, 1])
            .unwrap()
    };
    let absent = || {
        text(&run(&["validate", "-o", "json"]))
            .matches("is not in the cache")
            .count()
    };
    run(&["preflight", "--fetch"]);
    assert_eq!(absent(), 0);
    // The lock names content that was never downloaded.
    run(&["preflight", "--update-lock"]);
    let second = registry.push("charts/demo", "demo", "1.2.3", "second");
    run(&["preflight", "--update-lock"]);
    assert!(repo.read(LOCK).contains(&second));
    assert_eq!(absent(), 1);
    run(&["preflight", "--fetch"]);
    assert_eq!(absent(), 0);
}

#[test]
fn without_a_network_nothing_fails_but_in_ci() {
    let repo = repo(&registry());
    repo.edit(MANIFEST, "version: 2.x", "version: 2.0.0");
    let args = ["--mirror", "ghcr.io=127.0.0.1:9", "--timeout", "5"];
    let (status, charts) = json(&repo, &args);
    assert_eq!((status, charts[2]["verdict"].as_str()), (0, Some("unknown")));
    assert_eq!(
        preflight(&repo, &[&args[..], &["--require-network"]].concat()).status,
        1
    );
}

#[test]
fn signatures_are_verified_with_the_keys_of_the_repository() {
    let registry = registry();
    let (ours, theirs) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let digest = registry.push("charts/demo", "demo", "1.2.3", "signed");
    registry.sign("charts/demo", &digest, &ours);
    let repo = repo(&registry);
    repo.edit(
        MANIFEST,
        "  url: oci://ghcr.io",
        "  verify: {provider: cosign, secretRef: {name: cosign}}\n  url: oci://ghcr.io",
    );
    let secret = |pair: &KeyPair, rest: &str| {
        let pem = pair.public_key_pem().replace('\n', "\n    ");
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: cosign, namespace: apps}}\nstringData:\n  cosign.pub: |\n    {}\n{rest}",
            pem.trim()
        )
    };
    repo.write("clusters/demo/secret.yaml", &secret(&ours, ""));
    let output = preflight(&repo, &["--require-network"]);
    assert_eq!(output.status, 0, "{}", text(&output));
    assert!(
        text(&output).contains("verified by cosign.pub"),
        "{}",
        text(&output)
    );
    repo.write("clusters/demo/secret.yaml", &secret(&theirs, ""));
    let (status, charts) = json(&repo, &["--update-lock"]);
    assert_eq!(
        (status, charts[2]["signature"]["verdict"].as_str()),
        (1, Some("notVerified"))
    );
    assert!(
        !repo.read(LOCK).contains("ghcr.io"),
        "what Flux refuses is not locked"
    );
    assert!(text(&preflight(&repo, &["-o", "concise"])).contains("error[oci/chart-unsigned]"));
    repo.write("clusters/demo/secret.yaml", &secret(&ours, "sops: {mac: x}\n"));
    let output = preflight(&repo, &["--require-network"]);
    assert_eq!(output.status, 0, "{}", text(&output));
    assert!(
        text(&output).contains("Secret `apps/cosign` is encrypted with SOPS"),
        "{}",
        text(&output)
    );
}

#[test]
fn one_chart_is_shown_as_helm_shows_it_with_its_verdict() {
    let registry = registry();
    let pair = KeyPair::generate().unwrap();
    let digest = registry.push("charts/demo", "demo", "1.2.3", "signed\u{1b}[31m");
    registry.sign("charts/demo", &digest, &pair);
    let url = format!("oci://{}/charts/demo", registry.host);
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("cosign.pub");
    std::fs::write(&key, pair.public_key_pem()).unwrap();
    let output = xtask(&[
        "preflight",
        &url,
        "--version",
        "1.2.3",
        "--key",
        key.to_str().unwrap(),
    ]);
    let shown = text(&output);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        shown.starts_with("apiVersion: v2\nappVersion: \"9.9\"\n"),
        "{shown}"
    );
    assert!(
        shown.contains(&format!(
            "# {url}: there\n# 1.2.3, app 9.9, {digest}\n# archive sha256:"
        )),
        "{shown}"
    );
    assert!(shown.contains("# signature: verified by "), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let output = xtask(&["preflight", &url, "-o", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["metadata"]["name"], &report["charts"][0]["wanted"]),
        (&"demo".into(), &"*".into())
    );
    let output = xtask(&["preflight", &url, "--version", "9.9.9"]);
    assert_eq!(output.status, 1);
    assert!(text(&output).contains("nearest: 1.2.3"), "{}", text(&output));
    assert_eq!(xtask(&["preflight", "--version", "1.2.3"]).status, 2);
    let output = xtask(&["preflight", "oci://ghcr.io/a/b:1.0"]);
    assert_eq!(output.status, 1);
    assert!(
        text(&output).contains("must not contain a tag"),
        "{}",
        text(&output)
    );
}

#[test]
fn images_of_pods_are_asked_for() {
    let registry = registry();
    registry.push_image("team/web", "1.0");
    let repo = repo(&registry);
    let deployment = format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: apps}}\nspec:\n  selector: {{matchLabels: \
         {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n        - name: web\n          \
         image: {0}/team/web:1.0\n        - name: sidecar\n          image: {0}/team/web:2.0\n",
        registry.host
    );
    repo.write(MANIFEST, &(repo.read(MANIFEST) + &deployment));
    let output = preflight(&repo, &["-o", "json"]);
    assert!(!text(&output).contains("team/web"), "{}", text(&output));
    let output = preflight(&repo, &["--images", "-o", "json"]);
    assert_eq!(output.status, 1);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let images = report["images"].as_array().unwrap();
    let verdict = |index: usize| {
        (
            images[index]["image"].as_str().unwrap(),
            &images[index]["verdict"],
        )
    };
    assert_eq!(
        verdict(0),
        (
            format!("{}/team/web:1.0", registry.host).as_str(),
            &"there".into()
        )
    );
    assert_eq!(
        verdict(1),
        (
            format!("{}/team/web:2.0", registry.host).as_str(),
            &"missing".into()
        )
    );
    assert_eq!(images[0]["platforms"], serde_json::json!(["linux/amd64"]));
    assert_eq!(images[1]["usedBy"], serde_json::json!(["Deployment/apps/web"]));
    let output = preflight(&repo, &["--images", "-o", "concise"]);
    let (line, column) = repo.place(MANIFEST, &format!("{}/team/web:2.0", registry.host));
    let place = format!("{MANIFEST}:{line}:{column}: error[oci/image-missing]");
    assert!(text(&output).contains(&place), "{}", text(&output));
}
