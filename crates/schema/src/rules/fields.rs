//! Rules for single fields of built-in kinds, from `k8s.io/kubernetes/pkg/apis/*/validation` of 1.37.

mod cluster;
mod network;
mod pods;
mod workloads;

use super::names::Text::{self, LabelValue, QualifiedName};
use FieldRule::{Annotations, EachForm, Exactly, Filled, Form, Labels, Selector};

/// A rule for one field of a definition.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldRule {
    /// Keys and values of labels.
    Labels,
    /// Keys of annotations, and their size.
    Annotations,
    /// Keys and values of a selector's labels.
    Selector,
    /// A string that has a form, or is empty and so not set.
    Form(Text),
    /// Every element has a form; null is the empty string.
    EachForm(Text),
    /// Every key has a form.
    KeyForm(Text),
    /// One of several strings, or empty and so the default.
    OneOf(&'static [&'static str]),
    /// One of several strings.
    Exactly(&'static [&'static str]),
    /// Every element is one of several strings; null is the empty string.
    EachOneOf(&'static [&'static str]),
    /// A string, list or mapping that is not empty.
    Filled,
    /// A number in a range.
    Range(i64, i64),
    /// A port; 0 is not set where the first is true.
    Port(bool),
    /// A port or the name of one; 0 and the empty string are not set where it is true.
    PortOrName(bool),
    /// A count or a percentage.
    CountOrPercent,
    /// Elements that differ in one field.
    UniqueBy(&'static str),
    /// Quantities that are not negative.
    Quantities,
}

/// Fields and their rules.
pub(crate) type Rules = &'static [(&'static str, &'static [FieldRule])];

/// Definitions, named without `io.k8s.` and `api.`, several with `|` between them, and their fields with rules.
type Table = &'static [(&'static str, Rules)];

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

const META: Table = &[
    (
        "apimachinery.pkg.apis.meta.v1.ObjectMeta",
        &[
            ("labels", &[Labels]),
            ("annotations", &[Annotations]),
            ("finalizers", &[EachForm(QualifiedName)]),
        ],
    ),
    (
        "apimachinery.pkg.apis.meta.v1.LabelSelector",
        &[("matchLabels", &[Selector])],
    ),
    (
        "apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
        &[
            ("key", &[Filled, Form(QualifiedName)]),
            ("operator", &[Exactly(&["In", "NotIn", "Exists", "DoesNotExist"])]),
            ("values", &[EachForm(LabelValue)]),
        ],
    ),
];

/// The fields with rules of a definition.
pub(super) fn of_definition(definition: &str) -> Rules {
    let tables = [
        META,
        pods::POD,
        workloads::DETAILS,
        workloads::WORKLOAD,
        network::ENDPOINTS,
        network::NETWORK,
        cluster::STORAGE,
        cluster::CLUSTER,
    ];
    let found = tables
        .iter()
        .flat_map(|table| table.iter())
        .find(|(names, _)| names.split('|').any(|name| name == definition));
    found.map_or(&[], |(_, rules)| *rules)
}

/// Fields that `OpenAPI` demands and the API server does without: their zero value is a right one.
const OPTIONAL: [(&str, &str); 17] = [
    ("core.v1.LimitRangeSpec", "limits"),
    ("core.v1.HTTPHeader", "value"),
    ("core.v1.Sysctl", "value"),
    ("core.v1.ISCSIVolumeSource", "lun"),
    ("core.v1.ISCSIPersistentVolumeSource", "lun"),
    ("core.v1.SleepAction", "seconds"),
    ("core.v1.PreferredSchedulingTerm", "preference"),
    ("core.v1.EvictionResponder", "priority"),
    ("storage.v1.CSIDriver", "spec"),
    ("storage.v1.TokenRequest", "audience"),
    ("core.v1.TypedLocalObjectReference", "kind"),
    ("core.v1.TypedLocalObjectReference", "name"),
    ("storage.v1.CSINodeSpec", "drivers"),
    ("batch.v1.PodFailurePolicy", "rules"),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion",
        "served",
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion",
        "storage",
    ),
    ("authentication.v1.TokenReviewSpec", "token"),
];

/// Fields that `OpenAPI` does without and the API server demands.
const NEEDED: [(&str, &[&str]); 27] = [
    ("core.v1.Pod", &["spec"]),
    ("core.v1.PodTemplateSpec", &["spec"]),
    ("core.v1.Container", &["image"]),
    ("core.v1.ExecAction", &["command"]),
    ("batch.v1.Job", &["spec"]),
    ("batch.v1.CronJob", &["spec"]),
    ("batch.v1.JobTemplateSpec", &["spec"]),
    (
        "admissionregistration.v1.RuleWithOperations",
        &["apiGroups", "apiVersions", "operations", "resources"],
    ),
    (
        "admissionregistration.v1.NamedRuleWithOperations",
        &["apiGroups", "apiVersions", "operations", "resources"],
    ),
    ("core.v1.ConfigMapEnvSource", &["name"]),
    ("core.v1.SecretEnvSource", &["name"]),
    ("core.v1.ConfigMapKeySelector", &["name"]),
    ("core.v1.SecretKeySelector", &["name"]),
    ("core.v1.ConfigMapVolumeSource", &["name"]),
    ("core.v1.SecretVolumeSource", &["secretName"]),
    ("core.v1.ConfigMapProjection", &["name"]),
    ("core.v1.SecretProjection", &["name"]),
    ("core.v1.ImageVolumeSource", &["reference"]),
    ("core.v1.PodDNSConfigOption", &["name"]),
    ("core.v1.PersistentVolume", &["spec"]),
    ("core.v1.PersistentVolumeSpec", &["accessModes", "capacity"]),
    ("core.v1.PersistentVolumeClaim", &["spec"]),
    ("core.v1.PersistentVolumeClaimSpec", &["accessModes", "resources"]),
    ("networking.v1.IngressClass", &["spec"]),
    ("networking.v1.IngressClassSpec", &["controller"]),
    ("networking.v1.Ingress", &["spec"]),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation",
        &["openAPIV3Schema"],
    ),
];

/// Whether a field that `OpenAPI` demands may be absent.
pub(super) fn is_optional(definition: &str, field: &str) -> bool {
    OPTIONAL.contains(&(definition, field))
}

/// The fields of a definition that are demanded beyond `OpenAPI`.
pub(super) fn needed(definition: &str) -> &'static [&'static str] {
    NEEDED
        .iter()
        .find(|(known, _)| *known == definition)
        .map_or(&[], |(_, fields)| *fields)
}
