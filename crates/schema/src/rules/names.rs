//! Forms of names and keys, from `k8s.io/apimachinery/pkg/util/validation`, and which kind's name has which.

use model::object::Gvk;

use super::forms::{
    is_config_key, is_container_resource, is_field_path, is_label, is_plain_name, is_port_name,
    is_qualified_name, is_standard_resource, is_subdomain,
};
use crate::validate::format::{is_cidr, is_ip};

/// A form that a string can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// `IsDNS1123Label`.
    DnsLabel,
    /// `IsDNS1123Subdomain`.
    DnsSubdomain,
    /// `IsDNS1123Subdomain`, at most 52 characters: a Job's suffix must fit.
    CronJobName,
    /// `ValidatePathSegmentName`.
    PathSegment,
    /// `IsQualifiedName`: keys of labels.
    QualifiedName,
    /// `IsValidLabelValue`.
    LabelValue,
    /// `IsValidPortName`.
    PortName,
    /// `IsEnvVarName`, relaxed since 1.34.
    EnvName,
    /// `IsConfigMapKey`.
    ConfigKey,
    /// `IsValidIP`.
    Ip,
    /// `IsValidCIDR`.
    Cidr,
    /// `IsDomainPrefixedPath`.
    DomainPath,
    /// `IsWildcardDNS1123Subdomain` or `IsDNS1123Subdomain`.
    HostName,
    /// `0%` to any percentage.
    Percent,
    /// A path from the root.
    AbsolutePath,
    /// Anything but nothing.
    NonEmpty,
    /// `IsDNS1035Label`.
    Dns1035,
    /// A standard resource, or one with a domain before it.
    ResourceName,
    /// A standard type of a `LimitRange`, or one with a domain before it.
    LimitType,
    /// A name of the time zone database, as far as its letters tell.
    TimeZone,
    /// A CIDR with spaces around it, as Services allow.
    PaddedCidr,
    /// An IP address, or `None`.
    ClusterIp,
    /// A qualified name in any case.
    Provisioner,
    /// A DNS name of at most 63 characters in any case.
    DriverName,
    /// `IsHTTPHeaderName`.
    HeaderName,
    /// A field of a pod that variables and volumes can show.
    FieldPath,
    /// A resource of a container that variables and volumes can show.
    ContainerResource,
    /// A resource that a container can ask for.
    ContainerQuantity,
    /// A path of fields, from a dot on.
    JsonPath,
    /// A DNS name with underscores and a dot at the end, or a dot alone.
    SearchDomain,
    /// A DNS label that starts with a letter, in any case.
    KindName,
    /// `storage`, all that a volume has a capacity of.
    Storage,
}

impl Text {
    /// What messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DnsLabel => "DNS label",
            Self::DnsSubdomain => "DNS name",
            Self::CronJobName => "name of a CronJob",
            Self::PathSegment => "name that can stand in a path",
            Self::QualifiedName => "qualified name",
            Self::LabelValue => "label value",
            Self::PortName => "port name",
            Self::EnvName => "name of an environment variable",
            Self::ConfigKey => "key of a ConfigMap",
            Self::Ip => "IP address",
            Self::Cidr | Self::PaddedCidr => "CIDR",
            Self::DomainPath => "path with a domain before it",
            Self::HostName => "host name",
            Self::Percent => "number or percentage",
            Self::AbsolutePath => "absolute path",
            Self::NonEmpty => "value",
            Self::Dns1035 => "DNS label that starts with a letter",
            Self::ResourceName => "resource",
            Self::LimitType => "type of a limit",
            Self::TimeZone => "time zone",
            Self::ClusterIp => "IP address and not `None`",
            Self::Provisioner => "name of a provisioner",
            Self::DriverName => "name of a driver",
            Self::HeaderName => "name of an HTTP header",
            Self::FieldPath => "field that a pod can show",
            Self::ContainerResource => "resource that a container can show",
            Self::ContainerQuantity => "resource of a container",
            Self::JsonPath => "path of fields",
            Self::SearchDomain => "search domain",
            Self::KindName => "name of a kind",
            Self::Storage => "capacity of a volume",
        }
    }

    /// What the form is made of.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Self::DnsLabel => {
                "use at most 63 lower case letters, digits and `-`, with a letter or digit at both ends"
            }
            Self::DnsSubdomain => {
                "use at most 253 lower case letters, digits, `-` and `.`, with a letter or digit at both ends of each part"
            }
            Self::CronJobName => "use at most 52 lower case letters, digits, `-` and `.`",
            Self::PathSegment => "use no `/` and no `%`, and neither `.` nor `..`",
            Self::QualifiedName => {
                "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends; a DNS name and `/` may stand before it"
            }
            Self::LabelValue => {
                "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
            }
            Self::PortName => {
                "use at most 15 lower case letters, digits and `-`, at least one letter, no `--`"
            }
            Self::EnvName => "use printable ASCII without `=`",
            Self::ConfigKey => "use at most 253 letters, digits, `-`, `_` and `.`",
            Self::Cidr | Self::PaddedCidr => "for example 10.0.0.0/16",
            Self::DomainPath => "for example example.com/name",
            Self::Percent => "for example 1 or 25%",
            Self::AbsolutePath => "start it with `/`",
            Self::Dns1035 => {
                "use at most 63 lower case letters, digits and `-`, with a letter at the start and a letter or digit at the end"
            }
            Self::ResourceName => {
                "for example cpu, requests.memory, count/deployments.apps or example.com/device"
            }
            Self::LimitType => "use Container, Pod or PersistentVolumeClaim",
            Self::TimeZone => "for example Etc/UTC",
            Self::Provisioner | Self::DriverName => "for example csi.example.com",
            Self::HeaderName => "use letters, digits and `-`",
            Self::FieldPath => "for example metadata.name, metadata.labels['app'] or status.podIP",
            Self::ContainerResource => "for example limits.cpu or requests.memory",
            Self::ContainerQuantity => "for example cpu, memory, ephemeral-storage or example.com/device",
            Self::JsonPath => "for example .spec.replicas",
            Self::SearchDomain => "for example svc.cluster.local",
            Self::KindName => "for example CronTab",
            Self::Storage => "use `storage`",
            Self::Ip | Self::ClusterIp | Self::HostName | Self::NonEmpty => "",
        }
    }

    /// Whether a string has the form.
    pub(crate) fn holds(self, text: &str) -> bool {
        match self {
            Self::DnsLabel => is_label(text),
            Self::DnsSubdomain => is_subdomain(text),
            Self::CronJobName => text.len() <= 52 && is_subdomain(text),
            Self::PathSegment => text != "." && text != ".." && !text.contains(['/', '%']),
            Self::QualifiedName => is_qualified_name(text),
            Self::LabelValue => text.is_empty() || is_plain_name(text, 63),
            Self::PortName => is_port_name(text),
            Self::EnvName => !text.is_empty() && text.chars().all(|c| (' '..='~').contains(&c) && c != '='),
            Self::ConfigKey => is_config_key(text),
            Self::Ip => is_ip(text),
            Self::Cidr => is_cidr(text),
            Self::DomainPath => text.split_once('/').is_some_and(|(domain, path)| {
                is_subdomain(domain)
                    && !path.is_empty()
                    && path
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c))
            }),
            Self::HostName => is_subdomain(text.strip_prefix("*.").unwrap_or(text)),
            Self::Percent => text
                .strip_suffix('%')
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())),
            Self::AbsolutePath => text.starts_with('/'),
            Self::NonEmpty => !text.is_empty(),
            Self::Dns1035 => is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase()),
            Self::ResourceName => {
                is_qualified_name(text) && (text.contains('/') || is_standard_resource(text))
            }
            Self::LimitType => {
                is_qualified_name(text)
                    && (text.contains('/') || matches!(text, "Pod" | "Container" | "PersistentVolumeClaim"))
            }
            Self::TimeZone => {
                text.split('/')
                    .all(|part| !part.is_empty() && !part.starts_with('-'))
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"_/+-".contains(&b))
                    && !text.eq_ignore_ascii_case("local")
            }
            Self::PaddedCidr => is_cidr(text.trim()),
            Self::ClusterIp => text == "None" || is_ip(text),
            Self::Provisioner => is_qualified_name(&text.to_lowercase()),
            Self::DriverName => text.len() <= 63 && is_subdomain(&text.to_lowercase()),
            Self::HeaderName => text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
            Self::FieldPath => is_field_path(text),
            Self::ContainerResource => is_container_resource(text),
            Self::ContainerQuantity => {
                let standard =
                    matches!(text, "cpu" | "memory" | "ephemeral-storage") || text.starts_with("hugepages-");
                is_qualified_name(text) && (standard || text.contains('/'))
            }
            Self::JsonPath => text.starts_with('.'),
            Self::SearchDomain => {
                let name = text.strip_suffix('.').unwrap_or(text);
                let plain = |part: &str| part.strip_prefix('_').unwrap_or(part).replace('_', "-");
                text == "." || is_subdomain(&name.split('.').map(plain).collect::<Vec<_>>().join("."))
            }
            Self::KindName => {
                let lower = text.to_lowercase();
                is_label(&lower) && lower.starts_with(|c: char| c.is_ascii_lowercase())
            }
            Self::Storage => text == "storage",
        }
    }
}

/// The form of the name of a kind's objects: a DNS name unless the API server's strategy for the kind says otherwise.
pub(crate) fn of_kind(gvk: &Gvk) -> Text {
    match (&*gvk.group, &*gvk.kind) {
        ("", "Namespace" | "Service") | ("apps", "StatefulSet") => Text::DnsLabel,
        ("batch", "CronJob") => Text::CronJobName,
        ("certificates.k8s.io", "CertificateSigningRequest")
        | ("policy", "PodDisruptionBudget")
        | ("rbac.authorization.k8s.io", _) => Text::PathSegment,
        _ => Text::DnsSubdomain,
    }
}

/// Kinds whose objects need no name: questions to the API server, and `LimitRange`, which it names itself.
pub(crate) fn may_lack_name(gvk: &Gvk) -> bool {
    gvk.kind.ends_with("Review") || (gvk.group.is_empty() && gvk.kind == "LimitRange")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_tell_right_from_wrong() {
        for (form, right, wrong) in [
            (Text::DnsLabel, "a-1", "a.b"),
            (Text::DnsSubdomain, "a.b-c", "a..b"),
            (
                Text::CronJobName,
                "job",
                "a234567890123456789012345678901234567890123456789012x",
            ),
            (Text::PathSegment, "system:node", "a/b"),
            (Text::QualifiedName, "app.kubernetes.io/name", "a/b/c"),
            (Text::LabelValue, "", "-x"),
            (Text::PortName, "http-2", "123"),
            (Text::EnvName, "A.b", "a=b"),
            (Text::ConfigKey, "a_b.yaml", ".."),
            (Text::Ip, "fe80::1", "1.2.3"),
            (Text::Cidr, "10.0.0.0/8", "10.0.0.0"),
            (Text::DomainPath, "example.com/x", "x"),
            (Text::HostName, "*.example.com", "*"),
            (Text::Percent, "25%", "a%"),
            (Text::AbsolutePath, "/x", "x"),
            (Text::NonEmpty, "x", ""),
            (Text::Dns1035, "v1", "1v"),
            (Text::ResourceName, "requests.cpu", "Cpu"),
            (Text::LimitType, "Pod", "pod"),
            (Text::TimeZone, "Etc/GMT+1", "Local"),
            (Text::PaddedCidr, " 10.0.0.0/8", "10.0.0.0"),
            (Text::ClusterIp, "None", "none"),
            (Text::Provisioner, "Example.com/X", "-x"),
            (Text::DriverName, "CSI.example.com", "a_b"),
            (Text::HeaderName, "X-A", "X_A"),
            (Text::FieldPath, "metadata.labels['a/b']", "status.podip"),
            (Text::ContainerResource, "limits.hugepages-2Mi", "cpu"),
            (Text::SearchDomain, "_tcp.x.", "X"),
            (Text::ContainerQuantity, "example.com/gpu", "cpus"),
            (Text::JsonPath, ".spec.x", "spec.x"),
            (Text::KindName, "CronTab", "Cron.Tab"),
            (Text::Storage, "storage", "cpu"),
        ] {
            assert!(form.holds(right), "{form:?} {right}");
            assert!(!form.holds(wrong), "{form:?} {wrong}");
        }
    }
}
