//! What the registries and kubeconform say, for scenarios that want to know.

mod commands;

use std::collections::BTreeMap;

use flux::ClusterBuild;
use model::yaml::{self, Style};
use oci::Verdict;
use scenarios::{Evidence, Need, Proof, Story};
use tools::kubeconform::{KubeconformStatus, validate};
use tools::{Tool, Toolbox};

use crate::cli::Registries;
use crate::preflight;
use crate::project::Project;
use crate::schemas::ForKubeconform;

/// Asks the registries that are named, kubeconform when it is here, and the programs that the stories name.
pub(crate) fn gather(
    toolbox: &Toolbox,
    registries: Option<&Registries>,
    project: &Project,
    clusters: &[ClusterBuild],
    stories: &[Story],
) -> anyhow::Result<Vec<Evidence>> {
    let mut evidence = Vec::new();
    if let Some(registries) = registries {
        let rows = preflight::rows(project, clusters);
        let options = preflight::options(registries, &project.config)?;
        for (row, answer) in rows.iter().zip(preflight::ask(&rows, &options)) {
            let (proof, by) = match answer.verdict {
                Verdict::There { version, digest, .. } => {
                    (Proof::Passed, row.found(&options.mirrors, &version, &digest))
                }
                Verdict::Missing { reason, .. } => (Proof::Failed(reason), String::new()),
                Verdict::Unknown { reason } => (Proof::Unknown(reason), String::new()),
            };
            evidence.extend(row.clusters.iter().map(|cluster| Evidence {
                need: Need::Network,
                cluster: cluster.clone(),
                subject: row.subject.clone(),
                proof: proof.clone(),
                by: by.clone(),
            }));
        }
    }
    if toolbox.get(Tool::Kubeconform).is_ok() {
        evidence.extend(kubeconform(project, clusters, toolbox)?);
    }
    evidence.extend(commands::gather(toolbox, project, clusters, stories)?);
    Ok(evidence)
}

/// What gives the word on needs of which no evidence speaks, with its version: charts are rendered by helm.
pub(crate) fn by(toolbox: &Toolbox) -> BTreeMap<Need, String> {
    let helm = named(toolbox, Tool::Helm);
    helm.into_iter().map(|helm| (Need::Chart, helm)).collect()
}

/// A program that is here with its version.
fn named(toolbox: &Toolbox, tool: Tool) -> Option<String> {
    let found = match tool {
        // kubectl builds too.
        Tool::Kustomize => tools::kustomize::builder(toolbox).ok()?,
        tool => toolbox.get(tool).ok()?,
    };
    let version = found.version().unwrap_or("of unknown version");
    Some(format!("{} {version}", found.tool().name()))
}

/// kubeconform's verdict on each flux::Kustomization, with the bundled schemas: its own would be downloaded.
fn kubeconform(
    project: &Project,
    clusters: &[ClusterBuild],
    toolbox: &Toolbox,
) -> anyhow::Result<Vec<Evidence>> {
    let schemas = ForKubeconform::write()?;
    let options = schemas.options(&project.kubernetes_version, &[]);
    let by = named(toolbox, Tool::Kubeconform).unwrap_or_default();
    let mut evidence = Vec::new();
    for cluster in clusters {
        for built in &cluster.kustomizations {
            let text = yaml::emit_stream(built.objects.iter().map(|object| &object.node), Style::Kustomize);
            let proof = match validate(toolbox, text.as_bytes(), &options) {
                Err(error) => Proof::Unknown(error.to_string()),
                Ok(report) => match report.with_status(KubeconformStatus::Invalid).next() {
                    Some(resource) => {
                        Proof::Failed(format!("{}/{}: {}", resource.kind, resource.name, resource.msg))
                    }
                    None if report.summary.errors > 0 => {
                        Proof::Unknown("kubeconform could not read a schema".to_owned())
                    }
                    None => Proof::Passed,
                },
            };
            evidence.push(Evidence {
                need: Need::Kubeconform,
                cluster: cluster.cluster.name.clone(),
                subject: built.id.to_string(),
                proof,
                by: by.clone(),
            });
        }
    }
    Ok(evidence)
}
