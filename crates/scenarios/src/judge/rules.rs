//! Claims that lean on the rules for every repository: schemas and checks.

use diag::{Deferred, Finding, ObjectRef};
use model::config::ConfiguredLevel;
use model::object;
use model::tree::path;
use model::yaml::Node;

use super::builds::applied_by;
use crate::design::{ObjectName, Subject};
use crate::miss::Miss;
use crate::subject::{View, is_named};

/// What the schemas refuse in a subject. A kind without a schema is not valid: nobody has looked.
pub(super) fn valid(view: View<'_>, subject: &Subject) -> Vec<Miss> {
    let nodes: Result<Vec<&Node>, Miss> = match subject {
        Subject::Object(name) => match view.object(name) {
            Some((_, object)) => Ok(vec![&object.node]),
            None => Err(view.no_object(name)),
        },
        subject => {
            applied_by(view, subject).map(|built| built.objects.iter().map(|object| &object.node).collect())
        }
    };
    match nodes {
        Ok(nodes) => nodes
            .into_iter()
            .flat_map(|node| violations(view, node))
            .collect(),
        Err(miss) => vec![miss],
    }
}

fn violations(view: View<'_>, node: &Node) -> Vec<Miss> {
    let gvk = object::gvk(node);
    let wanted = format!("a valid {}", gvk.kind);
    let Some(kind) = view.inputs.schemas.lookup(&gvk) else {
        let found = format!("no schema of {} {}", gvk.api_version(), gvk.kind);
        return vec![Miss::new(wanted, found).of_object(node)];
    };
    let verdict = kind.validate(node);
    let refused = verdict
        .violations
        .into_iter()
        .map(|violation| (violation.message, violation.span, violation.path));
    let unchecked = verdict.unchecked.into_iter().map(|rule| {
        (
            format!("a rule that cannot be evaluated here: {rule}"),
            object::span(node),
            String::new(),
        )
    });
    let miss = |(message, span, path): (String, diag::Span, String)| {
        Miss::new(&wanted, message)
            .at(span)
            .in_field(path)
            .of_object(node)
    };
    refused.chain(unchecked).map(miss).collect()
}

/// What checks find about a subject. A check that does not run, or a subject that is not there, is no silence.
pub(super) fn silent(view: View<'_>, subject: &Subject, ids: &[String]) -> Vec<Miss> {
    if let Err(miss) = is_there(view, subject) {
        return vec![miss];
    }
    let mut misses = Vec::new();
    for id in ids {
        let wanted = format!("no finding of {id} about {subject}");
        if view.inputs.config.levels.get(id) == Some(&ConfiguredLevel::Off) {
            misses.push(Miss::new(&wanted, "the check switched off"));
        }
        let blind =
            |deferred: &&Deferred| deferred.check == id && may_be_about(view, subject, &deferred.subject);
        if let Some(deferred) = view.inputs.checked.findings.deferred.iter().find(blind) {
            misses.push(Miss::new(
                &wanted,
                format!("that it could not look: {}", deferred.reason),
            ));
        }
        let about = |finding: &&Finding| finding.check == id && is_about(view, subject, finding);
        let suppressed = view
            .inputs
            .checked
            .suppressed
            .iter()
            .map(|suppressed| &suppressed.finding);
        for finding in view
            .inputs
            .checked
            .findings
            .found
            .iter()
            .chain(suppressed)
            .filter(about)
        {
            let miss = Miss::new(&wanted, finding.message.clone()).at(finding.primary);
            misses.push(Miss {
                object: finding.object.clone().map(Box::new),
                ..miss.in_field(finding.path.clone())
            });
        }
    }
    misses
}

fn is_there(view: View<'_>, subject: &Subject) -> Result<(), Miss> {
    let absent =
        |what: &str, path: &str| Miss::new(format!("the {what} `{path}`"), format!("no such {what}"));
    match subject {
        Subject::Object(name) => view.object(name).map(|_| ()).ok_or_else(|| view.no_object(name)),
        Subject::AppliedBy(_) => applied_by(view, subject).map(|_| ()),
        Subject::File(path) if view.inputs.tree.is_file(path) => Ok(()),
        Subject::File(path) => Err(absent("file", path)),
        Subject::Folder(path) if view.inputs.tree.is_folder(path) => Ok(()),
        Subject::Folder(path) => Err(absent("folder", path)),
    }
}

fn is_about(view: View<'_>, subject: &Subject, finding: &Finding) -> bool {
    if !finding.cluster.is_empty() && finding.cluster != view.name() {
        return false;
    }
    let file = || {
        view.inputs
            .tree
            .sources()
            .locate(finding.primary)
            .map(|(file, _)| file)
    };
    let object = finding.object.as_ref();
    match subject {
        Subject::Object(name) => object.is_some_and(|object| has_name(object, name)),
        Subject::AppliedBy(name) => {
            let Ok(built) = view.built(name) else {
                return true;
            };
            let itself = ObjectName {
                kind: "Kustomization".to_owned(),
                namespace: name.namespace.clone(),
                name: name.name.clone(),
            };
            let applies = |object: &ObjectRef| {
                let name = ObjectName {
                    kind: object.kind.clone(),
                    namespace: object.namespace.clone(),
                    name: object.name.clone(),
                };
                built.objects.iter().any(|built| is_named(&built.node, &name))
            };
            object.is_some_and(|object| has_name(object, &itself) || applies(object))
                || file().is_some_and(|file| built.files.contains(&*file))
        }
        Subject::File(path) => file().is_some_and(|file| *file == **path),
        Subject::Folder(folder) => file().is_some_and(|file| path::is_within(&file, folder)),
    }
}

/// A deferral names its subject in words: that of its cluster, or of this subject, is taken for being about it.
fn may_be_about(view: View<'_>, subject: &Subject, words: &str) -> bool {
    words.contains(&format!("cluster `{}`", view.name())) || words.contains(&subject.to_string())
}

fn has_name(object: &ObjectRef, name: &ObjectName) -> bool {
    object.kind == name.kind && object.namespace == name.namespace && object.name == name.name
}
