//! Finding what an expectation is about, on one cluster.

use std::borrow::Cow;

use diag::{Span, Stage};
use flux::{Built, BuiltObject, ClusterBuild, Id, State};
use helm::install::{ClusterInstall, Install, Outcome, is_rendered};
use model::object;
use model::yaml::{self, Dialect, Node};

use crate::design::{KustomizationName, ObjectName, Story, Subject};
use crate::evidence::Need;
use crate::miss::Miss;
use crate::run::Inputs;
use crate::setting::{self, Setting};

/// One cluster of one story.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) story: &'a Story,
    pub(crate) cluster: &'a ClusterBuild,
    /// `Installed` to look at what charts install, and not at what builds apply.
    pub(crate) stage: Stage,
}

/// A document that a path can select in.
pub(crate) struct Document<'a> {
    pub(crate) node: Cow<'a, Node>,
    /// The build and the object that the document is, when a cluster gets it.
    pub(crate) applied: Option<(&'a Built, &'a BuiltObject)>,
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

    /// An object that a build which succeeds applies; at the installed stage one that a chart installs.
    pub(crate) fn object(&self, name: &ObjectName) -> Option<(&'a Built, &'a BuiltObject)> {
        if self.stage == Stage::Installed {
            let (install, object) = self.installed(name)?;
            return Some((install.release.built, object));
        }
        let objects = self
            .cluster
            .objects()
            .filter(|(built, _)| built.state == State::Built);
        objects
            .into_iter()
            .find(|(_, object)| is_named(&object.node, name))
    }

    fn installs(&self) -> Option<&'a ClusterInstall<'a>> {
        let installs = self.inputs.installs.iter();
        installs
            .into_iter()
            .find(|install| install.cluster.cluster.name == self.name())
    }

    fn installed(&self, name: &ObjectName) -> Option<(&'a Install<'a>, &'a BuiltObject)> {
        let releases = &self.installs()?.releases;
        let mut objects = releases
            .iter()
            .flat_map(|install| install.objects().iter().map(move |object| (install, object)));
        objects.find(|(_, object)| is_named(&object.node, name))
    }

    /// Why nobody knows what the charts make of a subject; none when it is there, or when everything that charts install is known.
    pub(crate) fn silence(&self, subject: &Subject) -> Option<String> {
        let Some(cluster) = self.installs() else {
            return Some(Need::Chart.missing().to_owned());
        };
        if let Subject::Object(name) = subject
            && self.installed(name).is_some()
        {
            return None;
        }
        cluster
            .releases
            .iter()
            .find_map(|install| match &install.outcome {
                Outcome::Deferred(reason) => Some(format!("{}: {reason}", object::reference(install.node()))),
                Outcome::Installed(_) | Outcome::Failed(_) => None,
            })
    }

    /// A miss in a rendered text, which no file holds, at the HelmRelease's values.
    pub(crate) fn at_release(&self, miss: Miss) -> Miss {
        let located = self.inputs.tree.sources().locate(miss.span);
        if !located.is_some_and(|(file, _)| is_rendered(&file)) {
            return miss;
        }
        let is_of = |object: &BuiltObject| Some(&object::reference(&object.node)) == miss.object.as_deref();
        let mut releases = self.installs().into_iter().flat_map(|cluster| &cluster.releases);
        match releases.find(|install| install.objects().iter().any(is_of)) {
            Some(install) => miss.at(install.values_span()),
            None => miss,
        }
    }

    /// A miss that says that an object is missing, and where a build fails that might have applied it.
    pub(crate) fn no_object(&self, name: &ObjectName) -> Miss {
        let wanted = format!("`{name}` on cluster `{}`", self.name());
        if let Some((failed, message)) = self.failed_release() {
            let found = format!(
                "no such object, and {}: {message}",
                object::reference(failed.node())
            );
            return Miss::new(wanted, found).at(failed.values_span());
        }
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

    /// At the installed stage: a release that fails to install.
    fn failed_release(&self) -> Option<(&'a Install<'a>, &'a str)> {
        let cluster = self.installs().filter(|_| self.stage == Stage::Installed)?;
        cluster
            .releases
            .iter()
            .find_map(|install| match &install.outcome {
                Outcome::Failed(failure) => Some((install, failure.message.as_str())),
                Outcome::Installed(_) | Outcome::Deferred(_) => None,
            })
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
        setting::setting(self.cluster, &self.story.settings, name).map_err(|missing| {
            let miss = Miss::new(missing.wanted, missing.found);
            match missing.map {
                Some(map) => miss.of_object(map),
                None => miss.at(self.entrypoint()),
            }
        })
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
