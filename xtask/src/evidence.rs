//! What the registries and kubeconform say, for scenarios that want to know.

use flux::ClusterBuild;
use model::yaml::{self, Style};
use oci::Verdict;
use scenarios::{Evidence, Need, Proof};
use tools::kubeconform::{KubeconformStatus, validate};
use tools::{Tool, Toolbox};

use crate::cli::Scenarios;
use crate::project::Project;
use crate::schemas::ForKubeconform;
use crate::{doctor, preflight};

/// Asks the registries when the arguments say so, and kubeconform when it is here.
pub(crate) fn gather(
    args: &Scenarios,
    project: &Project,
    clusters: &[ClusterBuild],
) -> anyhow::Result<Vec<Evidence>> {
    let mut evidence = Vec::new();
    if args.preflight {
        let rows = preflight::rows(project, clusters);
        let options = preflight::options(&args.registries, &project.config)?;
        for (row, answer) in rows.iter().zip(preflight::ask(&rows, &options)) {
            let proof = match answer.verdict {
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
    let toolbox = doctor::toolbox(&args.common)?;
    if toolbox.get(Tool::Kubeconform).is_ok() {
        evidence.extend(kubeconform(project, clusters, &toolbox)?);
    }
    Ok(evidence)
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
