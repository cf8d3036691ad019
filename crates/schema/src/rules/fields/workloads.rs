//! Rules for fields of what pods point to and of what makes pods.

use super::super::names::Text::{
    ContainerResource, DnsLabel, DriverName, FieldPath, HeaderName, Ip, PathSegment, QualifiedName,
    SearchDomain, TimeZone,
};
use super::FieldRule::{self, CountOrPercent, EachForm, Exactly, Filled, Form, Labels, OneOf, Range};
use super::Table;

const MAX: i64 = i64::MAX;
const COUNT: &[FieldRule] = &[Range(0, MAX)];
const POSITIVE: &[FieldRule] = &[Range(1, MAX)];
const RETENTION: &[&str] = &["Retain", "Delete"];
const FILE_MODE: &[FieldRule] = &[Range(0, 0o777)];

/// What pods point to, and how they are run.
pub(super) const DETAILS: Table = &[
    (
        "core.v1.ConfigMapVolumeSource",
        &[("name", &[Filled]), ("defaultMode", FILE_MODE)],
    ),
    (
        "core.v1.ProjectedVolumeSource|core.v1.DownwardAPIVolumeSource",
        &[("defaultMode", FILE_MODE)],
    ),
    (
        "core.v1.ConfigMapProjection|core.v1.SecretProjection",
        &[("name", &[Filled])],
    ),
    (
        "core.v1.ImageVolumeSource",
        &[
            ("reference", &[Filled]),
            ("pullPolicy", &[OneOf(&["Always", "IfNotPresent", "Never"])]),
        ],
    ),
    (
        "core.v1.CSIVolumeSource|core.v1.CSIPersistentVolumeSource",
        &[("driver", &[Filled, Form(DriverName)])],
    ),
    ("core.v1.HTTPHeader", &[("name", &[Filled, Form(HeaderName)])]),
    (
        "core.v1.ObjectFieldSelector",
        &[("fieldPath", &[Filled, Form(FieldPath)])],
    ),
    (
        "core.v1.ResourceFieldSelector",
        &[("resource", &[Filled, Form(ContainerResource)])],
    ),
    (
        "core.v1.ContainerResizePolicy",
        &[
            ("resourceName", &[Exactly(&["cpu", "memory"])]),
            ("restartPolicy", &[Exactly(&["NotRequired", "RestartContainer"])]),
        ],
    ),
    (
        "core.v1.AppArmorProfile",
        &[("type", &[Exactly(&["Localhost", "RuntimeDefault", "Unconfined"])])],
    ),
    (
        "core.v1.PodDNSConfig",
        &[
            ("nameservers", &[EachForm(Ip)]),
            ("searches", &[EachForm(SearchDomain)]),
        ],
    ),
    ("core.v1.PodDNSConfigOption", &[("name", &[Filled])]),
    ("node.v1.RuntimeClass", &[("handler", &[Filled, Form(DnsLabel)])]),
    ("node.v1.Scheduling", &[("nodeSelector", &[Labels])]),
];

/// What makes pods, and what counts them.
pub(super) const WORKLOAD: Table = &[
    (
        "apps.v1.DeploymentSpec",
        &[
            ("replicas", COUNT),
            ("minReadySeconds", COUNT),
            ("revisionHistoryLimit", COUNT),
            ("progressDeadlineSeconds", COUNT),
        ],
    ),
    (
        "apps.v1.DeploymentStrategy",
        &[("type", &[OneOf(&["Recreate", "RollingUpdate"])])],
    ),
    (
        "apps.v1.RollingUpdateDeployment|apps.v1.RollingUpdateDaemonSet",
        &[
            ("maxUnavailable", &[CountOrPercent]),
            ("maxSurge", &[CountOrPercent]),
        ],
    ),
    (
        "apps.v1.StatefulSetSpec",
        &[
            ("replicas", COUNT),
            ("minReadySeconds", COUNT),
            ("podManagementPolicy", &[OneOf(&["OrderedReady", "Parallel"])]),
            ("serviceName", &[Form(DnsLabel)]),
        ],
    ),
    (
        "apps.v1.StatefulSetUpdateStrategy",
        &[("type", &[OneOf(&["OnDelete", "Recreate", "RollingUpdate"])])],
    ),
    (
        "apps.v1.RollingUpdateStatefulSetStrategy",
        &[("partition", COUNT), ("maxUnavailable", &[CountOrPercent])],
    ),
    (
        "apps.v1.DaemonSetSpec",
        &[("minReadySeconds", COUNT), ("revisionHistoryLimit", COUNT)],
    ),
    (
        "apps.v1.DaemonSetUpdateStrategy",
        &[("type", &[OneOf(&["OnDelete", "RollingUpdate"])])],
    ),
    (
        "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
        &[
            ("whenDeleted", &[OneOf(RETENTION)]),
            ("whenScaled", &[OneOf(RETENTION)]),
        ],
    ),
    (
        "batch.v1.PodFailurePolicyRule",
        &[("action", &[Exactly(&["Count", "FailIndex", "FailJob", "Ignore"])])],
    ),
    (
        "batch.v1.PodFailurePolicyOnExitCodesRequirement",
        &[("operator", &[Exactly(&["In", "NotIn"])]), ("values", &[Filled])],
    ),
    (
        "batch.v1.PodFailurePolicyOnPodConditionsPattern",
        &[
            ("type", &[Filled, Form(QualifiedName)]),
            ("status", &[OneOf(&["False", "True", "Unknown"])]),
        ],
    ),
    (
        "autoscaling.v2.ContainerResourceMetricSource",
        &[("name", &[Filled]), ("container", &[Filled, Form(DnsLabel)])],
    ),
    (
        "batch.v1.JobSpec",
        &[
            ("parallelism", COUNT),
            ("completions", COUNT),
            ("activeDeadlineSeconds", COUNT),
            ("backoffLimit", COUNT),
            ("backoffLimitPerIndex", COUNT),
            ("maxFailedIndexes", COUNT),
            (
                "podReplacementPolicy",
                &[Exactly(&["Failed", "TerminatingOrFailed"])],
            ),
            ("ttlSecondsAfterFinished", COUNT),
            ("completionMode", &[Exactly(&["Indexed", "NonIndexed"])]),
        ],
    ),
    (
        "batch.v1.CronJobSpec",
        &[
            ("schedule", &[Filled]),
            ("timeZone", &[Filled, Form(TimeZone)]),
            ("concurrencyPolicy", &[OneOf(&["Allow", "Forbid", "Replace"])]),
            ("startingDeadlineSeconds", COUNT),
            ("successfulJobsHistoryLimit", COUNT),
            ("failedJobsHistoryLimit", COUNT),
        ],
    ),
    (
        "policy.v1.PodDisruptionBudgetSpec",
        &[
            ("minAvailable", &[CountOrPercent]),
            ("maxUnavailable", &[CountOrPercent]),
            (
                "unhealthyPodEvictionPolicy",
                &[Exactly(&["AlwaysAllow", "IfHealthyBudget"])],
            ),
        ],
    ),
    (
        "autoscaling.v2.HorizontalPodAutoscalerSpec|autoscaling.v1.HorizontalPodAutoscalerSpec",
        &[("minReplicas", &[Range(0, MAX)]), ("maxReplicas", POSITIVE)],
    ),
    (
        "autoscaling.v2.CrossVersionObjectReference|autoscaling.v1.CrossVersionObjectReference",
        &[
            ("kind", &[Filled, Form(PathSegment)]),
            ("name", &[Filled, Form(PathSegment)]),
        ],
    ),
    (
        "autoscaling.v2.MetricSpec",
        &[(
            "type",
            &[Exactly(&[
                "ContainerResource",
                "External",
                "Object",
                "Pods",
                "Resource",
            ])],
        )],
    ),
    (
        "autoscaling.v2.MetricTarget",
        &[
            ("type", &[Exactly(&["Utilization", "Value", "AverageValue"])]),
            ("averageUtilization", POSITIVE),
        ],
    ),
    ("autoscaling.v2.ResourceMetricSource", &[("name", &[Filled])]),
    (
        "autoscaling.v2.HPAScalingRules",
        &[
            ("stabilizationWindowSeconds", &[Range(0, 3600)]),
            ("selectPolicy", &[Exactly(&["Disabled", "Max", "Min"])]),
        ],
    ),
    (
        "autoscaling.v2.HPAScalingPolicy",
        &[
            ("type", &[Exactly(&["Percent", "Pods"])]),
            ("value", POSITIVE),
            ("periodSeconds", &[Range(1, 1800)]),
        ],
    ),
];
