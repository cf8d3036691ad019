//! Validation must not be what a person waits for.

use std::time::{Duration, Instant};

use model::object::{Gvk, gvk};
use model::yaml::{Node, from_json};
use schema::{KindSchema, Store};
use serde_json::json;

fn objects() -> Vec<Node> {
    let labels = json!({"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web"});
    let pod = json!({
        "metadata": {"labels": labels, "annotations": {"checksum/config": "0123456789abcdef"}},
        "spec": {
            "serviceAccountName": "web",
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "web",
                "image": "registry.example/web:1.2.3",
                "args": ["--listen", ":8080"],
                "env": [{"name": "A", "value": "1"}, {"name": "P", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "ports": [{"name": "http", "containerPort": 8080}],
                "livenessProbe": {"httpGet": {"path": "/health", "port": "http"}},
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
    });
    let object = |version: &str, kind: &str, spec: &serde_json::Value| {
        from_json(&json!({
            "apiVersion": version,
            "kind": kind,
            "metadata": {"name": "web", "namespace": "web", "labels": labels},
            "spec": spec,
        }))
    };
    let selector = json!({"matchLabels": labels});
    vec![
        object(
            "apps/v1",
            "Deployment",
            &json!({"replicas": 2, "selector": selector, "template": pod}),
        ),
        object(
            "v1",
            "Service",
            &json!({"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]}),
        ),
        object(
            "networking.k8s.io/v1",
            "Ingress",
            &json!({"rules": [{"host": "web.example.org", "http": {"paths": [
                {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
            ]}}]}),
        ),
        object(
            "policy/v1",
            "PodDisruptionBudget",
            &json!({"minAvailable": 1, "selector": selector}),
        ),
        object(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            &json!({"podSelector": selector, "ingress": [{"ports": [{"port": 8080}]}]}),
        ),
        object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            &json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 3}),
        ),
        object(
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            &json!({"interval": "1h", "chartRef": {"kind": "OCIRepository", "name": "web"}, "values": {"a": {"b": [1, 2]}}}),
        ),
        object(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            &json!({"interval": "1h", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}),
        ),
    ]
}

/// Measured on 2 cores in a dev build on 2026-11-23: 11,000 objects in 90 ms. The bound leaves room for busy machines.
#[test]
fn eleven_thousand_objects_take_a_moment() {
    let start = Instant::now();
    let store = Store::bundled();
    let loaded = start.elapsed();
    let objects: Vec<(std::sync::Arc<KindSchema>, Node)> = objects()
        .into_iter()
        .filter_map(|object| Some((store.lookup(&gvk(&object))?, object)))
        .collect();
    assert_eq!(objects.len(), 8);
    for (kind, object) in &objects {
        assert_eq!(kind.validate(object).violations, [], "{}", kind.gvk.kind);
    }
    let warm = start.elapsed();
    let start = Instant::now();
    let mut count = 0;
    for (kind, object) in objects.iter().cycle().take(11_000) {
        count += kind.validate(object).violations.len();
    }
    let took = start.elapsed();
    println!("loaded in {loaded:?}, first objects after {warm:?}, 11,000 objects in {took:?}");
    assert_eq!(count, 0);
    assert!(took < Duration::from_secs(3), "11,000 objects took {took:?}");
}

#[test]
fn threads_share_compiled_schemas() {
    let store = Store::bundled();
    let verdicts: Vec<usize> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..4)
            .map(|_| {
                let store = store.clone();
                scope.spawn(move || {
                    let deployment = store.lookup(&Gvk::new("apps/v1", "Deployment"));
                    deployment.map_or(0, |kind| {
                        objects()
                            .first()
                            .map_or(9, |node| kind.validate(node).violations.len())
                    })
                })
            })
            .collect();
        handles
            .into_iter()
            .filter_map(|handle| handle.join().ok())
            .collect()
    });
    assert_eq!(verdicts, [0, 0, 0, 0]);
}
