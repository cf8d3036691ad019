//! The text of a new component, and names that are refused. That it compiles is tested by xtask, in a copy.

use super::*;

const LIBRARY: &str =
    "//! x\n\n// Components, one file each.\nmod alpha;\nmod omega;\n\npub mod registry;\nmod spec;\n";
const REGISTRY: &str = "    Ok(vec![\n        crate::alpha::component()?,\n        crate::omega::component()?,\n        \
                        // `cargo xtask new component` adds its line above this one.\n    ])\n";

/// A workspace with the two files that a new component touches.
fn workspace() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(FOLDER);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("lib.rs"), LIBRARY).unwrap();
    fs::write(folder.join("registry.rs"), REGISTRY).unwrap();
    root
}

fn added(before: &str, after: &str) -> Vec<String> {
    let before: Vec<&str> = before.lines().collect();
    after
        .lines()
        .filter(|line| !before.contains(line))
        .map(str::to_owned)
        .collect()
}

#[test]
fn touches_three_files_and_adds_one_line_to_two() {
    let root = workspace();
    let paths = component(root.path(), "cert-manager").unwrap();
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(
        names,
        [
            "crates/components/src/cert_manager.rs",
            "crates/components/src/lib.rs",
            "crates/components/src/registry.rs"
        ]
    );
    let text = |name: &str| fs::read_to_string(root.path().join(FOLDER).join(name)).unwrap();
    assert_eq!(added(LIBRARY, &text("lib.rs")), ["mod cert_manager;"]);
    assert!(text("lib.rs").contains("each.\nmod alpha;\nmod cert_manager;\nmod omega;\n\npub mod"));
    assert_eq!(
        added(REGISTRY, &text("registry.rs")),
        ["        crate::cert_manager::component()?,"]
    );
    assert!(
        text("registry.rs").contains("omega::component()?,\n        crate::cert_manager::component()?,\n")
    );
}

#[test]
fn the_real_files_have_the_lines_that_it_looks_for() {
    let (library, registry) = (include_str!("../lib.rs"), include_str!("../registry.rs"));
    let path = Path::new("x.rs");
    let with_module = with_module(path, library, "zz_new").unwrap();
    assert_eq!(added(library, &with_module), ["mod zz_new;"]);
    let with_entry = with_entry(path, registry, "zz_new").unwrap();
    assert_eq!(
        added(registry, &with_entry),
        ["        crate::zz_new::component()?,"]
    );
}

#[test]
fn the_component_is_named_throughout() {
    let text = text("cert-manager", "cert_manager");
    for line in [
        "//! cert-manager: one sentence on what it is for.",
        "const NAME: &str = \"cert-manager\";",
        "const SOURCE: &str = \"crates/components/src/cert_manager.rs\";",
        "const FOLDER: &str = \"kubernetes/infrastructure/cert-manager\";",
        "const CHART_VERSION: &str = \"6.9.2\";",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("MODULE") && !text.contains("CHART_VERSION_TEXT"));
    let longest = "a".repeat(MAX_RELEASE);
    assert!(
        super::text(&longest, &longest)
            .lines()
            .all(|line| line.len() <= 110)
    );
}

#[test]
fn the_templates_chart_is_allowed() {
    let url = TEMPLATE
        .lines()
        .find_map(|line| {
            line.strip_prefix("const CHART_URL: &str = \"")?
                .strip_suffix("\";")
        })
        .unwrap();
    assert!(crate::spec::OciUrl::new(url).is_ok());
    assert!(crate::spec::ExactVersion::new(CHART_VERSION).is_ok());
}

#[test]
fn refuses_names_that_cannot_be() {
    let root = workspace();
    let long = "a".repeat(54);
    for name in [
        "",
        "Loki",
        "a_b",
        "-a",
        "3scale",
        "match",
        "async",
        "gen",
        "serde",
        "serde-json",
        "lib",
        "default",
        "kube-system",
        "flux-system",
        long.as_str(),
    ] {
        assert!(component(root.path(), name).is_err(), "{name:?}");
    }
    assert_eq!(fs::read_dir(root.path().join(FOLDER)).unwrap().count(), 2);
    let error = component(root.path(), "match").unwrap_err().to_string();
    assert_eq!(error, "name `match` is taken: a word of Rust");
}

#[test]
fn refuses_what_exists_and_changes_nothing() {
    let root = workspace();
    component(root.path(), "podinfo").unwrap();
    let library = fs::read_to_string(root.path().join(FOLDER).join("lib.rs")).unwrap();
    for name in ["podinfo", "registry", "omega", "spec"] {
        assert!(
            matches!(component(root.path(), name), Err(ScaffoldError::Exists(_))),
            "{name}"
        );
    }
    assert_eq!(
        fs::read_to_string(root.path().join(FOLDER).join("lib.rs")).unwrap(),
        library
    );
}

#[test]
fn says_which_line_it_misses() {
    let root = workspace();
    fs::write(root.path().join(FOLDER).join("registry.rs"), "fn f() {}\n").unwrap();
    assert!(matches!(
        component(root.path(), "podinfo"),
        Err(ScaffoldError::Anchor { .. })
    ));
    assert!(!root.path().join(FOLDER).join("podinfo.rs").exists());
}
