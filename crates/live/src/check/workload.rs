//! Deployments, StatefulSets and DaemonSets: how many pods they want and have.

use serde_json::Value as Json;

use crate::object::{is_observed, number};

/// The pods of a workload, as its status counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// Wanted.
    pub(super) wanted: u64,
    /// Ready.
    pub(super) ready: u64,
    /// Of the present template.
    pub(super) updated: u64,
    /// Of any template.
    pub(super) all: u64,
    /// Available: ready for as long as the workload says.
    pub(super) available: u64,
    /// The status is about the present generation.
    pub(super) is_observed: bool,
}

impl Count {
    pub(super) fn of(kind: &str, object: &Json) -> Self {
        let status = |field: &str| number(object, &format!("/status/{field}"));
        let is_observed = is_observed(object);
        if kind == "DaemonSet" {
            return Self {
                wanted: status("desiredNumberScheduled"),
                ready: status("numberReady"),
                updated: status("updatedNumberScheduled"),
                all: status("currentNumberScheduled"),
                available: status("numberAvailable"),
                is_observed,
            };
        }
        let wanted = object.pointer("/spec/replicas").and_then(Json::as_u64);
        Self {
            // Kubernetes' own default.
            wanted: wanted.unwrap_or(1),
            ready: status("readyReplicas"),
            updated: status("updatedReplicas"),
            all: status("replicas"),
            available: status("availableReplicas"),
            is_observed,
        }
    }

    /// Every pod is of the present template and available, and there are no others: `kubectl rollout status` is content.
    pub(super) fn is_rolled_out(&self) -> bool {
        let counts = [self.ready, self.updated, self.all, self.available];
        self.is_observed && counts.iter().all(|count| *count == self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_old_pod_more_is_no_end_of_a_rollout() {
        let deployment = |all: u64, observed: u64| {
            json!({
                "metadata": {"generation": 2}, "spec": {"replicas": 2},
                "status": {"observedGeneration": observed, "replicas": all, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
            })
        };
        assert!(Count::of("Deployment", &deployment(2, 2)).is_rolled_out());
        assert!(!Count::of("Deployment", &deployment(3, 2)).is_rolled_out());
        assert!(!Count::of("Deployment", &deployment(2, 1)).is_rolled_out());
    }
}
