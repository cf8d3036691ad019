//! Behaviour of discovery, walking and substitution on small trees.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use diag::Span;
use flux::{Built, ClusterBuild, Options, State};
use model::tree::Tree;
use model::yaml::Value;

const SYNC: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, url: 'https://example.org/fleet.git', ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 10m
  path: ./clusters/a
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
";

const SETTINGS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: flux-system}
data:
  REPLICAS: '2'
  NAME: web
";

fn kustomization(name: &str, path: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: \
         flux-system}}\nspec:\n  interval: 10m\n  path: {path}\n  prune: true\n  sourceRef: {{kind: GitRepository, name: \
         flux-system}}\n{rest}"
    )
}

fn tree(apps: &str, more: &[(&str, &str)]) -> Tree {
    let mut files = vec![
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC.to_owned()),
        ("clusters/a/settings.yaml", SETTINGS.to_owned()),
        ("clusters/a/apps.yaml", apps.to_owned()),
    ];
    files.extend(more.iter().map(|(path, text)| (*path, (*text).to_owned())));
    Tree::from_files(files)
}

fn build(tree: &Tree) -> ClusterBuild {
    let clusters = flux::discover(tree, &[]);
    assert_eq!(clusters.len(), 1, "{clusters:?}");
    let builder = kustomize::Builder::new(tree);
    flux::build(tree, &builder, &clusters[0], Options::for_version(2, 9))
}

fn find<'a>(build: &'a ClusterBuild, name: &str) -> &'a Built {
    build
        .kustomizations
        .iter()
        .find(|built| built.id.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

const SUBSTITUTES: &str = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}\n";

#[test]
fn follows_what_comes_out_of_the_build_and_substitutes() {
    let tree = tree(
        &kustomization("web", "./apps/web", SUBSTITUTES),
        &[(
            "apps/web/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '${NAME}-x'}\ndata:\n  n: \"${REPLICAS}\"\n  d: ${MISSING:=dflt}\n",
        )],
    );
    let build = build(&tree);
    let web = find(&build, "web");
    assert_eq!(web.state, State::Built);
    let object = &web.objects[0];
    assert_eq!(object.node.str_at(&["metadata", "name"]), Some("web-x"));
    let number = object.node.at(&["data", "n"]).unwrap();
    assert_eq!(
        number.value,
        Value::Int(2),
        "quotes of the file do not survive substitution"
    );
    let (path, place) = tree.sources().locate(number.span).unwrap();
    assert_eq!((&*path, place.line, place.column), ("apps/web/cm.yaml", 5, 6));
    assert_eq!(object.node.str_at(&["data", "d"]), Some("dflt"));
    assert!(object.problems.is_empty(), "{:?}", object.problems);
}

#[test]
fn an_undefined_variable_is_found_at_its_place() {
    let tree = tree(
        &kustomization("web", "./apps/web", SUBSTITUTES),
        &[(
            "apps/web/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  n: a ${REPLICA} b\n",
        )],
    );
    let build = build(&tree);
    let problems = &find(&build, "web").objects[0].problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(
        problems[0].message,
        "variable `REPLICA` is not set and has no default"
    );
    let (_, place) = tree.sources().locate(problems[0].span).unwrap();
    assert_eq!((place.line, place.column), (5, 8));
    let fixed = tree.with_files([(
        "apps/web/cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  n: a ${REPLICAS} b\n",
    )]);
    assert!(find(&self::build(&fixed), "web").objects[0].problems.is_empty());
}

#[test]
fn an_unclosed_brace_points_at_the_expression() {
    let tree = tree(
        &kustomization("web", "./apps/web", SUBSTITUTES),
        &[(
            "apps/web/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  n: ab ${NAME\n",
        )],
    );
    let build = build(&tree);
    let problems = &find(&build, "web").objects[0].problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    let (_, place) = tree.sources().locate(problems[0].span).unwrap();
    assert_eq!((place.line, place.column), (5, 9));
}

#[test]
fn settings_that_another_kustomization_makes_are_waited_for() {
    let apps = kustomization(
        "web",
        "./apps/web",
        "  postBuild: {substituteFrom: [{kind: ConfigMap, name: late}]}\n",
    ) + &kustomization("settings", "./late", "");
    let tree = tree(
        &apps,
        &[
            (
                "apps/web/cm.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {n: '${L}'}\n",
            ),
            (
                "late/cm.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: late, namespace: flux-system}\ndata: {L: later}\n",
            ),
        ],
    );
    assert_eq!(
        find(&build(&tree), "web").objects[0].node.str_at(&["data", "n"]),
        Some("later")
    );
}

#[test]
fn variables_of_an_unseen_secret_are_unknown_not_undefined() {
    let tree = tree(
        &kustomization(
            "web",
            "./apps/web",
            "  postBuild: {substituteFrom: [{kind: Secret, name: outside}]}\n",
        ),
        &[(
            "apps/web/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {n: '${L}', size: '${S:=1Gi}'}\n",
        )],
    );
    let build = build(&tree);
    let object = &find(&build, "web").objects[0];
    assert!(object.problems.is_empty(), "{:?}", object.problems);
    assert_eq!(object.unknown.len(), 1);
    assert_eq!(object.unknown_names.iter().collect::<Vec<_>>(), ["L"]);
    // What has a default is left to it.
    assert_eq!(object.node.str_at(&["data", "size"]), Some("1Gi"));
}

#[test]
fn other_sources_and_missing_folders_are_told_apart() {
    let other = "---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: other, namespace: flux-system}
spec: {interval: 1m, url: 'https://example.org/other'}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: theirs, namespace: flux-system}
spec: {interval: 1m, path: ./apps/web, prune: true, sourceRef: {kind: GitRepository, name: other}}
";
    let tree = tree(
        &(other.to_owned() + &kustomization("gone", "./nowhere", "")),
        &[("apps/web/cm.yaml", "")],
    );
    let build = build(&tree);
    assert!(
        matches!(find(&build, "theirs").state, State::External(_)),
        "{:?}",
        find(&build, "theirs").state
    );
    assert_eq!(find(&build, "gone").state, State::NoFolder);
}

#[test]
fn an_artifact_that_carries_the_repositorys_name_is_the_repository() {
    let pushed = |name: &str| {
        format!(
            "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {{name: pushed, namespace: \
             flux-system}}\nspec: {{interval: 1m, url: 'oci://ghcr.io/example/{name}'}}\n---\napiVersion: \
             kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: web, namespace: flux-system}}\nspec: \
             {{interval: 1m, path: ./apps/web, prune: true, sourceRef: {{kind: OCIRepository, name: pushed}}}}\n"
        )
    };
    let state = |name: &str| {
        let tree = tree(&pushed(name), &[("apps/web/cm.yaml", "")]);
        find(&build(&tree), "web").state.clone()
    };
    assert_eq!(state("fleet"), State::Built);
    assert!(matches!(state("other"), State::External(_)));
}

#[test]
fn a_kustomization_that_builds_itself_ends() {
    let apps = kustomization("loop", "./clusters/a", "");
    assert_eq!(build(&tree(&apps, &[])).kustomizations.len(), 2);
}

#[test]
fn clusters_are_found_where_people_keep_them() {
    let names = |files: &[(&str, &str)]| -> Vec<(String, String)> {
        let tree = Tree::from_files(files.iter().copied());
        flux::discover(&tree, &[])
            .into_iter()
            .map(|cluster| (cluster.name, cluster.folder))
            .collect()
    };
    let pair = |name: &str, folder: &str| (name.to_owned(), folder.to_owned());
    assert_eq!(
        names(&[("clusters/a/flux-system/gotk-sync.yaml", SYNC)]),
        [pair("a", "clusters/a")]
    );
    assert_eq!(
        names(&[
            ("kubernetes/clusters/x/a.yaml", "a: 1"),
            ("kubernetes/clusters/y/a.yaml", "a: 1")
        ]),
        [
            pair("x", "kubernetes/clusters/x"),
            pair("y", "kubernetes/clusters/y")
        ]
    );
    let instance = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: \
                    flux-system}\nspec: {sync: {kind: GitRepository, path: kubernetes/flux/cluster}}\n";
    assert_eq!(
        names(&[
            ("kubernetes/flux/cluster/ks.yaml", "a: 1"),
            ("bootstrap/instance.yaml", instance)
        ]),
        [pair("cluster", "kubernetes/flux/cluster")]
    );
    assert_eq!(names(&[("docs/readme.md", "")]), []);
}

#[test]
fn hostile_trees_end_without_a_panic() {
    let deep = "{a: ".repeat(300) + &"}".repeat(300);
    for text in [
        "${",
        "${${${",
        "kind: [",
        &deep,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x${'}\n",
    ] {
        let tree = tree(
            &kustomization("web", "./apps/web", SUBSTITUTES),
            &[("apps/web/cm.yaml", text)],
        );
        let build = build(&tree);
        assert!(
            build
                .kustomizations
                .iter()
                .all(|built| built.origin.iter().any(|hop| hop.span != Span::NONE))
        );
    }
}
