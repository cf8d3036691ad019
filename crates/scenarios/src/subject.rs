//! Finding what an expectation is about, on one cluster.

use std::borrow::Cow;

use diag::{Span, Stage};
use flux::{Built, BuiltObject, ClusterBuild, Id, Reference, State};
use model::object;
use model::yaml::{self, Dialect, Node};

use crate::design::{KustomizationName, ObjectName, Story, Subject};
use crate::miss::Miss;
use crate::run::Inputs;

/// One cluster of one story.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) story: &'a Story,
    pub(crate) cluster: &'a ClusterBuild,
}

/// A document that a path can select in.
pub(crate) struct Document<'a> {
    pub(crate) node: Cow<'a, Node>,
    /// The build and the object that the document is, when a cluster gets it.
    pub(crate) applied: Option<(&'a Built, &'a BuiltObject)>,
}

/// A cluster's setting.
pub(crate) struct Setting {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl<'a> View<'a> {
    /// Name of the cluster.
    pub(crate) fn name(&self) -> &'a str {
        &self.cluster.cluster.name
    }

    /// The documents of a subject as they are at a stage.
    pub(crate) fn documents(&self, subject: &Subject, stage: Stage) -> Result<Vec<Document<'a>>, Miss> {
        match subject {
            Subject::Object(name) => {
                let (built, object) = self.object(name).ok_or_else(|| self.no_object(name))?;
                if stage == Stage::Written {
                    let node = Cow::Borrowed(object.before.as_ref().unwrap_or(&object.node));
                    return Ok(vec![Document {
                        node,
                        applied: Some((built, object)),
                    }]);
                }
                if let Some(problem) = object.problems.first() {
                    let miss = Miss::new(format!("`{name}` after substitution"), problem.message.clone());
                    return Err(miss.at(problem.span).of_object(&object.node));
                }
                Ok(vec![Document {
                    node: Cow::Borrowed(&object.node),
                    applied: Some((built, object)),
                }])
            }
            Subject::File(path) => self.file(path),
            Subject::AppliedBy(_) | Subject::Folder(_) => Ok(Vec::new()),
        }
    }

    fn file(&self, path: &str) -> Result<Vec<Document<'a>>, Miss> {
        let wanted = format!("the file `{path}`");
        let text = self
            .inputs
            .tree
            .read(path)
            .map_err(|error| Miss::new(&wanted, error.to_string()))?;
        let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
        if let Some(problem) = parsed.problems.first() {
            return Err(Miss::new(wanted, problem.message.clone()).at(problem.span));
        }
        let document = |node| Document {
            node: Cow::Owned(node),
            applied: None,
        };
        Ok(parsed.documents.into_iter().map(document).collect())
    }

    /// An object that a build which succeeds applies.
    pub(crate) fn object(&self, name: &ObjectName) -> Option<(&'a Built, &'a BuiltObject)> {
        let objects = self
            .cluster
            .objects()
            .filter(|(built, _)| built.state == State::Built);
        objects
            .into_iter()
            .find(|(_, object)| is_named(&object.node, name))
    }

    /// A miss that says that an object is missing, and where a build fails that might have applied it.
    pub(crate) fn no_object(&self, name: &ObjectName) -> Miss {
        let wanted = format!("`{name}` on cluster `{}`", self.name());
        let broken = self
            .cluster
            .kustomizations
            .iter()
            .find_map(|built| Some((built, why_not_built(built)?)));
        match broken {
            Some((built, (why, span))) => Miss::new(
                wanted,
                format!("no such object, and Kustomization {} {why}", built.id),
            )
            .at(span),
            None => Miss::new(wanted, "no such object").at(self.entrypoint()),
        }
    }

    /// Where the cluster starts: the place of what is missing altogether.
    fn entrypoint(&self) -> Span {
        let sync = self.cluster.cluster.sync.as_ref();
        sync.map_or(Span::NONE, |node| {
            node.at(&["spec", "path"])
                .map_or_else(|| object::span(node), |path| path.span)
        })
    }

    /// The flux::Kustomization of a name.
    pub(crate) fn built(&self, name: &KustomizationName) -> Result<&'a Built, Miss> {
        let id = Id {
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        let missing = || {
            let wanted = format!("a flux::Kustomization `{name}` on cluster `{}`", self.name());
            Miss::new(wanted, "no such object").at(self.entrypoint())
        };
        self.cluster.get(&id).ok_or_else(missing)
    }

    /// A setting of the cluster, from the ConfigMap that the story names.
    pub(crate) fn setting(&self, name: &str) -> Result<Setting, Miss> {
        let ObjectName {
            kind,
            namespace,
            name: map,
        } = &self.story.settings;
        let reference = Reference {
            kind: kind.clone(),
            namespace: namespace.clone(),
            name: map.clone(),
            optional: false,
            span: Span::NONE,
        };
        let wanted = format!(
            "a setting `{name}` in `{}` of cluster `{}`",
            self.story.settings,
            self.name()
        );
        let Some(settings) = self.cluster.pool.get(&reference) else {
            return Err(Miss::new(wanted, "no such object").at(self.entrypoint()));
        };
        let data = settings.at(&["data", name]);
        match data.and_then(|node| Some((node.scalar_text()?, node.span))) {
            // Flux takes the line breaks out of every value.
            Some((text, span)) => Ok(Setting {
                text: text.replace('\n', ""),
                span,
            }),
            None => Err(Miss::new(wanted, "no such setting").of_object(settings)),
        }
    }
}

/// Why a flux::Kustomization was not built, with the place; none when it was.
pub(crate) fn why_not_built(built: &Built) -> Option<(String, Span)> {
    let own = built.node.as_ref().map_or(Span::NONE, object::span);
    match &built.state {
        State::Built => None,
        State::Failed => {
            let problem = built.problems.iter().find(|problem| problem.kind.fails());
            let why = problem.map_or_else(String::new, |problem| format!(": {}", problem.message));
            Some((
                format!("does not build{why}"),
                problem.map_or(own, |problem| problem.span.or(own)),
            ))
        }
        State::External(why) => Some((format!("is not built here: {why}"), own)),
        State::NoFolder => Some((format!("names `{}`, which is no folder", built.folder), own)),
    }
}

/// Whether an object has a kind, a namespace and a name. `Kustomization` is Flux's.
pub(crate) fn is_named(node: &Node, name: &ObjectName) -> bool {
    object::kind(node) == name.kind
        && object::name(node) == name.name
        && object::namespace(node) == name.namespace
        && (name.kind != "Kustomization" || flux::kustomization::is_kustomization(node))
}
