//! Every state of a file, and what writing does with it.

use std::fs;
use std::path::Path;

use super::*;
use crate::registry::manifests;

/// One manifest of the real ones, so that its header is a real one.
fn one() -> Vec<Manifest> {
    manifests().unwrap().into_iter().take(1).collect()
}

fn states(root: &Path, manifests: &[Manifest]) -> Vec<(String, State)> {
    let drifts = survey(root, manifests);
    drifts
        .into_iter()
        .map(|drift| (drift.path, drift.state))
        .collect()
}

/// A root that holds `text` at the manifest's path.
fn root_with(manifest: &Manifest, text: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(&manifest.path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    root
}

fn older(manifest: &Manifest) -> String {
    // The header of a text that an earlier spec could have made.
    let node = model::yaml::from_json(&serde_json::json!({"kind": "Older"}));
    let draft = crate::manifest::Draft {
        path: manifest.path.clone(),
        source: "crates/components/src/x.rs",
        documents: vec![node],
        comments: Vec::new(),
    };
    draft.manifest().unwrap().text
}

#[test]
fn everything_is_missing_then_fresh() {
    let root = tempfile::tempdir().unwrap();
    let manifests = manifests().unwrap();
    let drifts = survey(root.path(), &manifests);
    assert_eq!(drifts.len(), manifests.len());
    assert!(
        drifts
            .iter()
            .all(|drift| drift.state == State::Missing && drift.found.is_none())
    );

    let first = write(root.path(), &manifests, false).unwrap();
    assert_eq!((first.written.len(), first.kept.len()), (manifests.len(), 0));
    assert_eq!(survey(root.path(), &manifests), []);
    let second = write(root.path(), &manifests, false).unwrap();
    assert_eq!((second.written.len(), second.kept.len()), (0, manifests.len()));
}

#[test]
fn an_older_text_is_stale_and_replaced() {
    let manifests = one();
    let root = root_with(&manifests[0], &older(&manifests[0]));
    assert_eq!(
        states(root.path(), &manifests),
        [(manifests[0].path.clone(), State::Stale)]
    );
    assert_eq!(
        write(root.path(), &manifests, false).unwrap().written,
        [manifests[0].path.clone()]
    );
    assert_eq!(survey(root.path(), &manifests), []);
}

#[test]
fn line_ends_of_another_system_are_no_drift() {
    let manifests = one();
    let root = root_with(&manifests[0], &manifests[0].text.replace('\n', "\r\n"));
    assert_eq!(survey(root.path(), &manifests), []);
}

#[test]
fn what_people_wrote_is_left_alone_without_force() {
    let manifests = one();
    for (text, state) in [
        (format!("{}# mine\n", manifests[0].text), State::Edited),
        ("kind: Mine\n".to_owned(), State::Foreign),
    ] {
        let root = root_with(&manifests[0], &text);
        let path = root.path().join(&manifests[0].path);
        let done = write(root.path(), &manifests, false).unwrap();
        assert_eq!(done.refused.first().map(|drift| drift.state), Some(state));
        assert_eq!(done.written, [""; 0]);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);

        let forced = write(root.path(), &manifests, true).unwrap();
        assert_eq!(forced.written, [manifests[0].path.clone()]);
        assert_eq!(fs::read_to_string(&path).unwrap(), manifests[0].text);
    }
}

#[test]
fn orphans_go_with_their_empty_folders_and_edited_ones_stay() {
    let manifests = one();
    let root = root_with(&manifests[0], &manifests[0].text);
    let gone = root.path().join("kubernetes/gone/app");
    fs::create_dir_all(&gone).unwrap();
    fs::write(gone.join("x.yaml"), older(&manifests[0])).unwrap();
    let edited = root.path().join("kubernetes/edited.yaml");
    fs::write(&edited, format!("{}# mine\n", older(&manifests[0]))).unwrap();
    fs::write(root.path().join("kubernetes/foreign.yaml"), "kind: Mine\n").unwrap();

    assert_eq!(
        states(root.path(), &manifests),
        [
            ("kubernetes/edited.yaml".to_owned(), State::Edited),
            ("kubernetes/gone/app/x.yaml".to_owned(), State::Orphan),
        ]
    );
    let done = write(root.path(), &manifests, false).unwrap();
    assert_eq!(done.removed, ["kubernetes/gone/app/x.yaml"]);
    assert!(!root.path().join("kubernetes/gone").exists());
    assert!(edited.exists());
    assert_eq!(
        write(root.path(), &manifests, true).unwrap().removed,
        ["kubernetes/edited.yaml"]
    );
    assert!(root.path().join("kubernetes/foreign.yaml").exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;

    let manifests = one();
    let outside = tempfile::tempdir().unwrap();
    let root = tempfile::tempdir().unwrap();
    symlink(outside.path(), root.path().join("kubernetes")).unwrap();
    let done = write(root.path(), &manifests, true).unwrap();
    assert_eq!((done.written.len(), done.refused.len()), (0, 1));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);

    let target = outside.path().join("target.yaml");
    fs::write(&target, "kind: Theirs\n").unwrap();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(&manifests[0].path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(&target, &path).unwrap();
    let done = write(root.path(), &manifests, true).unwrap();
    assert_eq!(
        done.refused.first().map(|drift| drift.state),
        Some(State::Foreign)
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "kind: Theirs\n");
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_no_temporary_file_is_left() {
    use std::os::unix::fs::PermissionsExt;

    let manifests = one();
    let root = root_with(&manifests[0], &older(&manifests[0]));
    let path = root.path().join(&manifests[0].path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    write(root.path(), &manifests, false).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_path_that_leads_out_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let manifests = [Manifest {
        path: "../out.yaml".to_owned(),
        text: "x\n".to_owned(),
    }];
    let done = write(root.path(), &manifests, true).unwrap();
    assert_eq!((done.written.len(), done.refused.len()), (0, 1));
}
