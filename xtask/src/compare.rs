//! The engine `tools`: the real kustomize, flux and kubeconform on what this program found; and `both`: do they agree?

use std::collections::BTreeSet;

use anyhow::Context;
use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};
use flux::envsubst::Strictness;
use flux::substitute::ProblemKind;
use flux::{Built, ClusterBuild, State};
use kustomize::{Builder, LoadRestrictor, Mode, Options, Order, RootOverlay};
use model::object;
use model::yaml::{self, Dialect, Map, Node, Style, Value};
use rayon::prelude::*;
use tools::kubeconform::{KubeconformOptions, KubeconformStatus};
use tools::{Tool, ToolError, Toolbox};

use crate::project::Project;

/// The two labels that `flux build` adds to every object.
const OWNER_LABELS: [&str; 2] = [
    "kustomize.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/namespace",
];

static DISAGREES: CheckMeta = CheckMeta {
    id: "engine/disagreement",
    summary: "the real tool builds something else than this program",
    level: Level::Error,
    stage: Stage::Built,
    docs: r"## What it does
With `--engine both`, compares this program's builds with those of the real kustomize and flux, object by object and field by
field, and reports the first difference of each build.

## Why it matters
One of the two is wrong about what the cluster would get.

## How to fix
Trust the real tool, and report the folder: it is a defect of this program.
",
};
static TOOL_FAILED: CheckMeta = CheckMeta {
    id: "engine/tool-failed",
    summary: "the real kustomize or flux cannot build a folder",
    level: Level::Error,
    stage: Stage::Built,
    docs: r"## What it does
With `--engine tools`, reports each `kustomize build` and `flux build kustomization` that fails, with the tool's own words.

## Why it matters
Flux applies nothing of a Kustomization whose build fails.

## How to fix
`cargo xtask validate` without `--engine` names the line.
",
};
static KUBECONFORM: CheckMeta = CheckMeta {
    id: "engine/kubeconform-invalid",
    summary: "kubeconform finds an object that does not match its schema",
    level: Level::Error,
    stage: Stage::Built,
    docs: r"## What it does
With `--engine tools` and `both`, hands what flux builds to `kubeconform -strict -ignore-missing-schemas`, with the bundled
schemas and those of `--schema-location`. Kinds that it has no schema for are deferred.

## Why it matters
The API server refuses most of what kubeconform refuses.

## How to fix
`cargo xtask validate` without `--engine` names the line.
",
};

/// The rules of this engine, for the report.
pub(crate) const METAS: [&CheckMeta; 3] = [&DISAGREES, &TOOL_FAILED, &KUBECONFORM];

/// What to run and how to judge it.
pub(crate) struct Engine<'a> {
    pub(crate) project: &'a Project,
    pub(crate) toolbox: &'a Toolbox,
    pub(crate) builder: &'a Builder<'a>,
    /// Also compare with what this program built, and trust its findings for what the tools say.
    pub(crate) compare: bool,
    pub(crate) kubeconform: &'a KubeconformOptions,
}

/// What the tools were able to look at.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) findings: Findings,
    /// Folders that kustomize built, flux::Kustomizations that flux built, objects that kubeconform judged.
    pub(crate) folders: usize,
    pub(crate) kustomizations: usize,
    pub(crate) judged: usize,
    /// kustomize builds that agree byte for byte.
    pub(crate) identical: usize,
}

impl Engine<'_> {
    /// Runs the tools on every cluster. Without kustomize or flux the job cannot be done; without kubeconform its part is
    /// deferred.
    pub(crate) fn run(&self, clusters: &[ClusterBuild]) -> anyhow::Result<Outcome> {
        // Who asks for the real programs wants their word: without them there is none.
        tools::kustomize::builder(self.toolbox).context("the engine needs kustomize")?;
        self.toolbox.get(Tool::Flux).context("the engine needs flux")?;
        let strict = self.project.flux_options()?.strictness == Strictness::Strict;
        let mut folders = BTreeSet::new();
        let mut jobs: Vec<Job<'_>> = Vec::new();
        for cluster in clusters {
            for built in &cluster.kustomizations {
                if !matches!(built.state, State::Built | State::Failed) || needs_network(built) {
                    continue;
                }
                if folders.insert(&built.folder) && self.has_kustomization(&built.folder) {
                    jobs.push(Job::Folder(built));
                }
                jobs.push(Job::Kustomization(cluster, built));
            }
        }
        let mut total = Outcome::default();
        let outcomes: Vec<Outcome> = jobs
            .par_iter()
            .map(|job| match job {
                Job::Folder(built) => self.folder(built),
                Job::Kustomization(cluster, built) => self.kustomization(cluster, built, strict),
            })
            .collect();
        for outcome in outcomes {
            total.findings.extend(outcome.findings);
            total.folders += outcome.folders;
            total.kustomizations += outcome.kustomizations;
            total.judged += outcome.judged;
            total.identical += outcome.identical;
        }
        Ok(total)
    }

    fn has_kustomization(&self, folder: &str) -> bool {
        ["kustomization.yaml", "kustomization.yml", "Kustomization"]
            .iter()
            .any(|name| self.project.tree.is_file(&format!("{folder}/{name}")))
    }

    /// `kustomize build FOLDER`, beside our own build of the same folder.
    fn folder(&self, built: &Built) -> Outcome {
        let mut out = Outcome::default();
        let at = self.project.root.join(&built.folder);
        let real = tools::kustomize::build(self.toolbox, &at, tools::kustomize::LoadRestrictor::None);
        let real = match real {
            Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
            Err(error @ ToolError::Failed { .. }) => Err(error),
            Err(error) => return deferred(out, Tool::Kustomize, &built.folder, &error),
        };
        out.folders = 1;
        if !self.compare {
            if let Err(error) = real {
                out.findings.push(tool_failed(built, &built.folder, &error));
            }
            return out;
        }
        let options = Options {
            mode: Mode::Kustomize,
            restrictor: LoadRestrictor::None,
            order: Order::Legacy,
            overlay: RootOverlay::default(),
        };
        let own = self.builder.build(&built.folder, &options);
        let subject = format!("kustomize build {}", built.folder);
        match (own.failed(), real) {
            (true, Err(_)) => {}
            (true, Ok(_)) => out.findings.push(disagrees(
                built,
                &subject,
                "kustomize succeeds, this program fails",
            )),
            (false, Err(error)) => {
                out.findings.push(disagrees(
                    built,
                    &subject,
                    &format!("kustomize fails, this program succeeds: {error}"),
                ));
            }
            (false, Ok(real)) => {
                let text = yaml::emit_stream(own.objects.iter().map(|object| &object.node), Style::Kustomize);
                if text == real {
                    out.identical = 1;
                } else {
                    let ours: Vec<Node> = own.objects.into_iter().map(|object| object.node).collect();
                    let theirs = yaml::parse(diag::SourceId::NONE, &real, Dialect::Kustomize).documents;
                    if let Some(difference) = difference(&ours, &theirs) {
                        out.findings.push(disagrees(built, &subject, &difference));
                    }
                }
            }
        }
        out
    }

    /// `flux build kustomization`, its output judged by kubeconform, beside our own objects.
    fn kustomization(&self, cluster: &ClusterBuild, built: &Built, strict: bool) -> Outcome {
        let mut out = Outcome::default();
        if built.variables.as_ref().is_some_and(flux::Variables::has_unknown) {
            let reason = "variables come from an object that is made elsewhere";
            out.findings
                .defer(&DISAGREES, format!("Kustomization {}", built.id), reason);
            return out;
        }
        let spec = offline_spec(built);
        let real = tools::flux::build_kustomization(
            self.toolbox,
            tools::flux::BuildKustomization {
                name: &built.id.name,
                namespace: &built.id.namespace,
                root: &self.project.root,
                path: &built.folder,
                kustomization_yaml: yaml::emit(&spec, Style::Readable).as_bytes(),
                strict,
            },
        );
        let subject = format!("flux build of {} on {}", built.id, cluster.cluster.name);
        let real = match real {
            Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
            Err(error @ ToolError::Failed { .. }) => Err(error),
            Err(error) => return deferred(out, Tool::Flux, &subject, &error),
        };
        out.kustomizations = 1;
        let own_fails = built.state == State::Failed
            || built
                .objects
                .iter()
                .flat_map(|object| &object.problems)
                .any(|problem| match problem.kind {
                    ProblemKind::Undefined(_) => strict,
                    ProblemKind::Syntax | ProblemKind::NotYaml => true,
                });
        match real {
            Err(error) if !self.compare => {
                out.findings
                    .push(tool_failed(built, &subject, &error).with_cluster(&*cluster.cluster.name));
            }
            Err(_) if own_fails => {}
            Err(error) => {
                out.findings.push(disagrees(
                    built,
                    &subject,
                    &format!("flux fails, this program succeeds: {error}"),
                ));
            }
            Ok(_) if own_fails && self.compare => {
                out.findings
                    .push(disagrees(built, &subject, "flux succeeds, this program fails"));
            }
            Ok(text) => {
                if self.compare {
                    let ours: Vec<Node> = built.objects.iter().map(|object| object.node.clone()).collect();
                    let mut theirs = yaml::parse(diag::SourceId::NONE, &text, Dialect::Sigs).documents;
                    theirs.iter_mut().for_each(strip_owner);
                    if let Some(difference) = difference(&ours, &theirs) {
                        out.findings.push(disagrees(built, &subject, &difference));
                    }
                }
                self.kubeconform(cluster, built, &text, &mut out);
            }
        }
        out
    }

    fn kubeconform(&self, cluster: &ClusterBuild, built: &Built, text: &str, out: &mut Outcome) {
        let report = match tools::kubeconform::validate(self.toolbox, text.as_bytes(), self.kubeconform) {
            Ok(report) => report,
            Err(error) => {
                out.findings
                    .defer(&KUBECONFORM, built.id.to_string(), error.to_string());
                return;
            }
        };
        out.judged += report.summary.valid + report.summary.invalid;
        for resource in &report.resources {
            let named = built.objects.iter().find(|object| {
                object::kind(&object.node) == resource.kind && object::name(&object.node) == resource.name
            });
            let subject = format!("{}/{}", resource.kind, resource.name);
            match resource.status {
                KubeconformStatus::Invalid => {
                    let span = named.map_or(built_span(built), |object| object::span(&object.node));
                    let message = format!("kubeconform refuses `{subject}`: {}", resource.msg);
                    let mut finding =
                        Finding::new(&KUBECONFORM, span, message).with_cluster(&*cluster.cluster.name);
                    if let Some(object) = named {
                        finding = finding
                            .with_object(object::reference(&object.node))
                            .with_origin(cluster.origin(built, object));
                    }
                    out.findings.push(finding);
                }
                KubeconformStatus::Error => out.findings.defer(&KUBECONFORM, subject, resource.msg.clone()),
                KubeconformStatus::Skipped => {
                    out.findings
                        .defer(&KUBECONFORM, subject, "kubeconform has no schema for it");
                }
                KubeconformStatus::Valid | KubeconformStatus::Empty => {}
            }
        }
    }
}

enum Job<'a> {
    Folder(&'a Built),
    Kustomization(&'a ClusterBuild, &'a Built),
}

fn needs_network(built: &Built) -> bool {
    built
        .problems
        .iter()
        .any(|problem| problem.kind == kustomize::ProblemKind::Unsupported)
}

fn deferred(mut out: Outcome, tool: Tool, subject: &str, error: &ToolError) -> Outcome {
    let check = if tool == Tool::Flux {
        &DISAGREES
    } else {
        &TOOL_FAILED
    };
    out.findings.defer(check, subject, error.to_string());
    out
}

fn built_span(built: &Built) -> Span {
    built.node.as_ref().map_or(Span::NONE, object::span)
}

fn tool_failed(built: &Built, subject: &str, error: &ToolError) -> Finding {
    Finding::new(&TOOL_FAILED, built_span(built), format!("`{subject}` fails")).with_why(error.to_string())
}

fn disagrees(built: &Built, subject: &str, difference: &str) -> Finding {
    Finding::new(&DISAGREES, built_span(built), format!("{subject}: {difference}"))
        .with_why("one of the two is wrong about what the cluster would get")
        .with_help("please report it with the folder; until then trust the real tool")
}

/// The flux::Kustomization with all its variables inline: offline, flux does not read substituteFrom.
pub(crate) fn offline_spec(built: &Built) -> Node {
    let mut node = built.node.clone().unwrap_or_else(|| synthetic(built));
    let Some(spec) = node
        .as_map_mut()
        .and_then(|map| map.get_mut("spec"))
        .and_then(Node::as_map_mut)
    else {
        return node;
    };
    let Some(post_build) = spec.get_mut("postBuild").and_then(Node::as_map_mut) else {
        return node;
    };
    post_build.remove("substituteFrom");
    let mut values = Map::default();
    for (name, variable) in built.variables.iter().flat_map(|variables| &variables.known) {
        let value = variable.value.as_deref().unwrap_or("unknown");
        values.set(name.as_str(), Span::NONE, Node::string(value, Span::NONE));
    }
    if !values.is_empty() {
        post_build.set(
            "substitute",
            Span::NONE,
            Node::new(Value::Map(values), Span::NONE),
        );
    }
    node
}

fn synthetic(built: &Built) -> Node {
    yaml::from_json(&serde_json::json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": built.id.name, "namespace": built.id.namespace},
        "spec": {
            "interval": "10m",
            "path": format!("./{}", built.folder),
            "prune": true,
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        },
    }))
}

fn strip_owner(node: &mut Node) {
    let Some(metadata) = node
        .as_map_mut()
        .and_then(|map| map.get_mut("metadata"))
        .and_then(Node::as_map_mut)
    else {
        return;
    };
    if let Some(labels) = metadata.get_mut("labels").and_then(Node::as_map_mut) {
        for label in OWNER_LABELS {
            labels.remove(label);
        }
        if labels.is_empty() {
            metadata.remove("labels");
        }
    }
}

/// The first difference between two lists of objects, in words; none when they hold the same data in the same order.
fn difference(ours: &[Node], theirs: &[Node]) -> Option<String> {
    for (index, (own, real)) in ours.iter().zip(theirs).enumerate() {
        let (name, real_name) = (object::reference(own), object::reference(real));
        if name != real_name {
            return Some(format!(
                "object {} is `{name}` here and `{real_name}` there",
                index + 1
            ));
        }
        if own.get("sops").is_some() {
            // flux shows encrypted values as `**SOPS**`.
            continue;
        }
        if let Some((path, own, real)) = first_difference(own, real, String::new()) {
            return Some(format!("`{path}` of `{name}` is {own} here and {real} there"));
        }
    }
    let counts = (ours.len(), theirs.len());
    (counts.0 != counts.1).then(|| format!("{} objects here and {} there", counts.0, counts.1))
}

fn first_difference(own: &Node, real: &Node, path: String) -> Option<(String, String, String)> {
    match (&own.value, &real.value) {
        (Value::Map(a), Value::Map(b)) => {
            for entry in a.entries() {
                let below = format!("{path}{}{}", if path.is_empty() { "" } else { "." }, entry.key);
                match b.get(&entry.key) {
                    Some(real) => {
                        if let Some(found) = first_difference(&entry.value, real, below) {
                            return Some(found);
                        }
                    }
                    None => return Some((below, shown(&entry.value), "absent".to_owned())),
                }
            }
            let extra = b.entries().iter().find(|entry| a.get(&entry.key).is_none())?;
            let below = format!("{path}{}{}", if path.is_empty() { "" } else { "." }, extra.key);
            Some((below, "absent".to_owned(), shown(&extra.value)))
        }
        (Value::Seq(a), Value::Seq(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (own, real))| first_difference(own, real, format!("{path}[{index}]"))),
        (a, b) if a == b => None,
        _ => Some((path, shown(own), shown(real))),
    }
}

fn shown(node: &Node) -> String {
    let text = yaml::to_json(node).to_string();
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        format!("`{cut}…`")
    } else {
        format!("`{cut}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Node> {
        yaml::parse(diag::SourceId::NONE, text, Dialect::Kustomize).documents
    }

    #[test]
    fn the_first_difference_is_named_with_its_path() {
        let ours = read("kind: A\nmetadata: {name: x}\nspec: {a: [1, {b: 2}]}\n");
        let theirs = read("kind: A\nmetadata: {name: x}\nspec: {a: [1, {b: 3}]}\n");
        assert_eq!(
            difference(&ours, &theirs).unwrap(),
            "`spec.a[1].b` of `A/x` is `2` here and `3` there"
        );
        assert_eq!(difference(&ours, &ours), None);
        assert_eq!(difference(&ours, &[]).unwrap(), "1 objects here and 0 there");
    }

    #[test]
    fn the_labels_that_flux_adds_do_not_count() {
        let mut nodes = read("metadata: {name: x, labels: {kustomize.toolkit.fluxcd.io/name: a}}\n");
        strip_owner(&mut nodes[0]);
        assert!(nodes[0].at(&["metadata", "labels"]).is_none());
    }
}
