//! `new component`: a third component comes out of the scaffold, compiles, and validates.

use std::time::Duration;

use tools::Invocation;

use crate::repo::{copy_tree, workspace};

#[test]
fn scaffold_of_a_third_component_compiles_and_validates() {
    let copy = tempfile::tempdir().unwrap();
    for folder in ["crates", "xtask", "kubernetes", "docs", ".config", ".cargo"] {
        copy_tree(&workspace().join(folder), &copy.path().join(folder));
    }
    for file in ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".sourceignore"] {
        std::fs::copy(workspace().join(file), copy.path().join(file)).unwrap();
    }
    // A target folder of its own, kept between runs: in the shared one the copy's program would take the place of ours.
    let target = workspace().join("target/scaffold");
    let cargo = |args: &[&str]| {
        Invocation::new("cargo")
            .args(["run", "--quiet", "--package", "xtask", "--"])
            .args(args)
            .cwd(copy.path())
            .env("CARGO_TARGET_DIR", target.display().to_string())
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .timeout(Duration::from_secs(500))
            .run_accepting(&[0, 1, 2, 101])
            .unwrap()
    };
    let scaffold = cargo(&["new", "component", "external-dns"]);
    assert_eq!(scaffold.status, 0, "{}", scaffold.stderr);
    let generate = cargo(&["generate"]);
    assert_eq!(generate.status, 0, "{}", generate.stderr);
    let validate = cargo(&["validate", "--path", copy.path().to_str().unwrap(), "-o", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&validate.stdout).unwrap();
    assert_eq!(validate.status, 0, "{:#}", report["findings"]);
    assert_eq!(
        report["clusters"][0]["kustomizations"], 4,
        "{:#}",
        report["clusters"]
    );
    let again = cargo(&["new", "component", "external-dns"]);
    assert_eq!(again.status, 2, "a component that exists is not scaffolded again");
}
