//! Rules for fields of pods.

use super::super::names::Text::{
    ConfigKey, ContainerQuantity, DnsLabel, DnsSubdomain, EnvName, Ip, PortName, QualifiedName,
};
use super::FieldRule::{
    self, EachForm, Exactly, Filled, Form, KeyForm, Labels, OneOf, Port, PortOrName, Quantities, Range,
    UniqueBy,
};
use super::{PROTOCOLS, Rules, Table};

const MAX: i64 = i64::MAX;
const COUNT: &[FieldRule] = &[Range(0, MAX)];
const POSITIVE: &[FieldRule] = &[Range(1, MAX)];
const NAMED: Rules = &[("name", &[Filled, Form(DnsSubdomain)])];
const KEYED: Rules = &[
    ("name", &[Filled, Form(DnsSubdomain)]),
    ("key", &[Filled, Form(ConfigKey)]),
];
const FILE_MODE: &[FieldRule] = &[Range(0, 0o777)];

/// Pods and what stands in them.
pub(super) const POD: Table = &[
    (
        "core.v1.PodSpec",
        &[
            ("containers", &[Filled]),
            ("restartPolicy", &[OneOf(&["Always", "OnFailure", "Never"])]),
            (
                "dnsPolicy",
                &[OneOf(&[
                    "ClusterFirstWithHostNet",
                    "ClusterFirst",
                    "Default",
                    "None",
                ])],
            ),
            ("serviceAccountName", &[Form(DnsSubdomain)]),
            ("priorityClassName", &[Form(DnsSubdomain)]),
            ("runtimeClassName", &[Form(DnsSubdomain)]),
            ("hostname", &[Form(DnsLabel)]),
            ("subdomain", &[Form(DnsLabel)]),
            ("nodeSelector", &[Labels]),
            ("volumes", &[UniqueBy("name")]),
            ("serviceAccount", &[Form(DnsSubdomain)]),
            ("activeDeadlineSeconds", &[Range(1, 0x7fff_ffff)]),
            ("preemptionPolicy", &[Exactly(&["Never", "PreemptLowerPriority"])]),
        ],
    ),
    (
        "core.v1.Container|core.v1.EphemeralContainer",
        &[
            ("name", &[Filled, Form(DnsLabel)]),
            ("image", &[Filled]),
            ("imagePullPolicy", &[OneOf(&["Always", "IfNotPresent", "Never"])]),
            (
                "terminationMessagePolicy",
                &[OneOf(&["FallbackToLogsOnError", "File"])],
            ),
            ("restartPolicy", &[Exactly(&["Always", "Never", "OnFailure"])]),
        ],
    ),
    (
        "core.v1.ContainerPort",
        &[
            ("name", &[Form(PortName)]),
            ("containerPort", &[Port(false)]),
            ("hostPort", &[Port(true)]),
            ("protocol", &[OneOf(PROTOCOLS)]),
        ],
    ),
    ("core.v1.EnvVar", &[("name", &[Filled, Form(EnvName)])]),
    ("core.v1.EnvFromSource", &[("prefix", &[Form(EnvName)])]),
    ("core.v1.ConfigMapEnvSource|core.v1.SecretEnvSource", NAMED),
    ("core.v1.ConfigMapKeySelector|core.v1.SecretKeySelector", KEYED),
    (
        "core.v1.KeyToPath",
        &[("key", &[Filled]), ("path", &[Filled]), ("mode", FILE_MODE)],
    ),
    (
        "core.v1.SecretVolumeSource",
        &[("secretName", &[Filled]), ("defaultMode", FILE_MODE)],
    ),
    (
        "core.v1.ResourceRequirements",
        &[
            ("limits", &[Quantities, KeyForm(ContainerQuantity)]),
            ("requests", &[Quantities, KeyForm(ContainerQuantity)]),
        ],
    ),
    (
        "core.v1.Probe",
        &[
            ("initialDelaySeconds", COUNT),
            ("timeoutSeconds", COUNT),
            ("periodSeconds", COUNT),
            ("successThreshold", COUNT),
            ("failureThreshold", COUNT),
            ("terminationGracePeriodSeconds", POSITIVE),
        ],
    ),
    (
        "core.v1.HTTPGetAction",
        &[
            ("port", &[PortOrName(false)]),
            ("scheme", &[OneOf(&["HTTP", "HTTPS"])]),
        ],
    ),
    ("core.v1.TCPSocketAction", &[("port", &[PortOrName(false)])]),
    ("core.v1.GRPCAction", &[("port", &[Port(false)])]),
    ("core.v1.ExecAction", &[("command", &[Filled])]),
    (
        "core.v1.VolumeMount",
        &[
            ("name", &[Filled]),
            ("mountPath", &[Filled]),
            (
                "mountPropagation",
                &[Exactly(&["Bidirectional", "HostToContainer", "None"])],
            ),
        ],
    ),
    ("core.v1.Volume", &[("name", &[Filled, Form(DnsLabel)])]),
    (
        "core.v1.HostPathVolumeSource",
        &[
            ("path", &[Filled]),
            (
                "type",
                &[OneOf(&[
                    "BlockDevice",
                    "CharDevice",
                    "Directory",
                    "DirectoryOrCreate",
                    "File",
                    "FileOrCreate",
                    "Socket",
                ])],
            ),
        ],
    ),
    (
        "core.v1.PersistentVolumeClaimVolumeSource",
        &[("claimName", &[Filled])],
    ),
    (
        "core.v1.ServiceAccountTokenProjection",
        &[("path", &[Filled]), ("expirationSeconds", &[Range(600, 1 << 32)])],
    ),
    (
        "core.v1.Toleration",
        &[
            ("key", &[Form(QualifiedName)]),
            ("operator", &[OneOf(&["Equal", "Exists", "Lt", "Gt"])]),
            (
                "effect",
                &[OneOf(&["NoSchedule", "PreferNoSchedule", "NoExecute"])],
            ),
        ],
    ),
    (
        "core.v1.TopologySpreadConstraint",
        &[
            ("maxSkew", POSITIVE),
            ("topologyKey", &[Filled]),
            ("nodeAffinityPolicy", &[Exactly(&["Honor", "Ignore"])]),
            ("nodeTaintsPolicy", &[Exactly(&["Honor", "Ignore"])]),
            ("matchLabelKeys", &[EachForm(QualifiedName)]),
            (
                "whenUnsatisfiable",
                &[Exactly(&["DoNotSchedule", "ScheduleAnyway"])],
            ),
            ("minDomains", POSITIVE),
        ],
    ),
    (
        "core.v1.PodAffinityTerm",
        &[
            ("namespaces", &[EachForm(DnsLabel)]),
            ("topologyKey", &[Filled, Form(QualifiedName)]),
        ],
    ),
    (
        "core.v1.WeightedPodAffinityTerm|core.v1.PreferredSchedulingTerm",
        &[("weight", &[Range(1, 100)])],
    ),
    (
        "core.v1.NodeSelectorRequirement",
        &[
            ("key", &[Filled]),
            (
                "operator",
                &[Exactly(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"])],
            ),
        ],
    ),
    ("core.v1.NodeSelector", &[("nodeSelectorTerms", &[Filled])]),
    (
        "core.v1.SeccompProfile",
        &[("type", &[Exactly(&["Localhost", "RuntimeDefault", "Unconfined"])])],
    ),
    (
        "core.v1.PodSecurityContext",
        &[
            ("runAsUser", COUNT),
            ("runAsGroup", COUNT),
            ("fsGroup", COUNT),
            ("fsGroupChangePolicy", &[Exactly(&["Always", "OnRootMismatch"])]),
        ],
    ),
    (
        "core.v1.SecurityContext",
        &[
            ("procMount", &[Exactly(&["Default", "Unmasked"])]),
            ("runAsUser", COUNT),
            ("runAsGroup", COUNT),
        ],
    ),
    (
        "core.v1.HostAlias",
        &[
            ("ip", &[Filled, Form(Ip)]),
            ("hostnames", &[EachForm(DnsSubdomain)]),
        ],
    ),
    (
        "core.v1.PodReadinessGate",
        &[("conditionType", &[Filled, Form(QualifiedName)])],
    ),
];
