//! Mutations: small defects that must turn a scenario red. A scenario that no defect turns red promises nothing.

use model::tree::{ReadError, Tree, path};
use model::yaml::{self, Dialect, Style};
use serde::Deserialize;
use serde::de::Deserializer;

use crate::design::Clusters;
use crate::design::raw::claimed;
use crate::placed;

/// The most that a patch may make of a document, in bytes of JSON.
const MAX_PATCHED: usize = 16 << 20;

/// What an edit may be.
const FORMS: &str =
    "an edit is `find` with `replace`, or `patch`, or `delete: true`, or `create` with the text";

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
    /// A JSON patch (RFC 6902) of one YAML document of the file, which is written anew.
    Patch {
        /// The file.
        file: String,
        /// Which of its documents, from 0.
        document: usize,
        /// What is changed in it.
        patch: json_patch::Patch,
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
    /// The patch cannot be applied, or changes nothing.
    #[error("the patch of `{file}`: {reason}")]
    Patch {
        /// The file.
        file: String,
        /// One line.
        reason: String,
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
        Edit::Patch {
            file,
            document,
            patch,
        } => {
            let text = patched(tree, file, *document, patch)?;
            Ok(tree.with_files([(file, text)]))
        }
    }
}

/// The file with one of its documents patched.
fn patched(
    tree: &Tree,
    file: &str,
    document: usize,
    patch: &json_patch::Patch,
) -> Result<String, MutateError> {
    let fails = |reason: String| MutateError::Patch {
        file: file.to_owned(),
        reason,
    };
    let text = tree.read(file)?;
    let mut parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
    if let Some(problem) = parsed.problems.first() {
        return Err(fails(problem.message.clone()));
    }
    let count = parsed.documents.len();
    let Some(node) = parsed.documents.get_mut(document) else {
        return Err(fails(format!("there is no document {document} among {count}")));
    };
    let before = yaml::to_json(node);
    let mut after = before.clone();
    for operation in &patch.0 {
        let alone = std::slice::from_ref(operation);
        json_patch::patch(&mut after, alone).map_err(|error| fails(error.to_string()))?;
        // `copy` can double the document each time.
        if after.to_string().len() > MAX_PATCHED {
            return Err(fails(format!("it makes more than {MAX_PATCHED} bytes")));
        }
    }
    if after == before {
        return Err(fails("it changes nothing".to_owned()));
    }
    *node = yaml::from_json(&after);
    Ok(yaml::emit_stream(&parsed.documents, Style::Kustomize))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    file: String,
    find: Option<String>,
    replace: Option<String>,
    #[serde(default, deserialize_with = "claimed")]
    delete: Option<()>,
    create: Option<String>,
    document: Option<usize>,
    patch: Option<json_patch::Patch>,
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
        if let Some(patch) = raw.patch {
            let alone =
                raw.find.is_none() && raw.replace.is_none() && raw.delete.is_none() && raw.create.is_none();
            return match alone {
                false => Err(FORMS),
                true if patch.0.is_empty() => Err("`patch` is empty"),
                true => Ok(Self::Patch {
                    file,
                    document: raw.document.unwrap_or(0),
                    patch,
                }),
            };
        }
        match (raw.find, raw.replace, raw.delete, raw.create) {
            _ if raw.document.is_some() => Err("`document` says what `patch` is about, which is not there"),
            (Some(find), Some(_), None, None) if find.is_empty() => Err("`find` is empty"),
            (Some(find), Some(replace), None, None) if find == replace => {
                Err("`find` and `replace` are the same")
            }
            (Some(find), Some(replace), None, None) => Ok(Self::Replace { file, find, replace }),
            (None, None, Some(()), None) => Ok(Self::Delete { file }),
            (None, None, None, Some(text)) => Ok(Self::Create { file, text }),
            _ => Err(FORMS),
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
    fn a_patch_changes_one_document() {
        let tree = Tree::from_files([("a.yaml", "a: {b: [1, 2]}\n---\nc: d\n")]);
        let edit =
            "{file: a.yaml, patch: [{op: replace, path: /a/b/1, value: 3}, {op: add, path: /e, value: f}]}";
        let changed = mutate(&tree, &mutation(edit)).unwrap();
        assert_eq!(
            &*changed.read("a.yaml").unwrap().text,
            "a:\n  b:\n  - 1\n  - 3\ne: f\n---\nc: d\n"
        );
        let error = |edit: &str| mutate(&tree, &mutation(edit)).unwrap_err().to_string();
        let found = error("{file: a.yaml, document: 2, patch: [{op: remove, path: /c}]}");
        assert_eq!(found, "the patch of `a.yaml`: there is no document 2 among 2");
        let found = error("{file: a.yaml, document: 1, patch: [{op: add, path: /c, value: d}]}");
        assert_eq!(found, "the patch of `a.yaml`: it changes nothing");
        let copies = (0..40).map(|index| format!("{{op: copy, from: /a, path: /a/x{index}}}"));
        let copies: Vec<String> = copies.collect();
        let found = error(&format!("{{file: a.yaml, patch: [{}]}}", copies.join(", ")));
        assert!(found.ends_with("it makes more than 16777216 bytes"), "{found}");
        let found = error("{file: a.yaml, patch: [{op: remove, path: /x}]}");
        assert!(found.starts_with("the patch of `a.yaml`: "), "{found}");
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
