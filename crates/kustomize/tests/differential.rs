//! The same trees, built by the real kustomize and by this engine. Skipped by name where the program is absent.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use kustomize::{Builder, Options};
use model::tree::Tree;
use model::yaml::{Style, emit_stream};

type Files = &'static [(&'static str, &'static str)];

/// Each is one behaviour that is easy to get wrong, as `(what it is about, files, folder)`.
const TREES: &[(&str, Files, &str)] = &[
    (
        "namespace over cluster-scoped kinds, unknown kinds and subjects",
        &[
            ("kustomization.yaml", "namespace: foo\nresources: [a.yaml]\n"),
            (
                "a.yaml",
                "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: orig}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa2}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\nsubjects:\n- {kind: ServiceAccount, name: default, namespace: bar}\n- {kind: ServiceAccount, name: sa, namespace: bar}\n- {kind: ServiceAccount, name: sa2}\n- {kind: User, name: default}\n",
            ),
        ],
        "",
    ),
    (
        "annotations become text as written, labels do not",
        &[
            ("kustomization.yaml", "resources: [a.yaml]\n"),
            (
                "a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {a: 1.10}\n  annotations: {a: 0x1F, b: 1.10, c: null, d: 2001-01-01, e: true}\n",
            ),
        ],
        "",
    ),
    (
        "null in labels of a patch with a target is the text null",
        &[
            (
                "kustomization.yaml",
                "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n    kind: ConfigMap\n    metadata: {name: x, labels: {a: null}, annotations: {b: null}}\n",
            ),
            (
                "a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {a: x}\n  annotations: {b: x}\n",
            ),
        ],
        "",
    ),
    (
        "merging into a generated ConfigMap keeps one hash",
        &[
            (
                "base/kustomization.yaml",
                "configMapGenerator:\n- {name: cm, literals: [a=1, b=2], options: {labels: {l: x}}}\n",
            ),
            (
                "over/kustomization.yaml",
                "resources: [../base]\nnamePrefix: p-\nconfigMapGenerator:\n- {name: cm, behavior: merge, literals: [b=22, c=3]}\nsecretGenerator:\n- {name: s, literals: [a=b]}\n- name: empty\n",
            ),
        ],
        "over",
    ),
    (
        "configurations make references of custom kinds",
        &[
            (
                "kustomization.yaml",
                "resources: [h.yaml]\nconfigMapGenerator: [{name: v, literals: [a=b]}]\nconfigurations: [c.yaml]\n",
            ),
            (
                "c.yaml",
                "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n  - {kind: HelmRelease, path: spec/valuesFrom/name}\n",
            ),
            (
                "h.yaml",
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h}\nspec: {valuesFrom: [{kind: ConfigMap, name: v}]}\n",
            ),
        ],
        "",
    ),
    (
        "a patch for an object that is not there",
        &[
            (
                "kustomization.yaml",
                "resources: [a.yaml]\npatches:\n- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}'\n",
            ),
            ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ],
        "",
    ),
    (
        "two namespaces under a namespace",
        &[
            ("kustomization.yaml", "namespace: x\nresources: [a.yaml]\n"),
            (
                "a.yaml",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n",
            ),
        ],
        "",
    ),
    (
        "images by pattern, with digest and in any list of containers",
        &[
            (
                "kustomization.yaml",
                "resources: [a.yaml]\nimages:\n- {name: re.x, newTag: z}\n- {name: busybox, newName: bb}\n",
            ),
            (
                "a.yaml",
                "apiVersion: x/v1\nkind: X\nmetadata: {name: a}\nspec:\n  deep: [{containers: [{image: 'reax:1'}, {image: 'busybox:1@sha256:aaa'}]}]\n  ephemeralContainers: [{image: 'reax:1'}]\n",
            ),
        ],
        "",
    ),
    (
        "build metadata",
        &[
            (
                "base/kustomization.yaml",
                "resources: [a.yaml]\nnamePrefix: p-\nconfigMapGenerator: [{name: g}]\n",
            ),
            (
                "base/a.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            ),
            (
                "over/kustomization.yaml",
                "resources: [../base]\nbuildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\nlabels: [{pairs: {a: b}}]\n",
            ),
        ],
        "over",
    ),
];

fn program() -> Option<PathBuf> {
    let given = std::env::var_os("XTASK_TOOLS_DIR").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = given.into_iter().chain(std::env::split_paths(&path));
    folders
        .map(|folder| folder.join("kustomize"))
        .find(|at| at.is_file())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the oracle of this test, not a part of the engine"
)]
fn real(program: &Path, folder: &Path) -> Option<String> {
    let output = std::process::Command::new(program)
        .arg("build")
        .arg(folder)
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn kustomize_differential() {
    let Some(program) = program() else {
        println!("skipped: kustomize_differential: no kustomize in XTASK_TOOLS_DIR or PATH");
        return;
    };
    for (about, files, folder) in TREES {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in *files {
            let at = root.path().join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, text).unwrap();
        }
        let wanted = real(&program, &root.path().join(folder));
        let tree = Tree::from_files(files.iter().copied());
        let build = Builder::new(&tree).build(folder, &Options::default());
        let text = emit_stream(build.objects.iter().map(|object| &object.node), Style::Kustomize);
        let found = (!build.failed()).then_some(text);
        assert_eq!(found, wanted, "{about}: {:?}", build.problems);
    }
}
