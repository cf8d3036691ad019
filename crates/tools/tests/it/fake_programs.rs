//! The exact command lines we give, and answers that a healthy program would not give.

use std::path::Path;

use tools::flux::BuildKustomization;
use tools::helm::Template;
use tools::kubeconform::{KubeconformOptions, KubeconformReport};
use tools::kustomize::LoadRestrictor;
use tools::{Tool, ToolError, Toolbox, flux, git, go, helm, kubeconform, kustomize, promtool};

use crate::fake::Fakes;

/// A script that prints its arguments, one per line.
const PRINT_ARGUMENTS: &str = r#"printf '%s\n' "$@""#;

fn lines(output: &[u8]) -> Vec<&str> {
    std::str::from_utf8(output).unwrap().lines().collect()
}

#[test]
fn kustomize_gets_its_restrictor_and_folder() {
    let (_fakes, toolbox) = Fakes::with("kustomize", PRINT_ARGUMENTS);
    let build = |restrictor| kustomize::build(&toolbox, Path::new("-dir"), restrictor).unwrap();
    assert_eq!(lines(&build(LoadRestrictor::RootOnly)), ["build", "--", "-dir"]);
    let unrestricted = build(LoadRestrictor::None);
    assert_eq!(
        lines(&unrestricted),
        ["build", "--load-restrictor", "LoadRestrictionsNone", "--", "-dir"]
    );
}

#[test]
fn kubectl_stands_in_for_kustomize_that_is_not_installed() {
    let (_fakes, toolbox) = Fakes::with("kubectl", PRINT_ARGUMENTS);
    assert_eq!(kustomize::builder(&toolbox).unwrap().tool(), Tool::Kubectl);
    let output = kustomize::build(&toolbox, Path::new("apps"), LoadRestrictor::RootOnly).unwrap();
    assert_eq!(lines(&output), ["kustomize", "--", "apps"]);
}

#[test]
fn kubectl_does_not_replace_a_kustomize_that_is_configured_and_missing() {
    let fakes = Fakes::new();
    fakes.add("kubectl", PRINT_ARGUMENTS);
    let paths = [("kustomize".to_owned(), fakes.path("absent"))].into();
    let error = kustomize::builder(&fakes.toolbox_with(&paths)).unwrap_err();
    assert!(
        error.to_string().starts_with("`kustomize` was not found in"),
        "{error}"
    );
}

#[test]
fn without_both_kustomize_is_the_one_to_install() {
    let toolbox = Fakes::new().toolbox();
    let error = kustomize::build(&toolbox, Path::new("apps"), LoadRestrictor::RootOnly).unwrap_err();
    assert!(
        error.to_string().starts_with("`kustomize` was not found in"),
        "{error}"
    );
}

#[test]
fn flux_reads_a_private_file_that_is_gone_afterwards() {
    let script = r#"printf '%s\n' "$@"; for a; do case $last in --kustomization-file) f=$a;; esac; last=$a; done
        ls -l "$f" | cut -c1-10; cat "$f""#;
    let (fakes, toolbox) = Fakes::with("flux", script);
    let build = BuildKustomization {
        name: "apps",
        namespace: "flux-system",
        root: fakes.folder(),
        path: "/clusters/infra/",
        kustomization_yaml: b"kind: Kustomization",
        strict: true,
    };
    let output = flux::build_kustomization(&toolbox, build).unwrap();
    let lines = lines(&output);
    let file = lines[5];
    assert_eq!(
        lines,
        [
            "build",
            "kustomization",
            "--namespace=flux-system",
            "--path=./clusters/infra",
            "--kustomization-file",
            file,
            "--dry-run",
            "--in-memory-build",
            "--strict-substitute",
            "--",
            "apps",
            "-rw-------",
            "kind: Kustomization",
        ]
    );
    assert!(!Path::new(file).exists(), "{file} is still there");
}

#[test]
fn an_older_helm_that_always_validates_schemas_renders_too() {
    let script = "case \"$*\" in *--skip-schema*) echo 'Error: unknown flag: --skip-schema-validation' >&2; exit 1;; esac; echo rendered";
    let (_fakes, toolbox) = Fakes::with("helm", script);
    let template = Template {
        release_name: "coredns",
        namespace: "kube-system",
        chart: helm::ChartInput::Archive(Path::new("charts/coredns")),
        values: b"",
        kube_version: None,
        api_versions: &[],
        include_crds: false,
    };
    assert_eq!(helm::template(&toolbox, template).unwrap(), b"rendered\n");
}

#[test]
fn helm_reads_values_from_stdin() {
    let (_fakes, toolbox) = Fakes::with("helm", &format!("{PRINT_ARGUMENTS}; cat"));
    let template = Template {
        release_name: "coredns",
        namespace: "kube-system",
        chart: helm::ChartInput::Archive(Path::new("charts/coredns")),
        values: b"replicaCount: 2",
        kube_version: Some("1.34.2"),
        api_versions: &["a/v1", "b/v1"],
        include_crds: true,
    };
    let output = helm::template(&toolbox, template).unwrap();
    let wanted = "template --namespace kube-system --values - --kube-version 1.34.2 --api-versions a/v1 \
                  --api-versions b/v1 --include-crds --skip-schema-validation -- coredns charts/coredns replicaCount: 2";
    assert_eq!(lines(&output).join(" "), wanted);
}

fn kubeconform_says(script: &str) -> Result<KubeconformReport, ToolError> {
    let (_fakes, toolbox) = Fakes::with("kubeconform", script);
    let options = KubeconformOptions {
        kubernetes_version: Some("1.34.2".to_owned()),
        schema_locations: vec!["schemas/{{.ResourceKind}}.json".to_owned()],
        ..KubeconformOptions::default()
    };
    kubeconform::validate(&toolbox, b"kind: A", &options)
}

#[test]
fn kubeconform_gets_its_options() {
    let error = kubeconform_says("echo \"$*\" >&2; exit 2").unwrap_err();
    let wanted = "-strict -ignore-missing-schemas -kubernetes-version 1.34.2 \
                  -schema-location schemas/{{.ResourceKind}}.json -output json -verbose -summary";
    assert!(error.to_string().ends_with(wanted), "{error}");
}

#[test]
fn kubeconform_without_a_report_is_an_error() {
    let error = kubeconform_says("echo bad option >&2; exit 1").unwrap_err();
    assert!(matches!(error, ToolError::Failed { status: 1, .. }), "{error}");
    for script in [":", "echo all fine", "echo '{}'", r"printf '\377'"] {
        let error = kubeconform_says(script).unwrap_err();
        assert!(
            matches!(error, ToolError::UnexpectedOutput { .. }),
            "{script}: {error}"
        );
    }
}

#[test]
fn kubeconform_that_fails_with_a_clean_report_is_an_error() {
    let result = kubeconform_says(
        r#"echo '{"resources": [], "summary": {"valid": 0, "invalid": 0, "errors": 0, "skipped": 0}}'; exit 1"#,
    );
    assert!(
        matches!(result, Err(ToolError::Failed { status: 1, .. })),
        "{result:?}"
    );
}

#[test]
fn promtool_that_fails_for_another_reason_is_an_error() {
    let (_fakes, toolbox) = Fakes::with("promtool", "echo 'open x: permission denied' >&2; exit 1");
    let error = promtool::check_rules(&toolbox, b"groups: []").unwrap_err();
    assert!(matches!(error, ToolError::Failed { status: 1, .. }), "{error}");
}

#[test]
fn promtool_that_does_not_say_success_is_an_error() {
    let (_fakes, toolbox) = Fakes::with("promtool", "exit 0");
    let error = promtool::check_rules(&toolbox, b"groups: []").unwrap_err();
    assert!(matches!(error, ToolError::UnexpectedOutput { .. }), "{error}");
}

fn go_says(script: &str) -> ToolError {
    let (_fakes, toolbox) = Fakes::with("go", script);
    go::mod_download(&toolbox, "rsc.io/quote", "v1.5.2").unwrap_err()
}

#[test]
fn go_repeats_why_a_module_cannot_be_had() {
    let error = go_says(r#"echo '{"Path": "rsc.io/quote", "Error": "not served"}'; exit 1"#);
    assert!(error.to_string().ends_with("it said:\n  not served"), "{error}");
    let error = go_says("echo 'go: no network' >&2; exit 1");
    assert!(
        error.to_string().ends_with("it said:\n  go: no network"),
        "{error}"
    );
}

#[test]
fn go_without_a_folder_is_an_error() {
    for script in [
        r#"echo '{"Path": "rsc.io/quote"}'"#,
        "echo '[]'",
        r"printf '\377'",
    ] {
        assert!(
            matches!(go_says(script), ToolError::UnexpectedOutput { .. }),
            "{script}"
        );
    }
}

#[test]
fn git_that_answers_rubbish_is_an_error() {
    let (fakes, toolbox) = Fakes::with("git", "echo rubbish");
    let refused = |toolbox: &Toolbox| {
        let head = git::head_commit(toolbox, fakes.folder()).unwrap_err();
        let status = git::status_porcelain(toolbox, fakes.folder()).unwrap_err();
        [head, status]
            .iter()
            .all(|error| matches!(error, ToolError::UnexpectedOutput { .. }))
    };
    assert!(refused(&toolbox));
}
