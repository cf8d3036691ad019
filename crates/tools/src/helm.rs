//! `helm template` and `helm show chart` on a chart that lies on disk.

use std::path::Path;

use crate::catalog::Tool;
use crate::discover::Toolbox;
use crate::error::ToolError;
use crate::scratch;

/// The flag that an older helm does not know, and then names.
const SKIP_SCHEMA: &str = "--skip-schema-validation";

/// One rendering of one chart.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    /// `.Release.Name`.
    pub release_name: &'a str,
    /// `.Release.Namespace`.
    pub namespace: &'a str,
    /// The chart.
    pub chart: ChartInput<'a>,
    /// The merged values as YAML; empty for the chart's own.
    pub values: &'a [u8],
    /// `.Capabilities.KubeVersion`; without it the version helm was built with.
    pub kube_version: Option<&'a str>,
    /// Additions to `.Capabilities.APIVersions`, such as `monitoring.coreos.com/v1`.
    pub api_versions: &'a [&'a str],
    /// Whether the files below `crds/` come first, as on a first install.
    pub include_crds: bool,
}

/// Where helm reads a chart.
#[derive(Debug, Clone, Copy)]
pub enum ChartInput<'a> {
    /// A `.tgz`, or a folder.
    Archive(&'a Path),
    /// Files, each with its path inside the chart; paths that lead out of it are left out.
    Files(&'a [(String, Vec<u8>)]),
}

/// The YAML stream that an install would send to the cluster, hooks and tests included. values.schema.json is not looked at:
/// helm would fetch what it refers to.
pub fn template(toolbox: &Toolbox, template: Template<'_>) -> Result<Vec<u8>, ToolError> {
    match run(toolbox, template, Some(SKIP_SCHEMA)) {
        // helm before 3.16 always validates.
        Err(ToolError::Failed { stderr_tail, .. }) if stderr_tail.contains(SKIP_SCHEMA) => {
            run(toolbox, template, None)
        }
        done => done,
    }
}

fn run(toolbox: &Toolbox, template: Template<'_>, more: Option<&str>) -> Result<Vec<u8>, ToolError> {
    let mut call = toolbox
        .get(Tool::Helm)?
        .invocation()
        .arg("template")
        .args(["--namespace", template.namespace])
        .args(["--values", "-"])
        .stdin(template.values);
    if let Some(version) = template.kube_version {
        call = call.args(["--kube-version", version]);
    }
    for api_version in template.api_versions {
        call = call.args(["--api-versions", api_version]);
    }
    if template.include_crds {
        call = call.arg("--include-crds");
    }
    if let Some(flag) = more {
        call = call.arg(flag);
    }
    call = call.args(["--", template.release_name]);
    match template.chart {
        ChartInput::Archive(path) => Ok(call.arg(path).run()?.stdout),
        ChartInput::Files(files) => {
            let folder = scratch::folder_with(Tool::Helm, files)?;
            Ok(call.arg(folder.path()).run()?.stdout)
        }
    }
}

/// The Chart.yaml of a chart: a folder or a `.tgz`.
pub fn show_chart(toolbox: &Toolbox, chart: &Path) -> Result<Vec<u8>, ToolError> {
    let call = toolbox
        .get(Tool::Helm)?
        .invocation()
        .args(["show", "chart", "--"])
        .arg(chart);
    Ok(call.run()?.stdout)
}
