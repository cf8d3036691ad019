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
        let verdicts = preflight::ask(&rows, &preflight::options(registries, false)?);
        for (row, verdict) in rows.iter().zip(verdicts) {
            let proof = match verdict {
                Verdict::There { .. } => Proof::Passed,
                Verdict::Missing { reason, .. } => Proof::Failed(reason),
                Verdict::Unknown { reason } => Proof::Unknown(reason),
            };
            evidence.extend(row.clusters.iter().map(|cluster| Evidence {
                need: Need::Network,
                cluster: cluster.clone(),
                subject: row.subject.clone(),
                proof: proof.clone(),
            }));
        }
    }
    if toolbox.get(Tool::Kubeconform).is_ok() {
        evidence.extend(kubeconform(project, clusters, toolbox)?);
    }
    evidence.extend(commands::gather(toolbox, project, clusters, stories)?);
    Ok(evidence)
}

/// What gives the word on each need, with its version where it has one.
pub(crate) fn by(toolbox: &Toolbox) -> BTreeMap<Need, String> {
    let mut by = BTreeMap::from([(Need::Network, "the registry's answer".to_owned())]);
    for (need, tool) in [
        (Need::Chart, Tool::Helm),
        (Need::Kubeconform, Tool::Kubeconform),
        (Need::Kustomize, Tool::Kustomize),
        (Need::Flux, Tool::Flux),
        (Need::Promtool, Tool::Promtool),
    ] {
        if let Ok(found) = toolbox.get(tool) {
            let version = found.version().unwrap_or("of unknown version");
            by.insert(need, format!("{} {version}", tool.name()));
        }
    }
    by
}

/// kubeconform's verdict on each flux::Kustomization, with the bundled schemas: its own would be downloaded.
fn kubeconform(
    project: &Project,
    clusters: &[ClusterBuild],
    toolbox: &Toolbox,
) -> anyhow::Result<Vec<Evidence>> {
    let schemas = ForKubeconform::write()?;
    let options = schemas.options(&project.kubernetes_version, &[]);
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
            });
        }
    }
    Ok(evidence)
}
