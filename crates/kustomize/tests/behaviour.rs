//! What callers rely on: problems at the line to edit, origins, Flux's root file, and hostile input.

use kustomize::{Build, Builder, LoadRestrictor, Options, Problem, ProblemKind, RootOverlay};
use model::tree::Tree;
use model::yaml::{Dialect, Node, Style, emit_stream, parse};

const CM: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::from_files(files.iter().copied())
}

fn build(tree: &Tree, folder: &str) -> Build {
    Builder::new(tree).build(folder, &Options::default())
}

fn text(build: &Build) -> String {
    emit_stream(build.objects.iter().map(|object| &object.node), Style::Kustomize)
}

/// `file:line:column` of a span.
fn at(tree: &Tree, span: diag::Span) -> String {
    let located = tree.sources().locate(span);
    located.map_or("nowhere".to_owned(), |(path, at)| {
        format!("{path}:{}:{}", at.line, at.column)
    })
}

fn shown(tree: &Tree, problems: &[Problem]) -> Vec<String> {
    let failing = problems.iter().filter(|problem| problem.kind.fails());
    failing
        .map(|problem| {
            format!(
                "{} {:?} {}",
                at(tree, problem.span),
                problem.kind,
                problem.message
            )
        })
        .collect()
}

fn spec(text: &str) -> Node {
    parse(diag::SourceId::NONE, text, Dialect::Sigs)
        .documents
        .remove(0)
}

#[test]
fn every_absent_file_is_reported_at_its_entry() {
    let tree = tree(&[
        (
            "k/kustomization.yaml",
            "resources:\n- a.yaml\n- deploymnt.yaml\n- gone\npatches:\n- path: p.yaml\n",
        ),
        ("k/a.yaml", CM),
        ("k/deployment.yaml", ""),
    ]);
    let build = build(&tree, "k");
    assert_eq!(
        shown(&tree, &build.problems),
        [
            "k/kustomization.yaml:3:3 Missing resource `k/deploymnt.yaml` does not exist",
            "k/kustomization.yaml:4:3 Missing resource `k/gone` does not exist",
            "k/kustomization.yaml:6:9 Missing patch `k/p.yaml` does not exist",
        ]
    );
    assert_eq!(build.problems[0].help, "did you mean `deployment.yaml`?");
    assert_eq!(build.objects.len(), 1);
}

#[test]
fn unknown_fields_are_refused_but_at_the_root_of_flux() {
    let tree = tree(&[
        ("k/kustomization.yaml", "resources: [../b]\nresource: []\n"),
        (
            "b/kustomization.yaml",
            "NameSpace: x\nresources: [a.yaml]\nfoo: 1\n",
        ),
        ("b/a.yaml", CM),
    ]);
    let nested = "b/kustomization.yaml:3:1 UnknownField unknown field `foo` in the kustomization file";
    let root = "k/kustomization.yaml:2:1 UnknownField unknown field `resource` in the kustomization file";
    let found = build(&tree, "k");
    assert_eq!(shown(&tree, &found.problems), [root, nested]);
    assert_eq!(found.problems[0].help, "did you mean `resources`?");
    let found = Builder::new(&tree).build("k", &Options::flux(RootOverlay::default()));
    assert_eq!(shown(&tree, &found.problems), [nested]);
    assert_eq!(
        found.objects[0].node.str_at(&["metadata", "namespace"]),
        Some("x")
    );
}

#[test]
fn the_origin_is_the_chain_of_files_then_the_patches() {
    let tree = tree(&[
        (
            "top/kustomization.yaml",
            "resources:\n- ../base\npatches:\n- patch: |\n    kind: ConfigMap\n    apiVersion: v1\n    metadata: {name: a}\n    data: {k: v}\n",
        ),
        (
            "base/kustomization.yaml",
            "resources: [a.yaml]\nconfigMapGenerator:\n- name: g\n",
        ),
        ("base/a.yaml", CM),
    ]);
    let build = build(&tree, "top");
    let hops = |name: &str| {
        let object = build
            .objects
            .iter()
            .find(|object| model::object::name(&object.node).starts_with(name))
            .unwrap();
        object
            .origin
            .iter()
            .map(|hop| format!("{} {}", hop.what, at(&tree, hop.span)))
            .collect::<Vec<_>>()
    };
    let top = "top/kustomization.yaml top/kustomization.yaml:2:3";
    assert_eq!(
        hops("a"),
        [
            top,
            "base/kustomization.yaml base/kustomization.yaml:1:13",
            "patch top/kustomization.yaml:4:3"
        ]
    );
    assert_eq!(
        hops("g"),
        [top, "base/kustomization.yaml base/kustomization.yaml:3:3"]
    );
    let data = build.objects[0].node.at(&["data", "k"]).unwrap();
    assert_eq!(at(&tree, data.span), "top/kustomization.yaml:8:15");
    assert_eq!(
        build.files.iter().map(String::as_str).collect::<Vec<_>>(),
        ["base/a.yaml", "base/kustomization.yaml", "top/kustomization.yaml"]
    );
}

#[test]
fn cycles_and_doubles_are_found() {
    let files = [
        ("a/kustomization.yaml", "resources:\n- ../b\n"),
        ("b/kustomization.yaml", "resources:\n- ../a\n"),
        ("c/kustomization.yaml", "resources: [x.yaml, x.yaml]\n"),
        ("c/x.yaml", CM),
        ("d/kustomization.yaml", "resources:\n- ..\n"),
        ("kustomization.yaml", "resources: [d]\n"),
    ];
    let tree = tree(&files);
    assert_eq!(
        shown(&tree, &build(&tree, "a").problems),
        ["b/kustomization.yaml:2:3 Cycle `../a` leads back to `a`, which is being built"]
    );
    assert_eq!(
        shown(&tree, &build(&tree, "c").problems),
        ["c/kustomization.yaml:1:21 DuplicateId `ConfigMap/default/a` (v1) is there already"]
    );
    assert_eq!(build(&tree, "d").problems[0].kind, ProblemKind::Cycle);
}

#[test]
fn files_outside_the_folder_need_the_restrictor_off_and_the_tree_is_never_left() {
    let tree = tree(&[
        ("k/kustomization.yaml", "resources:\n- ../a.yaml\n"),
        ("a.yaml", CM),
    ]);
    let refused = "k/kustomization.yaml:2:3 Error `../a.yaml` lies outside the folder of this kustomization";
    assert_eq!(shown(&tree, &build(&tree, "k").problems), [refused]);
    let options = Options {
        restrictor: LoadRestrictor::None,
        ..Options::default()
    };
    assert!(!Builder::new(&tree).build("k", &options).failed());
    let tree = tree.with_files([(
        "k/kustomization.yaml",
        "resources: [../../etc/passwd, /etc/passwd]\n",
    )]);
    let found = Builder::new(&tree).build("k", &options);
    assert_eq!(
        found
            .problems
            .iter()
            .filter(|problem| problem.kind == ProblemKind::Error)
            .count(),
        2
    );
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for (field, name) in [
        ("resources: ['https://x.io/a.yaml']", "https://x.io/a.yaml"),
        ("resources: ['github.com/a/b?ref=v1']", "github.com/a/b?ref=v1"),
        ("components: ['https://x.io//c']", "https://x.io//c"),
        ("vars: [{name: A}]", "vars"),
        ("openapi: {path: x}", "openapi"),
        ("crds: [x]", "crds"),
        ("helmCharts: [{name: x}]", "helmCharts"),
        ("generators: [x]", "generators"),
        ("transformers: [x]", "transformers"),
        ("validators: [x]", "validators"),
    ] {
        let tree = tree(&[("kustomization.yaml", field)]);
        let found = build(&tree, "");
        let refused: Vec<_> = found
            .problems
            .iter()
            .filter(|p| p.kind == ProblemKind::Unsupported)
            .collect();
        assert!(
            refused.len() == 1 && refused[0].message.contains(name),
            "{field}: {:?}",
            found.problems
        );
    }
    let tree = tree(&[("kustomization.yaml", "vars: []\nresources: []\n")]);
    assert_eq!(build(&tree, "").problems, []);
}

#[test]
fn flux_makes_up_a_missing_file() {
    let files = [
        ("k/b.yaml", CM),
        ("k/a.yml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"),
        ("k/.hidden.yaml", "# nothing\n"),
        ("k/kd/kustomization.yaml", "resources: [x.yaml]\nnamePrefix: p-\n"),
        ("k/kd/x.yaml", CM),
        (
            "k/sub/y.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: y}\n",
        ),
        ("k/z.json", "no yaml"),
    ];
    let good = tree(&files);
    let options = Options::flux(RootOverlay::default());
    let build = Builder::new(&good).build("k", &options);
    assert!(build.generated && !build.failed(), "{:?}", build.problems);
    let names: Vec<_> = build
        .objects
        .iter()
        .map(|object| model::object::name(&object.node))
        .collect();
    assert_eq!(names, ["s", "a", "p-a", "y"]);
    let bad = good.with_files([("k/values.yaml", "replicas: 1\n")]);
    let build = Builder::new(&bad).build("k", &options);
    assert_eq!(
        shown(&bad, &build.problems),
        ["k/values.yaml:1:1 Error no Kubernetes object: `kind` is missing"]
    );
    let empty = tree(&[("k/readme.md", "")]);
    let build = Builder::new(&empty).build("k", &options);
    assert!(build.generated && !build.failed() && build.objects.is_empty());
}

#[test]
fn flux_merges_its_spec_into_the_root_file() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: own}\nspec: {template: {spec: {containers: [{name: c, image: 'nginx:1@sha256:aa'}]}}}\n";
    let tree = tree(&[
        (
            "k/kustomization.yaml",
            "resources: [a.yaml]\nnamespace: file\nimages: [{name: nginx, newName: nn}]\n",
        ),
        ("k/a.yaml", deployment),
        (
            "c/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n",
        ),
    ]);
    let overlay = RootOverlay {
        target_namespace: Some(spec("flux")),
        name_prefix: Some(spec("p-")),
        patches: Some(spec(
            "- target: {kind: Deployment, namespace: own}\n  patch: '[{op: add, path: /spec/replicas, value: 3}]'\n",
        )),
        components: Some(spec("[../c, ../gone]")),
        ignore_missing_components: true,
        images: Some(spec("[{name: nginx, newTag: '2'}]")),
        ..RootOverlay::default()
    };
    let found = Builder::new(&tree).build("k", &Options::flux(overlay.clone()));
    assert_eq!(
        text(&found),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: p-a-c\n  namespace: flux\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      - image: nn:2\n        name: c\n"
    );
    let overlay = RootOverlay {
        ignore_missing_components: false,
        ..overlay
    };
    assert!(Builder::new(&tree).build("k", &Options::flux(overlay)).failed());
}

#[test]
fn a_root_file_without_resources_gets_origin_annotations_from_flux() {
    let tree = tree(&[
        ("k/kustomization.yaml", "configMapGenerator:\n- name: g\n"),
        ("e/kustomization.yaml", ""),
    ]);
    let options = Options::flux(RootOverlay::default());
    let found = Builder::new(&tree).build("k", &options);
    let origin = found.objects[0]
        .node
        .str_at(&["metadata", "annotations", "config.kubernetes.io/origin"]);
    assert_eq!(
        origin,
        Some(
            "configuredIn: kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
        )
    );
    assert!(!Builder::new(&tree).build("e", &options).failed());
    assert_eq!(
        shown(&tree, &build(&tree, "e").problems),
        ["e/kustomization.yaml:1:1 Error the kustomization file is empty"]
    );
}

#[test]
fn patches_that_match_nothing_are_told() {
    let tree = tree(&[
        (
            "kustomization.yaml",
            "resources: [a.yaml]\npatches:\n- target:\n    name: b\n  patch: '[{op: remove, path: /data}]'\n",
        ),
        ("a.yaml", CM),
    ]);
    let found = build(&tree, "");
    assert!(!found.failed());
    assert_eq!(
        (found.problems[0].kind, at(&tree, found.problems[0].span)),
        (ProblemKind::Unmatched, "kustomization.yaml:4:11".to_owned())
    );
    let tree = tree.with_files([(
        "kustomization.yaml",
        "resources: [a.yaml]\npatches:\n- target: {name: a}\n  patch: '[{op: remove, path: /data}]'\n",
    )]);
    assert!(
        build(&tree, "").problems[0]
            .message
            .contains("`data` does not exist")
    );
}

#[test]
fn a_diamond_of_diamonds_ends() {
    let mut files = vec![("z/kustomization.yaml".to_owned(), "resources: []\n".to_owned())];
    for level in 0..40 {
        let next = if level == 39 {
            "z".to_owned()
        } else {
            format!("l{}", level + 1)
        };
        let entries = format!("resources: [../{next}, ../{next}]\n");
        files.push((format!("l{level}/kustomization.yaml"), entries));
    }
    let tree = Tree::from_files(files);
    let found = build(&tree, "l0");
    assert!(
        found.failed() && found.problems.len() == 1,
        "{:?}",
        found.problems.len()
    );
}

#[test]
fn a_long_chain_ends() {
    let files = (0..5000).map(|level| {
        (
            format!("l{level}/kustomization.yaml"),
            format!("resources: [../l{}]\n", level + 1),
        )
    });
    let tree = Tree::from_files(files);
    assert!(build(&tree, "l0").failed());
}

#[test]
fn no_input_makes_it_panic() {
    let words = [
        "resources:",
        "- a.yaml",
        "\n",
        "  ",
        "patches:",
        "- patch: |",
        "target:",
        "name: x",
        "kind: A",
        "[",
        "]",
        "{",
        "}",
        "- op: add",
        "path: /a",
        "images:",
        "- name: '['",
        "null",
        "configMapGenerator:",
        "- name: g",
        "literals: [a]",
        "replacements:",
        "source:",
        "targets:",
        "fieldPaths: ['a.[']",
        "labels:",
        "- pairs: {a: b}",
        "metadata:",
        "~",
        "namespace: x",
        "- ..",
        "components:",
        "$patch: delete",
        "spec: {containers: [1]}",
        "---\n",
        "sortOptions: 1",
    ];
    let mut seed = 11u64;
    let mut next = |bound: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % bound
    };
    for _ in 0..3000 {
        let mut make = |len: usize| {
            (0..len)
                .map(|_| words[next(words.len())])
                .collect::<Vec<_>>()
                .join([" ", "\n"][next(2)])
        };
        let (file, object) = (make(12), make(8));
        let tree = tree(&[("kustomization.yaml", file.as_str()), ("a.yaml", object.as_str())]);
        for options in [Options::default(), Options::flux(RootOverlay::default())] {
            let _ = text(&Builder::new(&tree).build("", &options));
        }
    }
}
