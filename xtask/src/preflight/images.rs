//! The images of the pods that builds apply and charts install, asked for in their registries.

use std::collections::{BTreeMap, BTreeSet};

use diag::{CheckMeta, Finding, Findings, Hop, Level, ObjectRef, Span, Stage};
use flux::ClusterBuild;
use helm::install::ClusterInstall;
use model::object;
use model::yaml::{FieldPath, Node};
use oci::{ImageRequest, ImageVerdict, Options};
use report::color::{Paint, Tone};
use report::table::{Cell, Table};
use serde_json::{Value, json};

pub(super) static MISSING: CheckMeta = CheckMeta {
    id: "oci/image-missing",
    summary: "a registry does not have the image that a pod asks for",
    level: Level::Error,
    stage: Stage::Built,
    docs: r"## What it does
`cargo xtask preflight --images` asks the registry of every image of every pod that builds apply, and that charts install as far as
these are at hand: is there a manifest, with which digest, for which platforms. A tag beside a digest is looked up, too, and told
when it leads elsewhere. No layer is downloaded. `validate` asks no registry and does not apply this rule.

## Why it matters
The pod waits with ImagePullBackOff, and what waits for it times out.

## How to fix
Take one of the tags that the message names, or correct the name.

## References
- `docs/reference/registries.md`
- <https://kubernetes.io/docs/concepts/containers/images/>
",
};

/// One image and who runs it.
pub(super) struct Image {
    reference: String,
    clusters: BTreeSet<String>,
    /// `Kind/namespace/name` of what runs it.
    users: BTreeSet<String>,
    /// The first of these.
    place: Place,
    verdict: ImageVerdict,
}

/// Where an image is written.
#[derive(Clone)]
struct Place {
    span: Span,
    path: String,
    object: ObjectRef,
    origin: Vec<Hop>,
    stage: Stage,
}

/// Asks for every image, each once.
pub(super) fn ask(
    clusters: &[ClusterBuild],
    installs: &[ClusterInstall<'_>],
    options: &Options,
) -> Vec<Image> {
    let mut images = gather(clusters, installs);
    let requests: Vec<ImageRequest> = images
        .iter()
        .map(|image| ImageRequest {
            reference: image.reference.clone(),
        })
        .collect();
    for (image, verdict) in images.iter_mut().zip(oci::images(&requests, options)) {
        image.verdict = verdict;
    }
    images
}

fn gather(clusters: &[ClusterBuild], installs: &[ClusterInstall<'_>]) -> Vec<Image> {
    let mut images: BTreeMap<String, Image> = BTreeMap::new();
    for cluster in clusters {
        for (built, built_object) in cluster.objects() {
            let place = |path: String, span: Span| Place {
                span,
                path,
                object: object::reference(&built_object.node),
                origin: cluster.origin(built, built_object),
                stage: Stage::Built,
            };
            note(&mut images, cluster, &built_object.node, &place);
        }
    }
    for install in installs {
        for (release, installed) in install.objects() {
            // Rendered text is in no file: the values are the place to edit.
            let place = |path: String, _: Span| Place {
                span: release.values_span(),
                path,
                object: object::reference(&installed.node),
                origin: installed.origin.clone(),
                stage: Stage::Installed,
            };
            note(&mut images, install.cluster, &installed.node, &place);
        }
    }
    images.into_values().collect()
}

fn note(
    images: &mut BTreeMap<String, Image>,
    cluster: &ClusterBuild,
    node: &Node,
    place: &dyn Fn(String, Span) -> Place,
) {
    node.walk(&mut |path, field| {
        let Some(reference) = field.as_str().filter(|text| is_image(path) && !text.is_empty()) else {
            return;
        };
        let image = images.entry(reference.to_owned()).or_insert_with(|| Image {
            reference: reference.to_owned(),
            clusters: BTreeSet::new(),
            users: BTreeSet::new(),
            place: place(path.to_string(), field.span),
            verdict: ImageVerdict::Unknown {
                reason: "not asked".to_owned(),
            },
        });
        image.clusters.insert(cluster.cluster.name.clone());
        image.users.insert(object::reference(node).to_string());
    });
}

/// Whether a field is the image of a container of a pod: `spec.containers[0].image` at any depth.
fn is_image(path: &FieldPath<'_>) -> bool {
    let FieldPath::Key(FieldPath::Index(list, _), "image") = path else {
        return false;
    };
    matches!(
        list,
        FieldPath::Key(
            FieldPath::Key(_, "spec"),
            "containers" | "initContainers" | "ephemeralContainers"
        )
    )
}

/// Whether an image makes the run fail; one that nobody could tell does where `answers` are wanted.
pub(super) fn fails(image: &Image, answers: bool) -> bool {
    match image.verdict {
        ImageVerdict::There { .. } => false,
        ImageVerdict::Missing { .. } => true,
        ImageVerdict::Unknown { .. } => answers,
    }
}

/// What is wrong, and what nobody could tell.
pub(super) fn findings(images: &[Image]) -> Findings {
    let mut findings = Findings::default();
    for image in images {
        match &image.verdict {
            ImageVerdict::There { .. } => {}
            ImageVerdict::Missing { reason, nearest } => {
                let help = if nearest.is_empty() {
                    String::new()
                } else {
                    format!("nearest tags: {}", nearest.join(", "))
                };
                let place = image.place.clone();
                let cluster = image.clusters.first().cloned().unwrap_or_default();
                findings.push(
                    Finding::new(
                        &MISSING,
                        place.span,
                        format!("image `{}`: {reason}", image.reference),
                    )
                    .with_path(place.path)
                    .with_object(place.object)
                    .with_origin(place.origin)
                    .with_stage(place.stage)
                    .with_cluster(cluster)
                    .with_why("its pods do not start")
                    .with_help(help),
                );
            }
            ImageVerdict::Unknown { reason } => {
                findings.defer(&MISSING, image.reference.clone(), reason.clone());
            }
        }
    }
    findings
}

/// A table of all images.
pub(super) fn table(images: &[Image], paint: Paint) -> String {
    let mut table = Table::new(["image", "verdict", "platforms", "what was found"]);
    for image in images {
        let (tone, word, platforms, found) = match &image.verdict {
            ImageVerdict::There {
                digest,
                platforms,
                tag,
            } => {
                let tag = tag.as_ref().map(|tag| format!("; {tag}")).unwrap_or_default();
                (Tone::Good, "there", platforms.join(" "), format!("{digest}{tag}"))
            }
            ImageVerdict::Missing { reason, .. } => (Tone::Bad, "not there", String::new(), reason.clone()),
            ImageVerdict::Unknown { reason } => {
                (Tone::Doubtful, "cannot tell", String::new(), reason.clone())
            }
        };
        table.row([
            Cell::from(image.reference.clone()),
            Cell::new(tone, word),
            Cell::from(platforms),
            Cell::from(found),
        ]);
    }
    table.render(paint)
}

/// The images as JSON.
pub(super) fn json(images: &[Image]) -> Vec<Value> {
    let image = |image: &Image| {
        let mut value = json!({
            "image": image.reference, "clusters": image.clusters, "usedBy": image.users,
        });
        if let (Some(fields), Ok(Value::Object(verdict))) =
            (value.as_object_mut(), serde_json::to_value(&image.verdict))
        {
            fields.extend(verdict);
        }
        value
    };
    images.iter().map(image).collect()
}
