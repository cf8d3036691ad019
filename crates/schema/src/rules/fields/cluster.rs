//! Rules for fields of storage, access and the API itself.

use super::super::names::Text::{self, AbsolutePath, ConfigKey, DnsSubdomain, PathSegment, QualifiedName};
use super::FieldRule::{
    EachForm, EachOneOf, Exactly, Filled, Form, KeyForm, OneOf, Port, Quantities, Range, UniqueBy,
};
use super::Table;

const ACCESS_MODES: &[&str] = &[
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
const RECLAIM: &[&str] = &["Delete", "Retain"];

/// Volumes, claims, and configuration.
pub(super) const STORAGE: Table = &[
    (
        "core.v1.PersistentVolumeClaimSpec",
        &[
            ("accessModes", &[Filled, EachOneOf(ACCESS_MODES)]),
            ("storageClassName", &[Form(DnsSubdomain)]),
            ("volumeMode", &[Exactly(&["Block", "Filesystem"])]),
        ],
    ),
    (
        "core.v1.PersistentVolumeSpec",
        &[
            ("accessModes", &[Filled, EachOneOf(ACCESS_MODES)]),
            ("capacity", &[Filled, Quantities, KeyForm(Text::Storage)]),
            ("storageClassName", &[Form(DnsSubdomain)]),
            ("volumeMode", &[Exactly(&["Block", "Filesystem"])]),
            (
                "persistentVolumeReclaimPolicy",
                &[OneOf(&["Delete", "Recycle", "Retain"])],
            ),
        ],
    ),
    (
        "core.v1.NFSVolumeSource",
        &[("server", &[Filled]), ("path", &[Filled, Form(AbsolutePath)])],
    ),
    (
        "storage.v1.StorageClass",
        &[
            ("provisioner", &[Filled, Form(Text::Provisioner)]),
            ("reclaimPolicy", &[OneOf(RECLAIM)]),
            (
                "volumeBindingMode",
                &[Exactly(&["Immediate", "WaitForFirstConsumer"])],
            ),
        ],
    ),
    (
        "storage.v1.CSIDriverSpec",
        &[
            ("volumeLifecycleModes", &[EachOneOf(&["Ephemeral", "Persistent"])]),
            (
                "fsGroupPolicy",
                &[Exactly(&["File", "None", "ReadWriteOnceWithFSType"])],
            ),
        ],
    ),
    (
        "core.v1.TopologySelectorLabelRequirement",
        &[("key", &[Filled, Form(QualifiedName)]), ("values", &[Filled])],
    ),
    (
        "core.v1.ConfigMap",
        &[
            ("data", &[KeyForm(ConfigKey)]),
            ("binaryData", &[KeyForm(ConfigKey)]),
        ],
    ),
    (
        "core.v1.Secret",
        &[
            ("data", &[KeyForm(ConfigKey)]),
            ("stringData", &[KeyForm(ConfigKey)]),
        ],
    ),
];

const RBAC: &[&str] = &["rbac.authorization.k8s.io"];
/// Access, quotas, webhooks and CRDs.
pub(super) const CLUSTER: Table = &[
    (
        "scheduling.v1.PriorityClass",
        &[("preemptionPolicy", &[Exactly(&["PreemptLowerPriority", "Never"])])],
    ),
    ("rbac.v1.PolicyRule", &[("verbs", &[Filled])]),
    (
        "rbac.v1.RoleRef",
        &[
            ("apiGroup", &[OneOf(RBAC)]),
            ("kind", &[Exactly(&["Role", "ClusterRole"])]),
            ("name", &[Filled, Form(PathSegment)]),
        ],
    ),
    (
        "rbac.v1.Subject",
        &[
            ("kind", &[Exactly(&["ServiceAccount", "User", "Group"])]),
            ("name", &[Filled]),
        ],
    ),
    (
        "core.v1.ResourceQuotaSpec",
        &[
            ("hard", &[Quantities, KeyForm(Text::ResourceName)]),
            (
                "scopes",
                &[EachOneOf(&[
                    "Terminating",
                    "NotTerminating",
                    "BestEffort",
                    "NotBestEffort",
                    "PriorityClass",
                    "CrossNamespacePodAffinity",
                    "VolumeAttributesClass",
                ])],
            ),
        ],
    ),
    ("core.v1.LimitRangeSpec", &[("limits", &[UniqueBy("type")])]),
    (
        "core.v1.LimitRangeItem",
        &[
            ("type", &[Filled, Form(Text::LimitType)]),
            ("default", &[KeyForm(Text::ResourceName)]),
            ("defaultRequest", &[KeyForm(Text::ResourceName)]),
            ("max", &[KeyForm(Text::ResourceName)]),
            ("min", &[KeyForm(Text::ResourceName)]),
        ],
    ),
    (
        "admissionregistration.v1.ValidatingWebhookConfiguration|admissionregistration.v1.MutatingWebhookConfiguration",
        &[("webhooks", &[UniqueBy("name")])],
    ),
    (
        "admissionregistration.v1.ValidatingWebhook|admissionregistration.v1.MutatingWebhook",
        &[
            ("name", &[Filled, Form(DnsSubdomain)]),
            ("matchPolicy", &[Exactly(&["Equivalent", "Exact"])]),
            ("sideEffects", &[Exactly(&["None", "NoneOnDryRun"])]),
            ("failurePolicy", &[Exactly(&["Fail", "Ignore"])]),
            ("timeoutSeconds", &[Range(1, 30)]),
            ("reinvocationPolicy", &[Exactly(&["IfNeeded", "Never"])]),
            ("admissionReviewVersions", &[Filled, EachForm(Text::Dns1035)]),
        ],
    ),
    (
        "admissionregistration.v1.RuleWithOperations|admissionregistration.v1.NamedRuleWithOperations",
        &[
            (
                "operations",
                &[Filled, EachOneOf(&["*", "CONNECT", "CREATE", "DELETE", "UPDATE"])],
            ),
            ("apiGroups", &[Filled]),
            ("apiVersions", &[Filled, EachForm(Text::NonEmpty)]),
            ("resources", &[Filled, EachForm(Text::NonEmpty)]),
            ("scope", &[Exactly(&["*", "Cluster", "Namespaced"])]),
        ],
    ),
    (
        "admissionregistration.v1.ServiceReference",
        &[
            ("name", &[Filled]),
            ("namespace", &[Filled]),
            ("path", &[Form(AbsolutePath)]),
            ("port", &[Port(false)]),
        ],
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec",
        &[
            ("group", &[Filled, Form(DnsSubdomain)]),
            ("scope", &[Exactly(&["Cluster", "Namespaced"])]),
            ("versions", &[Filled]),
        ],
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion",
        &[("name", &[Filled, Form(Text::Dns1035)])],
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames",
        &[
            ("categories", &[EachForm(Text::Dns1035)]),
            ("shortNames", &[EachForm(Text::Dns1035)]),
            ("listKind", &[Form(Text::KindName)]),
            ("plural", &[Filled, Form(Text::Dns1035)]),
            ("singular", &[Form(Text::Dns1035)]),
            ("kind", &[Filled, Form(Text::KindName)]),
        ],
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
        &[
            ("x-kubernetes-list-type", &[Exactly(&["atomic", "map", "set"])]),
            (
                "type",
                &[OneOf(&[
                    "array", "boolean", "integer", "number", "object", "string",
                ])],
            ),
        ],
    ),
    (
        "admissionregistration.v1.ValidatingAdmissionPolicySpec|admissionregistration.v1.MutatingAdmissionPolicySpec",
        &[("failurePolicy", &[Exactly(&["Fail", "Ignore"])])],
    ),
    (
        "admissionregistration.v1.Validation",
        &[(
            "reason",
            &[Exactly(&[
                "Forbidden",
                "Invalid",
                "RequestEntityTooLarge",
                "Unauthorized",
            ])],
        )],
    ),
    (
        "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec",
        &[
            ("policyName", &[Filled, Form(DnsSubdomain)]),
            (
                "validationActions",
                &[Filled, EachOneOf(&["Deny", "Warn", "Audit"])],
            ),
        ],
    ),
    (
        "admissionregistration.v1.MatchCondition",
        &[
            ("name", &[Filled, Form(QualifiedName)]),
            ("expression", &[Filled]),
        ],
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale",
        &[
            ("specReplicasPath", &[Filled, Form(Text::JsonPath)]),
            ("statusReplicasPath", &[Filled, Form(Text::JsonPath)]),
        ],
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion",
        &[("strategy", &[Exactly(&["None", "Webhook"])])],
    ),
    (
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition",
        &[
            ("name", &[Filled]),
            ("jsonPath", &[Filled, Form(Text::JsonPath)]),
            (
                "type",
                &[Exactly(&["boolean", "date", "integer", "number", "string"])],
            ),
        ],
    ),
    (
        "kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec",
        &[
            ("groupPriorityMinimum", &[Range(1, 20_000)]),
            ("versionPriority", &[Range(1, 1000)]),
        ],
    ),
    (
        "kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference",
        &[("port", &[Port(false)])],
    ),
];
