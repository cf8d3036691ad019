//! Which lists a strategic merge joins by key, for the kinds of Kubernetes 1.21, the only schema kustomize has.
//!
//! Source: the OpenAPI document of Kubernetes 1.21.2 (patch strategy, merge key and list map keys of each list).
//! Types of equal shape share one row.

use super::schema::{Field, Type};

/// A field whose value is a mapping of another type.
const fn map(name: &'static str, of: u8) -> Field {
    Field {
        name,
        of: Some(of),
        merged: false,
        keys: &[],
    }
}

/// A list whose elements are merged by these keys; no keys for a list of scalars, which is a union.
const fn list(name: &'static str, of: Option<u8>, keys: &'static [&'static str]) -> Field {
    Field {
        name,
        of,
        merged: true,
        keys,
    }
}

/// The types; fields refer to them by their place.
pub(super) const TYPES: &[Type] = &[
    // 0: ObjectMeta
    &[
        list("finalizers", None, &[]),
        list("ownerReferences", None, &["uid"]),
    ],
    // 1: admissionregistration.v1.MutatingWebhookConfiguration
    &[map("metadata", 0), list("webhooks", None, &["name"])],
    // 2: CustomResourceDefinition
    &[map("metadata", 0)],
    // 3: APIServiceStatus
    &[list("conditions", None, &["type"])],
    // 4: APIService
    &[map("metadata", 0), map("status", 3)],
    // 5: core.v1.Container
    &[
        list("env", None, &["name"]),
        list("ports", None, &["containerPort", "protocol"]),
        list("volumeDevices", None, &["devicePath"]),
        list("volumeMounts", None, &["mountPath"]),
    ],
    // 6: core.v1.EphemeralContainer
    &[
        list("env", None, &["name"]),
        list("volumeDevices", None, &["devicePath"]),
        list("volumeMounts", None, &["mountPath"]),
    ],
    // 7: core.v1.EphemeralVolumeSource
    &[map("volumeClaimTemplate", 2)],
    // 8: core.v1.Volume
    &[map("ephemeral", 7)],
    // 9: core.v1.PodSpec
    &[
        list("containers", Some(5), &["name"]),
        list("ephemeralContainers", Some(6), &["name"]),
        list("hostAliases", None, &["ip"]),
        list("imagePullSecrets", None, &["name"]),
        list("initContainers", Some(5), &["name"]),
        list(
            "topologySpreadConstraints",
            None,
            &["topologyKey", "whenUnsatisfiable"],
        ),
        list("volumes", Some(8), &["name"]),
    ],
    // 10: core.v1.PodTemplateSpec
    &[map("metadata", 0), map("spec", 9)],
    // 11: apps.v1.DaemonSetSpec
    &[map("template", 10)],
    // 12: apps.v1.DaemonSet
    &[map("metadata", 0), map("spec", 11), map("status", 3)],
    // 13: batch.v1.JobTemplateSpec
    &[map("metadata", 0), map("spec", 11)],
    // 14: batch.v1.CronJobSpec
    &[map("jobTemplate", 13)],
    // 15: batch.v1.CronJob
    &[map("metadata", 0), map("spec", 14)],
    // 16: storage.v1.CSINodeSpec
    &[list("drivers", None, &["name"])],
    // 17: storage.v1.CSINode
    &[map("metadata", 0), map("spec", 16)],
    // 18: core.v1.ComponentStatus
    &[list("conditions", None, &["type"]), map("metadata", 0)],
    // 19: core.v1.NodeSpec
    &[list("podCIDRs", None, &[])],
    // 20: core.v1.NodeStatus
    &[
        list("addresses", None, &["type"]),
        list("conditions", None, &["type"]),
    ],
    // 21: core.v1.Node
    &[map("metadata", 0), map("spec", 19), map("status", 20)],
    // 22: core.v1.PodStatus
    &[list("conditions", None, &["type"]), list("podIPs", None, &["ip"])],
    // 23: core.v1.Pod
    &[map("metadata", 0), map("spec", 9), map("status", 22)],
    // 24: core.v1.PodTemplate
    &[map("metadata", 0), map("template", 10)],
    // 25: core.v1.ServiceSpec
    &[list("ports", None, &["port", "protocol"])],
    // 26: core.v1.Service
    &[map("metadata", 0), map("spec", 25), map("status", 3)],
    // 27: core.v1.ServiceAccount
    &[map("metadata", 0), list("secrets", None, &["name"])],
];

/// The type of each kind, sorted by API version and kind.
pub(super) const ROOTS: &[(&str, &str, u8)] = &[
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        1,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        1,
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration",
        1,
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        1,
    ),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", 2),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 2),
    ("apiregistration.k8s.io/v1", "APIService", 4),
    ("apiregistration.k8s.io/v1beta1", "APIService", 4),
    ("apps/v1", "ControllerRevision", 2),
    ("apps/v1", "DaemonSet", 12),
    ("apps/v1", "Deployment", 12),
    ("apps/v1", "ReplicaSet", 12),
    ("apps/v1", "StatefulSet", 12),
    ("authentication.k8s.io/v1", "TokenRequest", 2),
    ("authentication.k8s.io/v1", "TokenReview", 2),
    ("authentication.k8s.io/v1beta1", "TokenReview", 2),
    ("authorization.k8s.io/v1", "LocalSubjectAccessReview", 2),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview", 2),
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview", 2),
    ("authorization.k8s.io/v1", "SubjectAccessReview", 2),
    ("authorization.k8s.io/v1beta1", "LocalSubjectAccessReview", 2),
    ("authorization.k8s.io/v1beta1", "SelfSubjectAccessReview", 2),
    ("authorization.k8s.io/v1beta1", "SelfSubjectRulesReview", 2),
    ("authorization.k8s.io/v1beta1", "SubjectAccessReview", 2),
    ("autoscaling/v1", "HorizontalPodAutoscaler", 2),
    ("autoscaling/v1", "Scale", 2),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", 2),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 2),
    ("batch/v1", "CronJob", 15),
    ("batch/v1", "Job", 12),
    ("batch/v1beta1", "CronJob", 15),
    ("certificates.k8s.io/v1", "CertificateSigningRequest", 2),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", 2),
    ("coordination.k8s.io/v1", "Lease", 2),
    ("coordination.k8s.io/v1beta1", "Lease", 2),
    ("discovery.k8s.io/v1", "EndpointSlice", 2),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", 2),
    ("events.k8s.io/v1", "Event", 2),
    ("events.k8s.io/v1beta1", "Event", 2),
    ("extensions/v1beta1", "Ingress", 2),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 2),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "PriorityLevelConfiguration",
        2,
    ),
    ("networking.k8s.io/v1", "Ingress", 2),
    ("networking.k8s.io/v1", "IngressClass", 2),
    ("networking.k8s.io/v1", "NetworkPolicy", 2),
    ("networking.k8s.io/v1beta1", "Ingress", 2),
    ("networking.k8s.io/v1beta1", "IngressClass", 2),
    ("node.k8s.io/v1", "RuntimeClass", 2),
    ("node.k8s.io/v1beta1", "RuntimeClass", 2),
    ("policy/v1", "PodDisruptionBudget", 4),
    ("policy/v1beta1", "Eviction", 2),
    ("policy/v1beta1", "PodDisruptionBudget", 4),
    ("policy/v1beta1", "PodSecurityPolicy", 2),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", 2),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 2),
    ("rbac.authorization.k8s.io/v1", "Role", 2),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", 2),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole", 2),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", 2),
    ("rbac.authorization.k8s.io/v1beta1", "Role", 2),
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding", 2),
    ("scheduling.k8s.io/v1", "PriorityClass", 2),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", 2),
    ("storage.k8s.io/v1", "CSIDriver", 2),
    ("storage.k8s.io/v1", "CSINode", 17),
    ("storage.k8s.io/v1", "StorageClass", 2),
    ("storage.k8s.io/v1", "VolumeAttachment", 2),
    ("storage.k8s.io/v1beta1", "CSIDriver", 2),
    ("storage.k8s.io/v1beta1", "CSINode", 17),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", 2),
    ("storage.k8s.io/v1beta1", "StorageClass", 2),
    ("storage.k8s.io/v1beta1", "VolumeAttachment", 2),
    ("v1", "Binding", 2),
    ("v1", "ComponentStatus", 18),
    ("v1", "ConfigMap", 2),
    ("v1", "Endpoints", 2),
    ("v1", "Event", 2),
    ("v1", "LimitRange", 2),
    ("v1", "Namespace", 4),
    ("v1", "Node", 21),
    ("v1", "PersistentVolume", 2),
    ("v1", "PersistentVolumeClaim", 4),
    ("v1", "Pod", 23),
    ("v1", "PodTemplate", 24),
    ("v1", "ReplicationController", 12),
    ("v1", "ResourceQuota", 2),
    ("v1", "Secret", 2),
    ("v1", "Service", 26),
    ("v1", "ServiceAccount", 27),
];
