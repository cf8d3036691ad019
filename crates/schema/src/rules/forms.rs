//! Predicates behind the forms of names: what `k8s.io/apimachinery/pkg/util/validation` says of their letters.

pub(super) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 63
        && text.bytes().all(|b| inner(b) || b == b'-')
        && text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
}

/// The parts of a DNS name may be longer than 63, as `IsDNS1123Subdomain` allows.
pub(super) fn is_subdomain(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 253
        && text.split('.').all(|part| {
            part.bytes().all(|b| inner(b) || b == b'-')
                && part.bytes().next().is_some_and(inner)
                && part.bytes().last().is_some_and(inner)
        })
}

pub(super) fn is_plain_name(text: &str, most: usize) -> bool {
    text.len() <= most
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric())
}

pub(super) fn is_qualified_name(text: &str) -> bool {
    let mut parts = text.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => is_plain_name(name, 63),
        (Some(prefix), Some(name), None) => is_subdomain(prefix) && is_plain_name(name, 63),
        _ => false,
    }
}

pub(super) fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && !text.contains("--")
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// What the downward API shows of a pod.
pub(super) fn is_field_path(text: &str) -> bool {
    let keyed = text
        .strip_prefix("metadata.labels['")
        .or_else(|| text.strip_prefix("metadata.annotations['"));
    if let Some(key) = keyed.and_then(|rest| rest.strip_suffix("']")) {
        return is_qualified_name(&key.to_lowercase());
    }
    matches!(
        text,
        "metadata.name"
            | "metadata.namespace"
            | "metadata.uid"
            | "metadata.labels"
            | "metadata.annotations"
            | "spec.nodeName"
            | "spec.serviceAccountName"
            | "spec.host"
            | "status.hostIP"
            | "status.hostIPs"
            | "status.podIP"
            | "status.podIPs"
    )
}

/// What the downward API shows of a container.
pub(super) fn is_container_resource(text: &str) -> bool {
    let bare = text
        .strip_prefix("limits.")
        .or_else(|| text.strip_prefix("requests."));
    bare.is_some_and(|bare| {
        matches!(bare, "cpu" | "memory" | "ephemeral-storage") || bare.starts_with("hugepages-")
    })
}

/// `IsStandardQuotaResourceName` and `IsStandardLimitRangeType`'s resources.
pub(super) fn is_standard_resource(text: &str) -> bool {
    let bare = text
        .strip_prefix("requests.")
        .or_else(|| text.strip_prefix("limits."))
        .unwrap_or(text);
    matches!(
        bare,
        "cpu"
            | "memory"
            | "ephemeral-storage"
            | "storage"
            | "pods"
            | "services"
            | "replicationcontrollers"
            | "resourcequotas"
            | "secrets"
            | "configmaps"
            | "persistentvolumeclaims"
            | "services.nodeports"
            | "services.loadbalancers"
    ) || bare.starts_with("hugepages-")
}

pub(super) fn is_config_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text != "."
        && !text.starts_with("..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}
