//! The invariants of docs/architecture.md, looked for in the sources.

use std::path::{Path, PathBuf};

use crate::repo::workspace;

/// Every Rust file of the workspace with its path relative to the root.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for top in ["crates", "xtask"] {
        collect(&workspace().join(top), &mut files);
    }
    files.sort();
    assert!(files.len() > 100, "only {} files found", files.len());
    files
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(workspace())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Production code: what stands before the inline tests, in files that are no tests.
fn production(sources: Vec<(String, String)>) -> impl Iterator<Item = (String, String)> {
    let is_test = |name: &str| {
        name.contains("/tests/")
            || name.contains("/examples/")
            || name.ends_with("/tests.rs")
            || name.ends_with("testing.rs")
    };
    sources
        .into_iter()
        .filter(move |(name, _)| !is_test(name))
        .map(|(name, text)| {
            let end = text.find("#[cfg(test)]").unwrap_or(text.len());
            (name, text[..end].to_owned())
        })
}

fn users_of(words: &[&str], allowed: &[&str]) -> Vec<String> {
    production(sources())
        .filter(|(name, _)| !allowed.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|(_, text)| words.iter().any(|word| text.contains(word)))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn processes_start_where_they_are_bounded() {
    let words = ["process::Command", "duct::", "xshell::"];
    // A rehearsal's parts and the way to a real cluster run for long; `cargo xtask test` runs cargo: this program's own scripted step.
    assert_eq!(
        users_of(
            &words,
            &[
                "crates/tools/",
                "crates/rehearse/",
                "crates/live/src/kubectl.rs",
                "xtask/src/test.rs"
            ]
        ),
        Vec::<String>::new()
    );
}

#[test]
fn sockets_open_in_few_crates() {
    let words = ["std::net::Tcp", "reqwest", "tokio::", "oci_distribution"];
    // A rehearsal speaks to its own API server, serves git and charts on loopback, and asks its own DNS server; a
    // real cluster is behind kubectl's socket.
    assert_eq!(
        users_of(
            &words,
            &[
                "crates/oci/",
                "crates/rehearse/",
                "crates/dns/",
                "crates/live/src/kubectl.rs"
            ]
        ),
        Vec::<String>::new()
    );
}

#[test]
fn repositories_are_read_through_the_model() {
    let allowed = [
        "crates/model/src/tree/",
        // Writes what it generates.
        "crates/components/",
        // Certificates and credentials of the user, temporary files of tools, this program's own files.
        "crates/oci/",
        "crates/tools/",
        // The private folder of a rehearsal, /proc.
        "crates/rehearse/",
        // The private folder of kubectl's socket.
        "crates/live/src/kubectl.rs",
        "xtask/src/",
    ];
    assert_eq!(
        users_of(&["std::fs", "fs::read", "File::open"], &allowed),
        Vec::<String>::new()
    );
}

#[test]
fn files_say_what_lives_in_them_and_stay_small() {
    for (name, text) in sources() {
        assert!(text.starts_with("//! "), "{name} does not begin with `//!`");
        assert!(
            text.lines().count() <= 600,
            "{name} has {} lines",
            text.lines().count()
        );
    }
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    for (name, text) in sources()
        .into_iter()
        .filter(|(name, _)| !name.ends_with("tidy.rs"))
    {
        for word in ["#[ignore", "todo!(", "unimplemented!(", "dbg!(", "FIXME", "TODO"] {
            assert!(!text.contains(word), "{name} holds {word}");
        }
    }
}
