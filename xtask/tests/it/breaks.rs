//! Twelve ways to break this repository: each is one finding at the line to edit, with a help that repairs it.

use crate::repo::Repo;

const INFRA: &str = "kubernetes/clusters/infra/infrastructure.yaml";
const SETTINGS: &str = "kubernetes/clusters/infra/cluster-settings.yaml";
const APPS_SETTINGS: &str = "kubernetes/clusters/apps/cluster-settings.yaml";
const COREDNS: &str = "kubernetes/infrastructure/networking/coredns";

/// What must come out: the check, the file, the text that the finding starts at, a part of the help.
struct Wanted<'a> {
    check: &'a str,
    file: &'a str,
    at: &'a str,
    help: &'a str,
}

fn assert_one_finding(repo: &Repo, wanted: &Wanted<'_>) {
    let (code, report) = repo.validate();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(code, 1);
    let finding = &findings[0];
    assert_eq!(finding["check"], wanted.check, "{finding:#}");
    assert_eq!(finding["file"], wanted.file, "{finding:#}");
    let (line, column) = repo.place(wanted.file, wanted.at);
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&line.into(), &column.into()),
        "{finding:#}"
    );
    assert!(
        finding["help"].as_str().unwrap().contains(wanted.help),
        "{finding:#}"
    );
}

#[test]
fn the_repository_itself_is_clean() {
    let (code, report) = Repo::copy().with_drift().validate();
    assert_eq!(
        report["findings"].as_array().unwrap().len(),
        0,
        "{:#}",
        report["findings"]
    );
    assert_eq!(code, 0);
    assert_eq!(report["clusters"].as_array().unwrap().len(), 2);
    assert!(report["coverage"]["objects"].as_u64().unwrap() > 0);
    assert_eq!(report["coverage"]["objects"], report["coverage"]["schemaChecked"]);
}

#[test]
fn a_misspelt_depends_on() {
    let repo = Repo::copy();
    repo.edit(INFRA, "- name: cilium-core\n", "- name: cilium-cor\n");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "flux/depends-on-unknown",
            file: INFRA,
            at: "cilium-cor\n",
            help: "`cilium-core`",
        },
    );
}

#[test]
fn a_cluster_ip_outside_the_service_network() {
    let repo = Repo::copy();
    repo.edit(SETTINGS, "10.245.0.10", "10.99.0.10");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "net/cluster-ip",
            file: SETTINGS,
            at: "10.99.0.10",
            help: "an address of that network",
        },
    );
}

#[test]
fn a_placeholder_in_a_url() {
    let repo = Repo::copy();
    let file = format!("{COREDNS}/ocirepository.yaml");
    repo.edit(
        &file,
        "oci://ghcr.io/coredns/charts/coredns",
        "oci://<APPROVED_REGISTRY>/coredns",
    );
    assert_one_finding(
        &repo,
        &Wanted {
            check: "policy/placeholder",
            file: &file,
            at: "oci://<",
            help: "",
        },
    );
}

#[test]
fn a_wrong_kind_in_a_chart_ref() {
    let repo = Repo::copy();
    let file = format!("{COREDNS}/helmrelease.yaml");
    repo.edit(&file, "kind: OCIRepository\n", "kind: OCIRepositry\n");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "schema/invalid",
            file: &file,
            at: "OCIRepositry",
            help: "OCIRepository",
        },
    );
}

#[test]
fn a_setting_that_one_cluster_lacks() {
    let repo = Repo::copy();
    let file = format!("{COREDNS}/helmrelease.yaml");
    repo.edit(APPS_SETTINGS, "  COREDNS_REPLICAS: \"2\"\n", "");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "flux/substitute-undefined",
            file: &file,
            at: "${COREDNS_REPLICAS}",
            help: "infra",
        },
    );
}

#[test]
fn a_key_that_stands_twice() {
    let repo = Repo::copy();
    let file = format!("{COREDNS}/helmrelease.yaml");
    repo.edit(&file, "  interval: 30m\n", "  interval: 30m\n  interval:  1h\n");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "yaml/duplicate-key",
            file: &file,
            at: "interval:  1h",
            help: "",
        },
    );
}

#[test]
fn a_manifest_that_nothing_lists() {
    let repo = Repo::copy();
    let file = format!("{COREDNS}/networkpolicy.yaml");
    repo.write(
        &file,
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\nspec:\n  podSelector: {}\n",
    );
    let listing = format!("{COREDNS}/kustomization.yaml");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "kustomize/unlisted-manifest",
            file: &listing,
            at: "resources:",
            help: "add `- networkpolicy.yaml`",
        },
    );
}

#[test]
fn an_expression_that_is_not_closed() {
    let repo = Repo::copy();
    let file = format!("{COREDNS}/helmrelease.yaml");
    repo.edit(&file, "${COREDNS_CLUSTER_IP}", "${COREDNS_CLUSTER_IP");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "flux/substitute-syntax",
            file: &file,
            at: "${COREDNS_CLUSTER_IP",
            help: "}",
        },
    );
}

#[test]
fn a_cycle_of_one() {
    let repo = Repo::copy();
    repo.edit(INFRA, "- name: cilium-core\n", "- name: coredns\n");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "flux/depends-on-cycle",
            file: INFRA,
            at: "coredns\n  postBuild",
            help: "",
        },
    );
}

#[test]
fn a_misspelt_health_check() {
    let repo = Repo::copy();
    repo.edit(
        INFRA,
        "      kind: HelmRelease\n      name: coredns\n",
        "      kind: HelmRelease\n      name: coredn\n",
    );
    assert_one_finding(
        &repo,
        &Wanted {
            check: "flux/health-check-unknown",
            file: INFRA,
            at: "coredn\n",
            help: "`coredns`",
        },
    );
}

#[test]
fn a_generated_file_that_was_edited() {
    let repo = Repo::copy().with_drift();
    repo.edit(SETTINGS, "CLUSTER_NAME: infra", "CLUSTER_NAME: infra1");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "generate/drift",
            file: SETTINGS,
            at: "  CLUSTER_NAME: infra1",
            help: "cargo xtask generate",
        },
    );
}

#[test]
fn a_tab_in_the_indentation() {
    let repo = Repo::copy();
    let file = format!("{COREDNS}/prometheusrule.yaml");
    repo.edit(&file, "  groups:\n", "\tgroups:\n");
    assert_one_finding(
        &repo,
        &Wanted {
            check: "yaml/syntax",
            file: &file,
            at: "\tgroups",
            help: "spaces",
        },
    );
}
