//! Claims that rest on the word of a registry or of a real program.

use super::Verdict;
use crate::design::Subject;
use crate::evidence::{Need, Proof};
use crate::miss::Miss;
use crate::subject::View;

/// What was said of a subject by what the claim needs; Deferred when nothing was said.
pub(super) fn proof(view: View<'_>, need: Need, subject: &Subject) -> Verdict {
    let name = subject.evidence_name();
    let place = match subject {
        Subject::Object(name) => match view.object(name) {
            Some((_, object)) => Some(&object.node),
            None => return Verdict::Fails(vec![view.no_object(name)]),
        },
        Subject::AppliedBy(name) => match view.built(name) {
            Ok(built) => match &built.node {
                Some(node) => Some(node),
                None => return Verdict::Deferred(need.missing().to_owned()),
            },
            Err(miss) => return Verdict::Fails(vec![miss]),
        },
        Subject::Folder(path) if !view.inputs.tree.is_folder(path) => {
            let miss = Miss::new(format!("a folder `{path}`"), "no such folder");
            return Verdict::Fails(vec![miss]);
        }
        Subject::Folder(_) => None,
        // The data are refused when they are read.
        Subject::File(_) => return Verdict::Deferred(need.missing().to_owned()),
    };
    let said = view.inputs.evidence.iter().find(|evidence| {
        evidence.need == need && evidence.cluster == view.name() && evidence.subject == name
    });
    match said.map(|evidence| &evidence.proof) {
        Some(Proof::Passed) => Verdict::Holds,
        Some(Proof::Failed(why)) => {
            let wanted = match need {
                Need::Network => format!("a registry that has the chart of `{name}`"),
                Need::Kubeconform => format!("kubeconform to accept what `{name}` applies"),
                Need::Chart => format!("the chart of `{name}`"),
                Need::Kustomize => format!("`kustomize build {name}` to succeed"),
                Need::Flux => format!("`flux build kustomization` of `{name}` to succeed"),
                Need::Promtool => format!("`promtool check rules` to accept `{name}`"),
                Need::Cluster => format!("`{name}` on the running cluster"),
            };
            let miss = Miss::new(wanted, why.clone());
            Verdict::Fails(vec![match place {
                Some(node) => miss.of_object(node),
                None => miss,
            }])
        }
        Some(Proof::Unknown(why)) => Verdict::Deferred(why.clone()),
        None => Verdict::Deferred(need.missing().to_owned()),
    }
}
