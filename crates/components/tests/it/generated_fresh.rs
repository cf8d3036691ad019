//! The files below kubernetes/ are what the specs make.

use std::path::Path;

#[test]
fn generated_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let drifts = components::survey(&root, &components::manifests().unwrap());
    let list: Vec<String> = drifts
        .iter()
        .map(|drift| format!("{:?} {}", drift.state, drift.path))
        .collect();
    assert!(
        list.is_empty(),
        "run `cargo xtask generate`; these files differ from the specs:\n{}",
        list.join("\n")
    );
}
