//! The real programs, where they are on this machine (`XTASK_TOOLS_DIR`, then `PATH`); otherwise each test
//! says so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use tempfile::TempDir;
use tools::flux::BuildKustomization;
use tools::helm::Template;
use tools::kubeconform::{KubeconformOptions, KubeconformStatus, KubeconformSummary};
use tools::kustomize::LoadRestrictor;
use tools::{
    Invocation, Tool, ToolError, Toolbox, doctor, flux, git, go, helm, kubeconform, kustomize, promtool,
};

use crate::fake::Fakes;

fn search_path() -> OsString {
    let variables = ["XTASK_TOOLS_DIR", "PATH"]
        .into_iter()
        .filter_map(std::env::var_os);
    let folders = variables.flat_map(|value| std::env::split_paths(&value).collect::<Vec<_>>());
    std::env::join_paths(folders).unwrap()
}

/// The real programs if `tool` is among them.
#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn real(test: &str, tool: Tool) -> Option<Toolbox> {
    let toolbox = Toolbox::discover(&BTreeMap::new(), &search_path());
    if toolbox.get(tool).is_err() {
        eprintln!("skipped: {test}: {tool} is not here");
        return None;
    }
    Some(toolbox)
}

fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

const CONFIG_MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: ${X}\n  \"y\": ${Y}\n";
const KUSTOMIZATION: &str =
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../shared/cm.yaml]\n";

#[test]
fn every_program_that_is_here_tells_its_version() {
    let toolbox = Toolbox::discover(&BTreeMap::new(), &search_path());
    for row in doctor::survey(&toolbox) {
        if row.found.is_none() {
            eprintln!(
                "skipped: every_program_that_is_here_tells_its_version: {} is not here",
                row.tool
            );
            continue;
        }
        assert!(row.version.is_some() && row.problem.is_none(), "{row:?}");
    }
}

/// Builds a folder that reads a file beside it, as the load restrictor decides.
fn builds_with_and_without_restrictor(toolbox: &Toolbox) {
    let root = tree(&[
        ("apps/kustomization.yaml", KUSTOMIZATION),
        ("shared/cm.yaml", CONFIG_MAP),
    ]);
    let dir = root.path().join("apps");
    assert_eq!(
        text(kustomize::build(toolbox, &dir, LoadRestrictor::None).unwrap()),
        yaml_of_kustomize()
    );
    let error = kustomize::build(toolbox, &dir, LoadRestrictor::RootOnly)
        .unwrap_err()
        .to_string();
    assert!(error.contains("is not in or below"), "{error}");
}

/// kustomize sorts the keys.
fn yaml_of_kustomize() -> String {
    "apiVersion: v1\ndata:\n  x: ${X}\n  \"y\": ${Y}\nkind: ConfigMap\nmetadata:\n  name: a\n".to_owned()
}

#[test]
fn kustomize_builds() {
    let Some(toolbox) = real("kustomize_builds", Tool::Kustomize) else {
        return;
    };
    assert_eq!(kustomize::builder(&toolbox).unwrap().tool(), Tool::Kustomize);
    builds_with_and_without_restrictor(&toolbox);
}

#[test]
fn kubectl_builds_in_place_of_kustomize() {
    let Some(all) = real("kubectl_builds_in_place_of_kustomize", Tool::Kubectl) else {
        return;
    };
    let kubectl = all.get(Tool::Kubectl).unwrap().path().to_owned();
    let toolbox = Toolbox::discover(&BTreeMap::from([("kubectl".to_owned(), kubectl)]), "".as_ref());
    assert_eq!(kustomize::builder(&toolbox).unwrap().tool(), Tool::Kubectl);
    builds_with_and_without_restrictor(&toolbox);
}

#[test]
fn kubeconform_judges_each_object() {
    let Some(toolbox) = real("kubeconform_judges_each_object", Tool::Kubeconform) else {
        return;
    };
    let schema = r#"{"type": "object", "additionalProperties": false,
        "properties": {"apiVersion": {}, "kind": {}, "metadata": {}, "data": {"type": "object"}}}"#;
    let root = tree(&[("configmap.json", schema)]);
    let location = format!("{}/{{{{.ResourceKind}}}}.json", root.path().display());
    let options = KubeconformOptions {
        schema_locations: vec![location],
        ..KubeconformOptions::default()
    };
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ";
    let yaml = format!(
        "{head}good}}\n---\n{head}bad}}\ndatas: {{}}\n---\napiVersion: x/v1\nkind: Other\nmetadata: {{name: c}}\n---\n"
    );
    let report = kubeconform::validate(&toolbox, yaml.as_bytes(), &options).unwrap();
    assert_eq!(
        report.summary,
        KubeconformSummary {
            valid: 1,
            invalid: 1,
            errors: 0,
            skipped: 1
        }
    );
    let verdicts: Vec<_> = report
        .resources
        .iter()
        .map(|row| (row.name.as_str(), row.status))
        .collect();
    let wanted = [
        ("bad", KubeconformStatus::Invalid),
        ("good", KubeconformStatus::Valid),
        ("c", KubeconformStatus::Skipped),
    ];
    assert_eq!(verdicts, wanted);
    assert!(
        report.resources[0].validation_errors[0].msg.contains("datas"),
        "{report:?}"
    );
    assert!(!report.all_valid());
}

#[test]
fn kubeconform_with_schemas_out_of_reach_knows_nothing() {
    let Some(toolbox) = real(
        "kubeconform_with_schemas_out_of_reach_knows_nothing",
        Tool::Kubeconform,
    ) else {
        return;
    };
    // Nothing listens on port 1 of this machine: the same answer as without a network.
    let options = KubeconformOptions {
        schema_locations: vec!["http://127.0.0.1:1/{{.ResourceKind}}.json".to_owned()],
        ..KubeconformOptions::default()
    };
    let report = kubeconform::validate(&toolbox, CONFIG_MAP.as_bytes(), &options).unwrap();
    assert_eq!(
        report.summary,
        KubeconformSummary {
            errors: 1,
            ..KubeconformSummary::default()
        }
    );
    assert!(!report.all_valid());
}

#[test]
fn kubeconform_given_nothing_reports_nothing_and_a_bad_option_fails() {
    let test = "kubeconform_given_nothing_reports_nothing_and_a_bad_option_fails";
    let Some(toolbox) = real(test, Tool::Kubeconform) else {
        return;
    };
    let report = kubeconform::validate(&toolbox, b"", &KubeconformOptions::default()).unwrap();
    assert_eq!(report.resources, []);
    let options = KubeconformOptions {
        kubernetes_version: Some("newest".to_owned()),
        ..KubeconformOptions::default()
    };
    let error = kubeconform::validate(&toolbox, b"", &options).unwrap_err();
    assert!(matches!(error, ToolError::Failed { status: 1, .. }), "{error}");
}

const FLUX_KUSTOMIZATION: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
    metadata: {name: apps, namespace: flux-system}\nspec:\n  interval: 10m\n  path: ./apps\n  prune: true\n  \
    sourceRef: {kind: GitRepository, name: flux-system}\n  postBuild: {substitute: {X: hello}}\n";

#[test]
fn flux_substitutes_without_touching_the_tree() {
    let Some(toolbox) = real("flux_substitutes_without_touching_the_tree", Tool::Flux) else {
        return;
    };
    let root = tree(&[("apps/cm.yaml", CONFIG_MAP)]);
    let build = BuildKustomization {
        name: "apps",
        namespace: "flux-system",
        root: root.path(),
        path: "./apps",
        kustomization_yaml: FLUX_KUSTOMIZATION.as_bytes(),
        strict: false,
    };
    let yaml = text(flux::build_kustomization(&toolbox, build).unwrap());
    assert!(
        yaml.contains("x: hello") && yaml.contains("kustomize.toolkit.fluxcd.io/name: apps"),
        "{yaml}"
    );
    assert!(yaml.ends_with("---\n"), "{yaml}");
    let files: Vec<_> = std::fs::read_dir(root.path().join("apps")).unwrap().collect();
    assert_eq!(files.len(), 1, "flux left files behind: {files:?}");

    let error = flux::build_kustomization(
        &toolbox,
        BuildKustomization {
            strict: true,
            ..build
        },
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("variable not set (strict mode): \"Y\""),
        "{error}"
    );
    let error = flux::build_kustomization(
        &toolbox,
        BuildKustomization {
            path: "./nope",
            ..build
        },
    )
    .unwrap_err();
    assert!(error.to_string().contains("invalid resource path"), "{error}");
}

#[test]
fn helm_renders_a_chart_with_values_and_capabilities() {
    let Some(toolbox) = real("helm_renders_a_chart_with_values_and_capabilities", Tool::Helm) else {
        return;
    };
    let chart = "apiVersion: v2\nname: small\nversion: 1.0.0\n";
    let template = "kind: A\nname: {{ .Release.Name }}.{{ .Release.Namespace }}\nreplicas: {{ .Values.replicas }}\n\
        kube: {{ .Capabilities.KubeVersion.Version }}\nhas: {{ .Capabilities.APIVersions.Has \"x.io/v1\" }}\n";
    let files = [
        ("Chart.yaml", chart),
        ("values.yaml", "replicas: 1\n"),
        ("templates/a.yaml", template),
    ];
    let root = tree(&files);
    let template = Template {
        release_name: "small",
        namespace: "kube-system",
        chart: helm::ChartInput::Archive(root.path()),
        values: b"",
        kube_version: Some("1.34.2"),
        api_versions: &["x.io/v1"],
        include_crds: true,
    };
    let yaml = text(helm::template(&toolbox, template).unwrap());
    assert!(
        yaml.contains("name: small.kube-system\nreplicas: 1\nkube: v1.34.2\nhas: true"),
        "{yaml}"
    );
    let yaml = text(
        helm::template(
            &toolbox,
            Template {
                values: b"replicas: 3",
                ..template
            },
        )
        .unwrap(),
    );
    assert!(yaml.contains("replicas: 3"), "{yaml}");
    let shown = text(helm::show_chart(&toolbox, root.path()).unwrap());
    assert!(shown.contains("name: small"), "{shown}");
}

#[test]
fn promtool_lists_the_rules_that_do_not_parse() {
    let Some(toolbox) = real("promtool_lists_the_rules_that_do_not_parse", Tool::Promtool) else {
        return;
    };
    let rules =
        |expression: &str| format!("groups:\n- name: a\n  rules:\n  - alert: X\n    expr: {expression}\n");
    let good = promtool::check_rules(&toolbox, rules("rate(up[5m]) > 1").as_bytes()).unwrap();
    assert_eq!(good.problems, [""; 0]);
    let bad = promtool::check_rules(&toolbox, rules("rate(up[5m]) >").as_bytes()).unwrap();
    assert_eq!(bad.problems.len(), 1);
    assert!(
        bad.problems[0].starts_with("5:11: group \"a\", rule 1, \"X\": could not parse"),
        "{bad:?}"
    );
}

fn in_git(root: &Path, arguments: &[&str]) {
    let identity = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
    ];
    Invocation::new("git")
        .args(identity)
        .args(arguments)
        .cwd(root)
        .run()
        .unwrap();
}

#[test]
fn git_reads_status_head_and_files() {
    let Some(toolbox) = real("git_reads_status_head_and_files", Tool::Git) else {
        return;
    };
    let root = tree(&[("a/b.yaml", "one: 1\n")]);
    in_git(root.path(), &["init", "--quiet"]);
    assert!(
        git::head_commit(&toolbox, root.path()).is_err(),
        "there is no commit yet"
    );
    in_git(root.path(), &["add", "--all"]);
    in_git(root.path(), &["commit", "--quiet", "--message", "first"]);
    assert_eq!(git::status_porcelain(&toolbox, root.path()).unwrap(), []);
    std::fs::write(root.path().join("a/b.yaml"), "one: 2\n").unwrap();

    let changes = git::status_porcelain(&toolbox, root.path()).unwrap();
    assert_eq!(
        changes
            .iter()
            .map(|c| (c.code.as_str(), c.path.as_str()))
            .collect::<Vec<_>>(),
        [(" M", "a/b.yaml")]
    );
    let head = git::head_commit(&toolbox, root.path()).unwrap();
    let show = |rev: &str, path: &str| git::show(&toolbox, root.path(), rev, path);
    assert_eq!(show(&head, "a/b.yaml").unwrap(), b"one: 1\n");
    assert_eq!(show("HEAD", "./a/b.yaml").unwrap(), b"one: 1\n");
    for (rev, path) in [
        ("HEAD", "a"),
        ("HEAD", "absent"),
        ("--help", "a/b.yaml"),
        ("absent", "a/b.yaml"),
    ] {
        let error = show(rev, path).unwrap_err();
        assert!(matches!(error, ToolError::Failed { status: 128, .. }), "{error}");
    }
}

#[test]
fn git_reads_branches_and_whole_revisions() {
    let Some(toolbox) = real("git_reads_branches_and_whole_revisions", Tool::Git) else {
        return;
    };
    let root = tree(&[("a/b.yaml", "one: 1\n"), ("a/odd \u{e9}.yaml", "\n\n"), ("c", "")]);
    let at = root.path();
    in_git(at, &["init", "--quiet", "--initial-branch", "trunk"]);
    std::os::unix::fs::symlink("b.yaml", at.join("a/link.yaml")).unwrap();
    in_git(at, &["add", "--all"]);
    in_git(at, &["commit", "--quiet", "--message", "first"]);
    let first = git::head_commit(&toolbox, at).unwrap();
    assert_eq!(git::branch(&toolbox, at).unwrap().as_deref(), Some("trunk"));

    let blobs = git::files_at(&toolbox, at, "HEAD", &|path| path != "c").unwrap();
    let found: Vec<(&str, &[u8], bool)> = blobs
        .iter()
        .map(|blob| (blob.path.as_str(), blob.content.as_slice(), blob.is_link))
        .collect();
    let wanted: [(&str, &[u8], bool); 3] = [
        ("a/b.yaml", b"one: 1\n", false),
        ("a/link.yaml", b"b.yaml", true),
        ("a/odd \u{e9}.yaml", b"\n\n", false),
    ];
    assert_eq!(found, wanted);
    let below = git::files_at(&toolbox, &at.join("a"), "trunk", &|_| true).unwrap();
    assert_eq!(
        below[0].path, "b.yaml",
        "relative to the root that is asked about"
    );
    assert_eq!(
        git::files_below(&toolbox, at, "HEAD", "a/b.yaml").unwrap(),
        ["a/b.yaml"]
    );
    assert_eq!(git::files_below(&toolbox, at, "HEAD", "d").unwrap(), [""; 0]);

    in_git(at, &["commit", "--quiet", "--allow-empty", "--message", "second"]);
    assert!(git::is_ancestor(&toolbox, at, &first).unwrap());
    let second = git::head_commit(&toolbox, at).unwrap();
    in_git(at, &["checkout", "--quiet", &first]);
    assert!(!git::is_ancestor(&toolbox, at, &second).unwrap());
    assert_eq!(git::branch(&toolbox, at).unwrap(), None);
    assert_eq!(git::resolve(&toolbox, at, "trunk").unwrap(), second);
    for rev in ["absent", "--help", "HEAD:a"] {
        assert!(git::files_at(&toolbox, at, rev, &|_| true).is_err(), "{rev}");
    }
}

#[test]
fn go_finds_the_folder_of_a_module() {
    let test = "go_finds_the_folder_of_a_module";
    let (Some(toolbox), Some(_git)) = (real(test, Tool::Go), real(test, Tool::Git)) else {
        return;
    };
    // A module proxy is a folder of files: no network. git writes the zip.
    let root = tree(&[
        ("go.mod", "module example.test/crds\n"),
        ("crds/a.yaml", "kind: A\n"),
    ]);
    let proxy = tree(&[
        ("example.test/crds/@v/v1.0.0.info", "{\"Version\": \"v1.0.0\"}"),
        ("example.test/crds/@v/v1.0.0.mod", "module example.test/crds\n"),
    ]);
    let zip = proxy.path().join("example.test/crds/@v/v1.0.0.zip");
    in_git(root.path(), &["init", "--quiet"]);
    in_git(root.path(), &["add", "--all"]);
    in_git(root.path(), &["commit", "--quiet", "--message", "first"]);
    let prefix = "--prefix=example.test/crds@v1.0.0/";
    in_git(
        root.path(),
        &["archive", prefix, "--output", zip.to_str().unwrap(), "HEAD"],
    );
    let fakes = Fakes::new();
    let script = format!(
        "export GOPROXY=file://{} GONOSUMDB='*' GOMODCACHE='{}' GOFLAGS=\"$GOFLAGS -modcacherw\"\nexec '{}' \"$@\"",
        proxy.path().display(),
        fakes.path("modules").display(),
        toolbox.get(Tool::Go).unwrap().path().display(),
    );
    fakes.add("go", &script);

    let module = go::mod_download(&fakes.toolbox(), "example.test/crds", "v1.0.0").unwrap();
    assert_eq!(
        std::fs::read_to_string(module.dir.join("crds/a.yaml")).unwrap(),
        "kind: A\n"
    );
    assert!(
        module.sum.starts_with("h1:") && module.go_mod.is_file(),
        "{module:?}"
    );
    for version in ["v1.0.1", "not a version"] {
        let error = go::mod_download(&fakes.toolbox(), "example.test/crds", version).unwrap_err();
        assert!(matches!(error, ToolError::Failed { status: 1, .. }), "{error}");
    }
}
