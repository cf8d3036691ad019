//! The real helm, when it is here.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use diag::SourceId;
use model::yaml::{self, Dialect, Node};

/// A template that prints `.Values` and nothing else.
pub(crate) const PRINTER: &str = "{{ .Values | toJson }}\n";
/// A version of Kubernetes that every chart takes.
const KUBERNETES: &str = "1.35.0";

/// The program, or nothing after a line that says so.
pub(crate) fn helm(test: &str) -> Option<PathBuf> {
    let folders = [env::var_os("XTASK_TOOLS_DIR"), env::var_os("PATH")];
    let mut paths = folders.iter().flatten().flat_map(env::split_paths);
    let found = paths.find_map(|folder| Some(folder.join("helm")).filter(|path| path.is_file()));
    if found.is_none() {
        eprintln!("skipped {test}: no `helm`");
    }
    found
}

/// What `helm template` prints, for all templates or the one of `show`, or what it says when it refuses.
#[expect(
    clippy::disallowed_methods,
    reason = "the tools crate's helm is for HelmReleases"
)]
pub(crate) fn template(
    helm: &Path,
    chart: &Path,
    values: &Node,
    show: Option<&str>,
) -> Result<String, String> {
    let given = chart.with_extension("given-values.json");
    fs::write(&given, yaml::to_json(values).to_string()).unwrap();
    let mut command = Command::new(helm);
    command
        .args(["template", "release", "--kube-version", KUBERNETES, "-f"])
        .arg(&given)
        .arg(chart);
    if let Some(show) = show {
        command.args(["-s", show]);
    }
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The one document of a text.
pub(crate) fn document(text: &str) -> Node {
    let parsed = yaml::parse(SourceId::NONE, text, Dialect::Sigs);
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    parsed
        .documents
        .into_iter()
        .next()
        .unwrap_or_else(|| Node::map(diag::Span::NONE))
}

/// The cases of a file of `tests/data`.
pub(crate) fn cases(file: &str) -> Vec<Node> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(file);
    let cases = document(&fs::read_to_string(path).unwrap())
        .as_seq()
        .unwrap()
        .to_vec();
    assert!(cases.len() > 10);
    cases
}
