//! The kinds that live checks are about, and where the API server has them.

/// What a kind is, to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Flux reconciles it and says Ready.
    Flux,
    /// It has pods.
    Workload,
    /// A Service.
    Service,
    /// A PodDisruptionBudget.
    Budget,
    /// A PrometheusRule.
    Rule,
    /// Whatever else is read.
    Other,
}

/// Kind, path of its group and version, its name in paths, and what it is.
const KINDS: [(&str, &str, &str, Family); 16] = [
    (
        "Kustomization",
        "/apis/kustomize.toolkit.fluxcd.io/v1",
        "kustomizations",
        Family::Flux,
    ),
    (
        "HelmRelease",
        "/apis/helm.toolkit.fluxcd.io/v2",
        "helmreleases",
        Family::Flux,
    ),
    ("GitRepository", SOURCES, "gitrepositories", Family::Flux),
    ("OCIRepository", SOURCES, "ocirepositories", Family::Flux),
    ("HelmRepository", SOURCES, "helmrepositories", Family::Flux),
    ("HelmChart", SOURCES, "helmcharts", Family::Flux),
    ("Bucket", SOURCES, "buckets", Family::Flux),
    ("Deployment", "/apis/apps/v1", "deployments", Family::Workload),
    ("StatefulSet", "/apis/apps/v1", "statefulsets", Family::Workload),
    ("DaemonSet", "/apis/apps/v1", "daemonsets", Family::Workload),
    ("Service", "/api/v1", "services", Family::Service),
    (
        "PodDisruptionBudget",
        "/apis/policy/v1",
        "poddisruptionbudgets",
        Family::Budget,
    ),
    (
        "PrometheusRule",
        "/apis/monitoring.coreos.com/v1",
        "prometheusrules",
        Family::Rule,
    ),
    ("ConfigMap", "/api/v1", "configmaps", Family::Other),
    ("Pod", "/api/v1", "pods", Family::Other),
    (
        "EndpointSlice",
        "/apis/discovery.k8s.io/v1",
        "endpointslices",
        Family::Other,
    ),
];
/// What a name looks like, for people: [`is_name`] decides.
pub(crate) const NAME: &str = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$";
const SOURCES: &str = "/apis/source.toolkit.fluxcd.io/v1";

/// Whether a kind is of a family.
pub(crate) fn is_of(family: Family, kind: &str) -> bool {
    KINDS.iter().any(|known| known.0 == kind && known.3 == family)
}

/// The kinds of a family.
pub(crate) fn names(family: Family) -> Vec<&'static str> {
    KINDS
        .iter()
        .filter(|known| known.3 == family)
        .map(|known| known.0)
        .collect()
}

/// The path of all objects of a kind in a namespace; none for a kind that no check reads.
pub(crate) fn collection(kind: &str, namespace: &str) -> Option<String> {
    let (_, group, plural, _) = KINDS.iter().find(|known| known.0 == kind)?;
    Some(format!("{group}/namespaces/{namespace}/{plural}"))
}

/// Whether a text can be the name of an object or a namespace: it goes into paths as it is.
pub(crate) fn is_name(text: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    (1..=253).contains(&text.len())
        && text.bytes().all(is_part)
        && !text.starts_with(['-', '.'])
        && !text.ends_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        assert!(is_name("coredns") && is_name("a-1.b"));
        for wrong in ["", "a/b", "..", "a?b", "A", "a%2e", "-a"] {
            assert!(!is_name(wrong), "{wrong}");
        }
        assert_eq!(
            collection("Deployment", "kube-system").unwrap(),
            "/apis/apps/v1/namespaces/kube-system/deployments"
        );
        assert_eq!(collection("Secret", "kube-system"), None);
    }
}
