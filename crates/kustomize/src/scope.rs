//! Which kinds are certainly cluster-scoped.
//!
//! Source: Kubernetes 1.21.2, the only schema that kustomize 5.8.1 carries. Every kind that is not listed with its
//! version counts as namespaced, newer built-in ones and all custom ones too.

/// Whether kustomize knows that objects of this version and kind have no namespace.
pub(crate) fn is_cluster_scoped(api_version: &str, kind: &str) -> bool {
    let in_versions = |group: &str, versions: &[&str]| {
        api_version
            .split_once('/')
            .is_some_and(|(g, v)| g == group && versions.contains(&v))
    };
    let both: &[&str] = &["v1", "v1beta1"];
    match kind {
        "Namespace" | "Node" | "PersistentVolume" | "ComponentStatus" | "NodeProxyOptions" => {
            api_version == "v1"
        }
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            in_versions("admissionregistration.k8s.io", both)
        }
        "CustomResourceDefinition" => in_versions("apiextensions.k8s.io", both),
        "APIService" => in_versions("apiregistration.k8s.io", both),
        "CertificateSigningRequest" => in_versions("certificates.k8s.io", both),
        "FlowSchema" | "PriorityLevelConfiguration" => {
            in_versions("flowcontrol.apiserver.k8s.io", &["v1beta1"])
        }
        "IngressClass" => in_versions("networking.k8s.io", both),
        "RuntimeClass" => in_versions("node.k8s.io", both),
        "PodSecurityPolicy" => in_versions("policy", &["v1beta1"]),
        "ClusterRole" | "ClusterRoleBinding" => in_versions("rbac.authorization.k8s.io", both),
        "PriorityClass" => in_versions("scheduling.k8s.io", both),
        "CSIDriver" | "CSINode" | "StorageClass" | "VolumeAttachment" => in_versions("storage.k8s.io", both),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_cluster_scoped;

    #[test]
    fn only_kinds_of_1_21_are_cluster_scoped() {
        assert!(
            is_cluster_scoped("v1", "Namespace")
                && is_cluster_scoped("rbac.authorization.k8s.io/v1", "ClusterRole")
        );
        assert!(!is_cluster_scoped("v2", "Namespace"));
        assert!(!is_cluster_scoped("cert-manager.io/v1", "ClusterIssuer"));
        assert!(!is_cluster_scoped(
            "flowcontrol.apiserver.k8s.io/v1",
            "FlowSchema"
        ));
    }
}
