//! The built-in field specs, as data.
//!
//! Source: the transformer defaults of kustomize 5.8.1.

use super::{Config, Target};
use crate::fieldspec::FieldSpec;
use crate::order;

/// `(group, version, kind)`; empty for any.
type Gvk = (&'static str, &'static str, &'static str);

const POD: &str = "spec";
const TEMPLATE: &str = "spec/template/spec";
const CRON: &str = "spec/jobTemplate/spec/template/spec";

/// The kinds that hold a pod spec, and where.
const WORKLOADS: &[(Gvk, &str)] = &[
    (("", "v1", "Pod"), POD),
    (("", "", "PodTemplate"), "template/spec"),
    (("", "", "Deployment"), TEMPLATE),
    (("", "", "ReplicaSet"), TEMPLATE),
    (("", "", "DaemonSet"), TEMPLATE),
    (("", "", "StatefulSet"), TEMPLATE),
    (("", "", "Job"), TEMPLATE),
    (("", "", "CronJob"), CRON),
];

/// The kinds whose pod spec may name service accounts, claims and priority classes.
const RUNNERS: &[(Gvk, &str)] = &[
    (("", "", "Pod"), POD),
    (("", "", "StatefulSet"), TEMPLATE),
    (("", "", "Deployment"), TEMPLATE),
    (("", "", "ReplicationController"), TEMPLATE),
    (("", "", "CronJob"), CRON),
    (("", "", "Job"), TEMPLATE),
    (("", "", "DaemonSet"), TEMPLATE),
];

/// Fields inside a pod spec that name a ConfigMap.
const CONFIG_MAP_FIELDS: &[&str] = &[
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];

/// Fields inside a pod spec that name a Secret.
const SECRET_FIELDS: &[&str] = &[
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const SCALER: &[(Gvk, &str)] = &[(("", "", "HorizontalPodAutoscaler"), "spec/scaleTargetRef/name")];

/// Who names objects of a kind: inside pod specs, and elsewhere by full path.
struct Row {
    target: Gvk,
    holders: &'static [(Gvk, &'static str)],
    pod_fields: &'static [&'static str],
    others: &'static [(Gvk, &'static str)],
}

const fn row(target: Gvk, others: &'static [(Gvk, &'static str)]) -> Row {
    Row {
        target,
        holders: &[],
        pod_fields: &[],
        others,
    }
}

const ROWS: &[Row] = &[
    row(("", "", "Deployment"), SCALER),
    row(("", "", "ReplicationController"), SCALER),
    row(("", "", "ReplicaSet"), SCALER),
    row(("", "", "StatefulSet"), SCALER),
    Row {
        target: ("", "v1", "ConfigMap"),
        holders: WORKLOADS,
        pod_fields: CONFIG_MAP_FIELDS,
        others: &[
            (("", "", "Node"), "spec/configSource/configMap"),
            (("", "", "Role"), "rules/resourceNames"),
            (("", "", "ClusterRole"), "rules/resourceNames"),
            (
                ("", "", "Ingress"),
                "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap",
            ),
        ],
    },
    Row {
        target: ("", "v1", "Secret"),
        holders: WORKLOADS,
        pod_fields: SECRET_FIELDS,
        others: &[
            (("", "", "Ingress"), "spec/tls/secretName"),
            (
                ("", "", "Ingress"),
                "metadata/annotations/ingress.kubernetes.io\\/auth-secret",
            ),
            (
                ("", "", "Ingress"),
                "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret",
            ),
            (
                ("", "", "Ingress"),
                "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret",
            ),
            (("", "", "ServiceAccount"), "imagePullSecrets/name"),
            (("", "", "StorageClass"), "parameters/secretName"),
            (("", "", "StorageClass"), "parameters/adminSecretName"),
            (("", "", "StorageClass"), "parameters/userSecretName"),
            (("", "", "StorageClass"), "parameters/secretRef"),
            (("", "", "Role"), "rules/resourceNames"),
            (("", "", "ClusterRole"), "rules/resourceNames"),
            (
                ("serving.knative.dev", "v1", "Service"),
                "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
            ),
            (("", "", "PersistentVolume"), "spec/azureFile/secretName"),
        ],
    },
    row(
        ("", "v1", "Service"),
        &[
            (("apps", "", "StatefulSet"), "spec/serviceName"),
            (("", "", "Ingress"), "spec/rules/http/paths/backend/serviceName"),
            (("", "", "Ingress"), "spec/backend/serviceName"),
            (("", "", "Ingress"), "spec/rules/http/paths/backend/service/name"),
            (("", "", "Ingress"), "spec/defaultBackend/service/name"),
            (("apiregistration.k8s.io", "", "APIService"), "spec/service/name"),
            (
                (ADMISSION, "", "ValidatingWebhookConfiguration"),
                "webhooks/clientConfig/service",
            ),
            (
                (ADMISSION, "", "MutatingWebhookConfiguration"),
                "webhooks/clientConfig/service",
            ),
        ],
    ),
    row((RBAC, "", "Role"), &[((RBAC, "", "RoleBinding"), "roleRef/name")]),
    row(
        (RBAC, "", "ClusterRole"),
        &[
            ((RBAC, "", "RoleBinding"), "roleRef/name"),
            ((RBAC, "", "ClusterRoleBinding"), "roleRef/name"),
        ],
    ),
    Row {
        target: ("", "v1", "ServiceAccount"),
        holders: RUNNERS,
        pod_fields: &["serviceAccountName"],
        others: &[
            ((RBAC, "", "RoleBinding"), "subjects"),
            ((RBAC, "", "ClusterRoleBinding"), "subjects"),
        ],
    },
    Row {
        target: ("", "v1", "PersistentVolumeClaim"),
        holders: RUNNERS,
        pod_fields: &["volumes/persistentVolumeClaim/claimName"],
        others: &[],
    },
    row(
        ("", "v1", "PersistentVolume"),
        &[
            (("", "", "PersistentVolumeClaim"), "spec/volumeName"),
            (("", "", "ClusterRole"), "rules/resourceNames"),
        ],
    ),
    row(
        ("storage.k8s.io", "v1", "StorageClass"),
        &[
            (("", "", "PersistentVolume"), "spec/storageClassName"),
            (("", "", "PersistentVolumeClaim"), "spec/storageClassName"),
            (
                ("", "", "StatefulSet"),
                "spec/volumeClaimTemplates/spec/storageClassName",
            ),
        ],
    ),
    Row {
        target: ("scheduling.k8s.io", "v1", "PriorityClass"),
        holders: RUNNERS,
        pod_fields: &["priorityClassName"],
        others: &[],
    },
    // The group is upstream's mistake: it matches no object, so references to an IngressClass are never rewritten.
    row(
        ("networking.k8s.io/v1", "v1", "IngressClass"),
        &[(("", "", "Ingress"), "spec/ingressClassName")],
    ),
    row(
        (ADMISSION, "", "ValidatingAdmissionPolicy"),
        &[(
            (ADMISSION, "", "ValidatingAdmissionPolicyBinding"),
            "spec/policyName",
        )],
    ),
];

/// Where objects carry labels of their own, of their templates and of what they claim.
const LABELS: &[(Gvk, &str)] = &[
    (("", "", ""), "metadata/labels"),
    (
        ("", "v1", "ReplicationController"),
        "spec/template/metadata/labels",
    ),
    (("", "", "Deployment"), "spec/template/metadata/labels"),
    (("", "", "ReplicaSet"), "spec/template/metadata/labels"),
    (("", "", "DaemonSet"), "spec/template/metadata/labels"),
    (("apps", "", "StatefulSet"), "spec/template/metadata/labels"),
    (
        ("apps", "", "StatefulSet"),
        "spec/volumeClaimTemplates[]/metadata/labels",
    ),
    (("batch", "", "Job"), "spec/template/metadata/labels"),
    (("batch", "", "CronJob"), "spec/jobTemplate/metadata/labels"),
    (
        ("batch", "", "CronJob"),
        "spec/jobTemplate/spec/template/metadata/labels",
    ),
];

/// Selectors that are made where they are absent.
const SELECTORS: &[(Gvk, &str)] = &[
    (("", "v1", "Service"), "spec/selector"),
    (("", "v1", "ReplicationController"), "spec/selector"),
    (("", "", "Deployment"), "spec/selector/matchLabels"),
    (("", "", "ReplicaSet"), "spec/selector/matchLabels"),
    (("", "", "DaemonSet"), "spec/selector/matchLabels"),
    (("apps", "", "StatefulSet"), "spec/selector/matchLabels"),
];

/// Selectors that are changed where they are present.
const PRESENT_SELECTORS: &[(Gvk, &str)] = &[
    (("batch", "", "Job"), "spec/selector/matchLabels"),
    (
        ("batch", "", "CronJob"),
        "spec/jobTemplate/spec/selector/matchLabels",
    ),
    (("policy", "", "PodDisruptionBudget"), "spec/selector/matchLabels"),
    (
        ("networking.k8s.io", "", "NetworkPolicy"),
        "spec/podSelector/matchLabels",
    ),
    (
        ("networking.k8s.io", "", "NetworkPolicy"),
        "spec/ingress/from/podSelector/matchLabels",
    ),
    (
        ("networking.k8s.io", "", "NetworkPolicy"),
        "spec/egress/to/podSelector/matchLabels",
    ),
];

/// Selectors inside the pod template of Deployments and StatefulSets of `apps`.
const POD_SELECTORS: &[&str] = &[
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
];

const ANNOTATIONS: &[(Gvk, &str)] = &[
    (("", "", ""), "metadata/annotations"),
    (
        ("", "v1", "ReplicationController"),
        "spec/template/metadata/annotations",
    ),
    (("", "", "Deployment"), "spec/template/metadata/annotations"),
    (("", "", "ReplicaSet"), "spec/template/metadata/annotations"),
    (("", "", "DaemonSet"), "spec/template/metadata/annotations"),
    (("", "", "StatefulSet"), "spec/template/metadata/annotations"),
    (("batch", "", "Job"), "spec/template/metadata/annotations"),
    (("batch", "", "CronJob"), "spec/jobTemplate/metadata/annotations"),
    (
        ("batch", "", "CronJob"),
        "spec/jobTemplate/spec/template/metadata/annotations",
    ),
];

const IMAGES: &[(Gvk, &str)] = &[
    (("", "", ""), "spec/containers[]/image"),
    (("", "", ""), "spec/initContainers[]/image"),
    (("", "", ""), "spec/volumes[]/image/reference"),
    (("", "", ""), "spec/template/spec/containers[]/image"),
    (("", "", ""), "spec/template/spec/initContainers[]/image"),
    (("", "", ""), "spec/template/spec/volumes[]/image/reference"),
];

const REPLICAS: &[(Gvk, &str)] = &[
    (("", "", "Deployment"), "spec/replicas"),
    (("", "", "ReplicationController"), "spec/replicas"),
    (("", "", "ReplicaSet"), "spec/replicas"),
    (("", "", "StatefulSet"), "spec/replicas"),
];

const NAMESPACES: &[(Gvk, &str)] = &[
    (("", "", "Namespace"), "metadata/name"),
    (
        ("apiregistration.k8s.io", "", "APIService"),
        "spec/service/namespace",
    ),
];

const PRESENT_NAMESPACES: &[(Gvk, &str)] = &[(
    ("apiextensions.k8s.io", "", "CustomResourceDefinition"),
    "spec/conversion/webhook/clientConfig/service/namespace",
)];

fn specs(rows: &[(Gvk, &str)], create: bool) -> Vec<FieldSpec> {
    rows.iter()
        .filter_map(|((group, version, kind), path)| FieldSpec::new(group, version, kind, path, create))
        .collect()
}

fn target(row: &Row) -> Target {
    let (group, version, kind) = row.target;
    let mut fields = Vec::new();
    for ((group, version, kind), at) in row.holders {
        let inside = row.pod_fields.iter().map(|path| format!("{at}/{path}"));
        fields.extend(inside.filter_map(|path| FieldSpec::new(group, version, kind, &path, false)));
    }
    fields.extend(specs(row.others, false));
    Target {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        fields,
    }
}

/// The built-in configuration.
pub(super) fn config() -> Config {
    let mut common_labels = specs(SELECTORS, true);
    common_labels.extend(specs(PRESENT_SELECTORS, false));
    for kind in ["Deployment", "StatefulSet"] {
        let inside = POD_SELECTORS.iter().map(|path| format!("{TEMPLATE}/{path}"));
        common_labels.extend(inside.filter_map(|path| FieldSpec::new("apps", "", kind, &path, false)));
    }
    common_labels.extend(specs(LABELS, true));
    let mut namespace = specs(NAMESPACES, true);
    namespace.extend(specs(PRESENT_NAMESPACES, false));
    let name = [(("", "", ""), "metadata/name")];
    let mut name_reference: Vec<Target> = ROWS.iter().map(target).collect();
    name_reference.sort_by_cached_key(|target| order::gvk_key(&target.group, &target.version, &target.kind));
    Config {
        name_prefix: specs(&name, false),
        name_suffix: specs(&name, false),
        namespace,
        common_labels,
        labels: Vec::new(),
        template_labels: specs(LABELS, true),
        common_annotations: specs(ANNOTATIONS, true),
        images: specs(IMAGES, true),
        replicas: specs(REPLICAS, true),
        name_reference,
        index: std::sync::OnceLock::new(),
    }
}
