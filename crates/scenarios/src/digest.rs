//! Digests of what a decision rests on: `sha256:` and hexadecimal digits.

use std::fmt::Write;

use model::tree::Tree;
use sha2::{Digest, Sha256};

/// The digest of parts, each with a name. A part cannot pass for two: lengths are digested too.
pub(crate) fn of_parts<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, content) in parts {
        for bytes in [name.as_bytes(), content] {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
    let mut text = "sha256:".to_owned();
    for byte in hash.finalize() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The digest of files with their paths; one that cannot be read counts as its reason.
pub(crate) fn of_files(tree: &Tree, files: impl IntoIterator<Item = String>) -> String {
    let read = |file: &String| match tree.read_bytes(file) {
        Ok(bytes) => bytes,
        Err(error) => error.to_string().into_bytes(),
    };
    let parts: Vec<(String, Vec<u8>)> = files
        .into_iter()
        .map(|file| {
            let bytes = read(&file);
            (file, bytes)
        })
        .collect();
    of_parts(
        parts
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_cannot_pass_for_two() {
        let digest = |parts: &[(&str, &str)]| {
            of_parts(parts.iter().map(|(name, content)| (*name, content.as_bytes())))
        };
        assert_eq!(digest(&[("a", "b")]), digest(&[("a", "b")]));
        assert_ne!(digest(&[("a", "b")]), digest(&[("ab", "")]));
        assert_ne!(digest(&[("a", "b")]), digest(&[("a", "b"), ("", "")]));
        assert_eq!(digest(&[]).len(), "sha256:".len() + 64);
    }

    #[test]
    fn a_file_that_is_gone_changes_the_digest() {
        let tree = Tree::from_files([("a", "1")]);
        let digest = |tree: &Tree| of_files(tree, ["a".to_owned()]);
        assert_ne!(digest(&tree), digest(&tree.without_files(&["a"])));
        assert_ne!(digest(&tree), digest(&tree.with_files([("a", "2")])));
    }
}
