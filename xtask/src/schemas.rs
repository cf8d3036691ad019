//! `schemas`: the bundle made anew from official modules, and written as JSON Schema for kubeconform.

use std::path::Path;

use anyhow::{Context, bail};
use schema::bundle::{self, BundleFile, Module, Source};
use tools::Toolbox;
use tools::kubeconform::KubeconformOptions;

use crate::cli::{Schemas, SchemasWhat};
use crate::{output, test};

/// Where the bundle lies in the workspace.
const FOLDER: &str = "crates/schema/bundle";

/// Runs one of the two jobs.
pub(crate) fn run(args: &Schemas) -> anyhow::Result<u8> {
    match &args.what {
        SchemasWhat::Update { check } => update(*check),
        SchemasWhat::Export { dir } => export(dir),
    }
}

fn update(check: bool) -> anyhow::Result<u8> {
    let toolbox = Toolbox::discover(
        &std::collections::BTreeMap::new(),
        &std::env::var_os("PATH").unwrap_or_default(),
    );
    let sources = bundle::MODULES
        .iter()
        .map(|module| source(&toolbox, module))
        .collect::<anyhow::Result<Vec<Source>>>()?;
    let folder = test::workspace().join(FOLDER);
    let mut code = report::exit::CLEAN;
    for BundleFile { name, text } in bundle::make(&sources)? {
        let path = folder.join(&name);
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        if check {
            output::note(&format!("{FOLDER}/{name} is not what the modules make"));
            code = report::exit::FINDINGS;
        } else {
            output::file(&path, &text)?;
            output::note(&format!("wrote {FOLDER}/{name}"));
        }
    }
    Ok(code)
}

fn source(toolbox: &Toolbox, module: &Module) -> anyhow::Result<Source> {
    output::note(&format!("reading {}@{}", module.path, module.version));
    let fetched = tools::go::mod_download(toolbox, module.path, module.version)?;
    let folder = fetched.dir.join(module.folder);
    let shown = folder.display().to_string();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list `{shown}`"))? {
        let path = entry?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != module.extension)
        {
            continue;
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        files.push((
            name.to_owned(),
            std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?,
        ));
    }
    if files.is_empty() {
        bail!("`{shown}` holds no .{} file", module.extension);
    }
    files.sort();
    Ok(Source {
        module: module.path.to_owned(),
        version: module.version.to_owned(),
        digest: fetched.sum,
        files,
    })
}

/// The bundled schemas in a folder that goes with the value, for kubeconform.
pub(crate) struct ForKubeconform {
    folder: tempfile::TempDir,
}

impl ForKubeconform {
    /// Writes them.
    pub(crate) fn write() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for the schemas")?;
        for file in bundle::export() {
            let path = folder.path().join(&file.name);
            std::fs::write(&path, file.text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        Ok(Self { folder })
    }

    /// How kubeconform judges with them, and with the `-schema-location`s of the user after them.
    pub(crate) fn options(&self, kubernetes_version: &str, more: &[String]) -> KubeconformOptions {
        let template = self.folder.path().join("{{.ResourceKind}}{{.KindSuffix}}.json");
        let own = template.display().to_string();
        KubeconformOptions {
            kubernetes_version: Some(format!("{kubernetes_version}.0")),
            schema_locations: std::iter::once(own).chain(more.iter().cloned()).collect(),
            ..KubeconformOptions::default()
        }
    }
}

fn export(dir: &Path) -> anyhow::Result<u8> {
    let files = bundle::export();
    for BundleFile { name, text } in &files {
        output::file(&dir.join(name), text)?;
    }
    output::note(&format!("wrote {} schemas to {}", files.len(), dir.display()));
    Ok(report::exit::CLEAN)
}
