//! The bundle: facts of official schemas as text, one JSON value per line, made by [`make`] and verified by [`check`].
//!
//! Each source module has one file: a line for each kind, sorted, then a line for each definition. A lock file names
//! module, version and digest of every source, and the SHA-256 of every file made of it.

mod crd;
mod custom;
mod export;
mod hoist;
mod lock;
mod openapi;
pub(crate) mod read;

use std::fmt::Write;

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

pub use custom::{CustomKind, custom_kinds};
pub use export::export;
pub use lock::{Lock, LockedSource};

/// Name of the lock file.
pub const LOCK: &str = "lock.json";

/// The Go modules that the bundle is made of, with the folder and the extension of the files in them. Flux 2.9's
/// source-controller is 1.9.5 with the CRDs of 1.9.3; the module proxy serves the CRDs of no further Flux controller.
pub const MODULES: [Module; 5] = [
    Module {
        path: "k8s.io/kubernetes",
        version: "v1.37.2",
        folder: "api/openapi-spec/v3",
        extension: "json",
    },
    Module {
        path: "github.com/fluxcd/source-controller",
        version: "v1.9.3",
        folder: "config/crd/bases",
        extension: "yaml",
    },
    Module {
        path: "github.com/fluxcd/kustomize-controller",
        version: "v1.9.5",
        folder: "config/crd/bases",
        extension: "yaml",
    },
    Module {
        path: "github.com/fluxcd/helm-controller",
        version: "v1.6.4",
        folder: "config/crd/bases",
        extension: "yaml",
    },
    Module {
        path: "github.com/prometheus-operator/prometheus-operator",
        version: "v0.85.0",
        folder: "example/prometheus-operator-crd",
        extension: "yaml",
    },
];

/// A Go module with schemas.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// Path of the module.
    pub path: &'static str,
    /// Version.
    pub version: &'static str,
    /// Folder of the schemas in the module.
    pub folder: &'static str,
    /// Extension of the schemas' files.
    pub extension: &'static str,
}

/// The files of one module.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path of the Go module.
    pub module: String,
    /// Version.
    pub version: String,
    /// What go.sum says of it, `h1:...`.
    pub digest: String,
    /// Names and contents: `OpenAPI` documents (`.json`) or CRDs (`.yaml`).
    pub files: Vec<(String, Vec<u8>)>,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// Name in the bundle's folder.
    pub name: String,
    /// Content.
    pub text: String,
}

/// Why no bundle can be made, or why it is not what its lock says.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A source file that is no JSON, no YAML or no UTF-8.
    #[error("`{file}` of {module} cannot be read: {reason}")]
    Unreadable {
        /// Module.
        module: String,
        /// File.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A module without a single kind.
    #[error("{module} has no kind with a schema")]
    Empty {
        /// Module.
        module: String,
    },
    /// A lock that is no lock.
    #[error("the lock of the schema bundle cannot be read: {0}")]
    Lock(#[from] serde_json::Error),
    /// A file whose content is not what the lock says.
    #[error(
        "`{name}` of the schema bundle has SHA-256 {found}, wanted {wanted}; run `cargo xtask schemas update`"
    )]
    Digest {
        /// File.
        name: String,
        /// Digest of the text.
        found: String,
        /// Digest in the lock.
        wanted: String,
    },
    /// A file of the lock that is not there, or a file that the lock does not name.
    #[error("the schema bundle and its lock disagree about `{name}`; run `cargo xtask schemas update`")]
    Unlisted {
        /// File.
        name: String,
    },
}

/// One kind, as the bundle's index has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct KindLine {
    pub(crate) kind: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) cluster: bool,
    pub(crate) status: bool,
    pub(crate) schema: String,
}

/// The kinds and definitions of one module.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) kinds: Vec<KindLine>,
    pub(crate) definitions: Vec<(String, Json)>,
}

/// Makes the bundle: a file for each source, and the lock. The same sources give the same bytes.
pub fn make(sources: &[Source]) -> Result<Vec<BundleFile>, BundleError> {
    let mut files = Vec::new();
    let mut lock = Lock::default();
    for source in sources {
        let facts = facts(source)?;
        if facts.kinds.is_empty() {
            return Err(BundleError::Empty {
                module: source.module.clone(),
            });
        }
        let mut text = String::new();
        for kind in &facts.kinds {
            let _ = writeln!(text, "{}", serde_json::to_string(kind)?);
        }
        for (id, facts) in &facts.definitions {
            let _ = writeln!(text, "{{\"id\":{},\"facts\":{facts}}}", Json::from(id.as_str()));
        }
        let name = file_name(&source.module);
        lock.sources.push(LockedSource {
            file: name.clone(),
            module: source.module.clone(),
            version: source.version.clone(),
            digest: source.digest.clone(),
            sha256: sha256(&text),
            kinds: facts.kinds.len(),
            definitions: facts.definitions.len(),
        });
        files.push(BundleFile { name, text });
    }
    files.push(BundleFile {
        name: LOCK.to_owned(),
        text: lock.text()?,
    });
    Ok(files)
}

/// Verifies that files are those that their lock names, byte for byte.
pub fn check(lock: &str, files: &[(&str, &str)]) -> Result<Lock, BundleError> {
    let lock: Lock = serde_json::from_str(lock)?;
    for source in &lock.sources {
        let Some((_, text)) = files.iter().find(|(name, _)| *name == source.file) else {
            return Err(BundleError::Unlisted {
                name: source.file.clone(),
            });
        };
        let found = sha256(text);
        if found != source.sha256 {
            return Err(BundleError::Digest {
                name: source.file.clone(),
                found,
                wanted: source.sha256.clone(),
            });
        }
    }
    let listed = |name: &str| lock.sources.iter().any(|source| source.file == name);
    if let Some((name, _)) = files.iter().find(|(name, _)| !listed(name)) {
        return Err(BundleError::Unlisted {
            name: (*name).to_owned(),
        });
    }
    Ok(lock)
}

/// Verifies the bundle that is compiled into this program.
pub fn check_bundled() -> Result<Lock, BundleError> {
    check(read::LOCK_TEXT, &read::FILES)
}

fn facts(source: &Source) -> Result<Facts, BundleError> {
    let unreadable = |file: &str, reason: String| BundleError::Unreadable {
        module: source.module.clone(),
        file: file.to_owned(),
        reason,
    };
    let mut files: Vec<(&str, &[u8])> = source
        .files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    files.sort_unstable();
    let mut documents = Vec::new();
    let mut crds = Vec::new();
    for (name, bytes) in files {
        if std::path::Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            documents
                .push(serde_json::from_slice(bytes).map_err(|error| unreadable(name, error.to_string()))?);
            continue;
        }
        let text = std::str::from_utf8(bytes).map_err(|error| unreadable(name, error.to_string()))?;
        crds.extend(crd::documents(text).map_err(|reason| unreadable(name, reason))?);
    }
    Ok(if documents.is_empty() {
        crd::facts(&crds)
    } else {
        openapi::facts(&documents)
    })
}

/// `source-controller.jsonl` of `github.com/fluxcd/source-controller`.
fn file_name(module: &str) -> String {
    let is_major = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let last = module.rsplit('/').find(|part| !is_major(part)).unwrap_or(module);
    format!("{last}.jsonl")
}

fn sha256(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// An object with its fields sorted, so that the bundle does not depend on the order of its sources.
pub(crate) fn sorted(mut fields: Vec<(String, Json)>) -> Json {
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    Json::Object(Map::from_iter(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRD: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: x.example\n  \
        scope: Cluster\n  names: {kind: Thing, plural: things}\n  versions:\n  - name: v1\n    served: true\n    schema:\n      \
        openAPIV3Schema:\n        type: object\n        description: prose\n        properties:\n          \
        spec: {type: object, description: prose, properties: {a: {type: string, example: b}}}\n";

    fn source(text: &str) -> Source {
        Source {
            module: "example.com/x/things/v2".to_owned(),
            version: "v2.0.0".to_owned(),
            digest: "h1:x".to_owned(),
            files: vec![("things.yaml".to_owned(), text.as_bytes().to_vec())],
        }
    }

    #[test]
    fn carries_facts_and_no_prose() {
        let files = make(&[source(CRD)]).unwrap();
        assert_eq!(files[0].name, "things.jsonl");
        assert_eq!(
            files[0].text,
            "{\"kind\":\"Thing\",\"group\":\"x.example\",\"version\":\"v1\",\"plural\":\"things\",\"cluster\":true,\
             \"status\":false,\"schema\":\"Thing/v1\"}\n{\"id\":\"Thing/v1\",\"facts\":{\"properties\":{\"spec\":\
             {\"properties\":{\"a\":{\"type\":\"string\"}},\"type\":\"object\"}},\"type\":\"object\"}}\n"
        );
    }

    #[test]
    fn the_lock_finds_a_changed_file() {
        let files = make(&[source(CRD)]).unwrap();
        let lock = &files[1].text;
        assert!(check(lock, &[("things.jsonl", &files[0].text)]).is_ok());
        let changed = files[0].text.replace("string", "integer");
        assert!(matches!(
            check(lock, &[("things.jsonl", &changed)]),
            Err(BundleError::Digest { .. })
        ));
        assert!(matches!(check(lock, &[]), Err(BundleError::Unlisted { .. })));
    }

    #[test]
    fn refuses_a_module_without_kinds() {
        assert!(matches!(
            make(&[source("a: 1\n")]),
            Err(BundleError::Empty { .. })
        ));
        assert!(matches!(
            make(&[source("a: [\n")]),
            Err(BundleError::Unreadable { .. })
        ));
    }

    #[test]
    fn the_bundle_is_what_its_lock_says_and_compiles_cleanly() {
        check_bundled().unwrap();
        assert_eq!(read::troubles(), Vec::<String>::new());
    }
}
