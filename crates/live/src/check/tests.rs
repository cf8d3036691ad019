//! Every kind of check against an API server in memory, and against the same with one thing wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kustomize::Builder;
use model::tree::Tree;
use serde_json::{Value as Json, json};

use crate::access::{Access, AccessError, Answer, Verb};
use crate::load::FILE_NAME;
use crate::outcome::{Outcome, Settled};
use crate::run::{Changes, Request, run};

const FLUX: &str = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/dns";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/n/deployments/dns";
const SERVICE: &str = "/api/v1/namespaces/n/services/dns";
const BUDGET: &str = "/apis/policy/v1/namespaces/n/poddisruptionbudgets/dns";
const PODS: &str = "/api/v1/namespaces/n/pods";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices";

/// An API server with two pods. An evicted pod comes back after some looks; a restart replaces pods one by one.
struct Server {
    objects: RefCell<BTreeMap<String, Json>>,
    /// What happens at the next looks at the pods.
    coming: RefCell<Vec<Vec<Json>>>,
    /// Whether the budget holds back more than the first eviction.
    holds_back: bool,
    changed: RefCell<Vec<String>>,
}

fn pod(name: &str, node: &str) -> Json {
    json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "labels": {"app": "dns"}},
        "spec": {"nodeName": node},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

fn starting(name: &str) -> Json {
    let mut pod = pod(name, "n1");
    pod["status"]["conditions"][0]["status"] = json!("False");
    pod
}

fn list(items: &[Json]) -> Json {
    json!({"kind": "List", "items": items})
}

fn slice(pods: &[&str]) -> Json {
    let endpoint =
        |name: &&str| json!({"conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": name}});
    json!({"endpoints": pods.iter().map(endpoint).collect::<Vec<_>>()})
}

impl Server {
    fn good() -> Self {
        let ready = json!([{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "applied"}]);
        let objects = [
            (
                FLUX,
                json!({"metadata": {"generation": 3}, "spec": {}, "status": {
                    "observedGeneration": 3, "conditions": ready, "lastAppliedRevision": "main@sha1:abc",
                }}),
            ),
            (
                DEPLOYMENT,
                json!({
                    "metadata": {"generation": 1},
                    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "dns"}}},
                    "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
                }),
            ),
            (
                SERVICE,
                json!({"spec": {"clusterIP": "10.0.0.10", "selector": {"app": "dns"}}}),
            ),
            (
                BUDGET,
                json!({
                    "metadata": {"generation": 1}, "spec": {"selector": {"matchLabels": {"app": "dns"}}},
                    "status": {"observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2},
                }),
            ),
            (PODS, list(&[pod("a", "n1"), pod("b", "n2")])),
            (SLICES, list(&[slice(&["a", "b"])])),
        ];
        Self {
            objects: RefCell::new(
                objects
                    .into_iter()
                    .map(|(path, object)| (path.to_owned(), object))
                    .collect(),
            ),
            coming: RefCell::default(),
            holds_back: true,
            changed: RefCell::default(),
        }
    }

    fn with(self, path: &str, pointer: &str, value: Json) -> Self {
        *self
            .objects
            .borrow_mut()
            .get_mut(path)
            .unwrap()
            .pointer_mut(pointer)
            .unwrap() = value;
        self
    }

    fn without(self, path: &str) -> Self {
        self.objects.borrow_mut().remove(path);
        self
    }

    /// What looks at the pods show after the next change, one after the other; the last one stays.
    fn then(self, looks: &[&[Json]]) -> Self {
        *self.coming.borrow_mut() = looks.iter().rev().map(|pods| pods.to_vec()).collect();
        self
    }

    fn get(&self, path: &str) -> Answer {
        let path = path.split('?').next().unwrap();
        if path == PODS
            && !self.changed.borrow().is_empty()
            && let Some(pods) = self.coming.borrow_mut().pop()
        {
            self.objects.borrow_mut().insert(PODS.to_owned(), list(&pods));
        }
        match self.objects.borrow().get(path) {
            Some(object) => Answer {
                status: 200,
                body: object.clone(),
            },
            None => Answer {
                status: 404,
                body: json!({"message": "not found"}),
            },
        }
    }

    fn evict(&self, path: &str, body: &Json) -> Answer {
        assert!(
            body["deleteOptions"]["preconditions"]["uid"].is_string(),
            "{body}"
        );
        let before = self.changed.borrow().len();
        if before > 0 && self.holds_back {
            return Answer {
                status: 429,
                body: json!({
                    "message": "Cannot evict pod as it would violate the pod's disruption budget.",
                    "details": {"causes": [{"reason": "DisruptionBudget", "message": "The disruption budget dns needs 1 healthy pods and has 1 currently"}]},
                }),
            };
        }
        self.changed.borrow_mut().push(path.to_owned());
        Answer {
            status: 201,
            body: json!({"status": "Success"}),
        }
    }
}

impl Access for Server {
    fn ask(&self, verb: Verb, path: &str, body: Option<&Json>) -> Result<Answer, AccessError> {
        Ok(match verb {
            Verb::Get => self.get(path),
            Verb::Create => self.evict(path, body.unwrap()),
            Verb::Patch => {
                assert_eq!(
                    body.unwrap()
                        .pointer("/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"),
                    Some(&json!("2026-01-01T00:00:00Z"))
                );
                self.changed.borrow_mut().push(path.to_owned());
                let mut objects = self.objects.borrow_mut();
                let object = objects.get_mut(path).unwrap();
                object["metadata"]["generation"] = json!(2);
                let answer = object.clone();
                object["status"]["observedGeneration"] = json!(2);
                Answer {
                    status: 200,
                    body: answer,
                }
            }
        })
    }
}

const SETTINGS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  REPLICAS: \"2\"
  ADDRESS: 10.0.0.10
";
const ENTRY: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: dns, namespace: flux-system}
spec:
  path: ./dns
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}
";
const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: dns, namespace: n}
spec:
  values:
    replicas: ${REPLICAS}
    budget:
      minAvailable: 1
";
const HEAD: &str = "story: '01'
from: {kind: HelmRelease, namespace: n, name: dns}
programs: {p: {config: {kind: ConfigMap, namespace: n, name: c, key: k}}}
scenarios:
";

fn settle_with(
    server: &Server,
    scenarios: &str,
    changes: Changes<'_>,
    deferred: &BTreeMap<String, String>,
    ready: &BTreeSet<String>,
) -> Vec<Settled> {
    settle_after(server, scenarios, changes, (deferred, &BTreeMap::new(), ready))
}

/// With what is known of Flux objects: deferred, failed, Ready.
fn settle_after(
    server: &Server,
    scenarios: &str,
    changes: Changes<'_>,
    (deferred, failed, ready): (
        &BTreeMap<String, String>,
        &BTreeMap<String, String>,
        &BTreeSet<String>,
    ),
) -> Vec<Settled> {
    let live = format!("{HEAD}{scenarios}");
    let design = crate::load::testing::DESIGN;
    let tree = Tree::from_files([
        ("kubernetes/clusters/a/settings.yaml", SETTINGS),
        ("kubernetes/clusters/a/dns.yaml", ENTRY),
        ("dns/release.yaml", RELEASE),
        ("docs/qa/01-x/test-design.yaml", design),
        ("docs/qa/01-x/risks.yaml", "risks: []\n"),
        (&format!("docs/qa/01-x/{FILE_NAME}"), &live),
    ]);
    let (stories, errors) = scenarios::load(&tree);
    assert_eq!(errors, []);
    let (designs, errors) = crate::load(&tree, &stories);
    assert_eq!(errors, []);
    let clusters = flux::discover(&tree, &[]);
    let builder = Builder::new(&tree);
    let build = flux::build(&tree, &builder, &clusters[0], flux::Options::for_version(2, 9));
    let request = Request {
        access: server,
        cluster: &build,
        sources: tree.sources(),
        deferred,
        failed,
        ready,
        changes,
        programs: None,
        patience: Duration::ZERO,
    };
    run(&request, &designs, &|_| ()).unwrap()
}

fn settle(server: &Server, scenario: &str) -> Settled {
    let scenario = format!("  - {{id: L1, priority: P0, title: t, {scenario}}}\n");
    let changes = Changes::Allowed {
        now: "2026-01-01T00:00:00Z",
    };
    settle_with(server, &scenario, changes, &BTreeMap::new(), &BTreeSet::new()).remove(0)
}

#[track_caller]
fn passes(server: &Server, scenario: &str, wanted: &str) {
    match settle(server, scenario).outcome {
        Outcome::Passed { seen } => assert_eq!(seen, wanted),
        other => panic!("{other:?}"),
    }
}

/// Fails with one miss, at a line of the tree.
#[track_caller]
fn fails(server: &Server, scenario: &str, wanted: &str, place: &str) {
    let settled = settle(server, scenario);
    match &settled.outcome {
        Outcome::Failed { misses } => {
            let said: Vec<String> = misses
                .iter()
                .map(|miss| format!("wanted {}, found {}", miss.wanted, miss.found))
                .collect();
            assert_eq!(said, [wanted]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        settled.place.map(|place| place.to_string()).unwrap_or_default(),
        place
    );
}

const READY: &str = "ready: {kind: Kustomization, namespace: flux-system, name: dns}";
const REPLICAS: &str = "at: spec.values.replicas, replicas: {object: {kind: Deployment, namespace: n, name: dns}, equalsSetting: REPLICAS}";
const SPREAD: &str =
    "spread: {object: {kind: Deployment, namespace: n, name: dns}, topologyKey: kubernetes.io/hostname}";
const ADDRESS: &str =
    "service: {object: {kind: Service, namespace: n, name: dns}, clusterIPEqualsSetting: ADDRESS}";
const DISRUPTION: &str = "at: spec.values.budget, disruption: {object: {kind: PodDisruptionBudget, namespace: n, name: dns}, allows: 1, timeoutSeconds: 1}";
const ROLLOUT: &str = "rollout: {object: {kind: Deployment, namespace: n, name: dns}, timeoutSeconds: 1}";

#[test]
fn ready_is_ready_for_the_present_generation() {
    passes(&Server::good(), READY, "Ready at main@sha1:abc");
    let entry = "kubernetes/clusters/a/dns.yaml:3:18";
    let not = Server::good().with(FLUX, "/status/conditions/0/status", json!("False"));
    fails(
        &not,
        READY,
        "wanted Ready, for the present generation, found not Ready, ReconciliationSucceeded: applied",
        entry,
    );
    let old = Server::good().with(FLUX, "/status/observedGeneration", json!(2));
    fails(
        &old,
        READY,
        "wanted Ready, for the present generation, found Ready for an older generation alone",
        entry,
    );
    let suspended = Server::good().with(FLUX, "/spec", json!({"suspend": true}));
    fails(
        &suspended,
        READY,
        "wanted an object that Flux reconciles, found it is suspended",
        "kubernetes/clusters/a/dns.yaml:4:1",
    );
    fails(
        &Server::good().without(FLUX),
        READY,
        "wanted `Kustomization/flux-system/dns`, found no such object",
        entry,
    );
}

#[test]
fn replicas_are_those_of_the_setting() {
    passes(&Server::good(), REPLICAS, "2 ready");
    let at = "dns/release.yaml:6:15";
    let three = Server::good().with(DEPLOYMENT, "/spec/replicas", json!(3));
    fails(
        &three,
        REPLICAS,
        "wanted 2 pods, as setting `REPLICAS` says, found 3 are asked for",
        at,
    );
    let starting = Server::good().with(DEPLOYMENT, "/status/readyReplicas", json!(1));
    fails(
        &starting,
        REPLICAS,
        "wanted 2 ready pods of the present template, found 1 ready, 2 of the present template, 2 in all",
        at,
    );
    let other = REPLICAS.replace("REPLICAS", "NOBODY");
    fails(
        &Server::good(),
        &other,
        "wanted a setting `NOBODY` in `ConfigMap/flux-system/cluster-settings` of cluster `a`, found no such setting",
        "kubernetes/clusters/a/settings.yaml:3:18",
    );
    let word = REPLICAS.replace("REPLICAS", "ADDRESS");
    fails(
        &Server::good(),
        &word,
        "wanted a number of pods in setting `ADDRESS`, found `10.0.0.10`",
        "kubernetes/clusters/a/settings.yaml:6:12",
    );
}

#[test]
fn pods_are_spread() {
    passes(&Server::good(), SPREAD, "2 pods on n1, n2");
    let crowded = Server::good().with(PODS, "/items/1/spec/nodeName", json!("n1"));
    fails(
        &crowded,
        SPREAD,
        "wanted ready pods that share no `kubernetes.io/hostname`, found `a` and `b` on `n1`",
        "dns/release.yaml:3:18",
    );
    let zones = SPREAD.replace("kubernetes.io/hostname", "topology.kubernetes.io/zone");
    let server = Server::good();
    for (node, zone) in [("n1", "z"), ("n2", "z")] {
        let labels = json!({"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}});
        let path = format!("/api/v1/nodes/{node}");
        server.objects.borrow_mut().insert(path, labels);
    }
    fails(
        &server,
        &zones,
        "wanted ready pods that share no `topology.kubernetes.io/zone`, found `a` and `b` on `z`",
        "dns/release.yaml:3:18",
    );
}

#[test]
fn a_service_has_its_address_and_leads_to_the_ready_pods() {
    passes(&Server::good(), ADDRESS, "10.0.0.10, 2 endpoints");
    let release = "dns/release.yaml:3:18";
    let moved = Server::good().with(SERVICE, "/spec/clusterIP", json!("10.0.0.11"));
    fails(
        &moved,
        ADDRESS,
        "wanted `10.0.0.10`, as setting `ADDRESS` says, found `10.0.0.11`",
        release,
    );
    let stale = Server::good().with(SLICES, "/items/0", slice(&["a"]));
    fails(
        &stale,
        ADDRESS,
        "wanted endpoints that are the ready pods: `a`, `b`, found `a`",
        release,
    );
    let nobody = Server::good().with(PODS, "/items", json!([]));
    fails(
        &nobody,
        ADDRESS,
        "wanted ready pods behind the Service, found none",
        release,
    );
}

#[test]
fn a_budget_allows_one_and_holds_back_the_second() {
    let back: &[&[Json]] = &[
        &[pod("b", "n2"), starting("c")],
        &[pod("b", "n2"), pod("c", "n1")],
    ];
    let seen = "1 accepted, then refused: The disruption budget dns needs 1 healthy pods and has 1 currently; 2 ready again";
    passes(&Server::good().then(back), DISRUPTION, seen);
    let budget = "dns/release.yaml:7:5";
    fails(
        &Server::good().without(BUDGET),
        DISRUPTION,
        "wanted `PodDisruptionBudget/n/dns`, found no such object",
        budget,
    );
    let zero = Server::good().with(BUDGET, "/status/disruptionsAllowed", json!(0));
    fails(
        &zero,
        DISRUPTION,
        "wanted a budget that allows 1 evictions, found 0, with 2 of 2 pods healthy and 1 needed",
        budget,
    );
    let mut loose =
        Server::good().then(&[&[starting("c"), starting("d")], &[pod("c", "n1"), pod("d", "n2")]]);
    loose.holds_back = false;
    fails(
        &loose,
        DISRUPTION,
        "wanted a budget that holds back eviction 2, found the API server accepted eviction 2 too",
        budget,
    );
    fails(
        &Server::good().then(&[&[pod("b", "n2")]]),
        DISRUPTION,
        "wanted 2 ready pods again within 1 s, found 1",
        budget,
    );
}

#[test]
fn pods_that_come_back_at_once_are_no_failure_of_the_budget() {
    let round = |first: &str, second: &str| vec![pod(first, "n1"), pod(second, "n2")];
    let rounds = [round("c", "d"), round("e", "f"), round("g", "h")];
    // After the evictions, when they should be back, and before the next ones.
    let looks: Vec<&[Json]> = rounds.iter().flat_map(|pods| [pods.as_slice(); 3]).collect();
    let mut quick = Server::good().then(&looks);
    quick.holds_back = false;
    let settled = settle(&quick, DISRUPTION);
    assert_eq!(
        settled.outcome,
        Outcome::Deferred {
            why: "pods came back quicker than they were evicted, 3 times".to_owned()
        }
    );
}

#[test]
fn a_restart_keeps_a_pod_ready() {
    let rolling: &[&[Json]] = &[
        &[pod("a", "n1"), pod("b", "n2"), starting("c")],
        &[pod("b", "n2"), pod("c", "n1")],
    ];
    let server = Server::good().then(rolling);
    passes(&server, ROLLOUT, "never fewer than 2 ready in 1 looks");
    assert_eq!(*server.changed.borrow(), [DEPLOYMENT]);
    let gap = Server::good().then(&[&[starting("c"), starting("d")]]);
    fails(
        &gap,
        ROLLOUT,
        "wanted a ready pod at every moment of the restart, found none at one of 1 looks",
        "dns/release.yaml:3:18",
    );
    let stuck = Server::good().with(DEPLOYMENT, "/status/availableReplicas", json!(1));
    fails(
        &stuck,
        ROLLOUT,
        "wanted all pods ready before the restart, found 2 of 2 ready",
        "dns/release.yaml:3:18",
    );
    assert!(stuck.changed.borrow().is_empty());
}

#[test]
fn nothing_is_changed_where_that_is_not_allowed() {
    let mut scenarios = String::new();
    for (n, check) in [DISRUPTION, ROLLOUT].iter().enumerate() {
        scenarios += &[
            "  - {id: L",
            &n.to_string(),
            ", priority: P0, title: t, ",
            check,
            "}\n",
        ]
        .concat();
    }
    let refused = Changes::Refused {
        why: "needs `--disruptive`",
    };
    let server = Server::good();
    let settled = settle_with(&server, &scenarios, refused, &BTreeMap::new(), &BTreeSet::new());
    let why: Vec<&Outcome> = settled.iter().map(|settled| &settled.outcome).collect();
    let deferred = |seen: &str| Outcome::Deferred {
        why: format!("{seen}; the rest is not run: needs `--disruptive`"),
    };
    assert_eq!(why, [&deferred("allows 1"), &deferred("2 ready")]);
    assert!(server.changed.borrow().is_empty());
    let gone = Server::good().without(BUDGET);
    let settled = settle_with(&gone, &scenarios, refused, &BTreeMap::new(), &BTreeSet::new());
    assert!(settled[0].failed() && !settled[1].failed());
}

#[test]
fn what_is_brought_by_something_deferred_is_deferred() {
    let scenario = format!("  - {{id: L1, priority: P0, title: t, {REPLICAS}}}\n");
    let refused = Changes::Refused { why: "" };
    let kustomization = "Kustomization/flux-system/dns".to_owned();
    let deferred = BTreeMap::from([(kustomization.clone(), "no chart".to_owned())]);
    let server = Server::good().without(DEPLOYMENT);
    let settled = settle_with(&server, &scenario, refused, &deferred, &BTreeSet::new());
    let why = Outcome::Deferred {
        why: format!("{kustomization}: no chart"),
    };
    assert_eq!(settled[0].outcome, why);
    // The release itself is there: whatever its Kustomization waits for besides does not matter.
    let ready = BTreeSet::from(["HelmRelease/n/dns".to_owned()]);
    let settled = settle_with(&server, &scenario, refused, &deferred, &ready);
    assert!(settled[0].failed());
    let settled = settle_with(&server, &scenario, refused, &BTreeMap::new(), &BTreeSet::new());
    assert!(settled[0].failed());
}

#[test]
fn what_is_brought_by_something_that_failed_is_not_looked_for() {
    let kustomization = "Kustomization/flux-system/dns".to_owned();
    let failed = BTreeMap::from([(kustomization.clone(), "ReconciliationFailed".to_owned())]);
    let server = Server::good().without(DEPLOYMENT);
    let settled = |check: &str, failed: &BTreeMap<String, String>| {
        let scenario = format!("  - {{id: L1, priority: P0, title: t, {check}}}\n");
        let known = (&BTreeMap::new(), failed, &BTreeSet::new());
        settle_after(&server, &scenario, Changes::Refused { why: "" }, known).remove(0)
    };
    let why = format!("{kustomization} is not Ready: ReconciliationFailed");
    assert_eq!(settled(REPLICAS, &failed).outcome, Outcome::Deferred { why });
    assert!(settled(REPLICAS, &BTreeMap::new()).failed());
    // Whether it is Ready is what is asked: the server says so by now.
    let ready = "ready: {kind: Kustomization, namespace: flux-system, name: dns}";
    let asked = settled(ready, &failed).outcome;
    assert!(matches!(asked, Outcome::Passed { .. }), "{asked:?}");
}

#[test]
fn a_program_that_nobody_starts_is_deferred() {
    let settled = settle(
        &Server::good(),
        "program: p, http: {port: 80, path: /, status: 200}",
    );
    let why = "`p` cannot be started here".to_owned();
    assert_eq!(settled.outcome, Outcome::Deferred { why });
}
