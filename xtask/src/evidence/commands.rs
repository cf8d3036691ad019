//! What the real programs say that stories name: `kustomize build`, `flux build kustomization`, `promtool check rules`.

use std::collections::BTreeSet;

use flux::envsubst::Strictness;
use flux::{Built, ClusterBuild, Id, State};
use model::object;
use model::yaml::{self, Style};
use scenarios::{Claim, Evidence, NamedTool, Need, Proof, Story, Subject};
use tools::flux::BuildKustomization;
use tools::kustomize::LoadRestrictor;
use tools::{Tool, ToolError, Toolbox};

use crate::compare::offline_spec;
use crate::project::Project;

/// The word of each program that is here, on each subject that some story wants to know of.
pub(super) fn gather(
    toolbox: &Toolbox,
    project: &Project,
    clusters: &[ClusterBuild],
    stories: &[Story],
) -> anyhow::Result<Vec<Evidence>> {
    let strict = project.flux_options()?.strictness == Strictness::Strict;
    let mut evidence = Vec::new();
    for (tool, subject) in asked(stories) {
        // What does not depend on the cluster is asked once.
        let once = match (tool, &subject) {
            (NamedTool::Kustomize, Subject::Folder(folder)) => kustomize(toolbox, project, folder),
            _ => None,
        };
        for cluster in clusters {
            let said = match (tool, &subject) {
                (NamedTool::Flux, Subject::AppliedBy(name)) => {
                    let id = Id {
                        namespace: name.namespace.clone(),
                        name: name.name.clone(),
                    };
                    let said = |built| build(toolbox, project, built, strict);
                    cluster
                        .get(&id)
                        .and_then(said)
                        .map(|proof| (Need::Flux, id.to_string(), proof))
                }
                (NamedTool::Promtool, Subject::Object(name)) => {
                    let name = name.to_string();
                    rules(toolbox, cluster, &name).map(|proof| (Need::Promtool, name, proof))
                }
                (NamedTool::Kustomize, Subject::Folder(folder)) => {
                    once.clone().map(|proof| (Need::Kustomize, folder.clone(), proof))
                }
                // kubeconform's word is there already.
                _ => None,
            };
            if let Some((need, subject, proof)) = said {
                let by = super::named(toolbox, program(tool)).unwrap_or_default();
                evidence.push(Evidence {
                    by,
                    need,
                    cluster: cluster.cluster.name.clone(),
                    subject,
                    proof,
                });
            }
        }
    }
    Ok(evidence)
}

fn program(tool: NamedTool) -> Tool {
    match tool {
        NamedTool::Kustomize => Tool::Kustomize,
        NamedTool::Flux => Tool::Flux,
        NamedTool::Kubeconform => Tool::Kubeconform,
        NamedTool::Promtool => Tool::Promtool,
    }
}

/// The programs and subjects that the stories name, each pair once.
fn asked(stories: &[Story]) -> Vec<(NamedTool, Subject)> {
    let mut seen = BTreeSet::new();
    let mut asked = Vec::new();
    let expectations = stories
        .iter()
        .flat_map(|story| &story.scenarios)
        .flat_map(|scenario| &scenario.expectations);
    for expectation in expectations {
        for claim in &expectation.claims {
            let Claim::CommandSucceeds(tool) = claim else {
                continue;
            };
            if seen.insert(format!("{tool:?} {}", expectation.subject)) {
                asked.push((*tool, expectation.subject.clone()));
            }
        }
    }
    asked
}

/// What a program that ran says; a program that is not here says nothing.
fn proof<T>(result: Result<T, ToolError>) -> Option<Proof> {
    match result {
        Ok(_) => Some(Proof::Passed),
        Err(ToolError::NotFound { .. }) => None,
        Err(ToolError::Failed {
            status, stderr_tail, ..
        }) => {
            let said = stderr_tail.lines().last().unwrap_or_default().trim();
            Some(Proof::Failed(format!("exit status {status}: {said}")))
        }
        Err(error) => Some(Proof::Unknown(error.to_string())),
    }
}

fn kustomize(toolbox: &Toolbox, project: &Project, folder: &str) -> Option<Proof> {
    let at = project.root.join(folder);
    at.is_dir()
        .then(|| proof(tools::kustomize::build(toolbox, &at, LoadRestrictor::RootOnly)))
        .flatten()
}

fn build(toolbox: &Toolbox, project: &Project, built: &Built, strict: bool) -> Option<Proof> {
    if !matches!(built.state, State::Built | State::Failed) {
        return None;
    }
    if built.variables.as_ref().is_some_and(flux::Variables::has_unknown) {
        toolbox.get(Tool::Flux).ok()?;
        let why = "variables come from an object that is made elsewhere";
        return Some(Proof::Unknown(why.to_owned()));
    }
    let spec = offline_spec(built);
    proof(tools::flux::build_kustomization(
        toolbox,
        BuildKustomization {
            name: &built.id.name,
            namespace: &built.id.namespace,
            root: &project.root,
            path: &built.folder,
            kustomization_yaml: yaml::emit(&spec, Style::Readable).as_bytes(),
            strict,
        },
    ))
}

fn rules(toolbox: &Toolbox, cluster: &ClusterBuild, name: &str) -> Option<Proof> {
    let node = cluster.objects().map(|(_, object)| &object.node).find(|node| {
        let (kind, namespace) = (object::kind(node), object::namespace(node));
        let object = object::name(node);
        let full = if namespace.is_empty() {
            format!("{kind}/{object}")
        } else {
            format!("{kind}/{namespace}/{object}")
        };
        full == name
    })?;
    let spec = node.get("spec")?;
    let text = yaml::emit(spec, Style::Readable);
    match tools::promtool::check_rules(toolbox, text.as_bytes()) {
        Ok(report) => Some(match report.problems.first() {
            None => Proof::Passed,
            Some(problem) => Proof::Failed(problem.clone()),
        }),
        Err(error) => proof::<()>(Err(error)),
    }
}
