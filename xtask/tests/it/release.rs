//! Releases: the page, its check, the draft of a commit.

use crate::repo::Repo;

const SETTINGS: &str = "kubernetes/clusters/infra/cluster-settings.yaml";
const PAGE: &str = "docs/releases/04-dns-coredns-base.md";

#[test]
fn a_page_is_written_and_fits_until_the_tree_is_another() {
    let repo = Repo::with_designs();
    let written = repo.run(&["release", "--story", "04", "--offline", "--write"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    let page = repo.read(PAGE);
    assert!(page.contains("- [x] 2.1 chart version 1.38.0"), "{page}");
    assert!(
        page.contains("**deferred** until helm and the chart are at hand"),
        "{page}"
    );
    assert!(page.contains("(story 45)"), "{page}");
    assert_eq!(
        repo.run(&["release", "--story", "04", "--offline", "--write"])
            .status,
        0
    );
    assert_eq!(repo.read(PAGE), page, "the same inputs give the same bytes");
    repo.commit();
    let verify = |wanted: i32, part: &str| {
        let output = repo.run(&["release", "verify", PAGE]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status, wanted, "{said}{}", output.stderr);
        assert!(said.contains(part), "{said}");
    };
    verify(0, "fits the tree");
    repo.write(PAGE, &page.replace("'2.6': deferred", "'2.6': done"));
    verify(1, "item 2.6 was done, is deferred");
    repo.write(PAGE, &page.replace("gate: CONCERNS", "gate: PASS"));
    verify(1, "the gate is PASS, this tree has CONCERNS");
    repo.write(PAGE, &page.replace("  '2.6': deferred\n", ""));
    verify(1, "nothing is said of item 2.6");
    repo.write(
        PAGE,
        &page.replace("chart version 1.38.0", "chart version 1.39.0"),
    );
    verify(1, "it is not what this tree makes");
    repo.write(PAGE, &page.replace("items:\n", ""));
    verify(2, "");
    repo.write(PAGE, &page.replace("xtask: 0.1.0", "xtask: 0.0.9"));
    verify(0, "fits the tree");
    repo.write(PAGE, &page);
    repo.edit(SETTINGS, "COREDNS_REPLICAS: \"2\"", "COREDNS_REPLICAS: \"3\"");
    verify(1, "the digest of the inputs is");
}

#[test]
fn an_undone_story_gets_no_page() {
    let repo = Repo::with_designs();
    repo.write("notes.txt", "not committed");
    let output = repo.run(&["release", "--story", "04", "--offline", "--write"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status, 1);
    assert!(said.contains("not committed: `notes.txt`"), "{said}");
    assert!(
        output.stderr.contains("is not written: 1 item not done"),
        "{}",
        output.stderr
    );
    assert!(!repo.path(PAGE).exists());
}

#[test]
fn a_registry_that_cannot_be_asked_is_red_where_it_counts() {
    let repo = Repo::with_designs();
    let (code, report) = repo.json(&["release", "--story", "04", "--offline", "--require-network"]);
    assert_eq!(code, 1);
    assert_eq!(report["evidence"]["commands"]["preflight"]["state"], "open");
    // Nothing listens there: the registry cannot be asked, and that is no verdict on the chart.
    let args = [
        "release",
        "--story",
        "04",
        "--timeout",
        "5",
        "--mirror",
        "ghcr.io=127.0.0.1:1",
        "--mirror",
        "quay.io=127.0.0.1:1",
    ];
    let (code, report) = repo.json(&args);
    let preflight = &report["evidence"]["commands"]["preflight"];
    assert_eq!(
        (code, &preflight["state"]),
        (0, &"deferred".into()),
        "{preflight:#}"
    );
}

#[test]
fn a_draft_says_what_changes_in_the_rendered_objects() {
    let repo = Repo::with_designs();
    let nothing = repo.run(&["release", "prepare"]);
    assert_eq!(nothing.status, 0);
    assert!(nothing.stdout.is_empty() && nothing.stderr.contains("nothing to draft"));
    repo.edit(
        "kubernetes/infrastructure/networking/coredns/helmrelease.yaml",
        "memory: 256Mi",
        "memory: 512Mi",
    );
    repo.write(
        "kubernetes/infrastructure/networking/coredns/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: kube-system}\nstringData: {key: hunter2}\n",
    );
    repo.edit(
        "kubernetes/infrastructure/networking/coredns/kustomization.yaml",
        "resources:\n",
        "resources:\n  - secret.yaml\n",
    );
    let draft = repo.run(&["release", "prepare", "--story", "04"]);
    let said = String::from_utf8_lossy(&draft.stdout).into_owned();
    assert_eq!(draft.status, 0, "{}", draft.stderr);
    assert!(
        said.starts_with("feat(coredns): add 1 object, change 1 object\n\n"),
        "{said}"
    );
    for part in [
        "- add Secret/kube-system/s on apps, infra\n",
        "- change HelmRelease/kube-system/coredns on apps, infra: spec.values.resources.limits.memory: `256Mi` to `512Mi`\n",
        "\nStory: 04\n",
        "### Added\n",
    ] {
        assert!(said.contains(part), "{said}");
    }
    repo.commit();
    repo.edit(
        "kubernetes/infrastructure/networking/coredns/secret.yaml",
        "hunter2",
        "hunter3",
    );
    let draft = repo.run(&["release", "prepare"]);
    let said = String::from_utf8_lossy(&draft.stdout).into_owned();
    assert!(said.contains("stringData.key: another value"), "{said}");
    assert!(!said.contains("hunter"), "{said}");
    let back = repo.run(&["release", "prepare", "--base", "HEAD~1", "-o", "json"]);
    let back: serde_json::Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(back["changes"].as_array().unwrap().len(), 2, "{back:#}");
    assert_eq!(repo.run(&["release", "prepare", "--base", "nonsense"]).status, 2);
    repo.edit(
        "kubernetes/infrastructure/networking/coredns/kustomization.yaml",
        "secret.yaml",
        "gone.yaml",
    );
    let broken = repo.run(&["release", "prepare"]);
    assert_eq!(broken.status, 1);
    assert!(
        broken
            .stderr
            .contains("Kustomization flux-system/coredns of cluster"),
        "{}",
        broken.stderr
    );
}

#[test]
fn what_is_no_evidence_is_refused() {
    let repo = Repo::with_designs();
    repo.write("docs/releases/x.md", "# nothing\n");
    for wrong in [
        "docs/releases/x.md",
        ".config/xtask.yaml",
        "absent.md",
        "/etc/hostname",
    ] {
        assert_eq!(repo.run(&["release", "verify", wrong]).status, 2, "{wrong}");
    }
    assert_eq!(repo.run(&["release", "--story", "77"]).status, 2);
    assert_eq!(
        repo.run(&["release", "--story", "04", "--cluster", "apps"])
            .status,
        2
    );
}
