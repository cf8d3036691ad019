//! Mutations: small defects that must turn a scenario red. A scenario that no defect turns red promises nothing.

use model::tree::{ReadError, Tree, path};
use serde::Deserialize;
use serde::de::Deserializer;

use crate::design::Clusters;
use crate::placed;

/// One defect, as edits of the tree.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// What goes wrong.
    pub title: String,
    /// The clusters whose scenario turns red; those of the scenario when absent. In the others it must stay as it is.
    #[serde(default)]
    pub clusters: Option<Clusters>,
    /// What is changed, in this order.
    pub edits: Vec<Edit>,
}

/// One change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Every `find` becomes `replace`; there must be one.
    Replace {
        /// The file.
        file: String,
        /// The exact text.
        find: String,
        /// What stands there then.
        replace: String,
    },
    /// The file goes.
    Delete {
        /// The file.
        file: String,
    },
    /// The file comes; there must be none.
    Create {
        /// The file.
        file: String,
        /// Its content.
        text: String,
    },
}

/// Why a mutation cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MutateError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The text to replace is not there.
    #[error("`{file}` holds no `{find}` to replace")]
    NotFound {
        /// The file.
        file: String,
        /// The text.
        find: String,
    },
    /// The file to create is there.
    #[error("`{file}` exists already")]
    Exists {
        /// The file.
        file: String,
    },
}

/// The tree with a mutation applied; the tree itself stays as it is.
///
/// # Errors
/// The first edit that cannot be made.
pub fn mutate(tree: &Tree, mutation: &Mutation) -> Result<Tree, MutateError> {
    // A copy of no changes: the result must have its own sources.
    let mut changed = tree.without_files(&[]);
    for edit in &mutation.edits {
        changed = apply(&changed, edit)?;
    }
    Ok(changed)
}

fn apply(tree: &Tree, edit: &Edit) -> Result<Tree, MutateError> {
    match edit {
        Edit::Replace { file, find, replace } => {
            let text = tree.read(file)?.text;
            if !text.contains(find.as_str()) {
                return Err(MutateError::NotFound {
                    file: file.clone(),
                    find: find.clone(),
                });
            }
            Ok(tree.with_files([(file, text.replace(find.as_str(), replace))]))
        }
        Edit::Delete { file } => {
            tree.read_bytes(file)?;
            Ok(tree.without_files(&[file]))
        }
        Edit::Create { file, .. } if tree.is_file(file) => Err(MutateError::Exists { file: file.clone() }),
        Edit::Create { file, text } => Ok(tree.with_files([(file, text.as_str())])),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    file: String,
    find: Option<String>,
    replace: Option<String>,
    #[serde(default)]
    delete: bool,
    create: Option<String>,
}

impl<'de> Deserialize<'de> for Edit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        placed::read::<D, Raw, Self>(deserializer)
    }
}

impl TryFrom<Raw> for Edit {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, &'static str> {
        let file = path::normalize(&raw.file);
        match (raw.find, raw.replace, raw.delete, raw.create) {
            (Some(find), Some(_), false, None) if find.is_empty() => Err("`find` is empty"),
            (Some(find), Some(replace), false, None) if find == replace => {
                Err("`find` and `replace` are the same")
            }
            (Some(find), Some(replace), false, None) => Ok(Self::Replace { file, find, replace }),
            (None, None, true, None) => Ok(Self::Delete { file }),
            (None, None, false, Some(text)) => Ok(Self::Create { file, text }),
            _ => Err("an edit is `find` with `replace`, or `delete: true`, or `create` with the text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutation(edits: &str) -> Mutation {
        serde_yaml::from_str(&format!("{{title: t, edits: [{edits}]}}")).unwrap()
    }

    #[test]
    fn edits_change_a_copy_of_the_tree() {
        let tree = Tree::from_files([("a.yaml", "x: 1\ny: 1\n"), ("b.yaml", "")]);
        let edits = "{file: a.yaml, find: '1', replace: '2'}, {file: b.yaml, delete: true}, {file: ./c.yaml, create: z}";
        let changed = mutate(&tree, &mutation(edits)).unwrap();
        assert_eq!(&*changed.read("a.yaml").unwrap().text, "x: 2\ny: 2\n");
        assert!(!changed.is_file("b.yaml") && changed.is_file("c.yaml"));
        assert_eq!(&*tree.read("a.yaml").unwrap().text, "x: 1\ny: 1\n");
    }

    #[test]
    fn an_edit_that_changes_nothing_is_refused() {
        let tree = Tree::from_files([("a.yaml", "x: 1\n")]);
        let error = |edits: &str| mutate(&tree, &mutation(edits)).unwrap_err().to_string();
        assert_eq!(
            error("{file: a.yaml, find: q, replace: r}"),
            "`a.yaml` holds no `q` to replace"
        );
        assert_eq!(error("{file: b.yaml, delete: true}"), "`b.yaml` does not exist");
        assert_eq!(error("{file: a.yaml, create: ''}"), "`a.yaml` exists already");
        let refused = serde_yaml::from_str::<Edit>("{file: a, find: x}")
            .unwrap_err()
            .to_string();
        assert!(refused.contains("an edit is `find` with `replace`"), "{refused}");
    }
}
