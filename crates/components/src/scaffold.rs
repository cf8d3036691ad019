//! A new component: one file from a template, its module and its line in the registry.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::generate::replace;
use crate::spec::{Name, SpecError};

const TEMPLATE: &str = include_str!("scaffold/template.txt");
/// A version that the template's chart has.
const CHART_VERSION: &str = "6.9.2";
const FOLDER: &str = "crates/components/src";
/// Above the modules of the components in lib.rs.
const MODULES: &str = "// Components, one file each.";
/// Below the components in registry.rs.
const REGISTRY_END: &str = "        // `cargo xtask new component` adds its line above this one.";
/// The longest name of a Helm release.
const MAX_RELEASE: usize = 53;
/// Words that no Rust module can be called.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];
/// Crates that a module of the same name would hide.
const CRATES: [&str; 10] = [
    "alloc",
    "core",
    "diag",
    "ipnet",
    "model",
    "serde",
    "serde_json",
    "sha2",
    "std",
    "thiserror",
];

/// Why there is no new component.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// No name of objects.
    #[error(transparent)]
    Name(#[from] SpecError),
    /// A name that starts with a digit: no module is called so.
    #[error("name `{0}` starts with a digit, and no Rust module does")]
    Digit(String),
    /// A word of Rust, a crate, or a namespace of Kubernetes or Flux.
    #[error("name `{name}` is taken: {by}")]
    Reserved {
        /// The name.
        name: String,
        /// Whose it is.
        by: &'static str,
    },
    /// A component or another module of that name.
    #[error("`{}` exists", .0.display())]
    Exists(PathBuf),
    /// A line that the scaffold looks for is not there.
    #[error("`{}` has no line `{line}`", .path.display())]
    Anchor {
        /// The file.
        path: PathBuf,
        /// The line.
        line: &'static str,
    },
    /// A file that could not be read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Adds a component and returns the files that are new or changed, relative to the workspace. Nothing is written unless
/// everything can be.
pub fn component(workspace_root: &Path, name: &str) -> Result<Vec<PathBuf>, ScaffoldError> {
    let module = module_name(name)?;
    let folder = Path::new(FOLDER);
    let source = folder.join(format!("{module}.rs"));
    let (library, registry) = (folder.join("lib.rs"), folder.join("registry.rs"));
    for taken in [&source, &folder.join(&module)] {
        if fs::symlink_metadata(workspace_root.join(taken)).is_ok() {
            return Err(ScaffoldError::Exists(taken.clone()));
        }
    }
    let library_text = with_module(&library, &read(workspace_root, &library)?, &module)?;
    let registry_text = with_entry(&registry, &read(workspace_root, &registry)?, &module)?;
    let files = [
        (source, text(name, &module)),
        (library, library_text),
        (registry, registry_text),
    ];
    for (path, text) in &files {
        replace(&workspace_root.join(path), text).map_err(|source| ScaffoldError::Io {
            action: "write",
            path: path.clone(),
            source,
        })?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The Rust module of a component's name.
fn module_name(name: &str) -> Result<String, ScaffoldError> {
    Name::at_most(name, MAX_RELEASE)?;
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(ScaffoldError::Digit(name.to_owned()));
    }
    let module = name.replace('-', "_");
    let by = if KEYWORDS.contains(&module.as_str()) {
        Some("a word of Rust")
    } else if CRATES.contains(&module.as_str()) {
        Some("a crate")
    } else if module == "lib" {
        Some("the library's own file")
    } else if name == "default" || name == "flux-system" || name.starts_with("kube-") {
        Some("a namespace of Kubernetes or Flux")
    } else {
        None
    };
    match by {
        Some(by) => Err(ScaffoldError::Reserved {
            name: name.to_owned(),
            by,
        }),
        None => Ok(module),
    }
}

fn text(name: &str, module: &str) -> String {
    TEMPLATE
        .replace("CHART_VERSION_TEXT", CHART_VERSION)
        .replace("//! NAME:", &format!("//! {name}:"))
        .replace("\"NAME\"", &format!("\"{name}\""))
        .replace("infrastructure/NAME\"", &format!("infrastructure/{name}\""))
        .replace("MODULE", module)
}

/// lib.rs with the module in its place among the components.
fn with_module(path: &Path, text: &str, module: &str) -> Result<String, ScaffoldError> {
    let declares = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) == Some(module)
    };
    if text.lines().any(declares) {
        return Err(ScaffoldError::Exists(path.to_owned()));
    }
    let mut lines: Vec<&str> = text.lines().collect();
    let start = lines
        .iter()
        .position(|line| *line == MODULES)
        .ok_or(ScaffoldError::Anchor {
            path: path.to_owned(),
            line: MODULES,
        })?;
    let new = format!("mod {module};");
    let after = lines
        .iter()
        .skip(start + 1)
        .take_while(|line| line.starts_with("mod ") && order(line) < order(&new))
        .count();
    lines.insert(start + 1 + after, &new);
    Ok(lines.join("\n") + "\n")
}

/// rustfmt's order of modules: `_` before everything else.
fn order(line: &str) -> String {
    line.trim_end_matches(';').replace('_', "!")
}

/// registry.rs with the component behind all others.
fn with_entry(path: &Path, text: &str, module: &str) -> Result<String, ScaffoldError> {
    let mut lines: Vec<&str> = text.lines().collect();
    let end = lines
        .iter()
        .position(|line| *line == REGISTRY_END)
        .ok_or(ScaffoldError::Anchor {
            path: path.to_owned(),
            line: REGISTRY_END,
        })?;
    let new = format!("        crate::{module}::component()?,");
    lines.insert(end, &new);
    Ok(lines.join("\n") + "\n")
}

fn read(root: &Path, path: &Path) -> Result<String, ScaffoldError> {
    fs::read_to_string(root.join(path)).map_err(|source| ScaffoldError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
