//! What a story's scenarios look at, as one digest: the same digest means that nothing they look at has changed.

use std::collections::BTreeMap;

use diag::Stage;
use model::yaml::{self, Node};

use crate::design::{Clusters, Expectation, Story, Subject};
use crate::digest;
use crate::run::Inputs;
use crate::select::select;
use crate::subject::View;

/// The digest of the design, its risks, and everything that its scenarios name: objects as they are written and as they are
/// built, whole; files and folders byte for byte. Of the cluster's settings only the values that are selected count: other
/// stories add theirs.
pub fn digest_of_inputs(inputs: &Inputs<'_>, story: &Story) -> String {
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    parts.insert("design".to_owned(), story.digest.clone());
    for cluster in inputs.clusters {
        let view = View {
            inputs,
            story,
            cluster,
            stage: Stage::Built,
        };
        for scenario in &story.scenarios {
            let promised = match scenario.clusters.as_ref().unwrap_or(&story.clusters) {
                Clusters::All => true,
                Clusters::Named(names) => names.iter().any(|name| name == view.name()),
            };
            for expectation in scenario.expectations.iter().filter(|_| promised) {
                let (name, text) = part(view, expectation);
                parts.insert(format!("{}\n{name}", view.name()), text);
            }
        }
    }
    digest::of_parts(parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())))
}

/// What one expectation looks at, with its name. What the chart installs and what runs follow from the objects that are built.
fn part(view: View<'_>, expectation: &Expectation) -> (String, String) {
    let subject = &expectation.subject;
    let stage = match expectation.stage {
        Stage::Written => Stage::Written,
        _ => Stage::Built,
    };
    match subject {
        Subject::Object(name) if *name == view.story.settings && expectation.path.is_some() => {
            let path = expectation.path.as_ref();
            let key = format!(
                "{} {subject} {}",
                stage.name(),
                path.map(ToString::to_string).unwrap_or_default()
            );
            let text = view.documents(subject, stage).map_or_else(
                |miss| miss.found,
                |documents| {
                    let selected = documents.iter().flat_map(|document| {
                        let selected = select(&document.node, path);
                        selected.into_iter().map(|selected| selected.node)
                    });
                    data(selected)
                },
            );
            (key, text)
        }
        Subject::Object(_) => {
            let text = view.documents(subject, stage).map_or_else(
                |miss| miss.found,
                |documents| data(documents.iter().map(|document| &*document.node)),
            );
            (format!("{} {subject}", stage.name()), text)
        }
        Subject::AppliedBy(name) => {
            let text = view.built(name).map_or_else(
                |miss| miss.found,
                |built| data(built.objects.iter().map(|object| &object.node)),
            );
            (subject.to_string(), text)
        }
        Subject::File(path) => (
            format!("file {path}"),
            digest::of_files(view.inputs.tree, [path.clone()]),
        ),
        Subject::Folder(path) => {
            let files = view.inputs.tree.files_below(path).map(str::to_owned);
            (
                format!("folder {path}"),
                digest::of_files(view.inputs.tree, files),
            )
        }
    }
}

/// Values without their comments and their layout, a line each.
fn data<'a>(nodes: impl Iterator<Item = &'a Node>) -> String {
    let lines: Vec<String> = nodes.map(|node| yaml::to_json(node).to_string()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use model::tree::Tree;

    use crate::testing::{digest, story, tree};

    const APP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {x: '${REPLICAS}'}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: web}\n";

    #[test]
    fn only_what_is_looked_at_counts() {
        let look = [
            "stage: built, object: {kind: ConfigMap, namespace: web, name: a}, path: $.data.x, equals: '2'",
            "stage: written, object: {kind: ConfigMap, namespace: flux-system, name: cluster-settings}, path: $.data.FIRST, exists: true",
        ];
        let of = |tree: &Tree| digest(tree, &story(&look));
        let settings = "clusters/a/settings.yaml";
        let base = tree(APP);
        let edited = |file: &str, find: &str, replace: &str| {
            let text = base.read(file).unwrap().text.replace(find, replace);
            of(&base.with_files([(file, text)]))
        };
        let same = [
            edited("app/app.yaml", "name: b,", "name: c,"),
            edited(settings, "data:\n", "data:\n  # a comment\n"),
            edited(settings, "  OUTSIDE: 10.9.0.10\n", "  OTHER: x\n"),
        ];
        let other = [
            edited("app/app.yaml", "{x:", "{y: z, x:"),
            edited(settings, "REPLICAS: '2'", "REPLICAS: '3'"),
            edited(settings, "10.0.0.1\n", "10.0.0.2\n"),
        ];
        assert!(same.iter().all(|digest| *digest == of(&base)), "{same:#?}");
        assert!(other.iter().all(|digest| *digest != of(&base)), "{other:#?}");
        assert_ne!(digest(&base, &story(&look[..1])), of(&base));
    }
}
